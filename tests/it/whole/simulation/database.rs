//! The database as one worker reaches it: late, now and then not at all, and sometimes with its answer lost.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use ccsync::domain::fault::{Fault, FaultKind};
use ccsync::domain::proof::run::{Counts, RunId};
use ccsync::domain::proof::window::TimeWindow;
use ccsync::domain::stream::StreamKey;
use ccsync::engine::port::budget::{Budget, BudgetKey, Reservation};
use ccsync::engine::port::store::{Commit, LagLedger, Lease, ReadRecord, RunEnd, RunStart, Scope, Store};
use ccsync::report::status::StreamDeclaration;
use chrono::{DateTime, NaiveDate, Utc};
use uuid::Uuid;

use super::plan::Plan;
use super::power::Power;
use super::rng::Rng;
use super::timeline::Timeline;
use super::trace::Trace;
use super::watch::Watch;
use crate::support::memory::MemoryStore;

/// The way to the database, the same for all workers.
pub struct Line {
    plan: Plan,
    inner: Mutex<Inner>,
}

struct Inner {
    rng: Rng,
    down_until: DateTime<Utc>,
}

impl Line {
    pub fn new(plan: &Plan) -> Line {
        let inner = Inner { rng: Rng::new(plan.seed, 300), down_until: plan.begin };
        Line { plan: plan.clone(), inner: Mutex::new(inner) }
    }

    /// How long the call takes to arrive, and whether it does.
    fn call(&self, now: DateTime<Utc>) -> (Duration, Option<Fault>) {
        let mut inner = self.inner.lock().unwrap();
        let latency = inner.rng.wait(Duration::from_millis(1), Duration::from_millis(100));
        let stormy = self.plan.is_stormy(now);
        if stormy && now < inner.down_until {
            return (Duration::from_secs(1), Some(unreachable("is down")));
        }
        if !stormy || !inner.rng.chance(self.plan.failures.database) {
            return (latency, None);
        }
        match inner.rng.index(8) {
            0 => {
                let length = inner.rng.wait(Duration::from_secs(2), Duration::from_secs(7200));
                inner.down_until = now + length;
                (latency, Some(unreachable("went down")))
            }
            1 | 2 => {
                (latency, Some(Fault::new(FaultKind::DatabaseConflict, "the simulated database: deadlock")))
            }
            3 => (Duration::from_secs(20), None),
            _ => (latency, Some(unreachable("cut the connection"))),
        }
    }

    /// Whether the answer to a call that was carried out is lost.
    fn loses_answer(&self, now: DateTime<Utc>) -> bool {
        let stormy = self.plan.is_stormy(now);
        stormy && self.inner.lock().unwrap().rng.chance(self.plan.failures.database / 2.0)
    }

    /// For how long a worker stands still that is about to commit.
    fn pause(&self, now: DateTime<Utc>) -> Option<Duration> {
        let mut inner = self.inner.lock().unwrap();
        let pauses = self.plan.is_stormy(now) && inner.rng.chance(self.plan.failures.pause);
        pauses.then(|| inner.rng.wait(self.plan.lease / 4, self.plan.lease * 40))
    }
}

fn unreachable(what: &str) -> Fault {
    Fault::new(FaultKind::DatabaseUnreachable, format!("the simulated database {what}"))
}

/// One worker's connection.
pub struct Database {
    pub store: Arc<MemoryStore>,
    pub line: Arc<Line>,
    pub timeline: Arc<Timeline>,
    pub power: Arc<Power>,
    pub watch: Arc<Watch>,
    pub trace: Arc<Trace>,
    pub worker: usize,
}

impl Database {
    /// Before the call takes effect.
    async fn enter(&self, what: &str) -> Result<(), Fault> {
        self.power.gate().await;
        let (latency, fault) = self.line.call(self.timeline.now());
        self.timeline.sleep(latency).await;
        self.power.gate().await;
        self.note(|| match &fault {
            Some(fault) => format!("{what} fails: {}", fault.message),
            None => what.to_owned(),
        });
        match fault {
            Some(fault) => {
                self.watch.count(|tally| tally.database_faults += 1);
                Err(fault)
            }
            None => Ok(()),
        }
    }

