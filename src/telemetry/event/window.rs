//! Windows and snapshots: committed, given up, taken over.

use std::time::Duration;

use metrics::{counter, histogram};

use super::{labels, log, millis};
use crate::domain::fault::FaultKind;
use crate::domain::proof::certificate::Verdict;
use crate::domain::proof::run::{Counts, RunId};
use crate::domain::row::text::counted;
use crate::domain::stream::StreamKey;
use crate::telemetry::metric;

/// A first load commits many windows; only one that took this long is worth a line at info, as a sign of
/// progress.
const LONG_WINDOW: Duration = Duration::from_secs(300);

/// A window or snapshot was held against the delivered tables.
#[derive(Debug)]
pub struct WindowVerified<'a> {
    /// The stream.
    pub key: &'a StreamKey,
    /// The window, as text, or `snapshot`.
    pub scope: &'a str,
    /// Rows that the vendor returned.
    pub rows: u64,
    /// Rows over which table and vendor differ.
    pub differences: u64,
}

impl WindowVerified<'_> {
    /// Writes it down; the command itself says what differs.
    pub fn emit(self) {
        tracing::debug!(
            target: "ccsync",
            source = %self.key.source,
            stream = %self.key.stream,
            window = self.scope,
            rows.read = self.rows,
            rows.differing = self.differences,
            "{} {} verified: {}, {} differ",
            self.key,
            self.scope,
            counted(self.rows, "row"),
            self.differences
        );
    }
}

/// A window or snapshot was committed.
#[derive(Debug)]
pub struct WindowCommitted<'a> {
    /// The stream.
    pub key: &'a StreamKey,
    /// The run.
    pub run: RunId,
    /// The window, as text; empty for a snapshot.
    pub scope: &'a str,
    /// What was counted for it.
    pub counts: &'a Counts,
    /// How far it can be trusted.
    pub verdict: Verdict,
    /// From lease to commit.
    pub elapsed: Duration,
}

impl WindowCommitted<'_> {
    /// Writes it down.
    pub fn emit(self) {
        let counts = self.counts;
        let verdict = self.verdict.as_str();
        counter!(metric::WINDOWS_COMMITTED, labels(self.key, &[(metric::VERDICT, verdict)])).increment(1);
        histogram!(metric::WINDOW_DURATION, labels(self.key, &[])).record(self.elapsed.as_secs_f64());
        counter!(metric::ROWS_READ, labels(self.key, &[])).increment(counts.rows_read);
        for (change, rows) in [
            ("inserted", counts.inserted),
            ("updated", counts.updated),
            ("unchanged", counts.unchanged),
            ("superseded", counts.superseded),
            ("deleted", counts.deleted),
        ] {
            counter!(metric::ROWS, labels(self.key, &[(metric::CHANGE, change)])).increment(rows);
        }
        log!(
            if self.elapsed >= LONG_WINDOW, info else debug,
            source = %self.key.source,
            stream = %self.key.stream,
            run.id = self.run.0,
            window = self.scope,
            verdict,
            requests = counts.requests,
            rows.read = counts.rows_read,
            rows.inserted = counts.inserted,
            rows.updated = counts.updated,
            rows.unchanged = counts.unchanged,
            rows.deleted = counts.deleted,
            elapsed_ms = millis(self.elapsed),
            "{} {} committed, {verdict}: {} read, {} new, {} changed, {} deleted",
            self.key,
            self.scope,
            counts.rows_read,
            counts.inserted,
            counts.updated,
            counts.deleted,
        );
    }
}

/// A window or snapshot was given up for this pass.
#[derive(Debug)]
pub struct WindowFailed<'a> {
    /// The stream.
    pub key: &'a StreamKey,
    /// The run.
    pub run: RunId,
    /// The window, as text; empty for a snapshot.
    pub scope: &'a str,
    /// What kind of fault.
    pub kind: FaultKind,
    /// What was said, without secrets and personal data.
    pub message: &'a str,
    /// What the operator can do and where more is said of it; empty where the message has it.
    pub remedy: &'a str,
}

