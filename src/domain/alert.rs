//! What an operator should look at: the conditions that page, status, metrics and notices tell, under the names by
//! which `docs/runbook.md` and `deploy/prometheus/alerts.yml` know them.

mod surroundings;

use chrono::{DateTime, Duration, Utc};
use serde::Serialize;

use crate::domain::certificate::UnverifiedReason;
use crate::domain::language::Language;
use crate::domain::page::Totals;
use crate::domain::phrase::{Phrase, Said, alert};
use crate::domain::stream::StreamId;

pub use self::surroundings::{ClockSkew, DiskRoom, SpoolFill, Surroundings};

/// An agent's feed may be away for so long before somebody should look.
pub const UNHEARD_MAX: Duration = Duration::minutes(5);

/// What is the matter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum AlertKind {
    /// The database does not answer.
    DatabaseUnreachable,
    /// A disk that ccsync writes to is almost full.
    DiskFilling,
    /// This host's clock is not the vendor's.
    ClockOff,
    /// A stream's last attempt failed.
    StreamFailing,
    /// The vendor's own number contradicts what it sends.
    TotalDiffers,
    /// Another system renews the account's token.
    TokenContested,
    /// Data is older than promised.
    DataStale,
    /// Scheduled passes did not begin.
    TicksMissed,
    /// The day's requests for reading again are used up.
    BudgetExhausted,
    /// Records were set aside that nobody looked at.
    QuarantineGrowing,
    /// Rows vanished in masses; a person must decide.
    AbsenceAlarm,
    /// What the vendor sends departs from its documents.
    ContractDrift,
    /// An agent's feed is not heard.
    FeedUnheard,
    /// Events wait on disk for the database.
    SpoolFilling,
    /// Rows of a source stand in the tables that nobody reads any more.
    SourceUnconfigured,
}

/// How much it matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Somebody should look within days; data goes on being complete.
    Warning,
    /// Data is missing or will be soon.
    Critical,
}

impl Severity {
    /// As it is stored and labelled.
    pub const fn as_str(self) -> &'static str {
        match self {
            Severity::Warning => "warning",
            Severity::Critical => "critical",
        }
    }

    /// The severity of this name.
    pub fn from_name(name: &str) -> Option<Severity> {
        [Severity::Warning, Severity::Critical].into_iter().find(|severity| severity.as_str() == name)
    }
}

impl AlertKind {
    /// The kind of this name.
    pub fn from_name(name: &str) -> Option<AlertKind> {
        AlertKind::ALL.into_iter().find(|kind| kind.as_str() == name)
    }

    /// All of them, what is most urgent first.
    pub const ALL: [AlertKind; 15] = [
        AlertKind::DatabaseUnreachable,
        AlertKind::DiskFilling,
        AlertKind::ClockOff,
        AlertKind::StreamFailing,
        AlertKind::TotalDiffers,
        AlertKind::TokenContested,
        AlertKind::DataStale,
        AlertKind::TicksMissed,
        AlertKind::BudgetExhausted,
        AlertKind::QuarantineGrowing,
        AlertKind::AbsenceAlarm,
        AlertKind::ContractDrift,
        AlertKind::FeedUnheard,
        AlertKind::SpoolFilling,
        AlertKind::SourceUnconfigured,
    ];

