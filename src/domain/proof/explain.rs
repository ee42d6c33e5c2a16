//! Where a row came from: its versions, its reads and its runs.

use chrono::{DateTime, Utc};
use serde::Serialize;

use crate::domain::proof::window::TimeWindow;
use crate::domain::stream::StreamKey;

/// A row with all that the ledger knows of its origin. Names columns, never their values.
#[derive(Debug, Clone, Serialize)]
pub struct RowStory {
    /// The stream that delivered it.
    #[serde(flatten)]
    pub stream: StreamKey,
    /// Its table.
    pub table: &'static str,
    /// Its key, without the source.
    pub key: Vec<String>,
    /// When it was first seen.
    pub first_seen_at: DateTime<Utc>,
    /// Its versions, the present one first.
    pub versions: Vec<VersionStory>,
    /// The window that it is owned by, or the snapshot, as last read.
    pub owner: Option<OwnerStory>,
    /// Other windows that contain it as well.
    pub seen_in: Vec<TimeWindow>,
    /// Since when its owning window has been missing it, if it has.
    pub missing_since: Option<DateTime<Utc>>,
}

/// One version of a row.
#[derive(Debug, Clone, Serialize)]
pub struct VersionStory {
    /// Its number.
    pub revision: i32,
    /// From when it was the current one.
    pub from: DateTime<Utc>,
    /// Until when; `None` for the present one.
    pub to: Option<DateTime<Utc>>,
    /// It says that the row is gone.
    pub deleted: bool,
    /// Columns in which it differs from the version before; none for the first.
    pub changed: Vec<String>,
    /// The run that wrote it.
    pub run: RunStory,
    /// The read that brought it; `None` where its certificate was pruned, or no vendor was asked.
    pub read: Option<ReadStory>,
}

/// A run, as far as it is still known.
#[derive(Debug, Clone, Serialize)]
pub struct RunStory {
    /// Its number in `sync.run`.
    pub id: i64,
    /// Why it was started.
    pub trigger: Option<String>,
    /// Which process.
    pub worker: Option<uuid::Uuid>,
    /// When it began.
    pub started_at: Option<DateTime<Utc>>,
    /// How it ended.
    pub outcome: Option<String>,
}

/// One committed read, by its certificate.
#[derive(Debug, Clone, Serialize)]
pub struct ReadStory {
    /// What was read; `None` for a snapshot.
    pub window: Option<TimeWindow>,
    /// Its number among the reads of its window.
    pub number: i32,
    /// When it began.
    pub read_at: DateTime<Utc>,
    /// How far it can be trusted.
    pub verdict: String,
    /// The vendor's total, where it states one.
    pub vendor_total: Option<i64>,
    /// Pages with at least one element.
    pub pages: i32,
    /// Requests, repeated and failed ones included.
    pub requests: i64,
    /// Elements that came.
    pub rows: i64,
    /// The first of its requests, without secrets; `None` where the stream is not configured any more.
    pub request: Option<String>,
}

/// A window or snapshot as the ledger knows it now.
#[derive(Debug, Clone, Serialize)]
pub struct OwnerStory {
    /// The window; `None` for a snapshot.
    pub window: Option<TimeWindow>,
    /// `complete`, `open` or `failed`.
    pub state: String,
    /// Committed reads.
    pub reads: i32,
    /// When the last of them began.
    pub read_at: Option<DateTime<Utc>>,
    /// Verdict of the last of them.
    pub verdict: Option<String>,
    /// After which instant hardly anything is expected to change; `None` for snapshots.
    pub final_at: Option<DateTime<Utc>>,
    /// The window is final: its last read is proven or stable and began then or later.
    pub is_final: bool,
}
