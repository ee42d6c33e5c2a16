//! The vendor read again and held against the delivered tables, row by row.
//!
//! It takes no lease and moves no checkpoint: it may run beside any number of workers. What a commit between
//! its two steps would make look different is looked at twice.

mod order;
mod remedy;

use std::collections::{HashSet, VecDeque};

use tokio_util::sync::CancellationToken;

use crate::domain::fault::{Fault, FaultKind};
use crate::domain::proof::certificate::{Certificate, UnverifiedReason};
use crate::domain::proof::window::TimeWindow;
use crate::domain::row::record::{Reject, Row};
use crate::engine::pass::fault_policy::{Action, policy};
use crate::engine::pass::progress::Progress;
use crate::engine::pass::reader::{
    ReadPolicy, ScopeFailure, StreamReader, UnverifiedScope, before, is_contradicted,
};
use crate::engine::pass::{FAILURES_IN_A_ROW_MAX, scope_text};
use crate::engine::plan::planner::so_far;
use crate::engine::port::compare::{Compare, Comparison, Difference, DifferenceKind};
use crate::engine::port::store::{ReadRecord, ReadState, Scope};
use crate::engine::read::fetch::{Fetcher, is_silence};
use crate::engine::read::{Before, ClosedRead, Otherwise, ReadEnd, halves_differ, read};
use crate::telemetry::event;

pub use self::order::{Sample, Verification, VerifyOrder};
use self::order::{chosen, scope_of};
use self::remedy::Circumstances;

impl StreamReader {
    /// Reads the vendor for what the ledger says was read, and compares. Stops early, with what it has, when
    /// it is told to or when the vendor is away.
    ///
    /// # Errors
    /// Only where the ledger cannot be read; all else is in the answer.
    pub async fn verify(
        &self,
        tables: &dyn Compare,
        order: &VerifyOrder,
        stop: &CancellationToken,
    ) -> Result<Verification, Fault> {
        let mut ledger = self.store.reads(&self.key, None).await?;
        let (cut, now) = (self.cut(), self.clock.now());
        // What is to expire may have begun to; what is to come cannot be asked for.
        let is_past = |window: TimeWindow| cut.is_none_or(|cut| cut < window.end) && window.start < now;
        ledger.retain(|record| record.window.is_none_or(is_past));
        let mut verifier = Verifier::new(self, tables, &ledger);
        let is_snapshot = matches!(self.policy, ReadPolicy::Snapshot);
        verifier.done.never_read = is_snapshot && ledger.iter().all(|record| record.read_at.is_none());
        for record in chosen(&ledger, order, &self.key) {
            verifier.add(record);
        }
        tokio::select! {
            biased;
            () = stop.cancelled() => {
                let fault = Fault::new(FaultKind::Cancelled, "told to stop before all was compared");
                verifier.fail("the verification as a whole".to_owned(), &fault);
            }
            () = verifier.work() => {}
        }
        // The answers have said what time it is for the vendor.
        verifier.done.unread = self.unread(&ledger, order);
        if order.range.is_none() && order.sample.is_none() && order.scopes.is_none() {
            verifier.find_orphaned().await;
        }
        let unreadable = std::mem::take(&mut verifier.unreadable);
        let mut verification = verifier.finish();
        if !verification.agrees() {
            let circumstances = Circumstances::of(self, tables, &ledger, unreadable).await?;
            verification.remedies = circumstances.remedies(&verification);
        }
        Ok(verification)
    }

    /// What of the range no read covers, as far as it is old enough to be called complete.
    fn unread(&self, ledger: &[ReadRecord], order: &VerifyOrder) -> Vec<TimeWindow> {
        let ReadPolicy::Windows(policy) = &self.policy else { return Vec::new() };
        let settled = self.clock.now() - policy.settle;
        let wanted = policy.wanted_from(self.clock.now());
        let start = order.range.map_or(wanted, |range| range.start.max(wanted));
        let end = order.range.map_or(settled, |range| range.end.min(settled));
        let read: Vec<_> = ledger
            .iter()
            .filter(|record| record.read_at.is_some())
            .filter_map(|record| record.window)
            .collect();
        match TimeWindow::new(start, end) {
            Some(span) if order.scopes.is_none() => span.subtract(&read),
            _ => Vec::new(),
        }
    }
}

/// What nothing confirms: the read that was just made, or the one that the tables stand on.
fn unverified(
    record: &ReadRecord,
    came: Option<(UnverifiedReason, u64, Option<u64>)>,
) -> Option<UnverifiedScope> {
    let Some((reason, rows, vendor_total)) = came else { return UnverifiedScope::of(record) };
    // What is under way is not expected to hold still.
    let is_over = record.state == ReadState::Complete;
    let scope = scope_text(scope_of(record));
    is_over.then_some(UnverifiedScope { scope, rows, vendor_total, reason: Some(reason) })
}

