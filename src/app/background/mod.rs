//! What the daemon does besides passes.

pub(in crate::app) mod daemon;
pub(in crate::app) mod day_sums;
pub(in crate::app) mod feed;
pub(in crate::app) mod ledger;
pub(in crate::app) mod notify;
pub(in crate::app) mod opening;
mod pass;
pub(in crate::app) mod progress;
pub(in crate::app) mod retention;
pub(in crate::app) mod transient;
