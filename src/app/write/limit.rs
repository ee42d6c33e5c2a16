//! Saying that a request waits for a vendor's limit, so that nobody takes a command that waits for one that hangs.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use crate::domain::fault::Fault;
use crate::engine::port::budget::{Budget, BudgetKey, Reservation};
use crate::engine::port::clock::Clock;

/// A shorter wait is not worth a line.
const REPORTED_FROM: Duration = Duration::from_secs(2);

/// Rest between two lines.
const REST: Duration = Duration::from_secs(20);

/// A request that waits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LimitWait {
    /// The endpoint's name.
    pub endpoint: String,
    /// What the limit is.
    pub per_minute: u32,
    /// How long it waits at least.
    pub wait: Duration,
}

/// Who hears of waits.
pub(in crate::app) type OnWait = Box<dyn Fn(&LimitWait) + Send + Sync>;

/// A budget whose waits are told.
pub(in crate::app) struct ReportingBudget {
    budget: Arc<dyn Budget>,
    clock: Arc<dyn Clock>,
    on_wait: OnWait,
    reported_at: Mutex<Option<DateTime<Utc>>>,
}

impl ReportingBudget {
    pub(in crate::app) fn new(
        budget: Arc<dyn Budget>,
        clock: Arc<dyn Clock>,
        on_wait: OnWait,
    ) -> ReportingBudget {
        ReportingBudget { budget, clock, on_wait, reported_at: Mutex::new(None) }
    }

    fn report(&self, key: &BudgetKey, wait: Duration) {
        let now = self.clock.now();
        let mut reported_at = self.reported_at.lock().unwrap_or_else(PoisonError::into_inner);
        let is_due = reported_at.is_none_or(|reported_at| reported_at + REST <= now);
        if REPORTED_FROM <= wait && is_due {
            *reported_at = Some(now);
            let endpoint = key.name.rsplit('/').next().unwrap_or_default().to_owned();
            (self.on_wait)(&LimitWait { endpoint, per_minute: key.per_minute, wait });
        }
    }
}

#[async_trait]
impl Budget for ReportingBudget {
    async fn reserve(&self, key: &BudgetKey) -> Result<Reservation, Fault> {
        let reservation = self.budget.reserve(key).await?;
        let (Reservation::Granted(wait) | Reservation::Later(wait)) = reservation;
        self.report(key, wait);
        Ok(reservation)
    }

    async fn pause(&self, key: &BudgetKey, pause: Duration) -> Result<(), Fault> {
        self.budget.pause(key, pause).await
    }
}