/// What one scope brought.
#[derive(Default)]
struct Came {
    rows: Vec<Row>,
    unreadable: Vec<Reject>,
    /// Why nothing confirms what came, with the elements and the total.
    unverified: Option<(UnverifiedReason, u64, Option<u64>)>,
}

fn came(closed: ClosedRead) -> Came {
    let Certificate { reason, rows, vendor_total, .. } = closed.certificate;
    let unverified = reason.map(|reason| (reason, rows, vendor_total));
    Came { unreadable: closed.rejects, rows: closed.rows, unverified }
}

/// The same, once the rows were compared.
struct Counted {
    rows: u64,
    unreadable: u64,
    dropped: u64,
    unverified: Option<(UnverifiedReason, u64, Option<u64>)>,
}

struct Verifier<'a> {
    reader: &'a StreamReader,
    tables: &'a dyn Compare,
    ledger: &'a [ReadRecord],
    /// The vendor's total contradicted the last read of some window.
    is_stream_contradicted: bool,
    fetcher: Fetcher<'a>,
    queue: VecDeque<&'a ReadRecord>,
    queued: HashSet<Scope>,
    /// Scopes in which records came that cannot be read.
    unreadable: HashSet<Scope>,
    elsewhere: HashSet<(&'static str, Vec<String>)>,
    done: Verification,
}

impl<'a> Verifier<'a> {
    fn new(reader: &'a StreamReader, tables: &'a dyn Compare, ledger: &'a [ReadRecord]) -> Self {
        let budget = (reader.budget.as_ref(), &reader.budget_key);
        let (source, clock) = (reader.source.as_ref(), reader.clock.as_ref());
        Verifier {
            reader,
            tables,
            ledger,
            is_stream_contradicted: is_contradicted(ledger),
            fetcher: Fetcher::new(&reader.key, source, budget, clock, reader.config.retry),
            queue: VecDeque::new(),
            queued: HashSet::new(),
            unreadable: HashSet::new(),
            elsewhere: HashSet::new(),
            done: Verification {
                key: reader.key.clone(),
                windows: 0,
                rows: 0,
                unreadable: 0,
                dropped: 0,
                requests: 0,
                differences: Vec::new(),
                unread: Vec::new(),
                unverified: Vec::new(),
                totals: reader.config.walk.totals,
                never_read: false,
                failures: Vec::new(),
                remedies: Vec::new(),
            },
        }
    }

    fn add(&mut self, record: &'a ReadRecord) {
        if self.queued.insert(scope_of(record)) {
            self.queue.push_back(record);
        }
    }

    async fn work(&mut self) {
        let mut failures_in_a_row = 0;
        while let Some(record) = self.queue.pop_front() {
            self.note_progress(1);
            let outcome = self.compare(record).await;
            self.done.requests += self.fetcher.take_requests();
            let Err(fault) = outcome else {
                failures_in_a_row = 0;
                continue;
            };
            let scope = scope_text(scope_of(record));
            self.fail(scope, &fault);
            failures_in_a_row += 1;
            let away = is_silence(fault.kind) && !self.fetcher.answered();
            let down = away || FAILURES_IN_A_ROW_MAX <= failures_in_a_row;
            if down || policy(fault.kind).action == Action::StopStream {
                return self.leave_the_rest(&fault);
            }
        }
    }

    fn note_progress(&self, at_hand: u64) {
        let Verification { windows, rows, .. } = self.done;
        let windows_left = self.queue.len() as u64 + at_hand;
        self.reader.progress.note(&self.reader.key, Progress { windows, windows_left, rows });
    }

    fn leave_the_rest(&mut self, fault: &Fault) {
        if !self.queue.is_empty() {
            let scope = format!("{} further windows, not compared", self.queue.len());
            self.fail(scope, fault);
        }
    }

    /// Compares one scope. What differs is looked at a second time, vendor and tables both: only what differs
    /// in the same way again was not caused by a commit or a change in between.
    async fn compare(&mut self, record: &'a ReadRecord) -> Result<(), Fault> {
        let (mut found, mut came) = self.look(record).await?;
        if !found.differences.is_empty() {
            let first = found;
            (found, came) = self.look(record).await?;
            found.differences.retain(|new| first.differences.iter().any(|old| old.is_same(new)));
        }
        self.done.windows += 1;
        self.done.rows += came.rows;
        self.done.unreadable += came.unreadable;
        self.done.dropped += came.dropped;
        if 0 < came.unreadable {
            self.unreadable.insert(scope_of(record));
        }
        self.done.unverified.extend(unverified(record, came.unverified));
        // A row that its owning window lacks may have moved to where it was seen.
        for window in found.observed_in {
            let holds = |record: &&ReadRecord| {
                record.read_at.is_some() && record.window.is_some_and(|known| known.overlaps(&window))
            };
            self.ledger.iter().filter(holds).for_each(|record| self.add(record));
        }
        self.elsewhere.extend(found.elsewhere);
        let differences = found.differences.len() as u64;
        let (key, scope, rows) = (&self.reader.key, scope_text(scope_of(record)), came.rows);
        self.note_progress(0);
        event::WindowVerified { key, scope: &scope, rows, differences }.emit();
        self.done.differences.extend(found.differences);
        Ok(())
    }

