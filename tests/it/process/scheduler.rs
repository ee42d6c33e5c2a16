//! Ticks and passes, on the real clock, with bounded waits.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use ccsync::domain::stream::{StreamId, StreamKey};
use ccsync::engine::port::clock::SystemClock;
use ccsync::scheduler::cron::CronSchedule;
use ccsync::scheduler::delay::Delay;
use ccsync::scheduler::single_flight::run_on_trigger;
use ccsync::scheduler::trigger::Trigger;
use ccsync::scheduler::{CronJob, Scheduler};
use tokio::sync::{Semaphore, mpsc};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

const TIMEOUT: Duration = Duration::from_secs(20);

fn trigger() -> Arc<Trigger> {
    Arc::new(Trigger::new(StreamKey { source: "sobot".into(), stream: StreamId::SOBOT_CALL_RESULT }))
}

/// A stream's loop whose runs report their start and end and wait in between for a permit.
struct Bench {
    trigger: Arc<Trigger>,
    stop: CancellationToken,
    started: mpsc::UnboundedReceiver<usize>,
    ended: mpsc::UnboundedReceiver<usize>,
    gate: Arc<Semaphore>,
    most_at_once: Arc<AtomicUsize>,
    flight: tokio::task::JoinHandle<()>,
}

impl Bench {
    /// `panics`: numbers of the runs that panic instead of ending.
    fn start(panics: &'static [usize]) -> Bench {
        let (trigger, stop) = (trigger(), CancellationToken::new());
        let (start_sender, started) = mpsc::unbounded_channel();
        let (end_sender, ended) = mpsc::unbounded_channel();
        let gate = Arc::new(Semaphore::new(0));
        let most_at_once = Arc::new(AtomicUsize::new(0));
        let (counted, present) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let work = {
            let (gate, most_at_once) = (gate.clone(), most_at_once.clone());
            move || {
                let (gate, most_at_once, present) = (gate.clone(), most_at_once.clone(), present.clone());
                let (start_sender, end_sender) = (start_sender.clone(), end_sender.clone());
                let number = counted.fetch_add(1, Ordering::SeqCst) + 1;
                async move {
                    let now = present.fetch_add(1, Ordering::SeqCst) + 1;
                    most_at_once.fetch_max(now, Ordering::SeqCst);
                    start_sender.send(number).unwrap();
                    gate.acquire().await.unwrap().forget();
                    present.fetch_sub(1, Ordering::SeqCst);
                    assert!(!panics.contains(&number), "run {number} was told to panic");
                    end_sender.send(number).unwrap();
                }
            }
        };
        let flight = tokio::spawn({
            let (trigger, stop) = (trigger.clone(), stop.clone());
            async move { run_on_trigger(&trigger, stop, work).await }
        });
        Bench { trigger, stop, started, ended, gate, most_at_once, flight }
    }

    async fn wait_started(&mut self) -> usize {
        timeout(TIMEOUT, self.started.recv()).await.expect("no run started").unwrap()
    }

    async fn wait_ended(&mut self) -> usize {
        timeout(TIMEOUT, self.ended.recv()).await.expect("no run ended").unwrap()
    }
}

