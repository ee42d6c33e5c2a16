//! What people and probes are told: the ops server, the status for a terminal, the log. It only reads.

pub mod log;
pub mod otlp;
mod page;
pub mod prometheus;
pub mod readiness;
mod routes;
pub mod server;
mod status_cache;
pub mod status_text;
mod text_table;
