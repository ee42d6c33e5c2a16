//! `ccsync demo`.
