//! Commands that read the vendors, and the daemon.

pub(in crate::cli) mod backfill;
pub(in crate::cli) mod check;
pub(in crate::cli) mod plan;
pub(in crate::cli) mod probe;
pub(in crate::cli) mod progress;
pub(in crate::cli) mod run;
pub(in crate::cli) mod service_manager;
pub(in crate::cli) mod stop;
pub(in crate::cli) mod sync;
pub(in crate::cli) mod verify;
