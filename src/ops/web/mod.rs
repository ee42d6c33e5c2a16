//! The status server: pages, JSON, probes.

pub mod admission;
mod connection;
pub(crate) mod page;
pub(crate) mod reader;
pub mod readiness;
pub(crate) mod routes;
pub mod server;
pub(crate) mod status_cache;
