//! The vocabulary in which the product speaks of itself: names of metrics, and events that write their
//! log line and their metric together, so that the two cannot drift apart; and the names of the places
//! where tests make it fail.

pub mod event;
pub mod failpoint;
pub mod metric;
pub mod span;
