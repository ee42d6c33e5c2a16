//! Integration tests.

mod embedded;
mod ops;
mod scheduler;
mod simulator;
mod support;
