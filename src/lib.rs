//! ccsync.

pub mod simulator;
