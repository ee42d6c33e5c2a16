//! What happens at a tick.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio_util::sync::CancellationToken;

use crate::engine::port::clock::Clock;
use crate::scheduler::CronJob;
use crate::scheduler::cron::CronSchedule;
use crate::scheduler::delay::Delay;
use crate::telemetry::event::TickMissed;

/// More missed ticks than this are not told apart.
const MISSED_MAX: u64 = 1_000;

/// The clock may step back by less without that ticks come twice.
const STEP_BACK_MIN: chrono::Duration = chrono::Duration::minutes(1);

/// Ticks after the present were served by a clock that was ahead: they are to come still.
fn go_back(served: &mut DateTime<Utc>, now: DateTime<Utc>) {
    if now + STEP_BACK_MIN < *served {
        *served = now;
    }
}

/// Serves the ticks of one job, from wherever they come.
pub(super) struct Ticker {
    job: CronJob,
    delay: Delay,
    clock: Arc<dyn Clock>,
    stop: CancellationToken,
    /// Ticks up to here were served.
    served: Mutex<DateTime<Utc>>,
}

impl Ticker {
    pub(super) fn new(job: CronJob, delay: Delay, clock: Arc<dyn Clock>, stop: CancellationToken) -> Ticker {
        let served = Mutex::new(clock.now());
        Ticker { job, delay, clock, stop, served }
    }

    pub(super) fn schedule(&self) -> &CronSchedule {
        &self.job.schedule
    }

    /// Seconds east of UTC at `now`, where the schedule is.
    pub(super) fn offset(&self, now: DateTime<Utc>) -> i32 {
        self.job.schedule.offset(now)
    }

    /// Serves a tick: waits for the stream's delay, then rings.
    pub(super) async fn tick(&self) {
        let due = self.serve();
        if due > 1 {
            TickMissed { key: self.job.trigger.key(), missed: due - 1 }.emit();
        }
        let wait = self.delay.draw(self.job.trigger.key(), self.period());
        tokio::select! {
            biased;
            () = self.stop.cancelled() => {}
            () = self.clock.sleep(wait) => self.job.trigger.fire(),
        }
    }

    /// Whether a tick was due before `limit` that nobody served.
    pub(super) fn is_behind(&self, limit: DateTime<Utc>) -> bool {
        let served = {
            let mut served = self.served.lock().unwrap_or_else(PoisonError::into_inner);
            go_back(&mut served, limit);
            *served
        };
        self.job.schedule.last_tick(limit).is_some_and(|tick| tick > served)
    }

    /// Marks all ticks up to now as served and returns how many they were.
    fn serve(&self) -> u64 {
        let now = self.clock.now();
        let mut served = self.served.lock().unwrap_or_else(PoisonError::into_inner);
        go_back(&mut served, now);
        let due = self.job.schedule.ticks_between(*served, now, MISSED_MAX);
        *served = now.max(*served);
        due
    }

    /// The time from the last tick to the next one.
    fn period(&self) -> Duration {
        let (schedule, now) = (&self.job.schedule, self.clock.now());
        let ticks = schedule.last_tick(now).zip(schedule.next_tick(now));
        ticks.and_then(|(last, next)| (next - last).to_std().ok()).unwrap_or(Duration::MAX)
    }
}
