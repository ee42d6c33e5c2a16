//! What the parts of a running simulator share.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio_util::sync::CancellationToken;

use crate::answer::limit::Limits;
use crate::disturbance::fault_rate::FaultDeck;
use crate::disturbance::switchboard::Switches;
use crate::disturbance::switches::DateHeader;
use crate::service::config::SimulatorConfig;
use crate::service::journal::Journal;
use crate::sobot::token::Tokens;
use crate::vendor::change::Change;
use crate::vendor::change_rate::{ChangeKind, ChangeRates};
use crate::vendor::world::World;
use crate::workbench::Monitor;

/// How often changes by themselves are made.
const TICK: Duration = Duration::from_millis(100);

/// One lock per concern, never held across an await and never two at once,
/// except the world's, which is taken last.
#[derive(Debug)]
pub(crate) struct State {
    pub(crate) config: SimulatorConfig,
    pub(crate) world: Mutex<World>,
    pub(crate) switches: Mutex<Switches>,
    pub(crate) faults: Mutex<FaultDeck>,
    pub(crate) changes: Mutex<ChangeRates>,
    pub(crate) journal: Mutex<Journal>,
    pub(crate) limits: Mutex<Limits>,
    pub(crate) tokens: Mutex<Tokens>,
    pub(crate) monitor: Mutex<Monitor>,
    pub(crate) stop: CancellationToken,
    started_at: DateTime<Utc>,
    /// Answers given, for a `Date` that is strange now and then.
    answers: AtomicU64,
}

/// A lock that outlives a panic of its holder: a test that fails must not make
/// every later request fail too.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl State {
    /// What an answer's `Date` says, where it says anything.
    pub(crate) fn date_header(&self) -> Option<DateTime<Utc>> {
        let (now, hours) = (self.now(), chrono::Duration::hours);
        match self.switches().date_header {
            DateHeader::Right => Some(now),
            DateHeader::BeijingAsGmt => Some(now + hours(8)),
            DateHeader::EightHoursBehind => Some(now - hours(8)),
            DateHeader::StandsStill => Some(self.started_at - hours(1)),
            DateHeader::OneStrange => {
                let strange = self.answers.fetch_add(1, Ordering::Relaxed) % 10 == 2;
                Some(if strange { now - hours(240) } else { now })
            }
            DateHeader::Absent => None,
        }
    }

    pub(crate) fn new(config: SimulatorConfig) -> Arc<Self> {
        Arc::new(Self {
            world: Mutex::new(World::new(&config)),
            switches: Mutex::new(config.switches.clone()),
            faults: Mutex::new(FaultDeck::new(config.faults.clone(), config.seed)),
            changes: Mutex::new(config.changes),
            journal: Mutex::default(),
            limits: Mutex::default(),
            tokens: Mutex::new(Tokens::new(config.seed)),
            monitor: Mutex::new(Monitor::new(
                &config.monitor_agents,
                config.monitor,
                config.seed,
                (config.now.0)(),
            )),
            stop: CancellationToken::new(),
            started_at: (config.now.0)(),
            answers: AtomicU64::default(),
            config,
        })
    }

    pub(crate) fn now(&self) -> DateTime<Utc> {
        (self.config.now.0)()
    }

    pub(crate) fn switches(&self) -> Switches {
        lock(&self.switches).clone()
    }

    pub(crate) fn mutate(&self, change: Change) -> Result<String, String> {
        let switches = self.switches();
        let now_ms = self.now().timestamp_millis();
        lock(&self.world).apply(change, &switches, now_ms)
    }

    /// Waits, unless the simulator stops first.
    pub(crate) async fn pause(&self, wait: Duration) {
        tokio::select! {
            () = tokio::time::sleep(wait) => {}
            () = self.stop.cancelled() => {}
        }
    }

    /// Changes the world at the set rates until the simulator stops.
    pub(crate) async fn keep_changing(self: Arc<Self>) {
        let mut due = [0.0_f64; ChangeKind::ALL.len()];
        while !self.stop.is_cancelled() {
            self.pause(TICK).await;
            let rates = *lock(&self.changes);
            for (kind, due) in ChangeKind::ALL.into_iter().zip(&mut due) {
                // Capped, so that a sleeping machine does not wake to a flood.
                *due = (*due + rates.of(kind) * TICK.as_secs_f64()).min(10_000.0);
                while *due >= 1.0 {
                    *due -= 1.0;
                    // Nothing left to change is not an error here.
                    drop(self.mutate(Change::Random { kind }));
                }
            }
        }
    }
}
