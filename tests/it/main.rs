//! Integration tests.

mod simulator;
