//! One page, with timeout: the account's budget before each request, backoff after each fault.

use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBuilder};
use tracing::Instrument as _;

use crate::domain::fault::{Fault, FaultKind};
use crate::domain::stream::StreamKey;
use crate::domain::vendor::page::{Page, PageRequest};
use crate::engine::pass::fault_policy::{Action, policy};
use crate::engine::pass::vendor_health::VendorHealth;
use crate::engine::port::budget::{Budget, BudgetKey};
use crate::engine::port::clock::Clock;
use crate::engine::port::source::Source;
use crate::engine::read::resume::ResumableWalk;
use crate::engine::read::row_buffer::RowPermit;
use crate::telemetry::event;
use crate::telemetry::failpoint::{Failpoint, failpoint};
use crate::telemetry::span;

/// How often and how patiently one request is tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetryConfig {
    /// Tries of one request, the first included.
    pub tries_max: u32,
    /// Wait after the first fault; doubles from fault to fault, with jitter.
    pub base: Duration,
    /// The longest wait, unless the vendor asks for more.
    pub max: Duration,
    /// A vendor that has not answered once within this time is given up for this pass, so that a wrong
    /// address is told at once and not after all tries.
    pub first_contact: Duration,
}

/// What is done with an answer that refuses a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum OnRefusal {
    /// As the kind of its fault says.
    Retry,
    /// It is returned at once.
    Return,
}

/// Longest wait that a vendor's Retry-After is believed.
const RETRY_AFTER_MAX: Duration = Duration::from_secs(300);

/// Pause of a whole account when it asks for one without saying how long.
const RATE_LIMIT_PAUSE_BASE: Duration = Duration::from_secs(2);
const RATE_LIMIT_PAUSE_MAX: Duration = Duration::from_secs(60);

/// Fetches the pages of one scope after another and counts what they cost.
pub struct Fetcher<'a> {
    /// The stream, for events.
    pub key: &'a StreamKey,
    /// Where pages come from.
    pub source: &'a dyn Source,
    /// The account's limit.
    pub budget: &'a dyn Budget,
    /// Its name and size.
    pub budget_key: &'a BudgetKey,
    /// Time.
    pub clock: &'a dyn Clock,
    /// Timeout.
    pub retry: RetryConfig,
    /// Requests sent since the last [`Fetcher::take_requests`].
    requests: u64,
    slowest: Duration,
    vendor_health: VendorHealth,
    started: Duration,
    /// Keeps what comes until it is committed.
    walk: Option<ResumableWalk<'a>>,
    /// What of the process' memory it takes meanwhile; `None` where nobody counts.
    place: Option<RowPermit>,
}

