//! One daemon after another in one place: it starts, follows its schedules, is killed or stopped, and
//! starts again.

use std::sync::Arc;
use std::time::Duration;

use ccsync::domain::proof::run::Trigger as RunTrigger;
use ccsync::domain::proof::window::WindowGrid;
use ccsync::domain::row::share::Share;
use ccsync::domain::stream::{StreamId, StreamKey, StreamKind};
use ccsync::domain::vendor::page;
use ccsync::engine::pass::page_size::PageSize;
use ccsync::engine::pass::progress::ProgressTable;
use ccsync::engine::pass::reader::{PassConfig, PassOrder, ReadPolicy, StreamReader};
use ccsync::engine::plan::planner::WindowPolicy;
use ccsync::engine::port::budget::BudgetKey;
use ccsync::engine::port::clock::Clock;
use ccsync::engine::read::ReadRules;
use ccsync::engine::read::fetch::RetryConfig;
use ccsync::engine::read::row_buffer::RowBuffer;
use ccsync::engine::read::walk::WalkConfig;
use ccsync::scheduler::cron::CronSchedule;
use ccsync::scheduler::single_flight::run_on_trigger;
use ccsync::scheduler::trigger::Trigger;
use chrono_tz::Asia::Shanghai;
use futures::future::BoxFuture;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::database::{Database, Line};
use super::plan::{Plan, Totals};
use super::power::{Power, WorkerClock};
use super::rng::Rng;
use super::timeline::Timeline;
use super::trace::Trace;
use super::vendor::{Endpoints, Vendor};
use super::watch::Watch;
use crate::support::memory::MemoryStore;

/// What all workers share.
pub struct Shop {
    pub plan: Plan,
    pub timeline: Arc<Timeline>,
    pub store: Arc<MemoryStore>,
    pub line: Arc<Line>,
    pub endpoints: Endpoints,
    pub watch: Arc<Watch>,
    pub trace: Arc<Trace>,
}

/// The limit of an endpoint.
pub fn budget_key(plan: &Plan, stream: StreamId) -> BudgetKey {
    BudgetKey { name: format!("{stream}@simulated"), per_minute: plan.per_minute }
}

impl Shop {
    /// Lives one daemon after another until it is dropped.
    pub async fn work(self: Arc<Self>, number: usize) {
        let mut rng = Rng::new(self.plan.seed, 400 + number as u64);
        // They do not all start at once.
        self.timeline.sleep(rng.wait(Duration::from_secs(1), Duration::from_secs(86_400))).await;
        for life in 0.. {
            let now = self.timeline.now();
            let mortal = self.plan.is_stormy(now) && rng.chance(self.plan.failures.kill);
            let calls = mortal.then(|| {
                u32::try_from(rng.wait(Duration::from_secs(5), Duration::from_secs(9000)).as_secs()).unwrap()
            });
            let power = Power::new(self.timeline.clone(), calls);
            let worker = Uuid::from_u128((number as u128) << 64 | life);
            self.trace.note(now, || format!("worker {number}: starts, ends after {calls:?} calls"));
            self.live(number, worker, &power, &mut rng).await;
            self.trace.note(self.timeline.now(), || format!("worker {number}: is gone"));
            self.timeline.sleep(rng.wait(Duration::from_secs(1), Duration::from_secs(4 * 3600))).await;
        }
    }

    /// One life.
    async fn live(&self, number: usize, worker: Uuid, power: &Arc<Power>, rng: &mut Rng) {
        let stop = CancellationToken::new();
        let daemon = self.daemon(number, worker, power, &stop);
        tokio::pin!(daemon);
        let old_age = rng.wait(Duration::from_secs(3600), Duration::from_secs(20 * 86_400));
        let polite = rng.chance(0.5);
        let idle = rng.wait(Duration::from_secs(600), Duration::from_secs(10 * 86_400));
        let stalls = self.stall(power, idle, rng.wait(Duration::from_secs(5), Duration::from_secs(3600)));
        tokio::select! {
            biased;
            () = power.off.cancelled() => self.watch.count(|tally| tally.kills += 1),
            () = &mut daemon => {}
            () = stalls => {}
            () = self.timeline.sleep(old_age) => {
                if polite {
                    stop.cancel();
                    let grace = self.timeline.sleep(Duration::from_secs(30));
                    tokio::select! {
                        biased;
                        () = power.off.cancelled() => {}
                        () = &mut daemon => {}
                        () = grace => {}
                    }
                }
                power.fail();
            }
        }
    }

    /// The process stands still once, wherever it is. Does not end.
    async fn stall(&self, power: &Power, after: Duration, length: Duration) {
        self.timeline.sleep(after).await;
        if self.plan.is_stormy(self.timeline.now()) && 0.0 < self.plan.failures.pause {
            self.watch.count(|tally| tally.pauses += 1);
            power.pause(length);
        }
        std::future::pending::<()>().await;
    }

