//! What was really sent, to whom, and while which connection stood.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// Everything that went through the sockets.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct MonitorTruth {
    /// By agent, in the order of the configuration.
    pub agents: Vec<AgentTruth>,
}

/// One agent's sockets.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct AgentTruth {
    /// The agent.
    pub extno: String,
    /// Oldest first.
    pub connections: Vec<ConnectionTruth>,
}

/// One socket.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ConnectionTruth {
    /// When it was accepted.
    pub opened_at: DateTime<Utc>,
    /// When this side knew of its end; `None` while it stands.
    pub closed_at: Option<DateTime<Utc>>,
    /// `client` (the other side went), `close`, `cut` or `half_open`.
    pub end: Option<String>,
    /// What was sent, in order.
    pub messages: Vec<MessageTruth>,
}

/// One message.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MessageTruth {
    /// When it was sent.
    pub at: DateTime<Utc>,
    /// `notice`, `message`, `info`, `garbage`, `unknown_method`, `unknown_status` or `large`.
    pub kind: String,
    /// What tells it from all others: a text in it, or the session's number; the status of a notice.
    pub key: String,
}
