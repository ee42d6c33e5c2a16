//! What is known of one window or snapshot: its page, and `/api/window/…`.

use chrono::{DateTime, Utc};
use serde::Serialize;

use crate::domain::proof::absence::AbsenceAlarm;
use crate::domain::proof::window::TimeWindow;
use crate::domain::stream::StreamKey;
use crate::report::status::StreamFailure;
use crate::report::status::calendar::WindowState;
use crate::report::status::detail::{LeaseStatus, QuarantineStatus};

/// One window, or the whole of a snapshot.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct WindowReport {
    /// When this was put together.
    pub generated_at: DateTime<Utc>,
    /// Whose.
    #[serde(flatten)]
    pub key: StreamKey,
    /// The window; `None` for a snapshot.
    pub window: Option<TimeWindow>,
    /// What is known of it.
    pub state: WindowState,
    /// Committed reads in all.
    pub reads: i32,
    /// Elements in the last one.
    pub rows: i64,
    /// How many the vendor said there were.
    pub vendor_total: Option<i64>,
    /// When the first committed read began.
    pub first_read_at: Option<DateTime<Utc>>,
    /// When the last one began.
    pub read_at: Option<DateTime<Utc>>,
    /// Complete up to here.
    pub complete_to: Option<DateTime<Utc>>,
    /// A read at this instant or later is final.
    pub final_at: Option<DateTime<Utc>>,
    /// The failure that stands.
    pub failure: Option<StreamFailure>,
    /// The committed reads, the newest first, at most 50.
    pub certificates: Vec<CertificateStatus>,
    /// Rows that the last read missed and that are not marked deleted yet.
    pub absent_rows: i64,
    /// Open alarms over missing rows.
    pub absence_alarms: Vec<AbsenceAlarm>,
    /// Open records quarantined, at most 20.
    pub quarantine: Vec<QuarantineStatus>,
    /// Who reads it now.
    pub lease: Option<LeaseStatus>,
    /// Pages kept of a read that is not committed yet.
    pub pages_kept: i64,
    /// Start of the window before, where the ledger has one.
    pub previous: Option<DateTime<Utc>>,
    /// Start of the window behind.
    pub next: Option<DateTime<Utc>>,
}

/// What one committed read proved.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CertificateStatus {
    /// Its number among the reads of its window, from 1.
    pub read_no: i32,
    /// When it began.
    pub read_at: DateTime<Utc>,
    /// When it was committed.
    pub committed_at: DateTime<Utc>,
    /// Its run.
    pub run_id: i64,
    /// `proven`, `stable` or `unverified`.
    pub verdict: String,
    /// How many the vendor said there were.
    pub vendor_total: Option<i64>,
    /// Elements that came.
    pub rows: i64,
    /// Pages of the walk that counted.
    pub pages: i32,
    /// Requests spent.
    pub requests: i64,
    /// Rows written for the first time.
    pub inserted: i64,
    /// Rows changed.
    pub updated: i64,
    /// Rows found as they were.
    pub unchanged: i64,
    /// Rows marked deleted.
    pub deleted: i64,
    /// Records quarantined.
    pub quarantined: i64,
}
