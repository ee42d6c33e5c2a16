//! The call system's agent workbench.

mod action;
mod agent;

pub(super) use action::router;
pub use agent::MonitorAgent;
