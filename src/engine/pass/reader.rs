//! One stream with all that reading it takes: what is due, and one pass over it.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Months, Utc};
use serde::Serialize;
use tokio_util::sync::CancellationToken;
use tracing::Instrument as _;
use uuid::Uuid;

use crate::domain::fault::{Fault, FaultKind};
use crate::domain::proof::certificate::{UnverifiedReason, Verdict};
use crate::domain::proof::run::{Counts, RunId, RunOutcome, Trigger};
use crate::domain::proof::window::TimeWindow;
use crate::domain::row::share::Share;
use crate::domain::stream::StreamKey;
use crate::engine::pass::fault_policy::hint;
use crate::engine::pass::page_size::PageSize;
use crate::engine::pass::progress::{Progress, ProgressTable};
use crate::engine::pass::{Pass, scope_text};
use crate::engine::plan::planner::{PlanInput, PlannedWindow, WindowPolicy, is_due, plan};
use crate::engine::plan::reread::Learned;
use crate::engine::port::budget::{Budget, BudgetKey};
use crate::engine::port::clock::Clock;
use crate::engine::port::page_log::PageLog;
use crate::engine::port::source::Source;
use crate::engine::port::store::{ReadRecord, ReadState, RunEnd, RunStart, Scope, Store};
use crate::engine::read::fetch::RetryConfig;
use crate::engine::read::row_buffer::RowBuffer;
use crate::engine::read::walk::WalkConfig;
use crate::engine::read::{Before, ReadRules};
use crate::report::language::Language;
use crate::telemetry::event;
use crate::telemetry::span;

/// Late results older than this no longer tell how late they come today.
const LEARNED_MONTHS: Months = Months::new(12);

/// Whether a stream is read in windows or whole.
#[derive(Debug, Clone, Copy)]
pub enum ReadPolicy {
    /// In windows, by this policy.
    Windows(WindowPolicy),
    /// Whole, on each tick.
    Snapshot,
}

/// Bounds of a pass.
#[derive(Debug, Clone, Copy)]
pub struct PassConfig {
    /// How long a lease lasts without being renewed.
    pub lease: Duration,
    /// Timeout with one request.
    pub retry: RetryConfig,
    /// Bounds of one walk.
    pub walk: WalkConfig,
    /// Scopes that are read at the same time, once one was read.
    pub max_concurrent_windows: usize,
    /// How its reads are judged.
    pub rules: ReadRules,
    /// A page that took longer than this to get is kept until its read is committed.
    pub persist_pages_slower_than: Duration,
    /// Share of a scope that may vanish at once.
    pub absence_max: Share,
}

/// One stream with all that reading it takes.
#[derive(Clone)]
pub struct StreamReader {
    /// Which stream of which source.
    pub key: StreamKey,
    /// Where pages come from.
    pub source: Arc<dyn Source>,
    /// Where rows go.
    pub store: Arc<dyn Store>,
    /// The vendor's limits.
    pub budget: Arc<dyn Budget>,
    /// The limit of this stream's endpoint.
    pub budget_key: BudgetKey,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// This process.
    pub worker: Uuid,
    /// Windows or whole.
    pub policy: ReadPolicy,
    /// Where pages are kept until they are committed, if anywhere.
    pub page_log: Option<Arc<dyn PageLog>>,
    /// How many elements a page is asked for.
    pub page_size: PageSize,
    /// Where rows are between their page and their commit.
    pub row_buffer: RowBuffer,
    /// Where it is noted how far a pass has come.
    pub progress: ProgressTable,
    /// Bounds.
    pub config: PassConfig,
}

/// What a pass is asked to do.
#[derive(Debug, Clone, Copy)]
pub struct PassOrder {
    /// Recorded with the run.
    pub trigger: Trigger,
    /// What was read at or after this instant is not due: the last tick, or the start of the command.
    pub due_since: DateTime<Utc>,
    /// From here on a newer tick is waiting: the pass ends after the scope at hand, and the next one
    /// begins with what is most urgent.
    pub until: Option<DateTime<Utc>>,
    /// Read everything within, whatever its state (backfill).
    pub range: Option<TimeWindow>,
    /// Wait for scopes that other workers are reading, so that the end of the pass means that all is read.
    pub wait_for_others: bool,
}

