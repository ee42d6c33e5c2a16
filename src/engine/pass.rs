//! One pass: plan, lease, read, commit, until nothing is due.
//!
//! A pass carries no state from one to the next: what is due is planned from the whole ledger once in a while, and each
//! window is held against its part of it before it is read. So any number of workers share the work, and a pass that was
//! killed is simply the next pass's work. It reads several windows at once: pages of one are parsed while those of another
//! arrive and a third is committed.

mod choice;
mod due_list;
mod failure_tracker;
pub mod fault_policy;
pub mod page_size;
pub mod progress;
mod read_task;
pub mod reader;
pub mod vendor_health;

pub(in crate::engine) use self::failure_tracker::FAILURES_IN_A_ROW_MAX;

use std::collections::{HashMap, HashSet, VecDeque};
use std::panic::resume_unwind;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use futures::future::BoxFuture;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tracing::Instrument as _;

use crate::domain::fault::{Fault, FaultKind};
use crate::domain::proof::certificate::Verdict;
use crate::domain::proof::run::{Counts, RunId};
use crate::engine::pass::due_list::DueList;
use crate::engine::pass::failure_tracker::FailureTracker;
use crate::engine::pass::fault_policy::{Action, log_failure, policy};
use crate::engine::pass::page_size::PagesSeen;
use crate::engine::pass::progress::Progress;
use crate::engine::pass::read_task::{End, ReadTask, Report};
use crate::engine::pass::reader::{DueScope, PassOrder, ScopeFailure, StreamReader};
use crate::engine::pass::vendor_health::VendorHealth;
use crate::engine::plan::reread::Learned;
use crate::engine::port::store::{Lease, Scope};
use crate::engine::read::fetch::{RetryConfig, is_silence};
use crate::engine::read::walk::WalkConfig;
use crate::telemetry::event;
use crate::telemetry::span;

/// Times that failed scopes are taken up again within a pass.
const ROUNDS_MAX: u32 = 4;
/// So many times the wait of a request that failed they rest before; twice as long each time.
const ROUND_WAIT: u32 = 8;
/// The clock may tremble by less.
const AHEAD_MIN: chrono::Duration = chrono::Duration::seconds(1);
/// How soon another worker's lease is looked at again.
const BUSY_WAIT: Duration = Duration::from_millis(300);

/// A pass under way.
pub(in crate::engine) struct Pass<'a> {
    reader: &'a StreamReader,
    order: &'a PassOrder,
    stop: &'a CancellationToken,
    run: RunId,
    walk: WalkConfig,
    /// The largest page that the vendor was seen to give in this pass, where it gives less than it is asked for.
    given: u32,
    learned: Option<Arc<Learned>>,
    vendor_health: VendorHealth,
    /// When the pass began, by both clocks.
    began: (DateTime<Utc>, Duration),
    /// What was counted so far.
    pub(in crate::engine) counts: Counts,
    /// Being read now.
    at_hand: HashSet<Scope>,
    /// Scopes that are due, at hand or not.
    due_list: DueList,
    /// How many they are.
    due: u64,
    /// Halves of windows that were too large, to be read before anything else.
    halves: VecDeque<DueScope>,
    /// The windows that such halves are part of.
    wholes: HashMap<Scope, DueScope>,
    /// Windows whose halves fared no better: read whole in this pass, whoever holds their lease meanwhile.
    in_vain: HashSet<Scope>,
    failure_tracker: FailureTracker,
    /// Committed in this pass: not due again in it, whatever the clock did meanwhile.
    committed: HashSet<Scope>,
    /// Requests of walks that came to nothing, for the next commit to count.
    spent: u64,
    /// Something was begun.
    begun: bool,
    /// Nothing more is begun.
    ending: bool,
}

/// What the attempt to begin a scope came to.
enum Step {
    Begun(BoxFuture<'static, Report>),
    /// Another worker was quicker.
    Passed,
    AllBusy,
    NothingDue,
}

impl<'a> Pass<'a> {
    pub(in crate::engine) fn new(
        reader: &'a StreamReader,
        order: &'a PassOrder,
        run: RunId,
        stop: &'a CancellationToken,
    ) -> Self {
        Pass {
            reader,
            order,
            stop,
            run,
            walk: WalkConfig { page_size: reader.page_size.now(), ..reader.config.walk },
            given: u32::MAX,
            learned: None,
            vendor_health: VendorHealth::default(),
            began: (reader.clock.now(), reader.clock.monotonic()),
            counts: Counts::default(),
            at_hand: HashSet::new(),
            due_list: DueList::default(),
            due: 0,
            halves: VecDeque::new(),
            wholes: HashMap::new(),
            in_vain: HashSet::new(),
            failure_tracker: FailureTracker::default(),
            committed: HashSet::new(),
            spent: 0,
            begun: false,
            ending: false,
        }
    }

