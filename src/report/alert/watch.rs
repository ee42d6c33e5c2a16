//! What alerts about a stream look at, besides its status.

use chrono::{DateTime, Utc};
use serde::Serialize;

use crate::domain::proof::certificate::UnverifiedReason;
use crate::domain::proof::window::TimeWindow;
use crate::domain::vendor::page::Totals;

/// Scopes of a stream whose last read the vendor's own number contradicts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Contradiction {
    /// How many there are.
    pub scopes: i64,
    /// The oldest of them: a window, or `snapshot`.
    pub scope: String,
    /// The window; `None` for a snapshot.
    #[serde(skip)]
    pub window: Option<TimeWindow>,
    /// Elements that came in it.
    pub rows: u64,
    /// What the vendor states, if it does.
    pub vendor_total: Option<u64>,
    /// How the number contradicts them.
    pub reason: UnverifiedReason,
    /// When it was last read.
    pub read_at: DateTime<Utc>,
}

/// Windows and snapshots of which every record is in quarantine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct WholeQuarantine {
    /// How many there are.
    pub scopes: i64,
    /// The oldest of them: a window, or `snapshot`.
    pub scope: String,
    /// The window; `None` for a snapshot.
    #[serde(skip)]
    pub window: Option<TimeWindow>,
    /// Records in quarantine in all of them.
    pub records: i64,
    /// When the oldest of these records came first.
    pub since: DateTime<Utc>,
}

/// What was promised of a stream, and what says whether it is kept.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct StreamWatch {
    /// Data may be this old, in seconds; `None` where nothing is promised.
    pub fresh_within_seconds: Option<i64>,
    /// Since when all from its start on is wanted; what ended before is being loaded for the first time.
    #[serde(skip)]
    pub wanted_since: Option<DateTime<Utc>>,
    /// When its last run began, whoever began it.
    pub last_run_at: Option<DateTime<Utc>>,
    /// Ticks since then; those of the last minute are still on their way.
    pub ticks_missed: u64,
    /// Requests that rereads may cost in a business day; `None`: any number.
    pub reread_requests_per_day: Option<u32>,
    /// Requests that they cost today.
    pub reread_requests_today: i64,
    /// Requests that a window costs, on the average of the last reads.
    pub requests_per_window: i64,
    /// Open quarantine entries that came within the last day.
    pub quarantined_lately: i64,
    /// When the oldest open one came.
    pub quarantined_since: Option<DateTime<Utc>>,
    /// Where nothing but records in quarantine came.
    pub quarantined_whole: Option<WholeQuarantine>,
    /// What the vendor's own number contradicts.
    pub contradiction: Option<Contradiction>,
    /// What the totals that the vendor states are worth, as configured.
    pub totals: Totals,
    /// Closed windows whose last two reads, or more, were unverified.
    pub windows_unsettled: i64,
    /// First instant of the oldest of them.
    pub unsettled_from: Option<DateTime<Utc>>,
}
