//! Removes rows whose time is over, a few at a time, so that nobody who reads or writes beside it has to wait.

use std::collections::BTreeMap;
use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::domain::fault::{Fault, FaultKind};
use crate::engine::port::clock::Clock;
use crate::engine::port::retention::{ExpiredRows, Retention, RetentionOrder};
use crate::telemetry::event;
use crate::telemetry::failpoint::{Failpoint, failpoint};

/// Rows of one table that go in one transaction.
const STEP: u32 = 1_000;
/// Rest between two transactions: they share the disk with those who read the vendors.
const REST: Duration = Duration::from_millis(20);
/// Times that another worker's lease is waited for; one that was killed leaves it to end by itself.
const WAITS: u32 = 3;

/// Who removes, and how long it may be silent.
#[derive(Debug, Clone, Copy)]
pub struct Remover {
    /// This process.
    pub worker: Uuid,
    /// How long a lease lasts without a sign of life.
    pub term: Duration,
}

impl Remover {
    /// Removes all that the order is about and answers how many rows of which tables; `None` where another worker
    /// is at it. Stops between two steps when it is told to: what is left goes the next time.
    ///
    /// # Errors
    /// Database faults; what was removed before stays removed.
    pub async fn expire(
        &self,
        store: &dyn Retention,
        clock: &dyn Clock,
        order: &RetentionOrder,
        stop: &CancellationToken,
    ) -> Result<Option<Vec<ExpiredRows>>, Fault> {
        let Some(fence) = self.lease(store, clock, order, stop).await? else { return Ok(None) };
        let mut removed: BTreeMap<String, u64> = BTreeMap::new();
        while !stop.is_cancelled() {
            let step = store.expire_step(order, fence, self.term, STEP).await?;
            failpoint(Failpoint::RetentionStepped).await?;
            if step.is_empty() {
                store.expire_end(order, fence, clock.now()).await?;
                break;
            }
            for rows in step {
                *removed.entry(rows.table).or_default() += rows.rows;
            }
            clock.sleep(REST).await;
        }
        let rows = removed.values().sum();
        event::RetentionApplied { key: &order.key, cut: order.cut, rows }.emit();
        let expired = |(table, rows)| ExpiredRows { table, rows, oldest: None };
        Ok(Some(removed.into_iter().map(expired).collect()))
    }

    async fn lease(
        &self,
        store: &dyn Retention,
        clock: &dyn Clock,
        order: &RetentionOrder,
        stop: &CancellationToken,
    ) -> Result<Option<i64>, Fault> {
        for _ in 0..WAITS {
            let fence = store.retention_lease(&order.key, self.worker, self.term).await?;
            if fence.is_some() || stop.is_cancelled() {
                return Ok(fence);
            }
            tokio::select! {
                () = stop.cancelled() => {}
                () = clock.sleep(self.term) => {}
            }
        }
        Ok(None)
    }
}

/// What is said to whoever asks for a time that is not kept.
pub fn refuse_expired(key: impl std::fmt::Display, cut: DateTime<Utc>) -> Fault {
    let message = format!(
        "{key}: what is older than {} is not kept (`retention`); ask for a later time, or raise it",
        cut.to_rfc3339_opts(chrono::SecondsFormat::Secs, true)
    );
    Fault::new(FaultKind::RequestRefused, message).advising()
}
