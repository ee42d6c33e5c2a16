//! The room `sources`, from outside.

mod http;
mod moor;
mod sobot;
mod support;
mod token;
