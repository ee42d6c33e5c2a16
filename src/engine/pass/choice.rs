//! Which scope of a pass is next.

use std::sync::Arc;

use crate::domain::fault::Fault;
use crate::engine::pass::reader::{DueScope, LedgerPart, PassOrder, ReadPolicy, Remaining, is_contradicted};
use crate::engine::pass::{AHEAD_MIN, Pass, Step};
use crate::engine::plan::planner::Reason;
use crate::engine::plan::reread::Learned;
use crate::engine::port::store::Scope;

/// Scopes that are offered for a lease at once.
const OFFERED: usize = 512;

impl Pass<'_> {
    /// Begins the most urgent scope that no other worker holds.
    pub(super) async fn begin(&mut self) -> Result<Step, Fault> {
        let (due, is_planned_now) = match self.halves.pop_front() {
            Some(half) => (vec![half], true),
            None => self.candidates().await?,
        };
        if due.is_empty() {
            return Ok(Step::NothingDue);
        }
        let reader = self.reader;
        let scopes: Vec<_> = due.iter().map(|due| due.scope).collect();
        let lease = reader.store.lease_first(&reader.key, &scopes, reader.worker, reader.config.lease);
        let Some(lease) = lease.await? else {
            // An older plan may name what others have read by now.
            self.due_list.forget();
            return Ok(if is_planned_now { Step::AllBusy } else { Step::Passed });
        };
        let leased = due.into_iter().find(|due| due.scope == lease.scope);
        let still_due = match leased {
            Some(due) => self.still_due(due).await?,
            None => None,
        };
        let Some(scope) = still_due else {
            reader.store.release(&lease).await?;
            self.due_list.pass(lease.scope);
            return Ok(Step::Passed);
        };
        let learned = self.learned().await?;
        self.due_list.begin();
        self.at_hand.insert(scope.scope);
        let parts = self.at_hand.iter().filter(|scope| self.wholes.contains_key(*scope)).count();
        self.due = (self.due_list.len() + parts).max(self.at_hand.len()) as u64;
        self.begun = true;
        self.note_progress();
        Ok(Step::Begun(self.read_task(scope, lease, learned)))
    }

    /// The most urgent scopes that may be begun, and whether the ledger was asked whole for them just now: only then
    /// does none mean that there is none.
    async fn candidates(&mut self) -> Result<(Vec<DueScope>, bool), Fault> {
        if self.due_list.serves(self.reader.clock.monotonic()) {
            let free = self.free();
            if !free.is_empty() {
                return Ok((free, false));
            }
        }
        self.plan().await?;
        Ok((self.free(), true))
    }

    fn free(&self) -> Vec<DueScope> {
        let is_free = |due: &&DueScope| self.may_be_begun(due) && !self.due_list.is_in_dispute(due.scope);
        self.due_list.iter().filter(is_free).take(OFFERED).copied().collect()
    }

    /// Asks the whole ledger what is due.
    async fn plan(&mut self) -> Result<(), Fault> {
        let reader = self.reader;
        let began = reader.clock.monotonic();
        let learned = self.learned().await?;
        let ledger = reader.store.reads(&reader.key, None).await?;
        let mut due = reader.due_by(&ledger, &learned, &self.order_now());
        due.retain(|due| !self.is_settled(due.scope));
        let unverified = reader.unverified(&ledger, self.order.range);
        let times = (began, reader.clock.monotonic());
        self.due_list.replace(due, times, unverified, is_contradicted(&ledger));
        Ok(())
    }

    /// The scope as its part of the ledger has it now, if it is due still: between the plan and the lease another worker
    /// may have read it.
    async fn still_due(&mut self, scope: DueScope) -> Result<Option<DueScope>, Fault> {
        let learned = self.learned().await?;
        let within = self.reader.cells_around(scope.scope);
        let ledger = self.reader.store.reads(&self.reader.key, within).await?;
        let is_contradicted = is_contradicted(&ledger) || self.due_list.is_contradicted();
        let part = LedgerPart { within, is_contradicted };
        let mut due = self.reader.due_in(&ledger, &learned, &self.order_now(), &part);
        due.retain(|due| !self.is_settled(due.scope));
        let as_it_is_now = due.iter().find(|due| due.scope == scope.scope).copied();
        Ok(as_it_is_now.or_else(|| is_part(&scope, &due).then_some(scope)))
    }

    /// Whether it failed or was committed in this pass.
    fn is_settled(&self, scope: Scope) -> bool {
        self.failure_tracker.passes_over(scope) || self.committed.contains(&scope)
    }

    /// What the ledger says is still to be done, now that the pass is over: what nothing confirms, and what is due and
    /// was left, unless a newer tick or a stop was the reason.
    pub(in crate::engine) async fn remaining(&mut self) -> Result<Remaining, Fault> {
        if self.due_list.fresh_unverified().is_none() {
            self.plan().await?;
        }
        let is_cut_short = self.order.until.is_some() || self.stop.is_cancelled();
        let left = if is_cut_short { 0 } else { self.due_list.len() as u64 };
        let unverified = self.due_list.fresh_unverified().unwrap_or_default().to_vec();
        Ok(Remaining { unverified, left })
    }

    /// By how much the clock was ahead when the pass began, as its first answers may have shown. What is compared with
    /// the present moves back with it, or what is read from then on would be due for ever.
    pub(super) fn was_ahead(&self) -> chrono::Duration {
        let (began, monotonic) = self.began;
        let passed = self.reader.clock.monotonic().saturating_sub(monotonic);
        let passed = chrono::Duration::from_std(passed).unwrap_or(chrono::Duration::MAX);
        let ahead = began + passed - self.reader.clock.now();
        if ahead < AHEAD_MIN { chrono::Duration::zero() } else { ahead }
    }

    /// Where the clock turned out to be ahead, nothing says whether a read was made since the tick: everything is due
    /// once, for what this pass committed is not due again.
    pub(super) fn order_now(&self) -> PassOrder {
        let due_since = match self.was_ahead().is_zero() {
            true => self.order.due_since,
            false => chrono::DateTime::<chrono::Utc>::MAX_UTC,
        };
        PassOrder { due_since, ..*self.order }
    }

    /// A window that misses rows waits for the one under way, which may hold them now and is to be committed first:
    /// else what is gone would be missed once more before it is marked deleted.
    fn may_be_begun(&self, due: &DueScope) -> bool {
        let misses_rows = due.planned.is_some_and(|planned| planned.reason == Reason::Absent);
        let grows =
            |scope: &Scope| matches!(scope, Scope::Window(window) if self.reader.clock.now() < window.end);
        self.is_free(due.scope) && !(misses_rows && self.at_hand.iter().any(grows))
    }

    /// Whether no part of it is being read by this pass or about to be.
    fn is_free(&self, scope: Scope) -> bool {
        let meets = |other: Scope| match (scope, other) {
            (Scope::Window(one), Scope::Window(other)) => one.overlaps(&other),
            (one, other) => one == other,
        };
        !self.at_hand.iter().copied().chain(self.halves.iter().map(|half| half.scope)).any(meets)
    }

    /// What was learned changes slowly; what the day has spent is asked anew where it is limited.
    pub(super) async fn learned(&mut self) -> Result<Arc<Learned>, Fault> {
        let limited = matches!(&self.reader.policy, ReadPolicy::Windows(policy) if policy.reread_requests_per_day.is_some());
        if let Some(learned) = self.learned.as_ref().filter(|_| !limited) {
            return Ok(learned.clone());
        }
        let learned = Arc::new(self.reader.learned().await?);
        self.learned = Some(learned.clone());
        Ok(learned)
    }
}

/// Whether this is part of a window that is due as a whole.
fn is_part(part: &DueScope, due: &[DueScope]) -> bool {
    let Scope::Window(part) = part.scope else { return false };
    due.iter().any(|due| matches!(due.scope, Scope::Window(whole) if part.clip(&whole) == Some(part)))
}
