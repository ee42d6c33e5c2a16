//! The database as a feed needs it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::domain::fault::{Fault, FaultKind};
use crate::domain::proof::run::{Counts, RunId};
use crate::domain::stream::StreamKey;
use crate::domain::vendor::feed::{DatabaseWait, FeedEvent};

/// The agents that this process may follow, each with the fencing number of its lease.
pub type Fences = BTreeMap<String, i64>;

/// Why sockets do not open, by agent; agents that are not named opened theirs, or did not try yet.
pub type Failures = BTreeMap<String, AgentFailure>;

/// Why an agent's socket does not open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AgentFailure {
    /// The first try in a row that failed.
    pub since: DateTime<Utc>,
    /// Kind of the last.
    pub kind: FaultKind,
    /// What was said, without secrets.
    pub message: String,
}

/// Events to be stored at once.
#[derive(Debug, Clone)]
pub struct FeedCommit {
    /// The feed.
    pub key: StreamKey,
    /// The run that they are counted for.
    pub run: RunId,
    /// The leases that are held.
    pub fences: Fences,
    /// In the order of each agent.
    pub events: Arc<[FeedEvent]>,
    /// Written as `first_seen_at`, `changed_at`.
    pub now: DateTime<Utc>,
    /// Where the process had to wait for the database first.
    pub database_wait: Option<DatabaseWait>,
}

/// What became of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FeedOutcome {
    /// They are stored, now or by an earlier commit whose answer was lost.
    Stored(Counts),
    /// Nothing was written: the leases on these agents are not this process's.
    NotHeld(Vec<String>),
}

/// Leases, rows and cursor of a feed. May be used by many tasks and processes at once.
#[async_trait]
pub trait FeedStore: Send + Sync {
    /// Notes which agents are configured.
    ///
    /// # Errors
    /// Database faults.
    async fn feed_declare(&self, key: &StreamKey, agents: &[String]) -> Result<(), Fault>;

    /// Takes or renews the leases on these agents for `term`; answers those that are this worker's now.
    /// A lease that ended and that nobody took over is still its holder's.
    ///
    /// # Errors
    /// Database faults; the leases stand as they stood.
    async fn feed_hold(
        &self,
        key: &StreamKey,
        agents: &[String],
        worker: Uuid,
        term: Duration,
    ) -> Result<Fences, Fault>;

    /// Takes over the leases of a worker that has ended, without waiting for their end. Each gets a new fencing number.
    ///
    /// # Errors
    /// Database faults; the leases stand as they stood.
    async fn feed_inherit(
        &self,
        key: &StreamKey,
        agents: &[String],
        (from, worker): (Uuid, Uuid),
        term: Duration,
    ) -> Result<(), Fault>;

    /// Ends leases early.
    ///
    /// # Errors
    /// Database faults.
    async fn feed_release(&self, key: &StreamKey, fences: &Fences) -> Result<(), Fault>;

    /// Notes why sockets of these agents do not open, and that those of the others do.
    ///
    /// # Errors
    /// Database faults.
    async fn feed_failures(
        &self,
        key: &StreamKey,
        agents: &[String],
        failures: &Failures,
    ) -> Result<(), Fault>;

    /// Stores events: rows, stays, gaps, quarantine, run counts and the cursor, in one transaction. An event
    /// that the cursor has passed changes nothing, so that storing again is safe after a lost answer.
    ///
    /// # Errors
    /// Database faults: nothing was written, or, when the connection was lost meanwhile, it is not known.
    async fn feed_commit(&self, commit: FeedCommit) -> Result<FeedOutcome, Fault>;
}
