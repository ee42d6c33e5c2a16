use chrono::{DateTime, Utc};
use chrono_tz::America::New_York;
use tokio::sync::watch;
use tokio::time::timeout;

use super::*;
use crate::domain::stream::{StreamId, StreamKey};
use crate::scheduler::cron::CronSchedule;
use crate::scheduler::delay::Delay;
use crate::scheduler::trigger::Trigger;
use crate::scheduler::{CronJob, Scheduler};

/// Stands still until it is set. tokio-cron-scheduler does not see it: to it, none of these ticks come.
struct ManualClock(watch::Sender<DateTime<Utc>>);

impl ManualClock {
    fn set(&self, now: &str) {
        self.0.send_replace(now.parse().unwrap());
    }
}

#[async_trait::async_trait]
impl Clock for ManualClock {
    fn now(&self) -> DateTime<Utc> {
        *self.0.borrow()
    }

    async fn sleep_until(&self, until: DateTime<Utc>) {
        self.0.subscribe().wait_for(|now| *now >= until).await.unwrap();
    }
}

/// The night in which New York's clocks go from 02:00 EST to 03:00 EDT, at 07:00 UTC.
fn night() -> (Arc<ManualClock>, CronJob) {
    let clock = Arc::new(ManualClock(watch::Sender::new("2026-03-08T06:59:50Z".parse().unwrap())));
    let key = StreamKey { source: "sobot".into(), stream: StreamId::SOBOT_CALL_RESULT };
    let schedule = CronSchedule::parse("0 0 3 8 3 *", New_York).unwrap();
    (clock, CronJob { schedule, trigger: Arc::new(Trigger::new(key)) })
}

#[tokio::test]
async fn a_tick_that_was_left_out_is_delivered_once() {
    let (clock, job) = night();
    let trigger = job.trigger.clone();
    let stop = CancellationToken::new();
    let scheduler = Scheduler::start(vec![job], Delay::default(), clock.clone(), stop.clone()).await.unwrap();
    // Each minute is a look, before the tick, at it and long after it.
    let mut rings = 0;
    for now in ["06:59:59", "07:00:20", "07:01:00", "07:02:00", "07:03:00", "08:00:00"] {
        clock.set(&format!("2026-03-08T{now}Z"));
        rings += timeout(Duration::from_millis(50), trigger.fired()).await.unwrap_or(0);
    }
    assert_eq!(rings, 1);
    stop.cancel();
    timeout(Duration::from_secs(10), scheduler.stopped()).await.expect("the scheduler did not stop");
}

#[tokio::test]
async fn a_job_is_added_anew_when_the_clocks_change_and_only_then() {
    let (clock, job) = night();
    let scheduler = JobScheduler::new().await.unwrap();
    let ticker = Arc::new(Ticker::new(job, Delay::default(), clock.clone(), CancellationToken::new()));
    let offset = ticker.offset(clock.now());
    let tickers: Arc<[_]> = [ticker].into();
    let id = crate::scheduler::add(&scheduler, &tickers).await.unwrap();
    let mut watched = Watched { offset, tickers, id };

    look_after(&scheduler, &mut watched, clock.as_ref()).await.unwrap();
    assert_eq!((watched.id, watched.offset), (id, -5 * 3600));
    clock.set("2026-03-08T07:00:00Z");
    look_after(&scheduler, &mut watched, clock.as_ref()).await.unwrap();
    assert_ne!(watched.id, id);
    assert_eq!(watched.offset, -4 * 3600);
    let renewed = watched.id;
    look_after(&scheduler, &mut watched, clock.as_ref()).await.unwrap();
    assert_eq!(watched.id, renewed);
}

#[test]
fn ticks_come_again_after_a_clock_that_was_days_ahead_was_set_right() {
    let (clock, job) = night();
    clock.set("2026-03-10T00:00:00Z");
    let ticker = Ticker::new(job, Delay::default(), clock.clone(), CancellationToken::new());
    for (now, behind) in [("06:59:50", false), ("07:00:20", true)] {
        clock.set(&format!("2026-03-08T{now}Z"));
        assert_eq!(ticker.is_behind(clock.now() - GRACE), behind, "{now}");
    }
}
