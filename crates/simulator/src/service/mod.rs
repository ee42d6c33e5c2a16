//! The port: configuration, routes, and the journal of what was asked.

pub(crate) mod args;
pub(crate) mod config;
pub(crate) mod control;
pub(crate) mod endpoint;
pub(crate) mod evidence;
pub(crate) mod journal;
pub(crate) mod server;
pub(crate) mod state;
