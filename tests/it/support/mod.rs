//! What the tests stand on.

pub mod analyst;
pub mod counted;
pub mod db;
pub mod harness;
pub mod http;
pub mod memory;
pub mod port;
pub mod process;
pub mod terminal;
pub mod trial;
