//! What an operator is told: one struct behind `ccsync status`, `/api/status` and the page.

pub mod calendar;
pub mod detail;
mod narrow;
pub mod part;
pub mod window;

use chrono::{DateTime, Duration, Utc};
use chrono_tz::Tz;
use serde::Serialize;

use crate::domain::fault::FaultKind;
use crate::domain::proof::run::Counts;
use crate::domain::proof::window::TimeWindow;
use crate::domain::row::text::one_line;
use crate::domain::source::UnconfiguredSource;
use crate::domain::stream::{StreamId, StreamKey, StreamKind};
use crate::domain::vendor::drift::DriftEntry;
use crate::report::alert::{Alert, StreamWatch};
use crate::report::language::Language;
use crate::report::status::detail::{StatusDetail, StreamDetail};
use crate::report::status::part::MissingPart;

/// A configured stream, as the database is told of it, so that SQL views know what to expect.
#[derive(Debug, Clone, PartialEq)]
pub struct StreamDeclaration {
    /// Which.
    pub key: StreamKey,
    /// The first instant wanted; `None` for snapshots.
    pub start: Option<DateTime<Utc>>,
    /// The cron expression, for people.
    pub schedule: String,
    /// Zone of business days.
    pub timezone: Tz,
    /// How old windows may be to be read again, and when one is closed; `None` for streams without windows.
    pub window: Option<DeclaredWindow>,
    /// False: the stream is configured and paused.
    pub enabled: bool,
}

/// What the definitions of final and closed rest on, besides the ledger.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DeclaredWindow {
    /// Windows that ended less than this ago may be read again.
    pub lookback: Duration,
    /// A window is closed when it was read this long after its end.
    pub settle: Duration,
}

/// The whole state.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct StatusReport {
    /// When this was put together.
    pub generated_at: DateTime<Utc>,
    /// Of the program.
    pub version: String,
    /// No stream has a failure that is newer than its last success, none was never read, no alarm waits
    /// for a person, and no critical alert stands.
    pub healthy: bool,
    /// What stands and should be looked at, the most urgent first.
    pub alerts: Vec<Alert>,
    /// Every configured stream that is read; feeds are followed, and stand in `feeds`.
    pub streams: Vec<StreamStatus>,
    /// Every configured feed.
    pub feeds: Vec<FeedStatus>,
    /// Sources whose rows stand in schema `bi` and that are not configured here.
    pub unconfigured: Vec<UnconfiguredSource>,
    /// The latest 20 runs, and all that are under way, the newest first.
    pub runs: Vec<RunStatus>,
    /// Records quarantined and not yet dealt with.
    pub quarantine_open: i64,
    /// Alarms over rows that vanished in masses, which wait for a person.
    pub absence_alarms_open: i64,
    /// What waits for a person one by one, and who works.
    #[serde(flatten)]
    pub detail: StatusDetail,
    /// Parts that the database was too slow for: what they would fill is empty.
    pub missing: Vec<MissingPart>,
}

/// A windowed stream whose data ends this long before its last read has older windows still to read.
const BEHIND: Duration = Duration::hours(6);

/// How a stream is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StreamState {
    /// As it should.
    Well,
    /// It is configured and not enabled.
    Paused,
    /// Its last attempt failed.
    Failing,
    /// Nothing of it was ever read.
    NeverRead,
    /// Nothing confirms the last read of a closed window, or of the snapshot.
    Unverified,
    /// There are older windows still to read.
    CatchingUp,
    /// Records of it are in quarantine: its tables lack them.
    Quarantined,
}

impl StreamState {
    /// All of them, what needs a person first.
    pub const ALL: [StreamState; 7] = [
        StreamState::Failing,
        StreamState::Unverified,
        StreamState::Quarantined,
        StreamState::CatchingUp,
        StreamState::NeverRead,
        StreamState::Paused,
        StreamState::Well,
    ];

    /// As the page's addresses name it.
    pub const fn as_str(self) -> &'static str {
        match self {
            StreamState::Well => "ok",
            StreamState::Paused => "paused",
            StreamState::Failing => "failing",
            StreamState::NeverRead => "never_read",
            StreamState::Unverified => "unverified",
            StreamState::CatchingUp => "catching_up",
            StreamState::Quarantined => "quarantine",
        }
    }

    /// The state of this name.
    pub fn from_name(name: &str) -> Option<StreamState> {
        StreamState::ALL.into_iter().find(|state| state.as_str() == name)
    }
}

