//! ccsync.