impl<'a> Fetcher<'a> {
    /// A fetcher for one pass over `key`.
    pub fn new(
        key: &'a StreamKey,
        source: &'a dyn Source,
        budget: (&'a dyn Budget, &'a BudgetKey),
        clock: &'a dyn Clock,
        retry: RetryConfig,
    ) -> Fetcher<'a> {
        let started = clock.monotonic();
        let (budget, budget_key) = budget;
        Fetcher {
            key,
            source,
            budget,
            budget_key,
            clock,
            retry,
            requests: 0,
            slowest: Duration::ZERO,
            vendor_health: VendorHealth::default(),
            started,
            walk: None,
            place: None,
        }
    }

    /// Whether the vendor has answered at all in this pass.
    pub fn answered(&self) -> bool {
        self.vendor_health.has_answered()
    }

    /// One of several for one pass, which share what they know of the vendor; `spent` requests are to be counted
    /// with its own.
    #[must_use]
    pub(in crate::engine) fn within_pass(
        self,
        vendor_health: VendorHealth,
        spent: u64,
        place: RowPermit,
    ) -> Fetcher<'a> {
        Fetcher { vendor_health, requests: spent, place: Some(place), ..self }
    }

    /// Whether what came takes more memory than all reads together should.
    pub(in crate::engine) fn is_too_large(&self) -> bool {
        self.place.as_ref().is_some_and(RowPermit::is_too_large)
    }

    /// Requests sent since the last call.
    pub fn take_requests(&mut self) -> u64 {
        std::mem::take(&mut self.requests)
    }

    /// Requests sent since the last [`Fetcher::take_requests`].
    pub fn requests(&self) -> u64 {
        self.requests
    }

    /// The time of the slowest page that came.
    pub(in crate::engine) fn slowest(&self) -> Duration {
        self.slowest
    }

    /// What comes from here on belongs to this read.
    pub fn begin(&mut self, walk: Option<ResumableWalk<'a>>) {
        self.walk = walk;
    }

    /// The read's walk starts over.
    pub(in crate::engine) fn start_over(&mut self) {
        self.walk.iter_mut().for_each(ResumableWalk::start_over);
        self.place.iter().for_each(RowPermit::clear);
    }

    /// A page that was kept from before a kill, or what the vendor answers.
    ///
    /// # Errors
    /// The vendor's fault once timeout is at its end.
    pub async fn fetch(&mut self, request: &PageRequest) -> Result<Page, Fault> {
        self.fetch_with(request, OnRefusal::Retry).await
    }

    /// The same; an answer that refuses the page is not asked for again.
    pub(in crate::engine) async fn fetch_until_refused(
        &mut self,
        request: &PageRequest,
    ) -> Result<Page, Fault> {
        self.fetch_with(request, OnRefusal::Return).await
    }

    async fn fetch_with(&mut self, request: &PageRequest, on_refusal: OnRefusal) -> Result<Page, Fault> {
        if let Some(place) = &self.place {
            place.wait().await;
        }
        let page = self.fetch_or_resume(request, on_refusal).await?;
        if let Some(place) = &self.place {
            let (bytes, rows) = (page.bytes(), page.records.len() as u64);
            place.hold(bytes);
            if let Some(each) = bytes.checked_div(rows) {
                place.expect(page.total.unwrap_or_default().saturating_mul(each));
            }
        }
        Ok(page)
    }

    async fn fetch_or_resume(&mut self, request: &PageRequest, on_refusal: OnRefusal) -> Result<Page, Fault> {
        if let Some(page) = self.walk.as_mut().and_then(|walk| walk.take(request)) {
            return Ok(page);
        }
        let began = self.clock.monotonic();
        let page = self.fetch_from_vendor(request, on_refusal).await?;
        if let Some(walk) = &self.walk {
            let took = self.clock.monotonic().saturating_sub(began);
            walk.keep(request, &page, took).await;
        }
        Ok(page)
    }

    /// Asks for a page until it comes, the tries are used up, or the fault is not one that timeout heals.
    async fn fetch_from_vendor(
        &mut self,
        request: &PageRequest,
        on_refusal: OnRefusal,
    ) -> Result<Page, Fault> {
        let mut waits = ExponentialBuilder::default()
            .with_min_delay(self.retry.base)
            .with_max_delay(self.retry.max)
            .with_max_times(self.retry.tries_max.saturating_sub(1) as usize)
            .with_jitter()
            .build();
        let mut attempt = 0;
        loop {
            self.await_budget().await?;
            attempt += 1;
            self.requests += 1;
            let began = self.clock.monotonic();
            let span = span::request(self.key, request, attempt);
            let fault = match self.source.fetch(request).instrument(span.clone()).await {
                Ok(page) => {
                    self.vendor_health.note_page();
                    span.record("rows", page.records.len());
                    let elapsed = self.clock.monotonic().saturating_sub(began);
                    self.slowest = self.slowest.max(elapsed);
                    event::PageFetched { key: self.key, rows: page.records.len(), elapsed }.emit();
                    failpoint(Failpoint::PageParsed).await?;
                    return Ok(page);
                }
                Err(fault) => fault,
            };
            span::failed(&span, &fault);
            // A page that is no answer of the vendor's comes from somebody else.
            if !is_silence(fault.kind) {
                self.vendor_health.note_answer();
            }
            let is_returned = fault.refuses && on_refusal == OnRefusal::Return;
            let wait = match policy(fault.kind).action {
                _ if is_returned => None,
                Action::RetryRequest => waits.next().filter(|wait| !self.hopeless_after(*wait)),
                _ => None,
            };
            let wait = wait.map(|wait| wait.max(fault.retry_after.unwrap_or_default().min(RETRY_AFTER_MAX)));
            let message = fault.chain();
            event::RequestFailed { key: self.key, kind: fault.kind, attempt, wait, message: &message }.emit();
            let Some(wait) = wait else { return Err(fault) };
            if fault.kind == FaultKind::RateLimited {
                self.budget.pause(self.budget_key, rate_limit_pause(&fault, attempt)).await?;
            } else {
                self.clock.sleep(wait).await;
            }
        }
    }

    /// No answer since the beginning, and by the end of this wait that for long enough.
    fn hopeless_after(&self, wait: Duration) -> bool {
        let silent_for = self.clock.monotonic().saturating_sub(self.started);
        !self.answered() && self.retry.first_contact <= silent_for + wait
    }

    async fn await_budget(&self) -> Result<(), Fault> {
        let wait = self.budget.acquire(self.budget_key, self.clock).await?;
        failpoint(Failpoint::BudgetReserved).await?;
        if !wait.is_zero() {
            event::BudgetWaited { key: self.key, wait }.emit();
        }
        Ok(())
    }
}

/// Whether a fault leaves it open that the vendor is there at all.
pub(in crate::engine) fn is_silence(kind: FaultKind) -> bool {
    matches!(kind, FaultKind::Unreachable | FaultKind::Malformed | FaultKind::RedirectRefused)
}

/// The pause is the account's: every worker that shares it waits.
fn rate_limit_pause(fault: &Fault, attempt: u32) -> Duration {
    match fault.retry_after {
        Some(asked) => asked.min(RETRY_AFTER_MAX),
        None => (RATE_LIMIT_PAUSE_BASE * 2u32.saturating_pow(attempt - 1)).min(RATE_LIMIT_PAUSE_MAX),
    }
}

#[cfg(test)]
mod tests;
