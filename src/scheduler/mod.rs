//! When passes run. A tick carries no data: it only says that it may be worth looking at the ledger,
//! which knows what is due. So a missed tick costs nothing, two ticks at once are one, and the start of
//! the daemon is a tick like any other.
//!
//! tokio-cron-scheduler is the trigger and nothing more. What was found in it (0.15.1), and what stands
//! against it here:
//! - a slow job overlaps with itself: [`single_flight`] runs one pass at a time;
//! - ticks that pass during a stall are gone, and it keeps the UTC offset of the moment in which a job was
//!   added, so that after a change of the clocks it fires an hour off: `watch` delivers what it left
//!   out and adds the jobs anew when the offset changes;
//! - its shutdown leaves bodies running: ours only wait for the jitter, and the stop token ends that.

pub mod cron;
pub mod single_flight;
mod tick;
pub mod trigger;
mod watch;

use std::sync::Arc;
use std::time::Duration;

use tokio_cron_scheduler::{Job, JobScheduler, JobSchedulerError};
use tokio_util::sync::CancellationToken;

use crate::engine::port::clock::Clock;
use crate::scheduler::cron::CronSchedule;
use crate::scheduler::tick::Ticker;
use crate::scheduler::trigger::Trigger;

/// One stream's schedule, and what to pull when it ticks.
#[derive(Debug, Clone)]
pub struct CronJob {
    /// When.
    pub schedule: CronSchedule,
    /// What is told; it knows its stream.
    pub trigger: Arc<Trigger>,
}

/// tokio-cron-scheduler refused; the schedules themselves were parsed before.
#[derive(Debug, thiserror::Error)]
#[error("the scheduler could not be started")]
pub struct SchedulerError(#[from] JobSchedulerError);

/// The running scheduler.
#[derive(Debug)]
pub struct Scheduler {
    watch: tokio::task::JoinHandle<()>,
}

impl Scheduler {
    /// Starts to tick. Each tick waits for a random time below `jitter`, so that streams and hosts with
    /// the same schedule don't reach the vendor in the same second, and then fires the job's trigger.
    /// Ends when `stop` is cancelled.
    ///
    /// # Errors
    /// When tokio-cron-scheduler refuses a job.
    pub async fn start(
        jobs: Vec<CronJob>,
        jitter: Duration,
        clock: Arc<dyn Clock>,
        stop: CancellationToken,
    ) -> Result<Scheduler, SchedulerError> {
        let scheduler = JobScheduler::new().await?;
        let mut watched = Vec::with_capacity(jobs.len());
        for job in jobs {
            let ticker = Arc::new(Ticker::new(job, jitter, clock.clone(), stop.clone()));
            let id = add(&scheduler, &ticker).await?;
            watched.push(watch::Watched { offset: ticker.offset(clock.now()), ticker, id });
        }
        scheduler.start().await?;
        let watch = tokio::spawn(watch::run(scheduler, watched, clock, stop));
        Ok(Scheduler { watch })
    }

    /// Returns when the stop token has ended it.
    pub async fn stopped(self) {
        // A panic in the watch was told by the panic hook; there is nothing left to stop.
        let _ = self.watch.await;
    }
}

async fn add(scheduler: &JobScheduler, ticker: &Arc<Ticker>) -> Result<uuid::Uuid, JobSchedulerError> {
    let schedule = ticker.schedule();
    let ticked = ticker.clone();
    let job = Job::new_async_tz(schedule.expression(), schedule.zone(), move |_, _| {
        let ticker = ticked.clone();
        Box::pin(async move { ticker.tick().await })
    })?;
    scheduler.add(job).await
}
