//! Looks after tokio-cron-scheduler: delivers the ticks that it left out, and adds its jobs anew when the
//! clocks change, because it computes with the offset of the day on which a job was added.

use std::sync::Arc;
use std::time::Duration;

use tokio_cron_scheduler::JobScheduler;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::engine::port::clock::Clock;
use crate::scheduler::SchedulerError;
use crate::scheduler::tick::Ticker;

/// How often. A tick that was left out comes this much later at most.
const PERIOD: Duration = Duration::from_secs(15);

/// Ticks normally come up to half a second late; younger ones may still be on their way.
const GRACE: chrono::Duration = chrono::Duration::seconds(5);

/// A job under watch.
pub(super) struct Watched {
    /// At least one; all have its schedule.
    pub(super) tickers: Arc<[Arc<Ticker>]>,
    pub(super) id: Uuid,
    /// The zone's offset when the job was added.
    pub(super) offset: i32,
}

/// Watches until `stop`, then shuts the scheduler down.
pub(super) async fn run(
    mut scheduler: JobScheduler,
    mut jobs: Vec<Watched>,
    clock: Arc<dyn Clock>,
    stop: CancellationToken,
) {
    loop {
        tokio::select! {
            biased;
            () = stop.cancelled() => break,
            () = clock.sleep(PERIOD) => {}
        }
        for job in &mut jobs {
            if let Err(error) = look_after(&scheduler, job, clock.as_ref()).await {
                tracing::error!(target: "ccsync", %error, "schedule could not follow the change of the clocks");
            }
        }
    }
    // It only sets a flag; its loop ends within half a second.
    if let Err(error) = scheduler.shutdown().await {
        tracing::debug!(target: "ccsync", %error, "scheduler did not shut down");
    }
}

async fn look_after(
    scheduler: &JobScheduler,
    job: &mut Watched,
    clock: &dyn Clock,
) -> Result<(), SchedulerError> {
    let now = clock.now();
    for ticker in job.tickers.iter().filter(|ticker| ticker.is_behind(now - GRACE)) {
        let ticker = ticker.clone();
        // On its own, since it waits for its delay.
        tokio::spawn(async move { ticker.tick().await });
    }
    let offset = job.tickers.first().map_or(job.offset, |ticker| ticker.offset(now));
    if offset != job.offset {
        // The new one first: should that fail, the old one still ticks, if at the wrong hour, and the
        // next look tries again.
        let id = super::add(scheduler, &job.tickers).await?;
        scheduler.remove(&job.id).await?;
        job.id = id;
        job.offset = offset;
    }
    Ok(())
}

#[cfg(test)]
mod tests;
