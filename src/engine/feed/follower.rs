//! A feed as a whole: its sessions, its writer, its leases, from the start of the daemon to its end.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::domain::proof::run::{RunId, RunOutcome, Trigger};
use crate::domain::vendor::feed::{DatabaseWait, FeedEvent};
pub use crate::engine::feed::pulse::PulseConfig;
use crate::engine::feed::renewer::Renewer;
use crate::engine::feed::session::Session;
pub use crate::engine::feed::session::SessionConfig;
use crate::engine::feed::writer::Writer;
use crate::engine::pass::fault_policy::log_failure;
use crate::engine::port::clock::Clock;
use crate::engine::port::feed::Feed;
use crate::engine::port::feed_store::{Failures, FeedStore, Fences};
use crate::engine::port::spool::Spool;
use crate::engine::port::store::{RunEnd, RunStart, Store};
use crate::telemetry::event;

/// Wait before the database is asked again for what the beginning needs.
const START_RETRY: Duration = Duration::from_secs(1);

/// How a feed is followed.
#[derive(Debug, Clone, Copy)]
pub struct FollowConfig {
    /// How long an agent is this process's without a sign of life.
    pub lease: Duration,
    /// Of each agent.
    pub session: SessionConfig,
    /// Events in memory.
    pub buffer: usize,
    /// For what is in memory, when the process stops, to reach the database; then it goes to disk.
    pub grace: Duration,
    /// Where the process had to wait for the database first.
    pub database_wait: Option<DatabaseWait>,
}

/// A feed that can be followed.
pub struct FeedFollower {
    /// Where messages come from.
    pub feed: Arc<dyn Feed>,
    /// Where they go.
    pub store: Arc<dyn FeedStore>,
    /// Where runs are kept.
    pub ledger: Arc<dyn Store>,
    /// Where they wait.
    pub spool: Arc<dyn Spool>,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// This process.
    pub worker: Uuid,
    /// Timeout.
    pub config: FollowConfig,
}

impl FeedFollower {
    /// Follows until `stop`. What fails is told in log, ledger and metrics, and tried again.
    pub async fn run(&self, stop: CancellationToken) {
        let Some(run) = self.begin(&stop).await else { return };
        match self.spool.open(self.worker).await {
            Ok(Some(before)) => self.inherit(before).await,
            Ok(None) => {}
            // Followed all the same: what cannot be spooled is told when it comes to that.
            Err(fault) => {
                event::FeedLost { key: self.feed.key(), events: 0, message: &fault.chain() }.emit();
            }
        }
        let (fences_out, fences) = watch::channel(Fences::new());
        let released = CancellationToken::new();
        let hurry = CancellationToken::new();
        let (failures_out, failures) = watch::channel(Failures::new());
        let mut tasks = JoinSet::new();
        tasks.spawn(self.renewer(fences_out, failures).run(released.clone()));

        let (sender, receiver) = mpsc::channel(self.config.buffer);
        let mut sessions = JoinSet::new();
        for extno in self.feed.agents() {
            let failures = failures_out.clone();
            sessions
                .spawn(self.session(extno, sender.clone(), (fences.clone(), failures), stop.clone()).run());
        }
        drop(sender);
        let mut writing = JoinSet::new();
        writing.spawn(self.writer(run, fences.clone()).run(receiver, hurry.clone()));
        // Sessions end only when they are told to, and the writer only after them.
        stop.cancelled().await;
        while sessions.join_next().await.is_some() {}
        let counts = tokio::select! {
            counts = writing.join_next() => counts,
            () = self.clock.sleep(self.config.grace) => {
                hurry.cancel();
                writing.join_next().await
            }
        };
        released.cancel();
        while tasks.join_next().await.is_some() {}
        let quarantined = counts.and_then(Result::ok).is_some_and(|counts| counts.quarantined > 0);
        let held = fences.borrow().clone();
        self.end(run, held, quarantined).await;
    }

    /// The process that had our place on disk has ended: what it followed is heard at once, and not after the term of its
    /// leases.
    async fn inherit(&self, before: Uuid) {
        let (key, agents, workers) = (self.feed.key(), self.feed.agents(), (before, self.worker));
        if let Err(fault) = self.store.feed_inherit(key, &agents, workers, self.config.lease).await {
            log_failure(&format!("taking over {key} from a process that ended"), &fault);
        }
    }

    /// Opens the run; waits for the database where it is away.
    async fn begin(&self, stop: &CancellationToken) -> Option<RunId> {
        let (key, agents) = (self.feed.key(), self.feed.agents());
        let stream = key.clone();
        let (trigger, worker) = (Trigger::Feed, self.worker);
        loop {
            let start = RunStart { stream: stream.clone(), trigger, worker, now: self.clock.now() };
            let begun = match self.store.feed_declare(key, &agents).await {
                Ok(()) => self.ledger.run_start(&start).await,
                Err(fault) => Err(fault),
            };
            match begun {
                Ok(run) => return Some(run),
                Err(fault) => log_failure(&format!("beginning to follow {key}"), &fault),
            }
            tokio::select! {
                () = stop.cancelled() => return None,
                () = self.clock.sleep(START_RETRY) => {}
            }
        }
    }

    async fn end(&self, run: RunId, held: Fences, quarantined: bool) {
        let outcome = if quarantined { RunOutcome::Partial } else { RunOutcome::Succeeded };
        let message = quarantined.then_some("some messages could not be read and were quarantined");
        // Where the database is away, the next run closes this one, and the leases end by themselves.
        let end = RunEnd { outcome, message, requests: 0, now: self.clock.now() };
        let finished = self.ledger.run_finish(run, &end).await;
        if let Err(fault) = finished.and(self.store.feed_release(self.feed.key(), &held).await) {
            log_failure(&format!("ending the run of {}", self.feed.key()), &fault);
        }
    }

    fn renewer(&self, fences: watch::Sender<Fences>, failures: watch::Receiver<Failures>) -> Renewer {
        Renewer {
            key: self.feed.key().clone(),
            agents: self.feed.agents(),
            store: self.store.clone(),
            clock: self.clock.clone(),
            worker: self.worker,
            term: self.config.lease,
            fences,
            failures,
        }
    }

    fn session(
        &self,
        extno: String,
        events: mpsc::Sender<FeedEvent>,
        (fences, failures): (watch::Receiver<Fences>, watch::Sender<Failures>),
        stop: CancellationToken,
    ) -> Session {
        let (feed, clock) = (self.feed.clone(), self.clock.clone());
        Session { extno, feed, clock, events, fences, failures, stop, config: self.config.session }
    }

    fn writer(&self, run: RunId, fences: watch::Receiver<Fences>) -> Writer {
        Writer {
            key: self.feed.key().clone(),
            store: self.store.clone(),
            spool: self.spool.clone(),
            clock: self.clock.clone(),
            run,
            fences,
            buffer: self.config.buffer,
            lease_timeout: self.config.lease * 2,
            database_wait: self.config.database_wait,
        }
    }
}
