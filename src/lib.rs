//! ccsync keeps a PostgreSQL database in step with what a contact centre's vendors know about its
//! quality inspections and skill groups.
//!
//! The modules are layers: each may use only those listed above it here. `ARCHITECTURE.md` has the
//! picture, and the test `architecture` holds the code to it.

pub mod domain;

pub mod report;

pub mod telemetry;

pub mod engine;

pub mod sources;
pub mod spool;
pub mod store;

pub mod ops;
pub mod scheduler;

pub mod app;
pub mod config;
