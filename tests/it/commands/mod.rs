//! Commands, their settings, and writes to the vendors.

pub(crate) mod action;
pub(crate) mod cli;
pub(crate) mod config;
pub(crate) mod notify;
mod schema;