    /// As it stands in JSON, in metrics, and as the heading in the runbook.
    pub const fn as_str(self) -> &'static str {
        match self {
            AlertKind::DatabaseUnreachable => "database_unreachable",
            AlertKind::DiskFilling => "disk_filling",
            AlertKind::ClockOff => "clock_off",
            AlertKind::StreamFailing => "stream_failing",
            AlertKind::TotalDiffers => "total_differs",
            AlertKind::TokenContested => "token_contested",
            AlertKind::DataStale => "data_stale",
            AlertKind::TicksMissed => "ticks_missed",
            AlertKind::BudgetExhausted => "budget_exhausted",
            AlertKind::QuarantineGrowing => "quarantine_growing",
            AlertKind::AbsenceAlarm => "absence_alarm",
            AlertKind::ContractDrift => "contract_drift",
            AlertKind::FeedUnheard => "feed_unheard",
            AlertKind::SpoolFilling => "spool_filling",
            AlertKind::SourceUnconfigured => "source_unconfigured",
        }
    }

    /// What it is called.
    pub const fn title(self) -> Phrase {
        match self {
            AlertKind::DatabaseUnreachable => alert::DATABASE_UNREACHABLE,
            AlertKind::DiskFilling => alert::DISK_FILLING,
            AlertKind::ClockOff => alert::CLOCK_OFF,
            AlertKind::StreamFailing => alert::STREAM_FAILING,
            AlertKind::TotalDiffers => alert::TOTAL_DIFFERS,
            AlertKind::TokenContested => alert::TOKEN_CONTESTED,
            AlertKind::DataStale => alert::DATA_STALE,
            AlertKind::TicksMissed => alert::TICKS_MISSED,
            AlertKind::BudgetExhausted => alert::BUDGET_EXHAUSTED,
            AlertKind::QuarantineGrowing => alert::QUARANTINE_GROWING,
            AlertKind::AbsenceAlarm => alert::ABSENCE_ALARM,
            AlertKind::ContractDrift => alert::CONTRACT_DRIFT,
            AlertKind::FeedUnheard => alert::FEED_UNHEARD,
            AlertKind::SpoolFilling => alert::SPOOL_FILLING,
            AlertKind::SourceUnconfigured => alert::SOURCE_UNCONFIGURED,
        }
    }

    /// What the operator can do; of a stream that fails, the cure of its fault says more.
    pub const fn cure(self) -> Phrase {
        match self {
            AlertKind::DatabaseUnreachable => alert::DATABASE_UNREACHABLE_CURE,
            AlertKind::DiskFilling => alert::DISK_FILLING_CURE,
            AlertKind::ClockOff => alert::CLOCK_OFF_CURE,
            AlertKind::StreamFailing => alert::STREAM_FAILING_CURE,
            AlertKind::TotalDiffers => crate::domain::phrase::verdict::CONTRADICTS_REMEDY,
            AlertKind::TokenContested => crate::domain::phrase::cure::TOKEN_CONTESTED,
            AlertKind::DataStale => alert::DATA_STALE_CURE,
            AlertKind::TicksMissed => alert::TICKS_MISSED_CURE,
            AlertKind::BudgetExhausted => alert::BUDGET_EXHAUSTED_CURE,
            AlertKind::QuarantineGrowing => alert::QUARANTINE_GROWING_CURE,
            AlertKind::AbsenceAlarm => alert::ABSENCE_ALARM_CURE,
            AlertKind::ContractDrift => alert::CONTRACT_DRIFT_CURE,
            AlertKind::FeedUnheard => alert::FEED_UNHEARD_CURE,
            AlertKind::SpoolFilling => alert::SPOOL_FILLING_CURE,
            AlertKind::SourceUnconfigured => alert::SOURCE_UNCONFIGURED_CURE,
        }
    }

    /// How much it matters.
    pub const fn severity(self) -> Severity {
        match self {
            AlertKind::DatabaseUnreachable
            | AlertKind::DiskFilling
            | AlertKind::StreamFailing
            | AlertKind::TotalDiffers
            | AlertKind::TokenContested
            | AlertKind::DataStale
            | AlertKind::TicksMissed
            | AlertKind::FeedUnheard
            | AlertKind::SpoolFilling => Severity::Critical,
            AlertKind::ClockOff
            | AlertKind::BudgetExhausted
            | AlertKind::QuarantineGrowing
            | AlertKind::AbsenceAlarm
            | AlertKind::ContractDrift
            | AlertKind::SourceUnconfigured => Severity::Warning,
        }
    }
}

/// A condition that stands.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Alert {
    /// What is the matter.
    pub kind: AlertKind,
    /// How much it matters.
    pub severity: Severity,
    /// The source, where it is one's.
    pub source: Option<String>,
    /// The stream, where it is one's.
    pub stream: Option<StreamId>,
    /// Since when, where that is known.
    pub since: Option<DateTime<Utc>>,
    /// What was seen, in one sentence of the configured language, without secrets and personal data.
    pub message: String,
    /// The same in each language.
    #[serde(skip)]
    pub said: Said,
    /// What the operator can do, in the configured language.
    pub cure: String,
}

impl Alert {
    /// An alert that is nobody's in particular, told in `language` with the cure of its kind.
    pub fn new(kind: AlertKind, language: Language, said: Said) -> Alert {
        Alert {
            kind,
            severity: kind.severity(),
            source: None,
            stream: None,
            since: None,
            message: said.text(language).to_owned(),
            said,
            cure: kind.cure().text(language).to_owned(),
        }
    }
}

/// Scopes of a stream whose last read the vendor's own number contradicts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Contradiction {
    /// How many there are.
    pub scopes: i64,
    /// The oldest of them: a window, or `snapshot`.
    pub scope: String,
    /// Elements that came in it.
    pub rows: u64,
    /// What the vendor states, if it does.
    pub vendor_total: Option<u64>,
    /// How the number contradicts them.
    pub reason: UnverifiedReason,
    /// When it was last read.
    pub read_at: DateTime<Utc>,
}

/// What was promised of a stream, and what says whether it is kept.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct StreamWatch {
    /// Data may be this old, in seconds; `None` where nothing is promised.
    pub fresh_within_seconds: Option<i64>,
    /// When its last run began, whoever began it.
    pub last_run_at: Option<DateTime<Utc>>,
    /// Ticks since then; those of the last minute are still on their way.
    pub ticks_missed: u64,
    /// Requests that second looks may cost in a business day; `None`: any number.
    pub reread_requests_per_day: Option<u32>,
    /// Requests that they cost today.
    pub reread_requests_today: i64,
    /// Requests that a window costs, on the average of the last reads.
    pub requests_per_window: i64,
    /// Open quarantine entries that came within the last day.
    pub quarantined_lately: i64,
    /// When the oldest open one came.
    pub quarantined_since: Option<DateTime<Utc>>,
    /// What the vendor's own number contradicts.
    pub contradiction: Option<Contradiction>,
    /// What the totals that the vendor states are worth, as configured.
    pub totals: Totals,
}
