//! The daemon and the embedded server.

pub(crate) mod daemon;
pub(crate) mod embedded;
mod operations;
pub(crate) mod scheduler;
