//! The embedded PostgreSQL, with real servers and real kills.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking, in its helpers too")]

mod crash;
mod helper;
mod life;
pub mod place;
mod refusal;
mod sharing;
mod standby;