impl WindowFailed<'_> {
    /// Writes it down.
    pub fn emit(self) {
        let kind = self.kind.as_str();
        counter!(metric::WINDOWS_FAILED, labels(self.key, &[(metric::KIND, kind)])).increment(1);
        // A shutdown, or a faster worker: both are as designed, and nothing remains undone for long.
        let quiet = matches!(self.kind, FaultKind::Cancelled | FaultKind::LeaseLost);
        // The message names the stream too, for the ledger's sake.
        let own = format!("{}: ", self.key);
        let message = self.message.strip_prefix(&own).unwrap_or(self.message);
        log!(
            if quiet, debug else error,
            source = %self.key.source,
            stream = %self.key.stream,
            run.id = self.run.0,
            window = self.scope,
            fault.kind = kind,
            error = self.message,
            remedy = self.remedy,
            "{} {} could not be read ({kind}): {message}{}{}",
            self.key,
            self.scope,
            if self.remedy.is_empty() { "" } else { "; " },
            self.remedy,
        );
    }
}

/// Records that could not be read were quarantined.
#[derive(Debug)]
pub struct RecordsQuarantined<'a> {
    /// The stream.
    pub key: &'a StreamKey,
    /// The run.
    pub run: RunId,
    /// How many.
    pub count: u64,
}

impl RecordsQuarantined<'_> {
    /// Writes it down.
    pub fn emit(self) {
        counter!(metric::RECORDS_QUARANTINED, labels(self.key, &[])).increment(self.count);
        tracing::warn!(
            target: "ccsync",
            source = %self.key.source,
            stream = %self.key.stream,
            run.id = self.run.0,
            quarantined = self.count,
            "{}: {} quarantined as unreadable; see `ccsync quarantine list` and docs/runbook.md#quarantine_growing",
            self.key,
            counted(self.count, "record"),
        );
    }
}

/// So many rows are missing at once that none was marked deleted.
#[derive(Debug)]
pub struct AbsenceAlarmRaised<'a> {
    /// The stream.
    pub key: &'a StreamKey,
    /// The window, as text; `snapshot` for a snapshot.
    pub scope: &'a str,
    /// The table.
    pub table: &'a str,
    /// Number of the alarm.
    pub id: i64,
    /// Rows missing.
    pub missing: u64,
    /// Rows that were live before.
    pub live: u64,
}

impl AbsenceAlarmRaised<'_> {
    /// Writes it down.
    pub fn emit(self) {
        tracing::warn!(
            target: "ccsync",
            source = %self.key.source,
            stream = %self.key.stream,
            window = self.scope,
            table = self.table,
            alarm = self.id,
            missing = self.missing,
            live = self.live,
            "{} of {} rows of {} are missing from {} {} at once, and none is marked deleted; look with \
             `ccsync absence list`, decide with `ccsync absence accept {}`; see docs/runbook.md#absence_alarm",
            self.missing,
            self.live,
            self.table,
            self.key,
            self.scope,
            self.id,
        );
    }
}

/// Another worker took over the scope; nothing was written here.
#[derive(Debug)]
pub struct LeaseLost<'a> {
    /// The stream.
    pub key: &'a StreamKey,
    /// The run.
    pub run: RunId,
    /// The window, as text; empty for a snapshot.
    pub scope: &'a str,
}

impl LeaseLost<'_> {
    /// Writes it down.
    pub fn emit(self) {
        counter!(metric::LEASES_LOST, labels(self.key, &[])).increment(1);
        tracing::warn!(
            target: "ccsync",
            source = %self.key.source,
            stream = %self.key.stream,
            run.id = self.run.0,
            window = self.scope,
            "lease on {} {} was lost to another worker; nothing was written",
            self.key,
            self.scope,
        );
    }
}