impl PassOrder {
    /// What `ccsync sync` asks for at this instant.
    pub fn sync(now: DateTime<Utc>) -> PassOrder {
        PassOrder { trigger: Trigger::Sync, due_since: now, until: None, range: None, wait_for_others: true }
    }
}

/// A scope that could not be read in a pass.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ScopeFailure {
    /// The window, or `snapshot`.
    pub scope: String,
    /// What kind of fault.
    pub kind: FaultKind,
    /// The fault's chain.
    pub message: String,
    /// Whether the message says what to do.
    #[serde(skip)]
    pub advises: bool,
}

impl ScopeFailure {
    /// What is said behind the message: what to do and where more is said of it, unless the message has it.
    pub fn hint(&self) -> Option<String> {
        hint(self.kind, &self.message, self.advises)
    }
}

/// A scope whose last committed read nothing confirms.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct UnverifiedScope {
    /// The window, or `snapshot`.
    pub scope: String,
    /// Elements that came.
    pub rows: u64,
    /// The vendor's total, where it states one.
    pub vendor_total: Option<u64>,
    /// Why; `None` of reads before this was recorded.
    pub reason: Option<UnverifiedReason>,
}

impl UnverifiedScope {
    /// Of a record of the ledger; `None` where it is confirmed or may still grow, which is not expected to hold still.
    pub fn of(record: &ReadRecord) -> Option<UnverifiedScope> {
        let is_told = record.state == ReadState::Complete && record.verdict == Some(Verdict::Unverified);
        is_told.then(|| UnverifiedScope {
            scope: scope_text(record.window.map_or(Scope::Snapshot, Scope::Window)),
            rows: record.rows.unsigned_abs(),
            vendor_total: record.vendor_total.map(i64::unsigned_abs),
            reason: record.unverified_reason,
        })
    }

    /// What was seen, in a sentence.
    pub fn sentence(&self, language: Language) -> String {
        self.reason.unwrap_or(UnverifiedReason::ReadsDiffer).sentence(self.rows, self.vendor_total, language)
    }
}

/// What a pass did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PassReport {
    /// Which stream.
    #[serde(flatten)]
    pub key: StreamKey,
    /// Its run in `sync.run`.
    pub run: RunId,
    /// How it ended.
    pub outcome: RunOutcome,
    /// What it counted.
    pub counts: Counts,
    /// How many scopes nothing confirms, as the ledger has them when the pass ends: windows that are over, and snapshots.
    pub unverified: u64,
    /// These scopes.
    pub unverified_scopes: Vec<UnverifiedScope>,
    /// Scopes that were due and are not read: neither committed nor, each by itself, failed.
    pub left: u64,
    /// What could not be read.
    pub failures: Vec<ScopeFailure>,
}

