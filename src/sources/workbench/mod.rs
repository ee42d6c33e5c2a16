//! The call system's agent workbench (`docs/vendors.md#call-system`): one WebSocket for each agent, and eight
//! endpoints that act, which are a [`WorkbenchWriter`]'s alone.

mod account;
mod action;
mod agent_monitor;
mod answer;
mod config;
mod privacy;
mod socket;

pub use account::WorkbenchAccount;
pub use action::{FieldForm, WorkbenchWriter, WriterConfig};
pub use config::{WorkbenchAgent, WorkbenchConfig};
