//! Integration tests.

mod config;
mod embedded;
mod ops;
mod scheduler;
mod simulator;
mod support;
