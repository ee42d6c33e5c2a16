//! Rows whose time is over.

use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use serde::Serialize;
use uuid::Uuid;

use crate::domain::fault::Fault;
use crate::domain::stream::StreamKey;

/// What of a stream is to go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RetentionOrder {
    /// The stream.
    pub key: StreamKey,
    /// Windows that ended by then; of snapshots, versions that were replaced by then; of feeds, what ended or came
    /// by then.
    pub cut: DateTime<Utc>,
}

/// What of one table has expired, or was removed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ExpiredRows {
    /// Qualified name.
    pub table: String,
    /// How many rows.
    pub rows: u64,
    /// The oldest one's place in time, where it was looked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub oldest: Option<DateTime<Utc>>,
}

/// The tables as whoever removes old rows needs them. May be used by many tasks and processes at once.
#[async_trait]
pub trait Retention: Send + Sync {
    /// What the order would remove, by table; changes nothing.
    ///
    /// # Errors
    /// Database faults.
    async fn expired(&self, order: &RetentionOrder) -> Result<Vec<ExpiredRows>, Fault>;

    /// Takes the right to remove rows of this stream for `term`; `None` while another worker has it. Every step
    /// renews it.
    ///
    /// # Errors
    /// Database faults.
    async fn retention_lease(
        &self,
        key: &StreamKey,
        worker: Uuid,
        term: Duration,
    ) -> Result<Option<i64>, Fault>;

    /// Removes up to `rows_max` rows in one transaction and says of which tables; nothing once all is gone. From
    /// the first step on no read of an expired window can be committed. What is left after a kill is removed by the
    /// next worker's steps.
    ///
    /// # Errors
    /// `LeaseLost` and database faults: nothing was removed in this step.
    async fn expire_step(
        &self,
        order: &RetentionOrder,
        fence: i64,
        term: Duration,
        rows_max: u32,
    ) -> Result<Vec<ExpiredRows>, Fault>;

    /// Notes that all is gone, and gives the right back.
    ///
    /// # Errors
    /// Database faults.
    async fn expire_end(&self, order: &RetentionOrder, fence: i64, now: DateTime<Utc>) -> Result<(), Fault>;
}
