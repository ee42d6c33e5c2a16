//! The built-in streams, one file each: whatever is to be known of a stream stands in its declaration. One stem names a
//! stream everywhere: configuration table, Postgres table, metric label, file and test module.

pub mod moor_agent_claim_status;
pub mod moor_queue;
pub mod sobot_call_result;
pub mod sobot_chat_result;
mod spec;
pub mod workbench_agent_monitor;

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::ops::Deref;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

pub use self::spec::{Bounds, ElementList, EventTable, StreamSpec};
use crate::domain::row::table::TableShape;

/// The built-in streams, in the order in which people are shown them.
const BUILT_IN: &[StreamId] = &[
    StreamId::SOBOT_CALL_RESULT,
    StreamId::SOBOT_CHAT_RESULT,
    StreamId::MOOR_QUEUE,
    StreamId::MOOR_AGENT_CLAIM_STATUS,
    StreamId::WORKBENCH_AGENT_MONITOR,
];

/// One stream of one vendor, by its declaration. Its text form (`sobot.call_result`) is part of the contract.
#[derive(Clone, Copy)]
pub struct StreamId(&'static StreamSpec);

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
    pub fn all() -> impl Iterator<Item = StreamId> {
        BUILT_IN.iter().copied()
    }

    /// The streams of the vendor of this name.
    pub fn of_vendor(vendor: &str) -> impl Iterator<Item = StreamId> {
        StreamId::all().filter(move |stream| stream.vendor() == vendor)
    }

    /// The tables that reads fill, of all streams.
    pub fn all_tables() -> impl Iterator<Item = &'static TableShape> {
        StreamId::all().flat_map(|stream| stream.0.tables.iter().copied())
    }

    /// Its declaration.
    pub const fn spec(self) -> &'static StreamSpec {
        self.0
    }

    /// The name, `<vendor>.<stream>`.
    pub const fn as_str(self) -> &'static str {
        self.0.name
    }

    /// How the stream is read.
    pub const fn kind(self) -> StreamKind {
        self.0.kind
    }

    /// The tables that its reads fill.
    pub const fn tables(self) -> &'static [&'static TableShape] {
        self.0.tables
    }

    fn rank(self) -> (usize, &'static str) {
        (BUILT_IN.iter().take_while(|stream| **stream != self).count(), self.0.name)
    }
}

impl Deref for StreamId {
    type Target = StreamSpec;

    fn deref(&self) -> &StreamSpec {
        self.0
    }
}

impl PartialEq for StreamId {
    fn eq(&self, other: &StreamId) -> bool {
        self.0.name == other.0.name
    }
}

impl Eq for StreamId {}

impl Hash for StreamId {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.name.hash(state);
    }
}

impl PartialOrd for StreamId {
    fn partial_cmp(&self, other: &StreamId) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for StreamId {
    fn cmp(&self, other: &StreamId) -> Ordering {
        self.rank().cmp(&other.rank())
    }
}

impl fmt::Debug for StreamId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
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
        StreamId::all().find(|id| id.as_str() == name).ok_or_else(|| {
            let known: Vec<_> = StreamId::all().map(StreamId::as_str).collect();
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
        for id in StreamId::all() {
            assert_eq!(id.as_str().parse::<StreamId>(), Ok(id));
        }
    }

    #[test]
    fn an_unknown_stream_is_refused_with_the_list_of_known_ones() {
        let message = "sobot.calls".parse::<StreamId>().unwrap_err();
        assert!(message.contains("sobot.call_result") && message.contains("moor.queue"), "{message}");
    }

    #[test]
    fn documented_fields_stand_in_the_order_in_which_they_are_met() {
        for stream in StreamId::all() {
            let list = stream.list.as_ref().map(|list| &list.object);
            for object in [&stream.element].into_iter().chain(list) {
                assert!(object.fields.is_sorted_by_key(|field| field.names[0]), "{stream} {object:?}");
            }
        }
    }
}