impl StreamStatus {
    /// Whether it was read, and nothing of it fails; nothing is wanted of a paused one.
    pub fn is_well(&self) -> bool {
        self.paused || self.failure.is_none() && self.last_read_at.is_some()
    }

    /// How it is doing.
    pub fn state(&self) -> StreamState {
        let behind = |read: DateTime<Utc>| self.complete_to.is_none_or(|to| BEHIND < read - to);
        match self.last_read_at {
            _ if self.paused => StreamState::Paused,
            _ if self.failure.is_some() => StreamState::Failing,
            None => StreamState::NeverRead,
            Some(_) if self.windows.moving < self.windows.unverified => StreamState::Unverified,
            Some(read) if self.kind == StreamKind::Windowed && behind(read) => StreamState::CatchingUp,
            Some(_) if 0 < self.quarantined => StreamState::Quarantined,
            Some(_) => StreamState::Well,
        }
    }
}

impl StatusReport {
    /// The streams that are read in windows. Nothing is promised of a paused one.
    pub fn windowed(&self) -> impl Iterator<Item = &StreamStatus> {
        self.streams.iter().filter(|stream| stream.kind == StreamKind::Windowed && !stream.paused)
    }
}

/// Windows read before a run's pace says anything.
const PACE_WINDOWS: u64 = 3;

impl StatusReport {
    /// Of a run over a windowed stream that is under way: windows read, and windows that are wanted and were
    /// never read. `None` where nothing is left but rereads, whose number only the planner knows.
    pub fn progress(&self, run: &RunStatus) -> Option<(u64, u64)> {
        let stream =
            self.streams.iter().find(|known| known.source == run.source && known.stream == run.stream)?;
        let unread = stream.detail.calendar.unread.unsigned_abs();
        (run.finished_at.is_none() && 0 < unread).then_some((run.counts.windows, unread))
    }

    /// How long the run will take to read what [`StatusReport::progress`] leaves, at its pace so far.
    pub fn time_left(&self, run: &RunStatus) -> Option<Duration> {
        let (done, left) = self.progress(run).filter(|(done, _)| PACE_WINDOWS <= *done)?;
        let took = (self.generated_at - run.started_at).num_milliseconds().max(0);
        Some(Duration::milliseconds((took as f64 * left as f64 / done as f64) as i64))
    }
}

/// One stream.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct StreamStatus {
    /// The operator's name for the account.
    pub source: String,
    /// The stream.
    pub stream: StreamId,
    /// Windows or snapshot.
    #[serde(serialize_with = "serialize_kind")]
    pub kind: StreamKind,
    /// Complete from here (windowed streams).
    pub complete_from: Option<DateTime<Utc>>,
    /// Complete up to here: every window before is proven or stable; for snapshots the start of the last such read.
    pub complete_to: Option<DateTime<Utc>>,
    /// Final up to here: what lies before changes with at most 1 % probability (windowed streams).
    pub final_to: Option<DateTime<Utc>>,
    /// Windows that begin this long after a day may still bring results of it, in seconds (windowed streams).
    pub reach_seconds: Option<i64>,
    /// Reads that changed a window or a day after it was final.
    pub changed_after_final: i64,
    /// It is configured and not enabled: nothing of it is read.
    pub paused: bool,
    /// Rows in the stream's tables that the vendor still reports, each once.
    pub rows: i64,
    /// Windows (or the one snapshot) by state.
    pub windows: WindowTally,
    /// Start of the last committed read.
    pub last_read_at: Option<DateTime<Utc>>,
    /// Open quarantine entries.
    pub quarantined: i64,
    /// Open alarms over rows that vanished in masses.
    pub absence_alarms: i64,
    /// Departures from the vendor's documents that were first seen in the last 7 days, the newest first.
    pub drifts: Vec<DriftEntry>,
    /// The latest failure not yet made good.
    pub failure: Option<StreamFailure>,
    /// The cron expression.
    pub schedule: String,
    /// The next tick, where a scheduler runs in this process.
    pub next_tick: Option<DateTime<Utc>>,
    /// What was promised of it, and what says whether it is kept.
    #[serde(flatten)]
    pub watch: StreamWatch,
    /// What stands behind the figures.
    #[serde(flatten)]
    pub detail: StreamDetail,
}

