//! The closed catalogue of streams. One stem names a stream everywhere: configuration table, Postgres
//! table, metric label, source file and test module.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// One stream of one vendor. Its text form (`sobot.call_result`) is part of the contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum StreamId {
    /// Sobot, inspected calls (`docs/vendors.md#sobot-results`).
    SobotCallResult,
    /// Sobot, inspected chats (`docs/vendors.md#sobot-results`).
    SobotChatResult,
    /// 7moor, online skill groups and their members (`docs/vendors.md#7moor-lists`, queueQueue).
    MoorQueue,
    /// 7moor, claim state of each member (`queueQueueAgentClaimStatus`).
    MoorAgentClaimStatus,
    /// Call system, what happens at each agent's workbench (`docs/vendors.md#call-system`, agent/monitor).
    WorkbenchAgentMonitor,
}

/// How a stream is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StreamKind {
    /// Page by page within a time window; windows are checkpointed one by one.
    Windowed,
    /// The whole of it each time; what is absent from a complete read is gone.
    Snapshot,
    /// Followed live, message by message; nothing of it can be read again.
    Feed,
}

impl StreamId {
    /// Every stream, in the order in which people are shown them.
    pub const ALL: [StreamId; 5] = [
        StreamId::SobotCallResult,
        StreamId::SobotChatResult,
        StreamId::MoorQueue,
        StreamId::MoorAgentClaimStatus,
        StreamId::WorkbenchAgentMonitor,
    ];

    /// The name, `<vendor>.<stream>`.
    pub const fn as_str(self) -> &'static str {
        match self {
            StreamId::SobotCallResult => "sobot.call_result",
            StreamId::SobotChatResult => "sobot.chat_result",
            StreamId::MoorQueue => "moor.queue",
            StreamId::MoorAgentClaimStatus => "moor.agent_claim_status",
            StreamId::WorkbenchAgentMonitor => "workbench.agent_monitor",
        }
    }

    /// What the lengths of its windows are multiples of, where the vendor takes no finer bounds: chats are asked for by
    /// the vendor's day (`docs/vendors.md#sobot-results`).
    pub const fn grain(self) -> Option<Duration> {
        match self {
            StreamId::SobotChatResult => Some(Duration::from_secs(24 * 60 * 60)),
            StreamId::SobotCallResult
            | StreamId::MoorQueue
            | StreamId::MoorAgentClaimStatus
            | StreamId::WorkbenchAgentMonitor => None,
        }
    }

    /// Whether its rows are states of a moment: two reads of an unchanged vendor agree in their keys alone.
    pub const fn is_point_in_time(self) -> bool {
        match self {
            StreamId::MoorAgentClaimStatus => true,
            StreamId::SobotCallResult
            | StreamId::SobotChatResult
            | StreamId::MoorQueue
            | StreamId::WorkbenchAgentMonitor => false,
        }
    }

    /// How the stream is read.
    pub const fn kind(self) -> StreamKind {
        match self {
            StreamId::SobotCallResult | StreamId::SobotChatResult => StreamKind::Windowed,
            StreamId::MoorQueue | StreamId::MoorAgentClaimStatus => StreamKind::Snapshot,
            StreamId::WorkbenchAgentMonitor => StreamKind::Feed,
        }
    }
}

impl fmt::Display for StreamId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for StreamId {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        StreamId::ALL.into_iter().find(|id| id.as_str() == name).ok_or_else(|| {
            let known: Vec<_> = StreamId::ALL.iter().map(|id| id.as_str()).collect();
            format!("unknown stream `{name}`; the streams are {}", known.join(", "))
        })
    }
}

impl Serialize for StreamId {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for StreamId {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// One stream of one configured source: the unit of planning, scheduling and reporting.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
pub struct StreamKey {
    /// The operator's name for the vendor account, for example `sobot-shanghai`.
    pub source: String,
    /// Which of the vendor's streams.
    pub stream: StreamId,
}

impl fmt::Display for StreamKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.source, self.stream)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_stream_name_parses_back_to_itself() {
        for id in StreamId::ALL {
            assert_eq!(id.as_str().parse::<StreamId>(), Ok(id));
        }
    }

    #[test]
    fn an_unknown_stream_is_refused_with_the_list_of_known_ones() {
        let message = "sobot.calls".parse::<StreamId>().unwrap_err();
        assert!(message.contains("sobot.call_result") && message.contains("moor.queue"), "{message}");
    }
}
