//! Integration tests.

mod scheduler;
