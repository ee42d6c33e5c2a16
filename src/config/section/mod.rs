//! The sections of a configuration.

pub(in crate::config) mod database;
pub(in crate::config) mod feed;
pub(in crate::config) mod log;
pub(in crate::config) mod notify;
pub(in crate::config) mod ops;
pub(in crate::config) mod privacy;
pub(in crate::config) mod source;
pub(in crate::config) mod telemetry;
