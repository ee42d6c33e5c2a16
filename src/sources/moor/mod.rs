//! 7moor 容联七陌, online skill groups (`vendor-docs/moor-skill-groups.txt`). Only the two endpoints that
//! read; the two that write are not here.

mod account;
mod agent_claim_status;
mod by_group;
mod config;
mod endpoint;
mod fault;
mod queue;
mod sign;
mod wire;

pub use account::{MoorAccount, MoorLimits};
pub use config::MoorConfig;
