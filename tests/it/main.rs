//! Integration tests.

mod sources_http;
mod sources_moor;
mod sources_sobot;
mod sources_support;
mod sources_token;
