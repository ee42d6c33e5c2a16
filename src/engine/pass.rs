//! One pass: plan, lease, read, commit, until nothing is due.
//!
//! A pass carries no state from one to the next: what is due is asked of the ledger before each window, so
//! any number of workers share the work, and a pass that was killed is simply the next pass's work.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio_util::sync::CancellationToken;
use tracing::{Instrument as _, Span};

use crate::domain::certificate::Verdict;
use crate::domain::fault::{Fault, FaultKind};
use crate::domain::run::{Counts, RunId, Trigger};
use crate::engine::fault_policy::{Action, policy};
use crate::engine::fetch::{Fetcher, is_silence};
use crate::engine::port::store::{Commit, Lease, Scope, SecondLook};
use crate::engine::progress::Progress;
use crate::engine::read::{Before, ClosedRead, ReadEnd, read};
use crate::engine::reader::{DueScope, PassOrder, ReadPolicy, ScopeFailure, StreamReader};
use crate::engine::reread::{Learned, closing_age, is_second_look};
use crate::engine::resume::ResumableWalk;
use crate::engine::walk::WalkConfig;
use crate::telemetry::event;
use crate::telemetry::span;

/// Times that a failed scope is taken up again within a pass.
const ROUNDS_MAX: u32 = 4;
/// Scopes that may fail one after another before the vendor is taken to be down.
pub(in crate::engine) const FAILURES_IN_A_ROW_MAX: u32 = 5;
/// Token fights in a row after which the pass ends: each costs the account a token.
const TOKEN_FIGHTS_MAX: u32 = 3;
/// A window that does not hold still is not cut into parts shorter than this.
const UNSETTLED_HALF_MIN: chrono::Duration = chrono::Duration::hours(1);
/// Reads of one scope in a pass that may find their rules changed.
const OUTDATED_MAX: u32 = 3;
/// How soon another worker's lease is looked at again.
const BUSY_WAIT: Duration = Duration::from_millis(300);

/// What comes after a scope.
enum Next {
    Continue,
    EndPass,
}

/// A pass under way.
pub(in crate::engine) struct Pass<'a> {
    reader: &'a StreamReader,
    order: &'a PassOrder,
    stop: &'a CancellationToken,
    run: RunId,
    fetcher: Fetcher<'a>,
    walk: WalkConfig,
    learned: Option<Arc<Learned>>,
    /// What was counted so far.
    pub(in crate::engine) counts: Counts,
    /// Scopes that are due beside the one at hand, as last planned.
    due_beside: u64,
    /// Committed reads that nothing confirms yet.
    pub(in crate::engine) unverified: u64,
    /// Halves of windows that were too large, to be read before anything else.
    halves: VecDeque<DueScope>,
    /// Not to be taken up again in this pass.
    given_up: HashMap<Scope, ScopeFailure>,
    /// Committed with pages from before this pass.
    resumed: HashSet<Scope>,
    /// To be taken up again in the next round.
    retry_later: HashMap<Scope, ScopeFailure>,
    failures_in_a_row: u32,
    token_fights: u32,
    /// Times that a scope was read under rules that had changed by its commit.
    outdated: HashMap<Scope, u32>,
}

impl<'a> Pass<'a> {
    pub(in crate::engine) fn new(
        reader: &'a StreamReader,
        order: &'a PassOrder,
        run: RunId,
        stop: &'a CancellationToken,
    ) -> Self {
        let budget = (reader.budget.as_ref(), &reader.budget_key);
        let retry = reader.config.retry;
        Pass {
            reader,
            order,
            stop,
            run,
            fetcher: Fetcher::new(&reader.key, reader.source.as_ref(), budget, reader.clock.as_ref(), retry),
            walk: reader.config.walk,
            learned: None,
            counts: Counts::default(),
            due_beside: 0,
            unverified: 0,
            halves: VecDeque::new(),
            given_up: HashMap::new(),
            resumed: HashSet::new(),
            retry_later: HashMap::new(),
            failures_in_a_row: 0,
            token_fights: 0,
            outdated: HashMap::new(),
        }
    }

    pub(in crate::engine) fn into_failures(self) -> Vec<ScopeFailure> {
        let mut failures: Vec<_> =
            self.given_up.into_values().chain(self.retry_later.into_values()).collect();
        failures.sort_by(|a, b| a.scope.cmp(&b.scope));
        failures
    }

