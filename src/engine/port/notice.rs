//! Who was told of what.

use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use serde::Serialize;
use uuid::Uuid;

use crate::domain::alert::{Alert, Severity};
use crate::domain::fault::Fault;
use crate::domain::notice::AlertChange;

/// Whom notices are written for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subscription {
    /// The target's name.
    pub target: String,
    /// What matters less is not for it.
    pub severity: Severity,
}

/// What a daemon saw.
#[derive(Debug, Clone, Copy)]
pub struct Look<'a> {
    /// The daemon.
    pub worker: Uuid,
    /// How long its turn lasts from now.
    pub term: Duration,
    /// All that stands.
    pub alerts: &'a [Alert],
    /// How long an alert must stand before it is told, and be gone before that is told.
    pub stands: Duration,
    /// When.
    pub now: DateTime<Utc>,
}

/// A notice on its way, or delivered.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct NoticeEntry {
    /// Number.
    pub id: i64,
    /// The target's name.
    pub target: String,
    /// What it tells.
    #[serde(flatten)]
    pub told: AlertChange,
    /// When the change was noted.
    pub created_at: DateTime<Utc>,
    /// Failed tries.
    pub attempts: i32,
    /// Why the last one failed.
    pub failure: Option<String>,
    /// When it is sent next; `None` once it was delivered or given up.
    pub next_try_at: Option<DateTime<Utc>>,
    /// When the target took it.
    pub delivered_at: Option<DateTime<Utc>>,
}

/// The alerts that stand, and the notices of their changes. May be used by many processes at once: one has the turn.
#[async_trait]
pub trait NoticeStore: Send + Sync {
    /// Notes what stands, and writes notices of what changed; both or neither. False, and nothing is done, while
    /// another daemon has the turn.
    ///
    /// # Errors
    /// Database faults.
    async fn look(&self, look: &Look<'_>, subscriptions: &[Subscription]) -> Result<bool, Fault>;

    /// Notices that are to be sent by `now`, the oldest first, at most `max`.
    ///
    /// # Errors
    /// Database faults.
    async fn notices_due(&self, now: DateTime<Utc>, max: u32) -> Result<Vec<NoticeEntry>, Fault>;

    /// These were taken.
    ///
    /// # Errors
    /// Database faults: they may be sent again.
    async fn notices_delivered(&self, ids: &[i64], now: DateTime<Utc>) -> Result<(), Fault>;

    /// These were not taken; without `next_try_at` they are given up.
    ///
    /// # Errors
    /// Database faults.
    async fn notices_failed(
        &self,
        ids: &[i64],
        failure: &str,
        next_try_at: Option<DateTime<Utc>>,
    ) -> Result<(), Fault>;

    /// Removes the notices that are older than 30 days.
    ///
    /// # Errors
    /// Database faults.
    async fn notices_prune(&self, now: DateTime<Utc>) -> Result<(), Fault>;

    /// The latest notices, the newest first, at most `max`.
    ///
    /// # Errors
    /// Database faults.
    async fn notices(&self, max: u32) -> Result<Vec<NoticeEntry>, Fault>;
}