    /// As `App::run` does it: a loop for each stream, and somebody who rings.
    async fn daemon(&self, number: usize, worker: Uuid, power: &Arc<Power>, stop: &CancellationToken) {
        let loops = self.plan.streams.iter().map(|key| {
            let schedule = CronSchedule::parse(&self.plan.schedule, Shanghai).unwrap();
            let clock: Arc<dyn Clock> =
                Arc::new(WorkerClock { timeline: self.timeline.clone(), power: power.clone() });
            let reader = Arc::new(self.reader(key, number, worker, power, clock.clone()));
            let trigger = Trigger::new(key.clone());
            let pass =
                scheduled_pass(reader, schedule.clone(), clock.clone(), stop.clone(), self.watch.clone());
            let stop = stop.clone();
            async move {
                tokio::select! {
                    biased;
                    () = run_on_trigger(&trigger, stop, pass) => {}
                    () = ring(&trigger, &schedule, clock.as_ref()) => {}
                }
            }
        });
        futures::future::join_all(loops).await;
    }

    fn reader(
        &self,
        key: &StreamKey,
        number: usize,
        worker: Uuid,
        power: &Arc<Power>,
        clock: Arc<dyn Clock>,
    ) -> StreamReader {
        let plan = &self.plan;
        let database = Arc::new(Database {
            store: self.store.clone(),
            line: self.line.clone(),
            timeline: self.timeline.clone(),
            power: power.clone(),
            watch: self.watch.clone(),
            trace: self.trace.clone(),
            worker: number,
        });
        let endpoint = self.endpoints[&key.stream].clone();
        let source = Vendor { endpoint, timeline: self.timeline.clone(), power: power.clone() };
        let page_size = config(plan, key).walk.page_size;
        StreamReader {
            key: key.clone(),
            source: Arc::new(source),
            store: database.clone(),
            budget: database,
            budget_key: budget_key(plan, key.stream),
            clock,
            worker,
            policy: policy(plan, key),
            page_log: None,
            page_size: PageSize::between(page_size, page_size, 8 * page_size),
            row_buffer: RowBuffer::new(1 << 20),
            progress: ProgressTable::default(),
            config: config(plan, key),
        }
    }
}

fn policy(plan: &Plan, key: &StreamKey) -> ReadPolicy {
    if key.stream.kind() == StreamKind::Snapshot {
        return ReadPolicy::Snapshot;
    }
    let origin = plan.begin.with_timezone(&Shanghai).date_naive();
    ReadPolicy::Windows(WindowPolicy {
        start: plan.begin,
        grid: WindowGrid::new(origin, plan.window, Shanghai),
        lookback: plan.lookback,
        settle: plan.settle,
        reread_every: plan.reread_every,
        missed_revisions_max: 0.0,
        reread_requests_per_day: None,
        retention: None,
    })
}

fn config(plan: &Plan, key: &StreamKey) -> PassConfig {
    let splits = key.stream == StreamId::SOBOT_CALL_RESULT;
    PassConfig {
        lease: plan.lease,
        retry: RetryConfig {
            tries_max: 5,
            base: Duration::from_millis(250),
            max: Duration::from_secs(10),
            first_contact: Duration::from_secs(4),
        },
        walk: WalkConfig {
            page_size: plan.page_size,
            page_size_max: if splits { 500 } else { plan.page_size },
            pages_max: 1000,
            rows_max: splits.then_some(plan.rows_max),
            doubles: false,
            follow: false,
            totals: match plan.readings.totals {
                Totals::Ignored => page::Totals::Ignore,
                _ => page::Totals::Trust,
            },
            to_the_end: false,
            result_cap: plan.readings.cap.filter(|_| splits).map(|cap| u64::from(cap.elements)),
        },
        persist_pages_slower_than: Duration::ZERO,
        max_concurrent_windows: 3,
        rules: ReadRules { walks_max: 6, reread_at_once: true, keys_only: key.stream.is_point_in_time },
        absence_max: absence_max(),
    }
}

/// Share of a scope's rows that may be missing at once before a person has to decide.
pub fn absence_max() -> Share {
    Share::percent(5)
}

/// Rings at each tick. The crate that rings in production keeps real time.
async fn ring(trigger: &Trigger, schedule: &CronSchedule, clock: &dyn Clock) {
    while let Some(tick) = schedule.next_tick(clock.now()) {
        clock.sleep_until(tick).await;
        trigger.fire();
    }
}

/// The pass that the daemon makes at each ring.
fn scheduled_pass(
    reader: Arc<StreamReader>,
    schedule: CronSchedule,
    clock: Arc<dyn Clock>,
    stop: CancellationToken,
    watch: Arc<Watch>,
) -> impl FnMut() -> BoxFuture<'static, ()> {
    move || {
        let (reader, stop, watch) = (reader.clone(), stop.clone(), watch.clone());
        let now = clock.now();
        let order = PassOrder {
            trigger: RunTrigger::Schedule,
            due_since: schedule.last_tick(now).unwrap_or(now),
            until: schedule.next_tick(now),
            range: None,
            wait_for_others: true,
        };
        Box::pin(async move {
            let _guard = PanicGuard(watch);
            // A database that is away is told and the next tick tries again.
            let _ = reader.pass(&order, &stop).await;
        })
    }
}

/// The loop goes on after a panic; the trial does not overlook it.
struct PanicGuard(Arc<Watch>);

impl Drop for PanicGuard {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.breach("a pass panicked".to_owned());
        }
    }
}
