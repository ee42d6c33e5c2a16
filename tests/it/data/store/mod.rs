//! The adapter of PostgreSQL by itself.

mod commit;
mod conformance;
mod copy;
mod crash;
mod observation;
mod shape;
pub mod support;
mod sync;