    /// After it took effect.
    async fn leave<T>(&self, what: &str, answer: Result<T, Fault>) -> Result<T, Fault> {
        if self.line.loses_answer(self.timeline.now()) {
            self.watch.count(|tally| tally.lost_answers += 1);
            self.note(|| format!("the answer to {what} is lost"));
            self.timeline.sleep(Duration::from_secs(5)).await;
            self.power.gate().await;
            return Err(unreachable("did not answer"));
        }
        self.power.gate().await;
        answer
    }

    fn note(&self, text: impl FnOnce() -> String) {
        self.trace.note(self.timeline.now(), || format!("worker {}: {}", self.worker, text()));
    }
}

#[async_trait]
impl Store for Database {
    async fn reads(&self, stream: &StreamKey, within: Option<TimeWindow>) -> Result<Vec<ReadRecord>, Fault> {
        self.enter("reads").await?;
        self.store.reads(stream, within).await
    }

    async fn lag(&self, stream: &StreamKey, since: NaiveDate, day: NaiveDate) -> Result<LagLedger, Fault> {
        self.enter("lag").await?;
        self.store.lag(stream, since, day).await
    }

    async fn lease(
        &self,
        stream: &StreamKey,
        scope: Scope,
        worker: Uuid,
        term: Duration,
    ) -> Result<Option<Lease>, Fault> {
        self.enter("lease").await?;
        let lease = self.store.lease(stream, scope, worker, term).await;
        if let Ok(Some(lease)) = &lease {
            self.watch.leased(lease);
            self.note(|| format!("has {stream} {scope:?} under fence {}", lease.fence));
        }
        self.leave("lease", lease).await
    }

    async fn renew(&self, lease: &Lease, term: Duration) -> Result<(), Fault> {
        self.enter("renew").await?;
        let renewed = self.store.renew(lease, term).await;
        self.leave("renew", renewed).await
    }

    async fn release(&self, lease: &Lease) -> Result<(), Fault> {
        self.enter("release").await?;
        let released = self.store.release(lease).await;
        self.leave("release", released).await
    }

    async fn run_start(&self, start: &RunStart) -> Result<RunId, Fault> {
        self.enter("run_start").await?;
        let run = self.store.run_start(start).await;
        self.leave("run_start", run).await
    }

    async fn run_finish(&self, run: RunId, end: &RunEnd<'_>) -> Result<(), Fault> {
        self.enter("run_finish").await?;
        let finished = self.store.run_finish(run, end).await;
        self.leave("run_finish", finished).await
    }

    async fn commit(&self, commit: Commit) -> Result<Counts, Fault> {
        if let Some(length) = self.line.pause(self.timeline.now()) {
            self.note(|| format!("stands still for {length:?}"));
            self.watch.count(|tally| tally.pauses += 1);
            self.power.pause(length);
        }
        self.enter("commit").await?;
        let before = self.watch.before(&commit);
        let counts = self.store.commit(commit).await;
        match &counts {
            Ok(counts) => {
                self.note(|| format!("committed {counts:?}"));
                self.watch.committed(before, counts);
            }
            Err(fault) => {
                self.note(|| format!("commit refused: {}", fault.message));
                self.watch.count(|tally| tally.fenced += u64::from(fault.kind == FaultKind::LeaseLost));
            }
        }
        self.leave("commit", counts).await
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
        self.enter("record_failure").await?;
        self.note(|| format!("failure of {:?}: {kind:?} {message}", lease.scope));
        let recorded = self.store.record_failure(lease, run, kind, message, requests, now).await;
        self.leave("record_failure", recorded).await
    }

    async fn declare(&self, streams: &[StreamDeclaration]) -> Result<(), Fault> {
        self.enter("declare").await?;
        self.store.declare(streams).await
    }
}

#[async_trait]
impl Budget for Database {
    async fn reserve(&self, key: &BudgetKey) -> Result<Reservation, Fault> {
        self.enter("reserve").await?;
        self.store.reserve(key).await
    }

    async fn pause(&self, key: &BudgetKey, pause: Duration) -> Result<(), Fault> {
        self.enter("pause").await?;
        self.store.pause(key, pause).await
    }
}