    pub(in crate::engine) async fn drive(&mut self) -> Result<(), Fault> {
        let mut round = 0;
        while !self.stop.is_cancelled() {
            let step = self.step().await;
            match step {
                Ok(Step::Worked(Next::Continue)) => {}
                Ok(Step::Worked(Next::EndPass)) => return Ok(()),
                Ok(Step::AllBusy) if !self.order.wait_for_others => return Ok(()),
                Ok(Step::AllBusy) => self.rest(BUSY_WAIT).await,
                Ok(Step::NothingDue) if self.retry_later.is_empty() || round == ROUNDS_MAX => return Ok(()),
                Ok(Step::NothingDue) => {
                    round += 1;
                    self.rest(Duration::from_secs(1 << round.min(5))).await;
                    self.retry_later.clear();
                }
                Err(fault) => {
                    self.failures_in_a_row += 1;
                    let patient = policy(fault.kind).action == Action::RetryWindow;
                    if !patient || FAILURES_IN_A_ROW_MAX <= self.failures_in_a_row {
                        return Err(fault);
                    }
                    event::DatabaseUnreachable { message: &fault.chain() }.emit();
                    self.rest(Duration::from_secs(1 << self.failures_in_a_row.min(5))).await;
                }
            }
            if self.order.until.is_some_and(|until| until <= self.reader.clock.now()) {
                return Ok(());
            }
        }
        Ok(())
    }

    async fn rest(&self, length: Duration) {
        tokio::select! {
            () = self.stop.cancelled() => {}
            () = self.reader.clock.sleep(length) => {}
        }
    }

    /// Takes up the most urgent scope that no other worker holds.
    async fn step(&mut self) -> Result<Step, Fault> {
        let due = match self.halves.pop_front() {
            Some(half) => vec![half],
            None => self.still_due().await?,
        };
        if due.is_empty() {
            return Ok(Step::NothingDue);
        }
        for scope in due {
            let store = &self.reader.store;
            let term = self.reader.config.lease;
            let Some(lease) = store.lease(&self.reader.key, scope.scope, self.reader.worker, term).await?
            else {
                continue;
            };
            // Between the plan and the lease another worker may have read it.
            let still: HashSet<_> = self.still_due().await?.iter().map(|due| due.scope).collect();
            let half = self.is_half(&scope, &still);
            if !half && !still.contains(&scope.scope) {
                store.release(&lease).await?;
                return Ok(Step::Worked(Next::Continue));
            }
            self.due_beside = still.iter().filter(|due| **due != scope.scope).count() as u64;
            self.note_progress(1);
            let span = span::window(&self.reader.key, self.run, &scope_text(scope.scope));
            return self.work(&scope, lease).instrument(span).await.map(Step::Worked);
        }
        Ok(Step::AllBusy)
    }

    async fn still_due(&mut self) -> Result<Vec<DueScope>, Fault> {
        let learned = self.learned().await?;
        let ledger = self.reader.store.reads(&self.reader.key).await?;
        let mut due = self.reader.due_by(&ledger, &learned, self.order);
        due.retain(|due| {
            let passed_over = self.given_up.contains_key(&due.scope) || self.resumed.contains(&due.scope);
            !passed_over && !self.retry_later.contains_key(&due.scope)
        });
        Ok(due)
    }

    /// What was learned changes slowly; what the day has spent is asked anew where it is limited.
    async fn learned(&mut self) -> Result<Arc<Learned>, Fault> {
        let limited = matches!(&self.reader.policy, ReadPolicy::Windows(policy) if policy.reread_requests_per_day.is_some());
        if let Some(learned) = self.learned.as_ref().filter(|_| !limited) {
            return Ok(learned.clone());
        }
        let learned = Arc::new(self.reader.learned().await?);
        self.learned = Some(learned.clone());
        Ok(learned)
    }

    /// Whether this is part of a window that is due as a whole.
    fn is_half(&self, part: &DueScope, due: &HashSet<Scope>) -> bool {
        let Scope::Window(part) = part.scope else { return false };
        due.iter().any(|due| matches!(due, Scope::Window(whole) if part.clip(whole) == Some(part)))
    }

