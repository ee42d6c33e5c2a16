//! Integration tests.

mod embedded;
mod simulator;
mod support;