#[tokio::test]
async fn work_runs_at_the_start_and_triggers_during_a_run_become_one_run_after_it() {
    let mut bench = Bench::start(&[]);
    assert_eq!(bench.wait_started().await, 1);
    for _ in 0..5 {
        bench.trigger.fire();
    }
    bench.gate.add_permits(1);
    assert_eq!(bench.wait_ended().await, 1);
    assert_eq!(bench.wait_started().await, 2);
    bench.gate.add_permits(1);
    assert_eq!(bench.wait_ended().await, 2);

    bench.stop.cancel();
    timeout(TIMEOUT, bench.flight).await.unwrap().unwrap();
    assert!(bench.started.try_recv().is_err(), "five triggers were more than one run");
    assert_eq!(bench.most_at_once.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_panic_ends_its_run_only() {
    let mut bench = Bench::start(&[1]);
    assert_eq!(bench.wait_started().await, 1);
    bench.gate.add_permits(2);
    bench.trigger.fire();
    assert_eq!(bench.wait_started().await, 2);
    assert_eq!(bench.wait_ended().await, 2);
    bench.stop.cancel();
    timeout(TIMEOUT, bench.flight).await.unwrap().unwrap();
}

#[tokio::test]
async fn stop_ends_the_wait_at_once_but_lets_a_run_finish() {
    let mut bench = Bench::start(&[]);
    bench.wait_started().await;
    bench.stop.cancel();
    bench.trigger.fire();
    assert!(timeout(Duration::from_millis(50), &mut bench.flight).await.is_err(), "left a run behind");
    bench.gate.add_permits(1);
    bench.wait_ended().await;
    timeout(TIMEOUT, bench.flight).await.unwrap().unwrap();

    let mut idle = Bench::start(&[]);
    idle.gate.add_permits(1);
    idle.wait_ended().await;
    idle.stop.cancel();
    timeout(TIMEOUT, idle.flight).await.unwrap().unwrap();
}

#[tokio::test]
async fn each_second_rings_until_the_scheduler_is_stopped() {
    let (trigger, stop) = (trigger(), CancellationToken::new());
    let schedule = CronSchedule::parse("* * * * * *", chrono_tz::Asia::Shanghai).unwrap();
    let jobs = vec![CronJob { schedule, trigger: trigger.clone() }];
    let delay = Delay { jitter: Duration::from_millis(20), ..Delay::default() };
    let scheduler = Scheduler::start(jobs, delay, Arc::new(SystemClock), stop.clone()).await.unwrap();
    for _ in 0..2 {
        assert!(timeout(TIMEOUT, trigger.fired()).await.expect("no tick") >= 1);
    }
    stop.cancel();
    timeout(TIMEOUT, scheduler.stopped()).await.expect("the scheduler did not stop");
}

#[tokio::test]
async fn a_thousand_streams_with_one_schedule_all_hear_each_tick() {
    let stop = CancellationToken::new();
    let key = |number: usize| StreamKey {
        source: format!("account-{number}"),
        stream: StreamId::SOBOT_CALL_RESULT,
    };
    let triggers: Vec<_> = (0..1_000).map(|number| Arc::new(Trigger::new(key(number)))).collect();
    let schedule = CronSchedule::parse("* * * * * *", chrono_tz::Asia::Shanghai).unwrap();
    let job = |trigger: &Arc<Trigger>| CronJob { schedule: schedule.clone(), trigger: trigger.clone() };
    let jobs = triggers.iter().map(job).collect();
    let scheduler =
        Scheduler::start(jobs, Delay::default(), Arc::new(SystemClock), stop.clone()).await.unwrap();
    for _ in 0..3 {
        for trigger in &triggers {
            // What rang more than once meanwhile was a tick of its own, and none was lost.
            assert!(timeout(TIMEOUT, trigger.fired()).await.expect("a tick was lost") >= 1);
        }
    }
    stop.cancel();
    timeout(TIMEOUT, scheduler.stopped()).await.expect("the scheduler did not stop");
}

/// Settings are read with the same parser, so that only a program can bring it about.
#[tokio::test]
async fn a_schedule_that_is_none_is_the_settings_fault_and_not_the_vendors() {
    let db = crate::support::db::TestDb::create().await;
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("ccsync.toml");
    let database = format!("url = {:?}", db.url());
    let text = crate::support::process::configuration("http://127.0.0.1:9", &database, "2026-03-01");
    std::fs::write(&file, text).unwrap();
    let mut settings = ccsync::config::load(Some(&file), Vec::new(), chrono::Utc::now()).unwrap();
    settings.sources[0].streams[0].schedule = "whenever".to_owned();
    let Err(fault) = ccsync::app::App::build(settings, ccsync::app::Overrides::default()).await else {
        panic!("it was taken")
    };
    assert_eq!(fault.kind, ccsync::domain::fault::FaultKind::Misconfigured);
    assert!(fault.chain().contains(": schedule: "), "{}", fault.chain());
    let advice = fault.kind.advice(ccsync::report::language::Language::En);
    assert!(advice.contains("`ccsync config`") && !advice.contains("vendor"), "{advice}");
}
