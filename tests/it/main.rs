//! Integration tests: real PostgreSQL, real HTTP against the simulator, the same assembly as production.

#![expect(clippy::unwrap_used, reason = "clippy's own exception covers test functions, not their helpers")]

mod architecture;
mod commands;
mod data;
mod process;
mod reads;
mod shown;
mod support;
mod whole;
