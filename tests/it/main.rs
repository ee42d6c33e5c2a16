//! Integration tests.

mod config;
mod embedded;
mod ops;
mod scheduler;
mod simulator;
mod sources_http;
mod sources_moor;
mod sources_sobot;
mod sources_support;
mod sources_token;
mod support;