    async fn work(&mut self, due: &DueScope, lease: Lease) -> Result<Next, Fault> {
        // Before the first page: what is read from here on is read under this list or a later one.
        let list = match self.reader.store.forgotten().await {
            Ok(list) => list.version(),
            Err(fault) => return Ok(self.give_up(due, &lease, fault).await),
        };
        let resumed = self.open_walk(due, &lease, list).await;
        let (began, ask) =
            resumed.as_ref().map_or((self.reader.clock.now(), due.ask), |walk| (walk.began(), walk.ask()));
        // Its pages are older than this tick: it is not due again in this pass.
        if resumed.as_ref().is_some_and(ResumableWalk::is_resumed) {
            self.resumed.insert(due.scope);
        }
        self.fetcher.begin(resumed);
        let due = &DueScope { ask, ..*due };
        let closing = self.reader.source.closing();
        let walks_max = self.reader.config.walks_max;
        let reader = self.reader;
        let end = tokio::select! {
            biased;
            () = self.stop.cancelled() => Err(Fault::new(FaultKind::Cancelled, "told to stop")),
            lost = reader.keep_lease(&lease) => Err(lost),
            end = read(&mut self.fetcher, closing, &mut self.walk, walks_max, due.ask, due.before) => end,
        };
        let result = match end {
            // It moved the last time too.
            Ok(ReadEnd::Closed(closed)) if closed.moved && due.before.unverified && self.may_halve(due) => {
                return self.halve(due, lease, 0).await;
            }
            Ok(ReadEnd::Closed(closed)) => self.commit(due, &lease, (began, list), *closed).await,
            Ok(ReadEnd::TooLarge(rows)) => return self.halve(due, lease, rows).await,
            Err(fault) if fault.kind == FaultKind::WalkUnsettled && self.may_halve(due) => {
                return self.halve(due, lease, 0).await;
            }
            Err(fault) => Err(fault),
        };
        match result {
            Ok(()) => {
                self.failures_in_a_row = 0;
                self.token_fights = 0;
                Ok(Next::Continue)
            }
            Err(fault) => Ok(self.give_up(due, &lease, fault).await),
        }
    }

