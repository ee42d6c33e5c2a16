//! One scope of a pass: read, judged and committed under its lease. It knows nothing of the scopes beside it.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio_util::sync::CancellationToken;
use tracing::{Instrument as _, Span};

use crate::domain::fault::{Fault, FaultKind};
use crate::domain::proof::certificate::{Certificate, UnverifiedReason, Verdict};
use crate::domain::proof::run::{Counts, RunId, Trigger};
use crate::domain::proof::window::TimeWindow;
use crate::engine::pass::page_size::PagesSeen;
use crate::engine::pass::reader::{DueScope, PassOrder, ReadPolicy, StreamReader};
use crate::engine::pass::scope_text;
use crate::engine::pass::vendor_health::VendorHealth;
use crate::engine::plan::planner::so_far;
use crate::engine::plan::reread::{Learned, closing_age, is_reread};
use crate::engine::port::store::{Commit, Lease, Reread, Scope};
use crate::engine::read::fetch::Fetcher;
use crate::engine::read::resume::ResumableWalk;
use crate::engine::read::walk::WalkConfig;
use crate::engine::read::{ClosedRead, Otherwise, ReadEnd, Split, halves_differ, read};
use crate::telemetry::event;
use crate::telemetry::span;

/// A window that does not hold still is not cut into parts shorter than this.
const UNSETTLED_HALF_MIN: chrono::Duration = chrono::Duration::hours(1);

/// A scope to be read, and all that it takes.
pub(super) struct ReadTask {
    pub(super) reader: StreamReader,
    pub(super) order: PassOrder,
    pub(super) stop: CancellationToken,
    pub(super) run: RunId,
    pub(super) due: DueScope,
    pub(super) lease: Lease,
    pub(super) walk: WalkConfig,
    pub(super) learned: Arc<Learned>,
    /// Requests before it that no commit counted.
    pub(super) spent: u64,
    /// Troubles of the pass before it.
    pub(super) begun_after: u64,
    /// Scopes that the run has read, reads or has still to read.
    pub(super) windows_due: u64,
    /// What is known of the vendor in this pass.
    pub(super) vendor_health: VendorHealth,
}

/// What became of it.
pub(super) enum End {
    /// It is in the tables.
    Committed(Counts, Verdict),
    /// It is to be read in halves; the vendor lists no more than so many elements of it, where that is why.
    Halved(Option<u64>),
    /// It is a half that fares no better than the whole did.
    PartInVain,
    /// Nothing was written.
    Failed(Fault),
}

/// An read_task that is over.
pub(super) struct Report {
    pub(super) due: DueScope,
    pub(super) lease: Lease,
    pub(super) end: End,
    /// Requests that no commit counted.
    pub(super) requests: u64,
    /// Troubles of the pass before it was begun.
    pub(super) begun_after: u64,
    /// What was seen of pages.
    pub(super) pages: PagesSeen,
}

impl ReadTask {
    /// Reads and commits. Whatever happens is in the report.
    pub(super) async fn run(mut self) -> Report {
        let reader = self.reader.clone();
        let budget = (reader.budget.as_ref(), &reader.budget_key);
        let (source, clock) = (reader.source.as_ref(), reader.clock.as_ref());
        let fetcher = Fetcher::new(&reader.key, source, budget, clock, reader.config.retry);
        let mut fetcher =
            fetcher.within_pass(self.vendor_health.clone(), self.spent, reader.row_buffer.enter(&reader.key));
        let asked = self.walk.page_size;
        let end = self.read_and_commit(&reader, &mut fetcher).await;
        let end = end.unwrap_or_else(|fault| {
            span::failed(&Span::current(), &fault);
            End::Failed(fault)
        });
        Report {
            due: self.due,
            lease: self.lease,
            end,
            requests: fetcher.requests(),
            begun_after: self.begun_after,
            pages: PagesSeen { asked, given: self.walk.page_size, elements: 0, slowest: fetcher.slowest() },
        }
    }

