//! The daemon and the embedded server.

pub(crate) mod daemon;
pub(crate) mod embedded;
pub(crate) mod scheduler;
