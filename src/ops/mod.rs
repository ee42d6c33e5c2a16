//! What people and probes are told: the ops server, the status for a terminal, the log. It only reads.

mod formatter;
pub mod log;
pub mod notify;
pub mod otlp;
mod page;
pub mod prometheus;
mod reader;
pub mod readiness;
mod routes;
pub mod server;
pub mod signal;
mod status_cache;
pub mod status_text;
pub mod terminal;
mod text_table;
