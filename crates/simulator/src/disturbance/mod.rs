//! What can go wrong, and the questions that the documents leave open.

pub(crate) mod fault;
pub(crate) mod fault_rate;
pub(crate) mod switchboard;
pub mod switches;
