//! What people and other programs are shown of a running installation.

pub(crate) mod alert;
pub(crate) mod log;
pub(crate) mod metrics;
pub(crate) mod ops;
pub(crate) mod runbook;
pub(crate) mod trace;
pub(crate) mod trouble;
