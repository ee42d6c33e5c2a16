//! Writes to a vendor.

pub(in crate::app) mod action;
pub(in crate::app) mod agent;
pub(in crate::app) mod limit;
pub(in crate::app) mod roster;
pub(in crate::app) mod roster_apply;
