//! The call system's agent workbench: the sockets of `agent/monitor`, and the endpoints that act.

mod action;
mod message;
mod monitor;
mod route;
mod truth;

use std::sync::Arc;

use axum::Router;

pub(super) use monitor::Monitor;
pub use monitor::{MonitorAgent, MonitorRates};
pub use truth::{AgentTruth, ConnectionTruth, MessageTruth, MonitorTruth};

use super::state::State;

pub(super) fn router() -> Router<Arc<State>> {
    route::router().merge(action::router())
}
