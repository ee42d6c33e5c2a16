//! The ports of the database, in memory: a second, independent writing of the same contract.
//!
//! It is the model that PostgreSQL is held against (`store/conformance`) and the database of the simulation.
//! Obvious beats fast: one lock, plain maps, each rule of the contract in one place. It shares the domain
//! and the ports with the product, and no code.

mod absence;
mod commit;
mod departure;
mod ledger;
mod limits;
mod table;

use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use async_trait::async_trait;
use ccsync::domain::fault::{Fault, FaultKind};
use ccsync::domain::proof::run::{Counts, RunId};
use ccsync::domain::proof::window::TimeWindow;
use ccsync::domain::stream::StreamKey;
use ccsync::engine::port::clock::Clock;
use ccsync::engine::port::store::{Commit, LagLedger, Lease, ReadRecord, RunEnd, RunStart, Scope, Store};
use ccsync::report::status::StreamDeclaration;
use chrono::{DateTime, NaiveDate, Utc};
use uuid::Uuid;

use self::ledger::Ended;

pub use self::absence::is_mass_absence;
pub use self::ledger::State;
pub use self::table::{Key, Table, Version};

/// Mistakes that can be built in, to show that the tests find them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Flaws {
    /// A commit is taken from whoever brings it, whether the lease is still theirs or not.
    pub no_fence: bool,
    /// One closed read without a row suffices to mark it deleted.
    pub one_read_deletes: bool,
}

/// The database.
pub struct MemoryStore {
    state: Mutex<State>,
    /// The database's own clock: leases and limits go by it.
    clock: Arc<dyn Clock>,
    flaws: Flaws,
}

impl MemoryStore {
    pub fn new(clock: Arc<dyn Clock>) -> MemoryStore {
        MemoryStore::with_flaws(clock, Flaws::default())
    }

    pub fn with_flaws(clock: Arc<dyn Clock>, flaws: Flaws) -> MemoryStore {
        MemoryStore { state: Mutex::default(), clock, flaws }
    }

    /// All there is, to be looked at.
    pub fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }
}

fn lease_lost(stream: &StreamKey, scope: Scope) -> Fault {
    Fault::new(FaultKind::LeaseLost, format!("{stream} {scope:?}: the lease is not this worker's"))
}

#[async_trait]
impl Store for MemoryStore {
    async fn reads(&self, stream: &StreamKey, within: Option<TimeWindow>) -> Result<Vec<ReadRecord>, Fault> {
        let mut reads = self.state().reads(stream);
        let is_within = |record: &ReadRecord, within: &TimeWindow| {
            record.window.is_none_or(|window| window.overlaps(within))
        };
        reads.retain(|record| within.is_none_or(|within| is_within(record, &within)));
        Ok(reads)
    }

    /// Nothing is learned here: the constant look-back rules, and whatever changes within it must be found.
    async fn lag(&self, _: &StreamKey, _: NaiveDate, _: NaiveDate) -> Result<LagLedger, Fault> {
        Ok(LagLedger::default())
    }

    async fn lease(
        &self,
        stream: &StreamKey,
        scope: Scope,
        worker: Uuid,
        term: Duration,
    ) -> Result<Option<Lease>, Fault> {
        let now = self.clock.now();
        let fence = self.state().lease_take((stream.clone(), scope), worker, now, term);
        Ok(fence.map(|fence| Lease { stream: stream.clone(), scope, fence }))
    }

    async fn renew(&self, lease: &Lease, term: Duration) -> Result<(), Fault> {
        let now = self.clock.now();
        let renewed = self.state().lease_renew(lease, now, term);
        if renewed { Ok(()) } else { Err(lease_lost(&lease.stream, lease.scope)) }
    }

    async fn release(&self, lease: &Lease) -> Result<(), Fault> {
        self.state().lease_end(lease);
        Ok(())
    }

    async fn run_start(&self, start: &RunStart) -> Result<RunId, Fault> {
        let now = self.clock.now();
        Ok(self.state().run_start(start, now))
    }

    async fn run_finish(&self, run: RunId, end: &RunEnd<'_>) -> Result<(), Fault> {
        let uncounted = Counts { requests: end.requests, ..Counts::default() };
        self.state().run_add(run, &uncounted, end.now);
        self.state().run_finish(run, Ended::As(end.outcome), end.now);
        Ok(())
    }

    async fn commit(&self, commit: Commit) -> Result<Counts, Fault> {
        let now = self.clock.now();
        self.state().commit(commit, now, self.flaws)
    }

    async fn record_failure(
        &self,
        lease: &Lease,
        run: RunId,
        kind: FaultKind,
        message: &str,
        requests: u64,
        now: DateTime<Utc>,
    ) -> Result<(), Fault> {
        let database_now = self.clock.now();
        let mut state = self.state();
        if !state.lease_holds(lease, database_now) {
            return Err(lease_lost(&lease.stream, lease.scope));
        }
        state.note_failure(lease, kind, message, now);
        state.run_add(run, &Counts { requests, ..Counts::default() }, database_now);
        state.lease_end(lease);
        Ok(())
    }

    async fn declare(&self, streams: &[StreamDeclaration]) -> Result<(), Fault> {
        self.state().declared = streams.to_vec();
        Ok(())
    }
}
