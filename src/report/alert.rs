//! What an operator should look at: the conditions that page, status, metrics and notices tell, under the names by
//! which `docs/runbook.md` and `deploy/prometheus/alerts.yml` know them.

mod surroundings;
mod watch;

use chrono::{DateTime, Duration, Utc};
use serde::Serialize;

use crate::domain::stream::StreamId;
use crate::report::language::Language;
use crate::report::phrase::{Localized, Phrase, alert};

pub use self::surroundings::{ClockSkew, DiskSpace, Refusal, SpoolFill, Surroundings};
pub use self::watch::{Contradiction, StreamWatch, WholeQuarantine};

/// An agent's feed may be away for so long before somebody should look.
pub const UNHEARD_MAX: Duration = Duration::minutes(5);

/// What is the matter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum AlertKind {
    /// The database does not answer.
    DatabaseUnreachable,
    /// The database lacks or has something by which rows could be lost or refused.
    DatabaseRefused,
    /// A source is not read: its account does not fit its name, or the name has got another meaning.
    SourceRefused,
    /// A disk that ccsync writes to is almost full.
    DiskFilling,
    /// This host's clock, the database's and the vendors' differ.
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
    /// Closed windows stay unverified, read after read.
    WindowUnverified,
    /// The day's requests for reading again are used up.
    BudgetExhausted,
    /// Every record of a window or snapshot is in quarantine.
    WindowQuarantined,
    /// Records were quarantined that nobody looked at.
    QuarantineGrowing,
    /// Rows vanished in masses; a person must decide.
    AbsenceAlarm,
    /// What the vendor sends departs from its documents.
    SchemaDrift,
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
    pub const ALL: [AlertKind; 19] = [
        AlertKind::DatabaseUnreachable,
        AlertKind::DatabaseRefused,
        AlertKind::SourceRefused,
        AlertKind::DiskFilling,
        AlertKind::ClockOff,
        AlertKind::StreamFailing,
        AlertKind::TotalDiffers,
        AlertKind::TokenContested,
        AlertKind::DataStale,
        AlertKind::TicksMissed,
        AlertKind::WindowUnverified,
        AlertKind::BudgetExhausted,
        AlertKind::WindowQuarantined,
        AlertKind::QuarantineGrowing,
        AlertKind::AbsenceAlarm,
        AlertKind::SchemaDrift,
        AlertKind::FeedUnheard,
        AlertKind::SpoolFilling,
        AlertKind::SourceUnconfigured,
    ];

    /// As it stands in JSON, in metrics, and as the heading in the runbook.
    pub const fn as_str(self) -> &'static str {
        match self {
            AlertKind::DatabaseUnreachable => "database_unreachable",
            AlertKind::DatabaseRefused => "database_refused",
            AlertKind::SourceRefused => "source_refused",
            AlertKind::DiskFilling => "disk_filling",
            AlertKind::ClockOff => "clock_off",
            AlertKind::StreamFailing => "stream_failing",
            AlertKind::TotalDiffers => "total_differs",
            AlertKind::TokenContested => "token_contested",
            AlertKind::DataStale => "data_stale",
            AlertKind::TicksMissed => "ticks_missed",
            AlertKind::WindowUnverified => "window_unverified",
            AlertKind::BudgetExhausted => "budget_exhausted",
            AlertKind::WindowQuarantined => "window_quarantined",
            AlertKind::QuarantineGrowing => "quarantine_growing",
            AlertKind::AbsenceAlarm => "absence_alarm",
            AlertKind::SchemaDrift => "schema_drift",
            AlertKind::FeedUnheard => "feed_unheard",
            AlertKind::SpoolFilling => "spool_filling",
            AlertKind::SourceUnconfigured => "source_unconfigured",
        }
    }

    /// What it is called.
    pub const fn title(self) -> Phrase {
        match self {
            AlertKind::DatabaseUnreachable => alert::DATABASE_UNREACHABLE,
            AlertKind::DatabaseRefused => alert::DATABASE_REFUSED,
            AlertKind::SourceRefused => alert::SOURCE_REFUSED,
            AlertKind::DiskFilling => alert::DISK_FILLING,
            AlertKind::ClockOff => alert::CLOCK_OFF,
            AlertKind::StreamFailing => alert::STREAM_FAILING,
            AlertKind::TotalDiffers => alert::TOTAL_DIFFERS,
            AlertKind::TokenContested => alert::TOKEN_CONTESTED,
            AlertKind::DataStale => alert::DATA_STALE,
            AlertKind::TicksMissed => alert::TICKS_MISSED,
            AlertKind::WindowUnverified => alert::WINDOW_UNVERIFIED,
            AlertKind::BudgetExhausted => alert::BUDGET_EXHAUSTED,
            AlertKind::WindowQuarantined => alert::WINDOW_QUARANTINED,
            AlertKind::QuarantineGrowing => alert::QUARANTINE_GROWING,
            AlertKind::AbsenceAlarm => alert::ABSENCE_ALARM,
            AlertKind::SchemaDrift => alert::SCHEMA_DRIFT,
            AlertKind::FeedUnheard => alert::FEED_UNHEARD,
            AlertKind::SpoolFilling => alert::SPOOL_FILLING,
            AlertKind::SourceUnconfigured => alert::SOURCE_UNCONFIGURED,
        }
    }

    /// What the operator can do; of a stream that fails, the remedy of its fault says more.
    pub const fn remedy(self) -> Phrase {
        match self {
            AlertKind::DatabaseUnreachable => alert::DATABASE_UNREACHABLE_REMEDY,
            AlertKind::DatabaseRefused => crate::report::phrase::remedy::DATABASE_REFUSED,
            AlertKind::SourceRefused => crate::report::phrase::remedy::SOURCE_REFUSED,
            AlertKind::DiskFilling => alert::DISK_FILLING_REMEDY,
            AlertKind::ClockOff => alert::CLOCK_OFF_REMEDY,
            AlertKind::StreamFailing => alert::STREAM_FAILING_REMEDY,
            AlertKind::TotalDiffers => crate::report::phrase::verdict::CONTRADICTS_REMEDY,
            AlertKind::TokenContested => crate::report::phrase::remedy::TOKEN_CONTESTED,
            AlertKind::DataStale => alert::DATA_STALE_REMEDY,
            AlertKind::TicksMissed => alert::TICKS_MISSED_REMEDY,
            AlertKind::WindowUnverified => alert::WINDOW_UNVERIFIED_REMEDY,
            AlertKind::BudgetExhausted => alert::BUDGET_EXHAUSTED_REMEDY,
            AlertKind::WindowQuarantined => alert::WINDOW_QUARANTINED_REMEDY,
            AlertKind::QuarantineGrowing => alert::QUARANTINE_GROWING_REMEDY,
            AlertKind::AbsenceAlarm => alert::ABSENCE_ALARM_REMEDY,
            AlertKind::SchemaDrift => alert::SCHEMA_DRIFT_REMEDY,
            AlertKind::FeedUnheard => alert::FEED_UNHEARD_REMEDY,
            AlertKind::SpoolFilling => alert::SPOOL_FILLING_REMEDY,
            AlertKind::SourceUnconfigured => alert::SOURCE_UNCONFIGURED_REMEDY,
        }
    }

    /// How much it matters.
    pub const fn severity(self) -> Severity {
        match self {
            AlertKind::DatabaseUnreachable
            | AlertKind::DatabaseRefused
            | AlertKind::SourceRefused
            | AlertKind::DiskFilling
            | AlertKind::ClockOff
            | AlertKind::StreamFailing
            | AlertKind::TotalDiffers
            | AlertKind::TokenContested
            | AlertKind::DataStale
            | AlertKind::TicksMissed
            | AlertKind::WindowQuarantined
            | AlertKind::FeedUnheard
            | AlertKind::SpoolFilling => Severity::Critical,
            AlertKind::WindowUnverified
            | AlertKind::BudgetExhausted
            | AlertKind::QuarantineGrowing
            | AlertKind::AbsenceAlarm
            | AlertKind::SchemaDrift
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
    pub localized: Localized,
    /// What the operator can do, in the configured language.
    pub remedy: String,
}

impl Alert {
    /// An alert that is nobody's in particular, told in `language` with the remedy of its kind.
    pub fn new(kind: AlertKind, language: Language, localized: Localized) -> Alert {
        Alert {
            kind,
            severity: kind.severity(),
            source: None,
            stream: None,
            since: None,
            message: localized.text(language).to_owned(),
            localized,
            remedy: kind.remedy().text(language).to_owned(),
        }
    }
}

/// Whether none of these says that data is missing or will be soon.
pub fn is_well(alerts: &[Alert]) -> bool {
    alerts.iter().all(|alert| alert.severity < Severity::Critical)
}
