//! Requests, pages and walks.

use std::time::Duration;

use metrics::{counter, histogram};

use super::{labels, log, millis};
use crate::domain::fault::FaultKind;
use crate::domain::row::text::counted;
use crate::domain::stream::StreamKey;
use crate::telemetry::metric;

/// A page came.
#[derive(Debug)]
pub struct PageFetched<'a> {
    /// The stream.
    pub key: &'a StreamKey,
    /// Elements on it.
    pub rows: usize,
    /// From request to understood page.
    pub elapsed: Duration,
}

impl PageFetched<'_> {
    /// Writes it down.
    pub fn emit(self) {
        counter!(metric::PAGES, labels(self.key, &[])).increment(1);
        histogram!(metric::PAGE_DURATION, labels(self.key, &[])).record(self.elapsed.as_secs_f64());
        tracing::trace!(
            target: "ccsync",
            source = %self.key.source,
            stream = %self.key.stream,
            page.rows = self.rows,
            elapsed_ms = millis(self.elapsed),
            "page of {} came for {}",
            counted(self.rows, "row"),
            self.key,
        );
    }
}

/// A request brought no page.
#[derive(Debug)]
pub struct RequestFailed<'a> {
    /// The stream.
    pub key: &'a StreamKey,
    /// What kind of fault.
    pub kind: FaultKind,
    /// Number of the attempt, from 1.
    pub attempt: u32,
    /// How long until the next attempt; `None` when there is none.
    pub wait: Option<Duration>,
    /// What was said, without secrets and personal data.
    pub message: &'a str,
}

impl RequestFailed<'_> {
    /// Writes it down.
    pub fn emit(self) {
        let kind = self.kind.as_str();
        counter!(metric::REQUEST_FAILURES, labels(self.key, &[(metric::KIND, kind)])).increment(1);
        // A cancelled request is a shutdown at work, not trouble.
        let quiet = self.kind == FaultKind::Cancelled;
        let next = match self.wait {
            Some(wait) => format!("trying again in {:.1} s", wait.as_secs_f64()),
            None => "not tried again".to_owned(),
        };
        log!(
            if quiet, debug else warn,
            source = %self.key.source,
            stream = %self.key.stream,
            fault.kind = kind,
            attempt = self.attempt,
            wait_ms = self.wait.map(millis),
            error = self.message,
            "request for {} failed (attempt {}, {kind}): {}; {next}",
            self.key,
            self.attempt,
            self.message,
        );
    }
}

/// A walk goes on behind pages that came before a kill or a restart.
#[derive(Debug)]
pub struct WalkResumed<'a> {
    /// The stream.
    pub key: &'a StreamKey,
    /// Pages that need not be asked for again.
    pub pages: usize,
}

impl WalkResumed<'_> {
    /// Writes it down.
    pub fn emit(self) {
        counter!(metric::PAGES_RESUMED, labels(self.key, &[])).increment(self.pages as u64);
        tracing::info!(
            target: "ccsync",
            source = %self.key.source,
            stream = %self.key.stream,
            pages = self.pages,
            "{}: a walk goes on behind {} that came before",
            self.key,
            counted(self.pages, "page")
        );
    }
}

/// A walk over a scope's pages began again.
#[derive(Debug)]
pub struct WalkRestarted<'a> {
    /// The stream.
    pub key: &'a StreamKey,
    /// The window, as text; empty for a snapshot.
    pub scope: &'a str,
    /// Number of the walk that now begins; the first one is 1.
    pub walk: u32,
    /// Why the one before did not close.
    pub reason: &'a str,
}

impl WalkRestarted<'_> {
    /// Writes it down.
    pub fn emit(self) {
        counter!(metric::WALKS_RESTARTED, labels(self.key, &[])).increment(1);
        // A live window often moves once while it is read; only one that keeps moving is news.
        log!(
            if self.walk > 2, info else debug,
            source = %self.key.source,
            stream = %self.key.stream,
            window = self.scope,
            walk = self.walk,
            reason = self.reason,
            "walk {} over {} {} begins, because the one before did not close: {}",
            self.walk,
            self.key,
            self.scope,
            self.reason,
        );
    }
}

/// One page was asked for again, because it did not fit the others.
#[derive(Debug)]
pub struct PageReread<'a> {
    /// The stream.
    pub key: &'a StreamKey,
    /// Why.
    pub reason: &'a str,
}

impl PageReread<'_> {
    /// Writes it down.
    pub fn emit(self) {
        counter!(metric::PAGES_REREAD, labels(self.key, &[])).increment(1);
        tracing::debug!(
            target: "ccsync",
            source = %self.key.source,
            stream = %self.key.stream,
            reason = self.reason,
            "page of {} read again: {}",
            self.key,
            self.reason,
        );
    }
}

/// A request had to wait for the vendor's limit.
#[derive(Debug)]
pub struct BudgetWaited<'a> {
    /// The stream.
    pub key: &'a StreamKey,
    /// How long.
    pub wait: Duration,
}

impl BudgetWaited<'_> {
    /// Writes it down.
    pub fn emit(self) {
        histogram!(metric::BUDGET_WAIT, labels(self.key, &[])).record(self.wait.as_secs_f64());
        tracing::trace!(
            target: "ccsync",
            source = %self.key.source,
            stream = %self.key.stream,
            wait_ms = millis(self.wait),
            "request for {} waits {:.1} s for the vendor's limit",
            self.key,
            self.wait.as_secs_f64(),
        );
    }
}