    /// What failed, and the requests that neither a commit nor a failed attempt has counted.
    pub(in crate::engine) fn into_failures(self) -> (Vec<ScopeFailure>, u64) {
        (self.failure_tracker.into_failures(), self.spent)
    }

    pub(in crate::engine) async fn drive(&mut self) -> Result<(), Fault> {
        let mut under_way = JoinSet::new();
        let mut round = 0;
        loop {
            let mut halted = None;
            while halted.is_none() && self.may_begin(under_way.len()) {
                match self.begin().await {
                    Ok(Step::Begun(read_task)) => drop(under_way.spawn(read_task)),
                    Ok(Step::Passed) => {}
                    other => halted = Some(other),
                }
            }
            let vendor_health = self.vendor_health.clone();
            let ended = tokio::select! {
                ended = under_way.join_next() => ended,
                () = vendor_health.served(), if !vendor_health.has_served() => continue,
            };
            match ended {
                None => {}
                Some(Ok(report)) => {
                    self.settle(report).await;
                    continue;
                }
                Some(Err(error)) => resume_unwind(error.into_panic()),
            }
            match halted {
                // Told to stop, given up, or a newer tick waits.
                None => return Ok(()),
                Some(Ok(Step::AllBusy)) if !self.order.wait_for_others => return Ok(()),
                Some(Ok(Step::AllBusy)) => self.rest(BUSY_WAIT).await,
                Some(Ok(_)) if !self.failure_tracker.has_second_chances() || round == ROUNDS_MAX => {
                    return Ok(());
                }
                Some(Ok(_)) => {
                    round += 1;
                    let RetryConfig { base, max, .. } = self.reader.config.retry;
                    self.rest((base * ROUND_WAIT * (1 << (round - 1))).min(max * ROUND_WAIT)).await;
                    self.failure_tracker.begin_round();
                    self.due_list.forget();
                }
                Some(Err(fault)) => {
                    let failures = self.failure_tracker.count();
                    let patient = policy(fault.kind).action == Action::RetryWindow;
                    if !patient || FAILURES_IN_A_ROW_MAX <= failures {
                        return Err(fault);
                    }
                    let task = format!("choosing the next window of {}", self.reader.key);
                    log_failure(&task, &fault);
                    self.rest(Duration::from_secs(1 << failures.min(5))).await;
                }
            }
        }
    }

    /// Whether another scope may be begun beside so many. One alone goes first, up to its first page, and after a
    /// failure: a vendor that is down, or refuses our key, is not asked several times over.
    fn may_begin(&self, under_way: usize) -> bool {
        let is_well = self.vendor_health.has_served() && !self.failure_tracker.is_failing();
        let at_once = if is_well { self.reader.config.max_concurrent_windows } else { 1 };
        let now = self.reader.clock.now();
        let is_late = self.begun && self.order.until.is_some_and(|until| until - self.was_ahead() <= now);
        under_way < at_once && !self.ending && !is_late && !self.stop.is_cancelled()
    }

    async fn rest(&self, length: Duration) {
        tokio::select! {
            () = self.stop.cancelled() => {}
            () = self.reader.clock.sleep(length) => {}
        }
    }

    fn read_task(
        &mut self,
        due: DueScope,
        lease: Lease,
        learned: Arc<Learned>,
    ) -> BoxFuture<'static, Report> {
        let due = DueScope { whole: due.whole || self.in_vain.contains(&due.scope), ..due };
        let span = span::window(&self.reader.key, self.run, &scope_text(due.scope));
        let read_task = ReadTask {
            reader: self.reader.clone(),
            order: *self.order,
            stop: self.stop.clone(),
            run: self.run,
            due,
            lease,
            walk: self.walk,
            learned,
            spent: std::mem::take(&mut self.spent),
            begun_after: self.failure_tracker.failures(),
            windows_due: self.counts.windows + self.due,
            vendor_health: self.vendor_health.clone(),
        };
        Box::pin(read_task.run().instrument(span))
    }

