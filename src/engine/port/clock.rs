//! Time as a dependency.

use async_trait::async_trait;
use chrono::{DateTime, Utc};

/// The time, and waiting. Nothing else in the product asks the system for either.
#[async_trait]
pub trait Clock: Send + Sync + 'static {
    /// The present instant.
    fn now(&self) -> DateTime<Utc>;

    /// Returns when `now` has reached `until`, at once if it has.
    async fn sleep_until(&self, until: DateTime<Utc>);

    /// Returns after `length`.
    async fn sleep(&self, length: std::time::Duration) {
        let length = chrono::Duration::from_std(length).unwrap_or(chrono::Duration::MAX);
        self.sleep_until(self.now().checked_add_signed(length).unwrap_or(DateTime::<Utc>::MAX_UTC)).await;
    }
}

/// The system's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

#[async_trait]
impl Clock for SystemClock {
    fn now(&self) -> DateTime<Utc> {
        Utc::now()
    }

    async fn sleep_until(&self, until: DateTime<Utc>) {
        if let Ok(length) = (until - Utc::now()).to_std() {
            tokio::time::sleep(length).await;
        }
    }
}
