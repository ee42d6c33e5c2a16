//! The vendor that is read, and what it can serve.

pub(crate) mod capacity;
mod connection;
pub(crate) mod simulator;

pub(crate) use self::connection::Connection;