    /// What follows from the end of an read_task.
    async fn settle(&mut self, report: Report) {
        let scope = report.due.scope;
        self.at_hand.remove(&scope);
        self.due_list.settle(scope);
        self.learn_page_size(&report);
        match report.end {
            End::Committed(counts, verdict) => {
                self.committed.insert(scope);
                // What such a read says of the stream, and what of a window it left out, is planned anew.
                if verdict == Verdict::Unverified || self.wholes.contains_key(&scope) {
                    self.due_list.forget();
                }
                self.counts += counts;
                if let Some(depth) = report.due.depth.filter(|_| verdict != Verdict::Unverified) {
                    // Windows that hold more need not be walked to where the vendor ends.
                    self.walk.rows_max = self.walk.rows_max.map(|max| max.min(depth));
                }
                self.due = self.due.saturating_sub(1);
                self.failure_tracker.are_over();
                self.note_progress();
            }
            End::Halved(depth) => self.halve(report, depth).await,
            End::PartInVain => self.read_whole(report).await,
            End::Failed(ref fault) => self.give_up(&report, fault).await,
        }
    }

    fn learn_page_size(&mut self, report: &Report) {
        let (size, pages) = (&self.reader.page_size, &report.pages);
        match &report.end {
            // Rows were there, and a page that holds them all comes empty.
            End::Committed(counts, Verdict::Unverified)
                if counts.rows_read == 0 && 0 < report.due.before.rows =>
            {
                size.failed(pages.asked, FaultKind::RequestRefused);
            }
            End::Committed(counts, _) => size.came(&PagesSeen { elements: counts.rows_read, ..*pages }),
            End::Failed(fault) => size.failed(pages.asked, fault.kind),
            End::Halved(_) | End::PartInVain => {}
        }
        if pages.given < pages.asked {
            self.given = self.given.min(pages.given);
        }
        self.walk.page_size = size.now().min(self.given);
    }

    /// The left half is read next; the right one is a gap by then, which the planner finds.
    async fn halve(&mut self, report: Report, depth: Option<u64>) {
        let Some((left, _)) = report.due.ask.and_then(|ask| ask.split()) else { return };
        self.due_list.forget();
        self.let_go(&report).await;
        let (scope, before) = (Scope::Window(left), report.due.before.part());
        if self.failure_tracker.fails_with(report.due.scope, scope) {
            return;
        }
        self.wholes.insert(scope, report.due);
        self.halves.push_front(DueScope { scope, ask: Some(left), before, depth, ..report.due });
    }

    /// A half fared no better than the window that it is part of, which is read whole.
    async fn read_whole(&mut self, report: Report) {
        self.due_list.forget();
        self.let_go(&report).await;
        if let Some(whole) = self.wholes.remove(&report.due.scope) {
            self.in_vain.insert(whole.scope);
            self.halves.push_front(whole);
        }
    }

    /// Nothing was committed under the lease; what the walks cost is for the next commit to count.
    async fn let_go(&mut self, report: &Report) {
        self.spent += report.requests;
        // A lease that cannot be given back ends by itself.
        let _ = self.reader.store.release(&report.lease).await;
    }

    /// Records the failure and decides, by the policy of its kind, how the pass goes on.
    async fn give_up(&mut self, report: &Report, fault: &Fault) {
        let reader = self.reader;
        let Report { due, lease, requests, begun_after, .. } = report;
        let faults = policy(fault.kind);
        if faults.action == Action::Yield && !self.failure_tracker.outdated_again(due.scope, fault.kind) {
            if fault.kind == FaultKind::LeaseLost {
                let scope = scope_text(due.scope);
                event::LeaseLost { key: &reader.key, run: self.run, scope: &scope }.emit();
            }
            self.due_list.forget();
            return self.let_go(report).await;
        }
        let (scope, kind) = (scope_text(due.scope), fault.kind);
        let failure = ScopeFailure { scope, kind, message: fault.chain(), advises: fault.advises };
        let ScopeFailure { scope, message, .. } = &failure;
        let hint = failure.hint();
        let remedy = hint.as_deref().unwrap_or_default();
        event::WindowFailed { key: &reader.key, run: self.run, scope, kind, message, remedy }.emit();
        let now = reader.clock.now();
        // Where the ledger cannot be written either, the report and the log still have it.
        match reader.store.record_failure(lease, self.run, kind, message, *requests, now).await {
            Ok(()) => self.counts.requests += requests,
            Err(_) => self.spent += requests,
        }
        let is_silent = is_silence(kind) && !self.vendor_health.has_answered();
        self.ending |= self.failure_tracker.note(due.scope, failure, *begun_after, is_silent);
    }

    fn note_progress(&self) {
        let Counts { windows, rows_read, .. } = self.counts;
        self.reader
            .progress
            .note(&self.reader.key, Progress { windows, windows_left: self.due, rows: rows_read });
    }
}

/// The window as text, or `snapshot`.
pub fn scope_text(scope: Scope) -> String {
    match scope {
        Scope::Window(window) => window.to_string(),
        Scope::Snapshot => "snapshot".to_owned(),
    }
}
