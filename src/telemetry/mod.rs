//! The vocabulary in which the product speaks of itself: names of metrics, and events that write their
//! log line and their metric together, so that the two cannot drift apart.

pub mod event;
pub mod metric;
