//! The call system's agent workbench (`workbench.txt`): one WebSocket for each agent.

mod account;
mod agent_monitor;
mod config;
mod privacy;
mod socket;

pub use account::WorkbenchAccount;
pub use config::{WorkbenchAgent, WorkbenchConfig};