    async fn look(&mut self, record: &ReadRecord) -> Result<(Comparison, Counted), Fault> {
        let came = self.read(record).await?;
        let key = &self.reader.key;
        let Came { unreadable, unverified, .. } = came;
        let dropped = self.tables.dropped(key, &unreadable).await?;
        let unreadable = unreadable.len() as u64 - dropped;
        let counted = Counted { rows: came.rows.len() as u64, unreadable, dropped, unverified };
        let mut comparison = self.tables.compare(key, record.window, came.rows, record.read_at).await?;
        // As many rows may be earlier versions of what an operator does not want to be read.
        let extra = |difference: &Difference| difference.kind == DifferenceKind::Extra;
        let extras = comparison.differences.iter().filter(|difference| extra(difference)).count() as u64;
        if unreadable == 0 && extras <= dropped {
            comparison.differences.retain(|difference| !extra(difference));
        }
        Ok((comparison, counted))
    }

    /// All rows of a scope; one that has grown too large for one walk is read in halves.
    async fn read(&mut self, record: &ReadRecord) -> Result<Came, Fault> {
        let mut asks: Vec<Option<TimeWindow>> = match record.window {
            Some(window) => vec![so_far(window, self.reader.clock.now())],
            None => vec![None],
        };
        let (mut came, mut known) = (Came::default(), before(Some(record), self.is_stream_contradicted));
        while let Some(ask) = asks.pop() {
            match self.read_once(ask, known).await? {
                Ok(more) => {
                    came.rows.extend(more.rows);
                    came.unreadable.extend(more.unreadable);
                    came.unverified = came.unverified.or(more.unverified);
                }
                Err((left, right)) => {
                    asks.extend([Some(right), Some(left)]);
                    known = known.part();
                }
            }
        }
        Ok(came)
    }

    /// The rows, or the halves to be read instead.
    async fn read_once(
        &mut self,
        ask: Option<TimeWindow>,
        known: Before,
    ) -> Result<Result<Came, (TimeWindow, TimeWindow)>, Fault> {
        let rules = &self.reader.config.rules;
        let mut walk = self.reader.config.walk;
        let otherwise = match read(&mut self.fetcher, rules, &mut walk, ask, known).await? {
            ReadEnd::Closed(closed) => return Ok(Ok(came(*closed))),
            ReadEnd::Split(split) => split.otherwise,
        };
        if let Otherwise::Keep(closed) = otherwise {
            return Ok(Ok(came(*closed)));
        }
        if let Some(halves) = ask.and_then(|ask| ask.split())
            && halves_differ(&mut self.fetcher, halves, walk.page_size).await?
        {
            return Ok(Err(halves));
        }
        if let Otherwise::Fail(fault) = otherwise {
            return Err(fault);
        }
        walk.rows_max = None;
        match read(&mut self.fetcher, rules, &mut walk, ask, known).await? {
            ReadEnd::Closed(closed) => Ok(Ok(came(*closed))),
            ReadEnd::Split(split) => {
                let message = format!("{} elements cannot be read in parts", split.elements);
                Err(Fault::new(FaultKind::WindowTooLarge, message))
            }
        }
    }

    async fn find_orphaned(&mut self) {
        if !matches!(self.reader.policy, ReadPolicy::Windows(_)) {
            return;
        }
        match self.tables.orphaned(&self.reader.key).await {
            // What no read covers is told as a stretch of time, not row by row.
            Ok(orphaned) => {
                let unread = &self.done.unread;
                let is_reported = |owner: TimeWindow| unread.iter().any(|window| window.overlaps(&owner));
                let cut = self.reader.cut();
                let expired = |owner: TimeWindow| cut.is_some_and(|cut| owner.end <= cut);
                let orphaned = orphaned
                    .into_iter()
                    .filter(|row| !row.window.is_some_and(|owner| is_reported(owner) || expired(owner)));
                self.done.differences.extend(orphaned);
            }
            Err(fault) => self.fail("rows outside of all windows".to_owned(), &fault),
        }
    }

    fn fail(&mut self, scope: String, fault: &Fault) {
        let (kind, message, advises) = (fault.kind, fault.chain(), fault.advises);
        self.done.failures.push(ScopeFailure { scope, kind, message, advises });
    }

    /// A row that its owning window lacks and another window contains has moved: it is in the table, once.
    fn finish(mut self) -> Verification {
        let elsewhere = std::mem::take(&mut self.elsewhere);
        self.done.differences.retain(|difference| {
            difference.kind != DifferenceKind::Extra
                || !elsewhere.contains(&(difference.table, difference.key.clone()))
        });
        self.done.requests += self.fetcher.take_requests();
        self.done
    }
}
