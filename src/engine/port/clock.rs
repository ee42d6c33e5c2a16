//! Time as a dependency.

use std::sync::LazyLock;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use crate::telemetry::failpoint;

/// The time, and waiting. Nothing else in the product asks the system for either.
#[async_trait]
pub trait Clock: Send + Sync + 'static {
    /// The present instant: what is stored, planned and compared with the vendors' instants. It may step back, where
    /// it turns out that a clock was ahead.
    fn now(&self) -> DateTime<Utc>;

    /// Time since some instant before. It never goes back and does not follow a clock that is set: pauses, silences
    /// and durations are measured by it. The default suits a clock that nobody sets.
    fn monotonic(&self) -> Duration {
        (self.now() - DateTime::UNIX_EPOCH).to_std().unwrap_or_default()
    }

    /// Whether this is the clock of a host, which may be wrong: others must confirm it
    /// ([`TimeWitness`](crate::engine::plan::present::TimeWitness)).
    fn needs_witness(&self) -> bool {
        false
    }

    /// Returns when `now` has reached `until`, at once if it has.
    async fn sleep_until(&self, until: DateTime<Utc>);

    /// Returns after `length`.
    async fn sleep(&self, length: Duration) {
        let length = chrono::Duration::from_std(length).unwrap_or(chrono::Duration::MAX);
        self.sleep_until(self.now().checked_add_signed(length).unwrap_or(DateTime::<Utc>::MAX_UTC)).await;
    }
}

/// What [`SystemClock`] measures from.
static STARTED: LazyLock<Instant> = LazyLock::new(Instant::now);

/// The host's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

#[async_trait]
impl Clock for SystemClock {
    fn now(&self) -> DateTime<Utc> {
        Utc::now() + failpoint::clock_error()
    }

    fn monotonic(&self) -> Duration {
        STARTED.elapsed()
    }

    fn needs_witness(&self) -> bool {
        true
    }

    async fn sleep_until(&self, until: DateTime<Utc>) {
        if let Ok(length) = (until - self.now()).to_std() {
            tokio::time::sleep(length).await;
        }
    }

    async fn sleep(&self, length: Duration) {
        tokio::time::sleep(length).await;
    }
}
