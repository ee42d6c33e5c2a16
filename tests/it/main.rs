//! Integration tests: real PostgreSQL, real HTTP against the simulator, the same assembly as production.

#![expect(clippy::unwrap_used, reason = "clippy's own exception covers test functions, not their helpers")]

mod action;
mod alert;
mod architecture;
mod bench;
mod bi;
mod cli;
mod config;
mod crash;
mod daemon;
mod embedded;
mod evidence;
mod feed;
mod forget;
mod identity;
mod log;
mod metrics;
mod mutation;
mod notify;
mod ops;
mod present;
mod privacy;
mod rereading;
mod retention;
mod runbook;
mod scale;
mod scheduler;
mod simulation;
mod sources;
mod store;
mod support;
mod system;
mod trace;
mod trouble;
mod upgrade;