/// One live feed.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FeedStatus {
    /// The operator's name for the account.
    pub source: String,
    /// The feed.
    pub stream: StreamId,
    /// Since when it is to be heard, where the database was told.
    #[serde(skip)]
    pub wanted_since: Option<DateTime<Utc>>,
    /// When the last message of any agent came.
    pub last_message_at: Option<DateTime<Utc>>,
    /// Open quarantine entries.
    pub quarantined: i64,
    /// The configured agents, by number.
    pub agents: Vec<FeedAgentStatus>,
}

/// One agent of a feed.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FeedAgentStatus {
    /// The agent's number.
    pub extno: String,
    /// Since when the connection stands; `None` while there is none.
    pub connected_since: Option<DateTime<Utc>>,
    /// Up to here the feed was heard and is stored; `None` before the first connection.
    pub seen_to: Option<DateTime<Utc>>,
    /// When the last message came.
    pub last_message_at: Option<DateTime<Utc>>,
    /// Why there is no connection, where there was one.
    pub gap_reason: Option<String>,
    /// First of the tries in a row that could not open the connection.
    pub failing_since: Option<DateTime<Utc>>,
    /// Why the last one could not: the kind of its fault.
    pub failure_kind: Option<String>,
    /// Gaps that touch the present business day.
    pub gaps_today: i64,
    /// Their length within that day, in seconds.
    pub gap_seconds_today: i64,
}

impl FeedAgentStatus {
    /// Why there is no connection: why the last try failed, else why the last connection ended.
    pub fn reason(&self, language: Language) -> Option<String> {
        let kind = self.failure_kind.as_deref();
        let kind = kind.map(|kind| match FaultKind::from_name(kind) {
            Some(kind) => kind.title().text(language).to_owned(),
            None => one_line(kind),
        });
        kind.or_else(|| self.gap_reason.as_deref().map(one_line))
    }
}

/// Windows by state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct WindowTally {
    /// Read whole and old enough.
    pub complete: i64,
    /// Read whole, still growing.
    pub open: i64,
    /// Never read because each attempt failed.
    pub failed: i64,
    /// Verdict proven, of those read.
    pub proven: i64,
    /// Verdict stable, of those read.
    pub stable: i64,
    /// Verdict unverified, of those read.
    pub unverified: i64,
    /// Complete, and not final.
    pub provisional: i64,
    /// Proven or stable, and past their closing age.
    #[serde(rename = "final")]
    pub finals: i64,
    /// Open and unverified: their rows moved while they were read.
    pub moving: i64,
}

/// A failure that stands.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct StreamFailure {
    /// Which window, as text; empty for a snapshot.
    pub scope: String,
    /// Which window; `None` for a snapshot.
    pub window: Option<TimeWindow>,
    /// When it failed last.
    pub at: DateTime<Utc>,
    /// The kind of fault.
    pub kind: String,
    /// What was said.
    pub message: String,
    /// What the operator can do.
    pub remedy: String,
    /// Failed attempts since, at all windows that fail.
    pub attempts: i64,
    /// Windows, or the one snapshot, whose last attempt failed.
    pub scopes: i64,
    /// The first attempt that failed and was not made good.
    pub since: DateTime<Utc>,
}

/// One run.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RunStatus {
    /// Its number in `sync.run`.
    pub id: i64,
    /// The operator's name for the account.
    pub source: String,
    /// The stream.
    pub stream: StreamId,
    /// Why it was started.
    pub trigger: String,
    /// When.
    pub started_at: DateTime<Utc>,
    /// When it ended; `None` while it runs.
    pub finished_at: Option<DateTime<Utc>>,
    /// `running`, `succeeded`, `partial`, `failed`, `cancelled` or `interrupted`.
    pub outcome: String,
    /// What it counted so far.
    pub counts: Counts,
    /// Windows of this run, read or still to be read, as planned at its last commit: `counts.windows` of them are done.
    /// `None` before the first commit, and of feeds.
    pub windows_due: Option<i64>,
    /// Why it did not succeed.
    pub message: Option<String>,
}

fn serialize_kind<S: serde::Serializer>(kind: &StreamKind, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(match kind {
        StreamKind::Windowed => "windowed",
        StreamKind::Snapshot => "snapshot",
        StreamKind::Feed => "feed",
    })
}
