//! The ports between the engine and the outside, and nothing else.

pub mod action;
pub mod budget;
pub mod clock;
pub mod compare;
pub mod feed;
pub mod feed_store;
pub mod page_log;
pub mod retention;
pub mod source;
pub mod spool;
pub mod status;
pub mod store;
pub mod token;
