//! The records that could not be read, as an operator deals with them.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use serde::Serialize;

use crate::domain::fault::Fault;
use crate::domain::record::Row;
use crate::domain::run::{Counts, RunId};
use crate::domain::stream::{StreamId, StreamKey};
use crate::domain::window::TimeWindow;

/// A record that was set aside.
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

/// Quarantine in the database.
#[async_trait]
pub trait Quarantine: Send + Sync {
    /// The entries, by number.
    ///
    /// # Errors
    /// Database faults.
    async fn quarantined(&self, filter: &QuarantineFilter) -> Result<Vec<QuarantineEntry>, Fault>;

    /// Stores the rows that an open entry gave and marks it retried, in one transaction, by the rules of
    /// [`Store::commit`]. Checkpoints and rows that the entry does not name stay as they are. `None`: the
    /// entry is not open any more, and nothing was written.
    ///
    /// [`Store::commit`]: crate::engine::port::store::Store::commit
    ///
    /// # Errors
    /// Database faults; nothing was written then.
    async fn commit_retried(
        &self,
        entry: &QuarantineEntry,
        rows: &[Row],
        run: RunId,
        now: DateTime<Utc>,
    ) -> Result<Option<Counts>, Fault>;

    /// Notes why an open entry still cannot be read.
    ///
    /// # Errors
    /// Database faults.
    async fn still_unreadable(&self, id: i64, reason: &str) -> Result<(), Fault>;

    /// Drops open entries: all of them, or none when one of them is not there or not open. Answers those
    /// that stood in the way.
    ///
    /// # Errors
    /// Database faults.
    async fn drop_quarantined(
        &self,
        ids: &[i64],
        decision: &str,
        now: DateTime<Utc>,
    ) -> Result<Vec<i64>, Fault>;
}
