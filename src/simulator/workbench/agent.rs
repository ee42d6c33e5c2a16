//! The agents of the call system.

use serde::{Deserialize, Serialize};

/// One agent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MonitorAgent {
    /// The agent's number.
    pub extno: String,
    /// The token that requests carry.
    pub token: String,
}