impl StreamReader {
    /// Makes one pass.
    ///
    /// # Errors
    /// Only where not even a run could be opened or closed: the database is away or refuses. Everything
    /// else is in the report.
    pub async fn pass(&self, order: &PassOrder, stop: &CancellationToken) -> Result<PassReport, Fault> {
        let (started, began) = (self.clock.now(), self.clock.monotonic());
        let start =
            RunStart { stream: self.key.clone(), trigger: order.trigger, worker: self.worker, now: started };
        let run = self.store.run_start(&start).await?;
        event::PassStarted { key: &self.key, trigger: order.trigger }.emit();
        let span = span::pass(&self.key, run, order.trigger);
        let mut pass = Pass::new(self, order, run, stop);
        let ended = pass.drive().instrument(span.clone()).await;
        let remaining = match &ended {
            Ok(()) => pass.remaining().await,
            Err(_) => Ok(Remaining::default()),
        };
        let (ended, remaining) = match (ended, remaining) {
            (Ok(()), Err(fault)) => (Err(fault), Remaining::default()),
            (ended, remaining) => (ended, remaining.unwrap_or_default()),
        };
        let mut counts = pass.counts;
        // What is left is the next pass's: nothing is under way any more.
        let (windows, rows) = (counts.windows, counts.rows_read);
        self.progress.note(&self.key, Progress { windows, windows_left: 0, rows });
        let (mut failures, uncounted) = pass.into_failures();
        counts.requests += uncounted;
        if let Err(fault) = &ended {
            let scope = "the pass as a whole".to_owned();
            failures.push(ScopeFailure {
                scope,
                kind: fault.kind,
                message: fault.chain(),
                advises: fault.advises,
            });
        }
        let outcome = outcome(&counts, &failures, &remaining, stop.is_cancelled());
        let message = failures.first().map(|failure| format!("{}: {}", failure.scope, failure.message));
        let now = self.clock.now();
        let end = RunEnd { outcome, message: message.as_deref(), requests: uncounted, now };
        let finished = self.store.run_finish(run, &end).await;
        let elapsed = self.clock.monotonic().saturating_sub(began);
        event::PassFinished { key: &self.key, run, outcome, counts: &counts, elapsed }.emit();
        span.record("outcome", outcome.as_str()).record("windows", counts.windows);
        span.record("requests", counts.requests).record("rows", counts.rows_read);
        if outcome == RunOutcome::Failed {
            span.record("otel.status_code", "ERROR");
        }
        ended.and(finished)?;
        let Remaining { unverified: unverified_scopes, left } = remaining;
        let (key, unverified) = (self.key.clone(), unverified_scopes.len() as u64);
        Ok(PassReport { key, run, outcome, counts, unverified, unverified_scopes, left, failures })
    }

    /// The same stream read by another policy.
    pub fn with_policy(&self, policy: ReadPolicy) -> StreamReader {
        StreamReader { policy, ..self.clone() }
    }

    /// Windows that ended by then are not kept any more; `None` where all are.
    pub fn cut(&self) -> Option<DateTime<Utc>> {
        self.cut_at(self.clock.now())
    }

    /// The same at another instant.
    pub fn cut_at(&self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        match &self.policy {
            ReadPolicy::Windows(policy) => policy.cut(now),
            ReadPolicy::Snapshot => None,
        }
    }

    /// What is known of the stream's late and revised results.
    ///
    /// # Errors
    /// Database faults.
    pub async fn learned(&self) -> Result<Learned, Fault> {
        let ReadPolicy::Windows(policy) = &self.policy else { return Ok(Learned::default()) };
        let today = policy.grid.date_of(self.clock.now());
        let since = today.checked_sub_months(LEARNED_MONTHS).unwrap_or(today);
        let ledger = self.store.lag(&self.key, since, today).await?;
        Ok(Learned::from_ledger(&ledger, policy))
    }

    /// What of this ledger nothing confirms: windows that are over and still wanted, within `range` where one is given,
    /// and a snapshot.
    pub fn unverified(&self, ledger: &[ReadRecord], range: Option<TimeWindow>) -> Vec<UnverifiedScope> {
        let wanted = match &self.policy {
            ReadPolicy::Windows(policy) => Some(policy.wanted_from(self.clock.now())),
            ReadPolicy::Snapshot => None,
        };
        let is_meant = |record: &&ReadRecord| match record.window {
            Some(window) => {
                wanted.is_none_or(|wanted| wanted < window.end)
                    && range.is_none_or(|range| range.overlaps(&window))
            }
            None => true,
        };
        ledger.iter().filter(is_meant).filter_map(UnverifiedScope::of).collect()
    }

    /// What is due by this ledger, most urgent first.
    pub fn due_by(&self, ledger: &[ReadRecord], learned: &Learned, order: &PassOrder) -> Vec<DueScope> {
        self.due_in(
            ledger,
            learned,
            order,
            &LedgerPart { within: None, is_contradicted: is_contradicted(ledger) },
        )
    }

