//! The contracts between the engine and the outside, and nothing else.

pub mod absence;
pub mod budget;
pub mod clock;
pub mod feed;
pub mod feed_store;
pub mod quarantine;
pub mod source;
pub mod spool;
pub mod store;
pub mod token;
