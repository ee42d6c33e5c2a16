//! The room `sources`, from outside.

mod http;
mod moor;
mod sobot;
pub mod support;
mod token;
