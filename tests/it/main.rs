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
mod store_absence;
mod store_commit;
mod store_copy;
mod store_crash;
mod store_figures;
mod store_ledger;
mod store_limits;
mod store_schema;
mod store_support;
mod support;