    /// The same by a part of the ledger.
    pub(in crate::engine) fn due_in(
        &self,
        ledger: &[ReadRecord],
        learned: &Learned,
        order: &PassOrder,
        part: &LedgerPart,
    ) -> Vec<DueScope> {
        match &self.policy {
            ReadPolicy::Windows(policy) => {
                let (now, due_since, range) = (self.clock.now(), order.due_since, order.range);
                let pauses = order.trigger == Trigger::Schedule;
                let input = PlanInput { now, due_since, range, within: part.within, pauses, learned };
                let known: HashMap<_, _> =
                    ledger.iter().filter_map(|record| Some((record.window?, record))).collect();
                plan(ledger, &input, policy)
                    .into_iter()
                    .map(|planned| DueScope {
                        scope: Scope::Window(planned.window),
                        ask: Some(planned.ask),
                        planned: Some(planned),
                        before: before(known.get(&planned.window).copied(), part.is_contradicted),
                        depth: None,
                        whole: false,
                    })
                    .collect()
            }
            ReadPolicy::Snapshot => {
                let record = ledger.first();
                let read_at = record.and_then(|record| record.read_at);
                let now = self.clock.now();
                let due = read_at.is_none_or(|read_at| is_due(read_at, order.due_since, now));
                let scope = DueScope {
                    scope: Scope::Snapshot,
                    ask: None,
                    planned: None,
                    before: before(record, false),
                    depth: None,
                    whole: false,
                };
                due.then_some(scope).into_iter().collect()
            }
        }
    }

    /// The part of time on which it depends whether a scope is due: the cells of the grid that it touches.
    pub(in crate::engine) fn cells_around(&self, scope: Scope) -> Option<TimeWindow> {
        let (ReadPolicy::Windows(policy), Scope::Window(window)) = (&self.policy, scope) else { return None };
        let cells = policy.grid.cells(window.start, window.end);
        let (first, last) = (cells.first().unwrap_or(&window), cells.last().unwrap_or(&window));
        TimeWindow::new(first.start.min(window.start), last.end.max(window.end))
    }
}

/// A part of a stream's ledger.
pub(in crate::engine) struct LedgerPart {
    /// Whole cells of the grid; `None`: all of it.
    pub(in crate::engine) within: Option<TimeWindow>,
    /// What [`is_contradicted`] says of the whole.
    pub(in crate::engine) is_contradicted: bool,
}

/// Whether the vendor's total contradicted the last read of any window.
pub(in crate::engine) fn is_contradicted(ledger: &[ReadRecord]) -> bool {
    ledger.iter().any(|record| record.unverified_reason == Some(UnverifiedReason::TotalDiffers))
}

/// What the ledger knows of a scope. `is_stream_contradicted`: what [`is_contradicted`] says of the whole ledger, which is
/// asked once and not for each window.
pub(in crate::engine) fn before(record: Option<&ReadRecord>, is_stream_contradicted: bool) -> Before {
    let never = Before { is_stream_contradicted, ..Before::default() };
    record.map_or(never, |record| Before {
        rows: record.rows,
        digest: record.digest,
        complete_at: record.read_at.filter(|_| record.state == ReadState::Complete),
        unverified: record.verdict == Some(Verdict::Unverified),
        reason: record.unverified_reason,
        is_stream_contradicted,
    })
}

/// What a pass leaves to be done.
#[derive(Debug, Default)]
pub(in crate::engine) struct Remaining {
    pub(in crate::engine) unverified: Vec<UnverifiedScope>,
    pub(in crate::engine) left: u64,
}

fn outcome(counts: &Counts, failures: &[ScopeFailure], remaining: &Remaining, cancelled: bool) -> RunOutcome {
    let is_confirmed = remaining.unverified.is_empty() && remaining.left == 0;
    match (cancelled, failures.is_empty(), counts.windows) {
        (true, _, _) => RunOutcome::Cancelled,
        (_, true, _) if counts.quarantined == 0 && is_confirmed => RunOutcome::Succeeded,
        (_, false, 0) => RunOutcome::Failed,
        _ => RunOutcome::Partial,
    }
}

/// A scope to be read, and why.
#[derive(Debug, Clone, Copy)]
pub struct DueScope {
    /// The window or the snapshot.
    pub scope: Scope,
    /// What to ask the vendor for; `None` for a snapshot.
    pub ask: Option<TimeWindow>,
    /// Why a window is due; a snapshot is due on each tick.
    pub planned: Option<PlannedWindow>,
    /// What the ledger knows of it.
    pub before: Before,
    /// It is part of a window of which the vendor lists no more than so many elements.
    pub depth: Option<u64>,
    /// It is read whole, for parts of it were found not to help.
    pub whole: bool,
}