    /// The read of this scope, with what another worker or an earlier life has left of it.
    async fn open_walk(&self, due: &DueScope, lease: &Lease, list: i64) -> Option<ResumableWalk<'a>> {
        let log = self.reader.page_log.as_deref()?;
        let times = (self.reader.clock.now(), self.reader.config.keep_pages_over);
        Some(ResumableWalk::open(log, lease, due.ask, times, list).await)
    }

    async fn commit(
        &mut self,
        due: &DueScope,
        lease: &Lease,
        (read_at, list): (DateTime<Utc>, i64),
        closed: ClosedRead,
    ) -> Result<(), Fault> {
        let reader = self.reader;
        reader.store.renew(lease, reader.config.lease).await?;
        let (complete_to, absence_settle) = match (&reader.policy, due.scope) {
            (ReadPolicy::Windows(policy), Scope::Window(window)) => (
                (read_at - policy.settle).clamp(window.start, window.end),
                policy.settle.to_std().unwrap_or_default(),
            ),
            _ => (read_at, Duration::ZERO),
        };
        let (final_at, second_look) = self.expectation(due, closed.certificate.rows);
        let certificate = closed.certificate;
        let verdict = certificate.verdict;
        let counts = Counts {
            requests: self.fetcher.requests(),
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
            read_at,
            complete_to,
            absence_settle,
            final_at,
            second_look,
            absence_max: reader.config.absence_max,
            windows_left: self.due_beside,
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
        self.fetcher.take_requests();
        self.counts += counted;
        self.note_progress(0);
        self.unverified += u64::from(verdict == Verdict::Unverified);
        let elapsed = (reader.clock.now() - read_at).to_std().unwrap_or_default();
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
        Ok(())
    }

    /// Until when a window of so many rows may still change, and what its re-read is to be recorded as.
    fn expectation(&self, due: &DueScope, rows: u64) -> (Option<DateTime<Utc>>, Option<SecondLook>) {
        let (ReadPolicy::Windows(policy), Scope::Window(window)) = (&self.reader.policy, due.scope) else {
            return (None, None);
        };
        let nothing = Learned::default();
        let learned = self.learned.as_deref().unwrap_or(&nothing);
        let final_at = window.end.checked_add_signed(closing_age(window, rows, learned, policy));
        let paid = due.planned.is_some_and(|planned| is_second_look(planned.reason));
        let second_look = due.before.complete_at.map(|read_before| SecondLook {
            read_before,
            rows_before: due.before.rows.unsigned_abs(),
            paid_by: paid.then(|| policy.grid.date_of(self.reader.clock.now())),
        });
        (final_at, second_look)
    }

    /// Whether a window that does not hold still is read in halves, which hold still sooner. Not for ever:
    /// a vendor whose answers never agree would have each minute read by itself.
    fn may_halve(&self, due: &DueScope) -> bool {
        let splits = self.walk.rows_max.is_some();
        splits && due.ask.is_some_and(|ask| UNSETTLED_HALF_MIN * 2 <= ask.end - ask.start)
    }

    /// The left half is read next; the right one is a gap by then, which the planner finds.
    async fn halve(&mut self, due: &DueScope, lease: Lease, rows: u64) -> Result<Next, Fault> {
        let halves = due.ask.and_then(|ask| ask.split());
        let Some((left, _)) = halves else {
            let message = format!("one second holds {rows} elements");
            let fault = Fault::new(FaultKind::WindowTooLarge, message);
            return Ok(self.give_up(due, &lease, fault).await);
        };
        self.reader.store.release(&lease).await?;
        let before = Before::default();
        self.halves.push_front(DueScope { scope: Scope::Window(left), ask: Some(left), before, ..*due });
        Ok(Next::Continue)
    }

    /// Records the failure and decides, by the policy of its kind, how the pass goes on.
    async fn give_up(&mut self, due: &DueScope, lease: &Lease, fault: Fault) -> Next {
        let reader = self.reader;
        let scope = scope_text(due.scope);
        let faults = policy(fault.kind);
        span::failed(&Span::current(), &fault);
        let requests = self.fetcher.take_requests();
        self.counts.requests += requests;
        if faults.action == Action::Yield && !self.outdated_again(due.scope, fault.kind) {
            if fault.kind == FaultKind::LeaseLost {
                event::LeaseLost { key: &reader.key, run: self.run, scope: &scope }.emit();
            }
            // A lease that cannot be given back ends by itself.
            let _ = reader.store.release(lease).await;
            return Next::Continue;
        }
        let message = fault.chain();
        let failure = ScopeFailure { scope, kind: fault.kind, message, advises: fault.advises };
        let ScopeFailure { scope, kind, message, .. } = &failure;
        let (kind, hint) = (*kind, failure.hint());
        let cure = hint.as_deref().unwrap_or_default();
        event::WindowFailed { key: &reader.key, run: self.run, scope, kind, message, cure }.emit();
        let now = reader.clock.now();
        // Where the ledger cannot be written either, the report and the log still have it.
        let _ = reader.store.record_failure(lease, self.run, kind, message, requests, now).await;
        self.failures_in_a_row += 1;
        self.token_fights = if kind == FaultKind::TokenContested { self.token_fights + 1 } else { 0 };
        let never_answered = is_silence(kind) && !self.fetcher.answered();
        let down = never_answered
            || TOKEN_FIGHTS_MAX <= self.token_fights
            || FAILURES_IN_A_ROW_MAX <= self.failures_in_a_row;
        let retry = matches!(faults.action, Action::RetryRequest | Action::RetryWindow);
        if retry && !down {
            self.retry_later.insert(due.scope, failure);
            return Next::Continue;
        }
        self.given_up.insert(due.scope, failure);
        if down || faults.action == Action::StopStream { Next::EndPass } else { Next::Continue }
    }
}

impl Pass<'_> {
    /// `at_hand`: scopes beside those that are due otherwise.
    fn note_progress(&self, at_hand: u64) {
        let Counts { windows, rows_read, .. } = self.counts;
        let windows_left = self.due_beside + at_hand;
        self.reader.progress.note(&self.reader.key, Progress { windows, windows_left, rows: rows_read });
    }

    /// Rules change once in a while. Where they have changed at every commit, two workers follow different ones.
    fn outdated_again(&mut self, scope: Scope, kind: FaultKind) -> bool {
        if kind != FaultKind::Outdated {
            return false;
        }
        let times = self.outdated.entry(scope).or_default();
        *times += 1;
        OUTDATED_MAX < *times
    }
}

enum Step {
    Worked(Next),
    AllBusy,
    NothingDue,
}

impl StreamReader {
    /// Renews the lease until that fails, and returns why.
    async fn keep_lease(&self, lease: &Lease) -> Fault {
        loop {
            self.clock.sleep(self.config.lease / 3).await;
            match self.store.renew(lease, self.config.lease).await {
                Ok(()) => {}
                // The database may be back before the term ends; if not, the commit is refused.
                Err(fault) if fault.kind == FaultKind::DatabaseUnreachable => {}
                Err(fault) => return fault,
            }
        }
    }
}

/// The window as text, or `snapshot`.
pub fn scope_text(scope: Scope) -> String {
    match scope {
        Scope::Window(window) => window.to_string(),
        Scope::Snapshot => "snapshot".to_owned(),
    }
}
