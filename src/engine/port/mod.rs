//! The contracts between the engine and the outside, and nothing else.

pub mod absence;
pub mod action;
pub mod budget;
pub mod clock;
pub mod compare;
pub mod contract;
pub mod explain;
pub mod feed;
pub mod feed_store;
pub mod forgotten;
pub mod notice;
pub mod page_log;
pub mod quarantine;
pub mod retention;
pub mod source;
pub mod spool;
pub mod status;
pub mod store;
pub mod token;
