//! What stands behind the figures of a status: windows one by one, days, lag, budgets, and who works.

use chrono::{DateTime, NaiveDate, Utc};
use serde::Serialize;
use uuid::Uuid;

use crate::domain::proof::absence::AbsenceAlarm;
use crate::domain::proof::lag::LagPoint;
use crate::domain::proof::window::TimeWindow;
use crate::domain::stream::{StreamId, StreamKey};
use crate::domain::vendor::fact::Question;
use crate::report::alert::{AlertKind, Severity};
use crate::report::status::calendar::Calendar;

/// What stands behind the figures of a stream.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct StreamDetail {
    /// The windows, one by one; empty for snapshots.
    pub calendar: Calendar,
    /// The last 30 business days, the oldest first.
    pub days: Vec<DayStatus>,
    /// Which share of all late and changed results had come by which age of their window; empty while none came.
    pub lag: Vec<LagPoint>,
    /// What the vendor and the operator allow.
    pub budget: StreamBudget,
}

/// What a stream's passes of one business day did.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct DayStatus {
    /// The business day on which the passes began.
    pub day: NaiveDate,
    /// Passes.
    pub runs: i64,
    /// Requests sent.
    pub requests: i64,
    /// Elements received.
    pub rows_read: i64,
    /// Rows new, changed or gone.
    pub changes: i64,
}

/// How many requests there may be, and when; what rereads cost stands in `StreamWatch`.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize)]
pub struct StreamBudget {
    /// Requests that the account may send in a minute, all workers together; `None` where not known here.
    pub requests_per_minute: Option<u32>,
    /// Milliseconds until the account may send its next one; `None` where none was ever sent.
    pub next_request_ms: Option<i64>,
}

/// What waits for a person, and who works.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct StatusDetail {
    /// Records quarantined, the newest first, at most [`LISTED`].
    pub quarantine: Vec<QuarantineStatus>,
    /// Alarms over rows that vanished in masses, the oldest first, at most [`LISTED`].
    pub absence_alarms: Vec<AbsenceAlarm>,
    /// Gaps of the feeds, the newest first, at most [`LISTED`].
    pub feed_gaps: Vec<GapStatus>,
    /// What the vendors' documents leave open and no account was asked yet, by stream.
    pub open_questions: Vec<OpenQuestions>,
    /// Processes that hold a lease or a run.
    pub workers: Vec<WorkerStatus>,
    /// Alerts that stood for a minute or longer within the last 30 days, the newest first, at most [`LISTED`].
    pub alert_history: Vec<PastAlert>,
    /// Milliseconds until each limit's next request, by the limit's name, which only the assembled process can
    /// tell the stream of.
    #[serde(skip)]
    pub limits: Vec<(String, i64)>,
}

/// An alert that stood, or stands.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PastAlert {
    /// What was the matter.
    pub kind: AlertKind,
    /// How much it mattered.
    pub severity: Severity,
    /// The source, where it was one's.
    pub source: Option<String>,
    /// The stream, where it was one's.
    pub stream: Option<String>,
    /// What was seen first, in the language configured then.
    pub message: String,
    /// When it was seen first.
    pub raised_at: DateTime<Utc>,
    /// When it was seen last; `None` while it stands.
    pub cleared_at: Option<DateTime<Utc>>,
}

/// Questions of a stream without an answer.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct OpenQuestions {
    /// Which stream.
    #[serde(flatten)]
    pub key: StreamKey,
    /// What is not known.
    pub questions: Vec<Question>,
}

/// Entries of a list that are told; the counts tell of all.
pub const LISTED: usize = 20;

/// A record that was quarantined; never what was in it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct QuarantineStatus {
    /// Its number.
    pub id: i64,
    /// The operator's name for the account.
    pub source: String,
    /// The stream.
    pub stream: StreamId,
    /// The window in which it came; `None` for a snapshot or a feed.
    pub window: Option<TimeWindow>,
    /// Which field, what was expected, what came.
    pub reason: String,
    /// When it came first.
    pub first_seen_at: DateTime<Utc>,
    /// When it came last.
    pub last_seen_at: DateTime<Utc>,
    /// How many committed reads contained it.
    pub seen: i32,
}

/// A time during which an agent's feed was not heard.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct GapStatus {
    /// The operator's name for the account.
    pub source: String,
    /// The agent's number.
    pub extno: String,
    /// From here.
    pub since: DateTime<Utc>,
    /// To here; `None` while it lasts.
    pub until: Option<DateTime<Utc>>,
    /// Why.
    pub reason: String,
    /// Messages that had no room, where that is known.
    pub lost_messages: Option<i64>,
}

/// One process, as its leases and runs show it. Lengths of time are by the database's clock.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct WorkerStatus {
    /// Its number, a new one at each start.
    pub worker: Uuid,
    /// Its runs under way.
    pub runs: Vec<i64>,
    /// Seconds since the last sign of life of its runs; `None` where it has none under way.
    pub silent_seconds: Option<i64>,
    /// What it holds, the longest held first.
    pub leases: Vec<LeaseStatus>,
}

/// A right to work on something, which ends unless it is renewed.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LeaseStatus {
    /// The operator's name for the account; `None` for the renewal of a token.
    pub source: Option<String>,
    /// The stream; `None` for the renewal of a token.
    pub stream: Option<StreamId>,
    /// What of it: `[start, end)`, `snapshot`, `agent 1001` or `token`.
    pub scope: String,
    /// The window, where it is one.
    pub window: Option<TimeWindow>,
    /// Seconds since it was taken.
    pub held_seconds: i64,
    /// Seconds until it ends, unless it is renewed; negative once it has ended.
    pub ends_in_seconds: i64,
}