    async fn read_and_commit<'f>(
        &mut self,
        reader: &'f StreamReader,
        fetcher: &mut Fetcher<'f>,
    ) -> Result<End, Fault> {
        // Before the first page: what is read from here on is read under this list or a later one.
        let list = reader.store.forgotten().await?.version();
        let monotonic = reader.clock.monotonic();
        self.due.ask = asked_now(self.due.ask, self.due.scope, reader.clock.now());
        let walk = self.open_walk(reader, list).await;
        let began = walk.as_ref().map_or(reader.clock.now(), ResumableWalk::began);
        if let Some(walk) = &walk {
            self.due.ask = walk.ask();
        }
        fetcher.begin(walk);
        let (stop, lease) = (self.stop.clone(), self.lease.clone());
        let end = tokio::select! {
            biased;
            () = stop.cancelled() => Err(Fault::new(FaultKind::Cancelled, "told to stop")),
            lost = keep_lease(reader, &lease) => Err(lost),
            end = self.read_scope(reader, fetcher) => end,
        };
        match end? {
            Scoped::Closed(closed) => self.commit(fetcher, (began, monotonic, list), *closed).await,
            Scoped::Halved(depth) => Ok(End::Halved(depth)),
            Scoped::PartInVain => Ok(End::PartInVain),
        }
    }

    /// Reads the scope whole, unless its halves promise more.
    async fn read_scope(
        &mut self,
        reader: &StreamReader,
        fetcher: &mut Fetcher<'_>,
    ) -> Result<Scoped, Fault> {
        let DueScope { ask, before, .. } = self.due;
        if self.due.whole {
            self.walk.rows_max = None;
        }
        let rules = &reader.config.rules;
        match read(fetcher, rules, &mut self.walk, ask, before).await {
            // It moved the last time too.
            Ok(ReadEnd::Closed(closed)) if is_moving(&closed) && before.unverified && self.may_halve() => {
                match self.do_halves_differ(fetcher).await? {
                    true => Ok(Scoped::Halved(None)),
                    false => Ok(Scoped::Closed(closed)),
                }
            }
            Ok(ReadEnd::Closed(closed)) => Ok(Scoped::Closed(closed)),
            Ok(ReadEnd::Split(split)) => self.split(reader, fetcher, split).await,
            Err(fault) if fault.kind == FaultKind::WalkUnsettled && self.may_halve() => {
                match self.do_halves_differ(fetcher).await? {
                    true => Ok(Scoped::Halved(None)),
                    false => Err(fault),
                }
            }
            Err(fault) => Err(fault),
        }
    }

    /// Halves, where they differ; else what the whole gave, or gives when it is read without regard to its size.
    async fn split(
        &mut self,
        reader: &StreamReader,
        fetcher: &mut Fetcher<'_>,
        split: Split,
    ) -> Result<Scoped, Fault> {
        // A list that ends earlier in a half than in the whole does not end for its depth.
        let page = u64::from(self.walk.page_size);
        if split.depth.zip(self.due.depth).is_some_and(|(here, whole)| here + page < whole) {
            return Ok(Scoped::PartInVain);
        }
        // No search ends within its first page: such a total is wrong for another reason than depth.
        let is_short = split.otherwise.certificate().is_some_and(|certificate| {
            certificate.reason == Some(UnverifiedReason::TotalDiffers) && certificate.rows < page
        });
        let splits = !is_short && self.due.ask.is_some_and(|ask| ask.split().is_some());
        if splits && self.do_halves_differ(fetcher).await? {
            return Ok(Scoped::Halved(split.depth));
        }
        let closed = match split.otherwise {
            Otherwise::Keep(closed) => closed,
            Otherwise::Fail(fault) if splits => return Err(fault.adding(BOUNDS_IGNORED)),
            Otherwise::Fail(fault) => return Err(fault),
            Otherwise::ReadWhole => {
                self.walk.rows_max = None;
                fetcher.start_over();
                let DueScope { ask, before, .. } = self.due;
                match read(fetcher, &reader.config.rules, &mut self.walk, ask, before).await? {
                    ReadEnd::Closed(closed) => closed,
                    ReadEnd::Split(split) => return Err(self.too_large(split.elements)),
                }
            }
        };
        let reason = match splits {
            _ if is_short => UnverifiedReason::TotalDiffers,
            true => UnverifiedReason::BoundsIgnored,
            false => UnverifiedReason::OneSecond,
        };
        Ok(Scoped::Closed(contradicted(closed, reason)))
    }

    async fn do_halves_differ(&self, fetcher: &mut Fetcher<'_>) -> Result<bool, Fault> {
        let Some(halves) = self.due.ask.and_then(|ask| ask.split()) else { return Ok(false) };
        // Their pages are not those of the window's walk.
        fetcher.begin(None);
        halves_differ(fetcher, halves, self.walk.page_size).await
    }

    fn too_large(&self, elements: u64) -> Fault {
        let scope = scope_text(self.due.scope);
        let message = format!("{}: {scope} holds {elements} elements and cannot be split", self.reader.key);
        Fault::new(FaultKind::WindowTooLarge, message)
    }

    /// The read of this scope, with what another worker or an earlier life has left of it.
    async fn open_walk<'f>(&self, reader: &'f StreamReader, list: i64) -> Option<ResumableWalk<'f>> {
        let log = reader.page_log.as_deref()?;
        let times = (reader.clock.now(), reader.config.persist_pages_slower_than);
        Some(ResumableWalk::open(log, &self.lease, self.due.ask, times, list).await)
    }

    async fn commit(
        &self,
        fetcher: &mut Fetcher<'_>,
        (began, monotonic, list): (DateTime<Utc>, Duration, i64),
        closed: ClosedRead,
    ) -> Result<End, Fault> {
        let ReadTask { reader, due, lease, .. } = self;
        let elapsed = reader.clock.monotonic().saturating_sub(monotonic);
        let read_at = self.not_ahead(began, elapsed)?;
        reader.store.renew(lease, reader.config.lease).await?;
        let (complete_to, absence_settle) = match (&reader.policy, due.scope) {
            (ReadPolicy::Windows(policy), Scope::Window(window)) => (
                (read_at - policy.settle).clamp(window.start, window.end),
                policy.settle.to_std().unwrap_or_default(),
            ),
            _ => (read_at, Duration::ZERO),
        };
        let (final_at, reread) = self.expectation(closed.certificate.rows);
        let certificate = closed.certificate;
        let verdict = certificate.verdict;
        let counts = Counts {
            requests: fetcher.requests(),
            rows_read: certificate.rows,
            superseded: closed.superseded,
            ..Counts::default()
        };
        let commit = Commit {
            lease: lease.clone(),
            run: self.run,
            rows: closed.rows,
            rejects: closed.rejects,
            drifts: closed.drifts,
            certificate,
            lacks_list: closed.lacks_list,
            read_at,
            complete_to,
            absence_settle,
            final_at,
            reread,
            absence_max: reader.config.absence_max,
            windows_due: self.windows_due,
            overrule: self.order.trigger == Trigger::Repair,
            counts,
            list,
            now: reader.clock.now(),
        };
        let scope = scope_text(due.scope);
        let storing = span::commit(&reader.key, self.run, &scope, commit.rows.len());
        let stored = reader.store.commit(commit).instrument(storing.clone()).await;
        let counted = stored.inspect_err(|fault| span::failed(&storing, fault))?;
        let window = Span::current();
        window.record("verdict", verdict.as_str()).record("requests", counted.requests);
        window.record("rows", counted.rows_read);
        fetcher.take_requests();
        let elapsed = reader.clock.monotonic().saturating_sub(monotonic);
        event::WindowCommitted {
            key: &reader.key,
            run: self.run,
            scope: &scope,
            counts: &counted,
            verdict,
            elapsed,
        }
        .emit();
        if counted.quarantined > 0 {
            event::RecordsQuarantined { key: &reader.key, run: self.run, count: counted.quarantined }.emit();
        }
        Ok(End::Committed(counted, verdict))
    }

    /// When a read began that was begun so long ago. The answers may have shown that the clock was ahead; nothing can be
    /// known of a window that lies in the future.
    fn not_ahead(&self, began: DateTime<Utc>, elapsed: Duration) -> Result<DateTime<Utc>, Fault> {
        let elapsed = chrono::Duration::from_std(elapsed).unwrap_or(chrono::Duration::MAX);
        let now = self.reader.clock.now();
        let read_at = began.min(now.checked_sub_signed(elapsed).unwrap_or(now));
        match self.due.scope {
            Scope::Window(window) if read_at < window.start => {
                let message = format!("the window begins in the future: the vendor says that it is {now}");
                Err(Fault::new(FaultKind::Outdated, message))
            }
            _ => Ok(read_at),
        }
    }

    /// Until when a window of so many rows may still change, and what its re-read is to be recorded as.
    fn expectation(&self, rows: u64) -> (Option<DateTime<Utc>>, Option<Reread>) {
        let (ReadPolicy::Windows(policy), Scope::Window(window)) = (&self.reader.policy, self.due.scope)
        else {
            return (None, None);
        };
        let due = &self.due;
        let final_at = window.end.checked_add_signed(closing_age(window, rows, &self.learned, policy));
        let paid = due.planned.is_some_and(|planned| is_reread(planned.reason));
        let reread = due.before.complete_at.map(|read_before| Reread {
            read_before,
            rows_before: due.before.rows.unsigned_abs(),
            paid_by: paid.then(|| policy.grid.date_of(self.reader.clock.now())),
        });
        (final_at, reread)
    }

    /// Whether a window that does not hold still is read in halves, which hold still sooner. Not for ever:
    /// a vendor whose answers never agree would have each minute read by itself.
    fn may_halve(&self) -> bool {
        let splits = self.walk.rows_max.is_some();
        splits && self.due.ask.is_some_and(|ask| UNSETTLED_HALF_MIN * 2 <= ask.end - ask.start)
    }
}

