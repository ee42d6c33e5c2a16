//! The room `sources`, from outside.

mod authority;
mod http;
mod moor;
mod odd;
mod oversized;
mod sobot;
pub mod support;
mod token;
