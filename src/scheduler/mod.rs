//! When passes run. A tick carries no data: it only says that it may be worth looking at the ledger,
//! which knows what is due. So a missed tick costs nothing, two ticks at once are one, and the start of
//! the daemon is a tick like any other.
//!
//! tokio-cron-scheduler is the trigger and nothing more. What was found in it (0.15.1), and what stands
//! against it here:
//! - it tells its ticks through a channel that drops what is too much at once: streams with one schedule share a job;
//! - a slow job overlaps with itself: [`single_flight`] runs one pass at a time;
//! - ticks that pass during a stall are gone, and it keeps the UTC offset of the moment in which a job was
//!   added, so that after a change of the clocks it fires an hour off: `watch` delivers what it left
//!   out and adds the jobs anew when the offset changes;
//! - its shutdown leaves bodies running: ours only wait for their delay, and the stop token ends that.

pub mod cron;
pub mod delay;
pub mod single_flight;
mod tick;
pub mod trigger;
mod watch;

use std::collections::HashMap;
use std::sync::Arc;

use tokio_cron_scheduler::{Job, JobScheduler, JobSchedulerError};
use tokio_util::sync::CancellationToken;

use crate::engine::port::clock::Clock;
use crate::scheduler::cron::CronSchedule;
use crate::scheduler::delay::Delay;
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
    /// Starts to tick. Each tick waits for its stream's delay, so that streams and hosts with the same schedule don't
    /// reach the vendor in the same second, and then fires the job's trigger. Ends when `stop` is cancelled.
    ///
    /// # Errors
    /// When tokio-cron-scheduler refuses a job.
    pub async fn start(
        jobs: Vec<CronJob>,
        delay: Delay,
        clock: Arc<dyn Clock>,
        stop: CancellationToken,
    ) -> Result<Scheduler, SchedulerError> {
        let scheduler = JobScheduler::new().await?;
        let mut shared: Vec<Vec<Arc<Ticker>>> = Vec::new();
        let mut places = HashMap::new();
        for job in jobs {
            let name = (job.schedule.expression().to_owned(), job.schedule.zone());
            let ticker = Arc::new(Ticker::new(job, delay, clock.clone(), stop.clone()));
            let place = *places.entry(name).or_insert(shared.len());
            match shared.get_mut(place) {
                Some(tickers) => tickers.push(ticker),
                None => shared.push(vec![ticker]),
            }
        }
        let mut watched = Vec::with_capacity(shared.len());
        for tickers in shared {
            let Some(offset) = tickers.first().map(|ticker| ticker.offset(clock.now())) else { continue };
            let tickers: Arc<[Arc<Ticker>]> = tickers.into();
            let id = add(&scheduler, &tickers).await?;
            watched.push(watch::Watched { offset, tickers, id });
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

/// One job for all that have this schedule.
async fn add(scheduler: &JobScheduler, tickers: &Arc<[Arc<Ticker>]>) -> Result<uuid::Uuid, SchedulerError> {
    let schedule =
        tickers.first().map(|ticker| ticker.schedule().clone()).ok_or(JobSchedulerError::CantAdd)?;
    let ticked = tickers.clone();
    let job = Job::new_async_tz(schedule.expression(), schedule.zone(), move |_, _| {
        // Each on its own, since it waits for its delay.
        for ticker in ticked.iter() {
            let ticker = ticker.clone();
            tokio::spawn(async move { ticker.tick().await });
        }
        Box::pin(async {})
    })?;
    Ok(scheduler.add(job).await?)
}
