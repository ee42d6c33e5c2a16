//! The process, its database and its tokens.

use chrono::{DateTime, SecondsFormat, Utc};
use metrics::{counter, gauge};

use crate::domain::fault::FaultKind;
use crate::domain::row::text::counted;
use crate::telemetry::event::log;
use crate::telemetry::metric;

/// The daemon started.
#[derive(Debug)]
pub struct DaemonStarted<'a> {
    /// Of the program.
    pub version: &'a str,
    /// Enabled streams.
    pub streams: usize,
    /// Where its status page is, where one is served.
    pub page: Option<&'a str>,
}

impl DaemonStarted<'_> {
    /// Writes it down.
    pub fn emit(self) {
        counter!(metric::DAEMON_STARTS).increment(1);
        gauge!(metric::DAEMON_STOPPING).set(0.0);
        gauge!(metric::BUILD_INFO, metric::VERSION => self.version.to_owned()).set(1.0);
        tracing::info!(
            target: "ccsync",
            version = self.version,
            streams = self.streams,
            page = self.page,
            "ccsync {} keeps {} in step; {}",
            self.version,
            counted(self.streams, "stream"),
            self.page.map_or("no status page is served".to_owned(), |page| format!("status page on {page}")),
        );
    }
}

/// The daemon was told to stop.
#[derive(Debug)]
pub struct DaemonStopping<'a> {
    /// By what: a signal, or a failure.
    pub reason: &'a str,
}

impl DaemonStopping<'_> {
    /// Writes it down.
    pub fn emit(self) {
        gauge!(metric::DAEMON_STOPPING).set(1.0);
        tracing::info!(target: "ccsync", reason = self.reason, "stopping: {}", self.reason);
    }
}

/// Rows of a source stand in the tables that the configuration does not name.
#[derive(Debug)]
pub struct SourceUnconfigured<'a> {
    /// The operator's name for it.
    pub source: &'a str,
    /// When it was read last.
    pub read_at: DateTime<Utc>,
}

impl SourceUnconfigured<'_> {
    /// Writes it down.
    pub fn emit(self) {
        let read_at = self.read_at.to_rfc3339_opts(SecondsFormat::Secs, true);
        tracing::warn!(
            target: "ccsync",
            source = self.source,
            read_at,
            "{} is not configured here; its rows stand in schema bi as of its last pass at {read_at}: configure it again, \
             or `ccsync source retire {} --yes`; see docs/runbook.md#source_unconfigured",
            self.source,
            self.source,
        );
    }
}

/// The password or address of the database was replaced in its file.
#[derive(Debug)]
pub struct DatabaseSecretReplaced;

impl DatabaseSecretReplaced {
    /// Writes it down.
    pub fn emit(self) {
        tracing::info!(target: "ccsync", "the database's secret was replaced; new connections are made with it");
    }
}

/// The database did not answer.
#[derive(Debug)]
pub struct DatabaseUnreachable<'a> {
    /// What was said, without the password.
    pub message: &'a str,
}

impl DatabaseUnreachable<'_> {
    /// Writes it down.
    pub fn emit(self) {
        counter!(metric::DATABASE_UNREACHABLE).increment(1);
        tracing::warn!(
            target: "ccsync",
            error = self.message,
            "database cannot be reached: {}; see docs/runbook.md#database_unreachable",
            self.message,
        );
    }
}

/// Something failed that the process does by itself, for another reason than a database that does not answer.
#[derive(Debug)]
pub struct TaskFailed<'a> {
    /// What was to be done.
    pub task: &'a str,
    /// What kind of fault.
    pub kind: FaultKind,
    /// What was said, without secrets and personal data.
    pub message: &'a str,
    /// What the operator can do and where more is said of it; empty where the message has it.
    pub remedy: &'a str,
    /// It is tried again by itself and may succeed; else a person has to act.
    pub is_due_again: bool,
}

impl TaskFailed<'_> {
    /// Writes it down.
    pub fn emit(self) {
        let TaskFailed { task, kind, message, remedy, is_due_again } = self;
        let kind = kind.as_str();
        let end = if remedy.is_empty() { String::new() } else { format!("; {remedy}") };
        log!(
            if is_due_again, warn else error,
            task,
            fault.kind = kind,
            error = message,
            remedy = remedy,
            "{task} failed ({kind}): {message}{end}",
        );
    }
}

/// An account has a new token.
#[derive(Debug)]
pub struct TokenRenewed<'a> {
    /// The account (`sobot:<app_id>@<host>`).
    pub account: &'a str,
    /// Counts the renewals of the account.
    pub generation: i64,
    /// When the vendor ends it.
    pub expires_at: DateTime<Utc>,
}

impl TokenRenewed<'_> {
    /// Writes it down.
    pub fn emit(self) {
        counter!(metric::TOKEN_RENEWALS, metric::ACCOUNT => self.account.to_owned()).increment(1);
        // Seconds since 1970 stay exact in an f64 for far longer than any token lives.
        let expiry = self.expires_at.timestamp() as f64;
        gauge!(metric::TOKEN_EXPIRY, metric::ACCOUNT => self.account.to_owned()).set(expiry);
        let until = self.expires_at.to_rfc3339_opts(SecondsFormat::Secs, true);
        tracing::info!(
            target: "ccsync",
            account = self.account,
            token.generation = self.generation,
            token.expires_at = %until,
            "token number {} of {} fetched, valid until {until}",
            self.generation,
            self.account,
        );
    }
}
