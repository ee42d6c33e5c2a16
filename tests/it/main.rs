//! Integration tests.

mod ops;
mod scheduler;