/// Whether rows moved and that is why nothing confirms the read: two versions of a row that are always listed, or a wrong
/// total, stand in smaller windows too.
fn is_moving(closed: &ClosedRead) -> bool {
    let Certificate { verdict, reason, .. } = closed.certificate;
    let contradicts = reason.is_some_and(UnverifiedReason::contradicts);
    closed.moved && verdict == Verdict::Unverified && !contradicts
}

/// What is said of a refusal that no smaller window escapes.
const BOUNDS_IGNORED: &str = "the vendor ignores the time of day, so that smaller windows do not help";

/// What reading a scope came to.
enum Scoped {
    Closed(Box<ClosedRead>),
    /// As [`End::Halved`].
    Halved(Option<u64>),
    /// As [`End::PartInVain`].
    PartInVain,
}

/// Where the vendor contradicts itself, this is why smaller windows do not help.
fn contradicted(mut closed: Box<ClosedRead>, reason: UnverifiedReason) -> Box<ClosedRead> {
    let certificate = closed.certificate.clone();
    if certificate.reason.is_some_and(UnverifiedReason::contradicts) {
        closed.certificate = certificate.judged(Err(reason));
    }
    closed
}

/// Renews the lease until that fails, and returns why.
async fn keep_lease(reader: &StreamReader, lease: &Lease) -> Fault {
    loop {
        reader.clock.sleep(reader.config.lease / 3).await;
        match reader.store.renew(lease, reader.config.lease).await {
            Ok(()) => {}
            // The database may be back before the term ends; if not, the commit is refused.
            Err(fault) if fault.kind == FaultKind::DatabaseUnreachable => {}
            Err(fault) => return fault,
        }
    }
}

/// What is asked for when the read begins. A window that still grows was planned up to the present of its plan, which may be
/// long ago where the machine stood still; the read is said to be complete by the time at which it began.
fn asked_now(ask: Option<TimeWindow>, scope: Scope, now: DateTime<Utc>) -> Option<TimeWindow> {
    let (Some(planned), Scope::Window(window)) = (ask, scope) else { return ask };
    so_far(window, now).filter(|so_far| planned.end < so_far.end).or(ask)
}
