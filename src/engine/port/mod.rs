//! The contracts between the engine and the outside, and nothing else.

pub mod absence;
pub mod action;
pub mod budget;
pub mod clock;
pub mod quarantine;
pub mod source;
pub mod store;
pub mod token;
