//! The call system's agent workbench: the sockets of `agent/monitor`, and the endpoints that act.

mod action;
mod message;
mod monitor;
mod route;
mod truth;

pub(super) use monitor::Monitor;
pub use monitor::{MonitorAgent, MonitorRates};
pub(super) use route::router;
pub use truth::{AgentTruth, ConnectionTruth, MessageTruth, MonitorTruth};
