//! What is removed once its time is over.

use std::sync::Arc;
use std::time::Duration;

use chrono::DateTime;
use chrono::Utc;
use futures::future::BoxFuture;
use serde::Serialize;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::app::assembly::stream::Stream;
use crate::app::{App, StreamChoice};
use crate::domain::fault::{Fault, FaultKind};
use crate::domain::proof::window::TimeWindow;
use crate::domain::stream::StreamKey;
use crate::engine::pass::fault_policy::log_failure;
use crate::engine::port::retention::{ExpiredRows, Retention as _, RetentionOrder};
use crate::engine::retention::{Remover, refuse_expired};
use crate::scheduler::CronJob;
use crate::scheduler::cron::CronSchedule;
use crate::scheduler::single_flight::run_on_trigger;
use crate::scheduler::trigger::Trigger;

/// Wait before the database is asked again after a fault.
pub(super) const RETRY: Duration = Duration::from_secs(60);

/// What of one stream has expired, or was removed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Expired {
    /// The stream.
    #[serde(flatten)]
    pub key: StreamKey,
    /// What ended by then is not kept; `None` where all is.
    pub cut: Option<DateTime<Utc>>,
    /// By table.
    pub tables: Vec<ExpiredRows>,
    /// Whether it is gone.
    pub removed: bool,
}

/// A stream and how long its rows are kept.
#[derive(Clone)]
struct Kept {
    key: StreamKey,
    retention: Option<chrono::Duration>,
    stream: Option<Arc<crate::engine::pass::reader::StreamReader>>,
}

impl Kept {
    fn of(stream: &Stream) -> Kept {
        let reader = stream.reader.clone();
        Kept { key: reader.key.clone(), retention: stream.retention, stream: Some(reader) }
    }

    /// Windows expire whole; all else by the instant.
    fn order(&self, now: DateTime<Utc>) -> Option<RetentionOrder> {
        let oldest = now.checked_sub_signed(self.retention?)?;
        let cut = self.stream.as_ref().and_then(|reader| reader.cut_at(now)).unwrap_or(oldest);
        Some(RetentionOrder { key: self.key.clone(), cut })
    }
}

impl App {
    /// What has expired of the streams chosen (all where none is named) and is still there; changes nothing.
    ///
    /// # Errors
    /// Database faults.
    pub async fn expired(&self, chosen: &[StreamChoice]) -> Result<Vec<Expired>, Fault> {
        let mut all = Vec::new();
        let now = self.removal_time().await;
        for kept in self.kept(chosen) {
            let order = kept.order(now);
            let tables = match &order {
                Some(order) => self.database.store.expired(order).await?,
                None => Vec::new(),
            };
            all.push(Expired { key: kept.key, cut: order.map(|order| order.cut), tables, removed: false });
        }
        Ok(all)
    }

    /// Removes it.
    ///
    /// # Errors
    /// Database faults, and where another worker is at it. What was removed before stays removed.
    pub async fn expire(
        &self,
        chosen: &[StreamChoice],
        stop: &CancellationToken,
    ) -> Result<Vec<Expired>, Fault> {
        let mut all = Vec::new();
        let now = self.removal_time().await;
        for kept in self.kept(chosen) {
            let Some(order) = kept.order(now) else {
                all.push(Expired { key: kept.key, cut: None, tables: Vec::new(), removed: false });
                continue;
            };
            let (store, clock) = (&self.database.store, self.overrides.clock.as_ref());
            let Some(tables) = self.remover().expire(store, clock, &order, stop).await? else {
                let message = format!("another worker is removing old rows of {} now", order.key);
                return Err(Fault::new(FaultKind::LeaseLost, message).advising());
            };
            all.push(Expired { key: kept.key, cut: Some(order.cut), tables, removed: true });
        }
        Ok(all)
    }

    /// Refuses a range that begins before what is kept of a chosen stream.
    ///
    /// # Errors
    /// `RequestRefused`, with the first instant that is kept.
    pub fn refuse_expired(&self, chosen: &[StreamChoice], range: TimeWindow) -> Result<(), Fault> {
        let before = |stream: &Stream| {
            let cut = stream.reader.cut().filter(|cut| range.start < *cut)?;
            Some((stream.reader.key.clone(), cut))
        };
        match self.chosen(chosen).find_map(before) {
            Some((key, cut)) => Err(refuse_expired(key, cut)),
            None => Ok(()),
        }
    }

    fn remover(&self) -> Remover {
        Remover { worker: Uuid::new_v4(), term: self.settings.engine.lease }
    }

    fn kept(&self, chosen: &[StreamChoice]) -> Vec<Kept> {
        let feeds = self.settings.feeds().filter_map(|(_, feed)| {
            let retention = feed.retention.and_then(|kept| chrono::Duration::from_std(kept).ok());
            let wanted = chosen.is_empty() || chosen.iter().any(|choice| choice.matches(&feed.key));
            wanted.then(|| Kept { key: feed.key.clone(), retention, stream: None })
        });
        self.chosen(chosen).map(Kept::of).chain(feeds).collect()
    }

    /// When what is too old is removed.
    pub(super) fn retention_schedule(&self) -> Result<CronSchedule, Fault> {
        CronSchedule::parse(&self.settings.scheduler.retention, self.settings.timezone)
            .map_err(|error| Fault::new(FaultKind::Misconfigured, "scheduler.retention").with_cause(error))
    }

    /// The daily jobs of the daemon, and the loops that wait for them.
    pub(in crate::app) fn retention_jobs(
        self: &Arc<Self>,
        stop: &CancellationToken,
    ) -> Result<Vec<(CronJob, BoxFuture<'static, ()>)>, Fault> {
        let schedule = self.retention_schedule()?;
        let job = |kept: Kept| {
            let trigger = Arc::new(Trigger::new(kept.key.clone()));
            let ring = CronJob { schedule: schedule.clone(), trigger: trigger.clone() };
            let (app, stop) = (self.clone(), stop.clone());
            let wait = async move {
                let work = || app.clone().expire_by_and_by(kept.clone(), stop.clone());
                run_on_trigger(&trigger, stop.clone(), work).await;
            };
            (ring, Box::pin(wait) as BoxFuture<'static, ()>)
        };
        Ok(self.kept(&[]).into_iter().filter(|kept| kept.retention.is_some()).map(job).collect())
    }

    /// A day's work, whenever the database lets it be done.
    async fn expire_by_and_by(self: Arc<Self>, kept: Kept, stop: CancellationToken) {
        let (store, clock) = (&self.database.store, self.overrides.clock.as_ref());
        while let Some(order) = kept.order(self.removal_time().await).filter(|_| !stop.is_cancelled()) {
            match self.remover().expire(store, clock, &order, &stop).await {
                // Somebody else's work is as good as ours.
                Ok(_) => return,
                Err(fault) => log_failure(&format!("removing old rows of {}", order.key), &fault),
            }
            tokio::select! {
                () = stop.cancelled() => {}
                () = clock.sleep(RETRY) => {}
            }
        }
    }
}
