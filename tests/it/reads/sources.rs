//! The room `sources`, from outside.

mod http;
mod moor;
mod odd;
mod oversized;
mod sobot;
pub mod support;
mod token;
