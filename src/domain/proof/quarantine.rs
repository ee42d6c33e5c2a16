//! Quarantined records.

use chrono::{DateTime, Utc};
use serde::Serialize;

use crate::domain::proof::window::TimeWindow;
use crate::domain::stream::{StreamId, StreamKey};

/// A record that was quarantined.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct QuarantineEntry {
    /// Its number.
    pub id: i64,
    /// The stream.
    #[serde(flatten)]
    pub key: StreamKey,
    /// The window in which it came; `None` for a snapshot.
    pub window: Option<TimeWindow>,
    /// Which field, what was expected, what came.
    pub reason: String,
    /// When it came first.
    pub first_seen_at: DateTime<Utc>,
    /// When it came last.
    pub last_seen_at: DateTime<Utc>,
    /// How many committed reads contained it.
    pub seen: i32,
    /// `open`, `resolved`, `retried` or `dropped`.
    pub state: String,
    /// When it left the state open.
    pub resolved_at: Option<DateTime<Utc>>,
    /// Why it was dropped.
    pub decision: Option<String>,
    /// The run that saw it last.
    pub run_id: i64,
    /// The record as JSON text, phone numbers treated as configured; `None` where it was not asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub payload: Option<String>,
}

/// Which entries are wanted. All conditions hold at once.
#[derive(Debug, Clone, Default)]
pub struct QuarantineFilter {
    /// These numbers; `None` for any.
    pub ids: Option<Vec<i64>>,
    /// Of this source.
    pub source: Option<String>,
    /// Of this stream.
    pub stream: Option<StreamId>,
    /// Those that are not open too.
    pub closed_too: bool,
    /// With the payload.
    pub payload: bool,
}
