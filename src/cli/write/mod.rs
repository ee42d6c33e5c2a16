//! Commands that write to a vendor.

pub(in crate::cli) mod action;
pub(in crate::cli) mod agents;
pub(in crate::cli) mod agents_file;
mod cell;
pub(in crate::cli) mod moor;
pub(in crate::cli) mod operator;
pub(in crate::cli) mod roster;
pub(in crate::cli) mod roster_file;
mod sheet;
mod text_file;
pub(in crate::cli) mod workbench;
