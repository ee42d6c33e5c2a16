//! Processes: how they are started, and what they cost.

pub(crate) mod child;
pub(crate) mod stat;
