//! ccsync.

pub mod store;
