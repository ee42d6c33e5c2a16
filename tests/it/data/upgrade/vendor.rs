//! The vendors of the first version's database, on the day of the dump.

use std::sync::Arc;

use ccsync::engine::port::clock::Clock;
use ccsync_simulator::{Now, Simulator, SimulatorConfig};
use chrono::{DateTime, Utc};

use crate::support::harness::simulator;

/// A few hours after the dump was made.
const NOW: &str = "2026-11-22T04:00:00Z";

/// Real time, moved to the day of the dump.
#[derive(Debug, Clone, Copy)]
pub struct DumpClock(chrono::Duration);

impl DumpClock {
    pub fn new() -> DumpClock {
        DumpClock(NOW.parse::<DateTime<Utc>>().unwrap() - Utc::now())
    }
}

#[async_trait::async_trait]
impl Clock for DumpClock {
    fn now(&self) -> DateTime<Utc> {
        Utc::now() + self.0
    }

    async fn sleep_until(&self, until: DateTime<Utc>) {
        tokio::time::sleep((until - self.now()).to_std().unwrap_or_default()).await;
    }
}

/// The vendors that the first version read last.
pub async fn vendors(clock: DumpClock) -> Simulator {
    simulator(SimulatorConfig {
        seed: 7,
        calls: 60,
        chats: 60,
        groups: 4,
        agents: 12,
        data_start: "2026-11-14".parse().unwrap(),
        data_end: "2026-11-21".parse().unwrap(),
        now: Now(Arc::new(move || clock.now())),
        ..SimulatorConfig::default()
    })
    .await
}
