//! Passes and ticks.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use metrics::{counter, histogram};

use super::{labels, log, millis};
use crate::domain::proof::run::{Counts, RunId, RunOutcome, Trigger};
use crate::domain::row::text::counted;
use crate::domain::stream::StreamKey;
use crate::telemetry::metric;

/// A pass over a stream began.
#[derive(Debug)]
pub struct PassStarted<'a> {
    /// The stream.
    pub key: &'a StreamKey,
    /// Why.
    pub trigger: Trigger,
}

impl PassStarted<'_> {
    /// Writes it down.
    pub fn emit(self) {
        let trigger = self.trigger.as_str();
        counter!(metric::PASSES_STARTED, labels(self.key, &[(metric::TRIGGER, trigger)])).increment(1);
        tracing::debug!(
            target: "ccsync",
            source = %self.key.source,
            stream = %self.key.stream,
            run.trigger = trigger,
            "pass over {} started",
            self.key,
        );
    }
}

/// A pass over a stream ended.
#[derive(Debug)]
pub struct PassFinished<'a> {
    /// The stream.
    pub key: &'a StreamKey,
    /// The run.
    pub run: RunId,
    /// How it ended.
    pub outcome: RunOutcome,
    /// What it counted in all.
    pub counts: &'a Counts,
    /// How long it took.
    pub elapsed: Duration,
}

impl PassFinished<'_> {
    /// Writes it down. Rows are counted by the commits, not here once more.
    pub fn emit(self) {
        let outcome = self.outcome.as_str();
        counter!(metric::PASSES, labels(self.key, &[(metric::OUTCOME, outcome)])).increment(1);
        histogram!(metric::PASS_DURATION, labels(self.key, &[])).record(self.elapsed.as_secs_f64());
        match self.outcome {
            RunOutcome::Partial | RunOutcome::Failed => self.log_failure(outcome),
            RunOutcome::Succeeded | RunOutcome::Cancelled => self.log_end(outcome),
        }
    }

    fn log_failure(&self, outcome: &str) {
        tracing::warn!(
            target: "ccsync",
            source = %self.key.source,
            stream = %self.key.stream,
            run.id = self.run.0,
            run.outcome = outcome,
            windows = self.counts.windows,
            requests = self.counts.requests,
            rows.read = self.counts.rows_read,
            rows.inserted = self.counts.inserted,
            rows.updated = self.counts.updated,
            rows.deleted = self.counts.deleted,
            quarantined = self.counts.quarantined,
            elapsed_ms = millis(self.elapsed),
            "pass over {} {outcome}: {} committed, {} quarantined",
            self.key,
            counted(self.counts.windows, "window"),
            counted(self.counts.quarantined, "record"),
        );
    }

    fn log_end(&self, outcome: &str) {
        let counts = self.counts;
        let news = counts.inserted + counts.updated + counts.deleted > 0
            || counts.quarantined > 0
            || self.outcome == RunOutcome::Cancelled;
        let news = news
            && !NEWS.is_full(|news| {
                news.left_out += 1;
                news.counts += *counts;
            });
        log!(
            if news, info else debug,
            source = %self.key.source,
            stream = %self.key.stream,
            run.id = self.run.0,
            run.outcome = outcome,
            windows = counts.windows,
            requests = counts.requests,
            rows.read = counts.rows_read,
            rows.inserted = counts.inserted,
            rows.updated = counts.updated,
            rows.deleted = counts.deleted,
            quarantined = counts.quarantined,
            elapsed_ms = millis(self.elapsed),
            "pass over {} {outcome}: {} new, {} changed, {} deleted of {} read",
            self.key,
            counts.inserted,
            counts.updated,
            counts.deleted,
            counts.rows_read,
        );
    }
}

/// What is told one by one between two summaries.
const TOLD_ONE_BY_ONE: u32 = 20;

/// What is told of passes since the last summary.
static NEWS: Told = Told(Mutex::new(None));

/// What is told of ticks since the last summary.
static MISSED: Told = Told(Mutex::new(None));

/// `None` where nobody sums up: then all is told.
struct Told(Mutex<Option<Untold>>);

#[derive(Debug, Default)]
struct Untold {
    told: u32,
    /// Passes, or ticks.
    left_out: u64,
    counts: Counts,
}

impl Told {
    /// Whether enough was told; then it is added to what is not.
    fn is_full(&self, add: impl FnOnce(&mut Untold)) -> bool {
        let mut told = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(untold) = told.as_mut() else { return false };
        let is_full = TOLD_ONE_BY_ONE <= untold.told;
        if is_full {
            add(untold)
        } else {
            untold.told += 1
        }
        is_full
    }

    /// What was not told, if anything; and begins anew.
    fn take(&self) -> Option<Untold> {
        let before = self.0.lock().unwrap_or_else(PoisonError::into_inner).replace(Untold::default());
        before.filter(|untold| 0 < untold.left_out)
    }
}

/// The passes and ticks that were not told one by one since the last summary: a thousand accounts would fill the log.
#[derive(Debug)]
pub struct PassesSummedUp;

impl PassesSummedUp {
    /// Writes it down, if there were any, and begins anew.
    pub fn emit(self) {
        if let Some(Untold { left_out: passes, counts, .. }) = NEWS.take() {
            tracing::info!(
                target: "ccsync",
                passes,
                rows.inserted = counts.inserted,
                rows.updated = counts.updated,
                rows.deleted = counts.deleted,
                "{passes} further passes since the last summary: {} new, {} changed, {} deleted of {} read",
                counts.inserted,
                counts.updated,
                counts.deleted,
                counts.rows_read,
            );
        }
        if let Some(Untold { left_out: ticks, .. }) = MISSED.take() {
            tracing::warn!(
                target: "ccsync",
                missed = ticks,
                "{ticks} further ticks were missed since the last summary; the next passes read all that is due; see \
                 docs/runbook.md#ticks_missed",
            );
        }
    }
}

/// The work of a pass panicked: a defect of ours. The stream lives on.
#[derive(Debug)]
pub struct PassPanicked<'a> {
    /// The stream.
    pub key: &'a StreamKey,
}

impl PassPanicked<'_> {
    /// Writes it down. What was said in the panic is logged by the panic hook, once.
    pub fn emit(self) {
        counter!(metric::PASSES, labels(self.key, &[(metric::OUTCOME, "panicked")])).increment(1);
        tracing::error!(
            target: "ccsync",
            source = %self.key.source,
            stream = %self.key.stream,
            "pass over {} panicked; the next tick tries again",
            self.key,
        );
    }
}

/// Ticks passed unserved. Nothing is lost by it, the ledger knows what is due; but data comes later than
/// the schedule promises.
#[derive(Debug)]
pub struct TickMissed<'a> {
    /// The stream.
    pub key: &'a StreamKey,
    /// How many.
    pub missed: u64,
}

impl TickMissed<'_> {
    /// Writes it down.
    pub fn emit(self) {
        counter!(metric::TICKS_MISSED, labels(self.key, &[])).increment(self.missed);
        if MISSED.is_full(|missed| missed.left_out += self.missed) {
            return;
        }
        tracing::warn!(
            target: "ccsync",
            source = %self.key.source,
            stream = %self.key.stream,
            ticks.missed = self.missed,
            "{} ticks of {} were missed; the next pass reads all that is due; see docs/runbook.md#ticks_missed",
            self.missed,
            self.key,
        );
    }
}
