//! Commands about what is stored.

pub(in crate::cli) mod absence;
pub(in crate::cli) mod drift;
pub(in crate::cli) mod explain;
pub(in crate::cli) mod forget;
pub(in crate::cli) mod notify;
pub(in crate::cli) mod privacy;
pub(in crate::cli) mod quarantine;
pub(in crate::cli) mod retention;
pub(in crate::cli) mod source;
pub(in crate::cli) mod status;
