//! What people and probes are told: the ops server, the status for a terminal, the log. It only reads.

pub mod notify;
pub mod observe;
pub mod signal;
pub mod text;
pub mod web;
