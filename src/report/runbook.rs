//! The entries of `docs/runbook.md`, by which messages name them. A test writes the document from here.

use crate::domain::fault::FaultKind;
use crate::report::alert::AlertKind;
use crate::report::language::Language;
use crate::report::phrase::{Phrase, exit, fault, meaning};

/// Where the runbook stands in the repository.
pub const RUNBOOK: &str = "docs/runbook.md";

/// What a command's end means.
#[derive(Debug, Clone, Copy)]
pub struct ExitEntry {
    /// The code.
    pub code: u8,
    /// What it means.
    pub meaning: Phrase,
    /// What the operator can do.
    pub remedy: Phrase,
}

/// Every exit code.
pub const EXITS: [ExitEntry; 5] = [
    ExitEntry { code: 0, meaning: exit::DONE, remedy: exit::DONE_REMEDY },
    ExitEntry { code: 1, meaning: exit::FAILED, remedy: exit::FAILED_REMEDY },
    ExitEntry { code: 2, meaning: exit::USAGE, remedy: exit::USAGE_REMEDY },
    ExitEntry { code: 3, meaning: exit::PARTIAL, remedy: exit::PARTIAL_REMEDY },
    ExitEntry { code: 4, meaning: exit::DIFFERS, remedy: exit::DIFFERS_REMEDY },
];

impl ExitEntry {
    /// Its entry in the runbook.
    pub fn entry(&self) -> String {
        entry(&format!("exit_{}", self.code))
    }
}

impl AlertKind {
    /// What it means that it stands.
    pub const fn meaning(self) -> Phrase {
        match self {
            AlertKind::DatabaseUnreachable => meaning::ALERT_DATABASE_UNREACHABLE,
            AlertKind::DatabaseRefused => meaning::ALERT_DATABASE_REFUSED,
            AlertKind::SourceRefused => meaning::ALERT_SOURCE_REFUSED,
            AlertKind::DiskFilling => meaning::ALERT_DISK_FILLING,
            AlertKind::ClockOff => meaning::ALERT_CLOCK_OFF,
            AlertKind::StreamFailing => meaning::ALERT_STREAM_FAILING,
            AlertKind::TotalDiffers => meaning::ALERT_TOTAL_DIFFERS,
            AlertKind::TokenContested => meaning::ALERT_TOKEN_CONTESTED,
            AlertKind::DataStale => meaning::ALERT_DATA_STALE,
            AlertKind::TicksMissed => meaning::ALERT_TICKS_MISSED,
            AlertKind::WindowUnverified => meaning::ALERT_WINDOW_UNVERIFIED,
            AlertKind::BudgetExhausted => meaning::ALERT_BUDGET_EXHAUSTED,
            AlertKind::QuarantineGrowing => meaning::ALERT_QUARANTINE_GROWING,
            AlertKind::WindowQuarantined => meaning::ALERT_WINDOW_QUARANTINED,
            AlertKind::AbsenceAlarm => meaning::ALERT_ABSENCE_ALARM,
            AlertKind::SchemaDrift => meaning::ALERT_SCHEMA_DRIFT,
            AlertKind::FeedUnheard => meaning::ALERT_FEED_UNHEARD,
            AlertKind::SpoolFilling => meaning::ALERT_SPOOL_FILLING,
            AlertKind::SourceUnconfigured => meaning::ALERT_SOURCE_UNCONFIGURED,
        }
    }

    /// Its entry in the runbook.
    pub fn entry(self) -> String {
        entry(self.as_str())
    }
}

impl FaultKind {
    /// What it is called.
    pub const fn title(self) -> Phrase {
        match self {
            FaultKind::Unreachable => fault::UNREACHABLE,
            FaultKind::VendorFailed => fault::VENDOR_FAILED,
            FaultKind::RateLimited => fault::RATE_LIMITED,
            FaultKind::Malformed => fault::MALFORMED,
            FaultKind::TokenContested => fault::TOKEN_CONTESTED,
            FaultKind::CredentialsRefused => fault::CREDENTIALS_REFUSED,
            FaultKind::RequestRefused => fault::REQUEST_REFUSED,
            FaultKind::UnknownCode => fault::UNKNOWN_CODE,
            FaultKind::RedirectRefused => fault::REDIRECT_REFUSED,
            FaultKind::WalkUnsettled => fault::WALK_UNSETTLED,
            FaultKind::WindowTooLarge => fault::WINDOW_TOO_LARGE,
            FaultKind::PageTooLarge => fault::PAGE_TOO_LARGE,
            FaultKind::DatabaseUnreachable => fault::DATABASE_UNREACHABLE,
            FaultKind::DatabaseConflict => fault::DATABASE_CONFLICT,
            FaultKind::DatabaseRefused => fault::DATABASE_REFUSED,
            FaultKind::SourceRefused => fault::SOURCE_REFUSED,
            FaultKind::Misconfigured => fault::MISCONFIGURED,
            FaultKind::LeaseLost => fault::LEASE_LOST,
            FaultKind::Outdated => fault::OUTDATED,
            FaultKind::Cancelled => fault::CANCELLED,
        }
    }

    /// What happened.
    pub const fn meaning(self) -> Phrase {
        match self {
            FaultKind::Unreachable => meaning::UNREACHABLE,
            FaultKind::VendorFailed => meaning::VENDOR_FAILED,
            FaultKind::RateLimited => meaning::RATE_LIMITED,
            FaultKind::Malformed => meaning::MALFORMED,
            FaultKind::TokenContested => meaning::TOKEN_CONTESTED,
            FaultKind::CredentialsRefused => meaning::CREDENTIALS_REFUSED,
            FaultKind::RequestRefused => meaning::REQUEST_REFUSED,
            FaultKind::UnknownCode => meaning::UNKNOWN_CODE,
            FaultKind::RedirectRefused => meaning::REDIRECT_REFUSED,
            FaultKind::WalkUnsettled => meaning::WALK_UNSETTLED,
            FaultKind::WindowTooLarge => meaning::WINDOW_TOO_LARGE,
            FaultKind::PageTooLarge => meaning::PAGE_TOO_LARGE,
            FaultKind::DatabaseUnreachable => meaning::DATABASE_UNREACHABLE,
            FaultKind::DatabaseConflict => meaning::DATABASE_CONFLICT,
            FaultKind::DatabaseRefused => meaning::DATABASE_REFUSED,
            FaultKind::SourceRefused => meaning::SOURCE_REFUSED,
            FaultKind::Misconfigured => meaning::MISCONFIGURED,
            FaultKind::LeaseLost => meaning::LEASE_LOST,
            FaultKind::Outdated => meaning::OUTDATED,
            FaultKind::Cancelled => meaning::CANCELLED,
        }
    }

    /// Its entry in the runbook.
    pub fn entry(self) -> String {
        entry(self.as_str())
    }
}

/// `remedy`, and where more is said of it.
pub fn advice(remedy: &str, entry: &str, language: Language) -> String {
    meaning::ADVICE.fill(language, &[("remedy", remedy), ("entry", entry)])
}

fn entry(heading: &str) -> String {
    format!("{RUNBOOK}#{heading}")
}
