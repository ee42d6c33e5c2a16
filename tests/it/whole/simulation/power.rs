//! The power of one process: it can fail at any call, and the process can stand still for a while.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use ccsync::engine::port::clock::Clock;
use chrono::{DateTime, Utc};
use tokio_util::sync::CancellationToken;

use super::timeline::Timeline;

/// Of one life of one worker.
pub struct Power {
    timeline: Arc<Timeline>,
    /// Cancelled when it failed; nothing of this life goes on then.
    pub off: CancellationToken,
    state: Mutex<State>,
}

struct State {
    /// Gates passed until it fails; `None`: it does not by itself.
    left: Option<u32>,
    paused_until: DateTime<Utc>,
}

impl Power {
    pub fn new(timeline: Arc<Timeline>, left: Option<u32>) -> Arc<Power> {
        let state = State { left, paused_until: timeline.now() };
        Arc::new(Power { timeline, off: CancellationToken::new(), state: Mutex::new(state) })
    }

    /// Each call to the outside passes here before its effect and after it, and each sleep at its end:
    /// between two gates a process does nothing that anybody else could see.
    pub async fn gate(&self) {
        self.count();
        loop {
            if self.off.is_cancelled() {
                std::future::pending::<()>().await;
            }
            let until = self.state.lock().unwrap().paused_until;
            if until <= self.timeline.now() {
                return;
            }
            self.timeline.sleep_until(until).await;
        }
    }

    fn count(&self) {
        let mut state = self.state.lock().unwrap();
        if let Some(left) = &mut state.left {
            *left = left.saturating_sub(1);
            if *left == 0 {
                self.off.cancel();
            }
        }
    }

    pub fn fail(&self) {
        self.off.cancel();
    }

    /// The process stands still from here on.
    pub fn pause(&self, length: Duration) {
        let until = self.timeline.now() + length;
        let mut state = self.state.lock().unwrap();
        state.paused_until = until.max(state.paused_until);
    }
}

/// The clock of a process.
pub struct WorkerClock {
    pub timeline: Arc<Timeline>,
    pub power: Arc<Power>,
}

#[async_trait]
impl Clock for WorkerClock {
    fn now(&self) -> DateTime<Utc> {
        self.timeline.now()
    }

    async fn sleep_until(&self, until: DateTime<Utc>) {
        self.timeline.sleep_until(until).await;
        self.power.gate().await;
    }
}

/// The clock of the database: it is not the workers'.
pub struct DatabaseClock {
    pub timeline: Arc<Timeline>,
    pub ahead: chrono::Duration,
}

#[async_trait]
impl Clock for DatabaseClock {
    fn now(&self) -> DateTime<Utc> {
        self.timeline.now() + self.ahead
    }

    async fn sleep_until(&self, until: DateTime<Utc>) {
        self.timeline.sleep_until(until - self.ahead).await;
    }
}
