//! The vendor's limits, shared by all workers.

use std::time::Duration;

use async_trait::async_trait;

use crate::domain::fault::Fault;
use crate::engine::port::clock::Clock;

/// One limit: an account's requests to one endpoint.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct BudgetKey {
    /// `<vendor>:<account>@<host>/<endpoint>`: workers that share the account share the limit, whatever
    /// the operator called the source. No secret.
    pub name: String,
    /// Requests per minute, evenly spaced, so that no minute, fixed or sliding, sees more.
    pub per_minute: u32,
}

/// The answer to a request for a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reservation {
    /// The caller sends after this long, or not at all: nobody else is given the moment.
    Granted(Duration),
    /// The next free moment is too far away to be given to anyone yet: ask again after this long.
    Later(Duration),
}

/// Hands out the right to send requests. Kept in the database: restarts and other workers count too.
#[async_trait]
pub trait Budget: Send + Sync {
    /// Asks for the next free moment. Only moments in the very near future are given away, so that a
    /// process that dies while it waits takes no more than one with it.
    ///
    /// # Errors
    /// Database faults. Without a reservation nothing may be sent.
    async fn reserve(&self, key: &BudgetKey) -> Result<Reservation, Fault>;

    /// The vendor said that there were too many requests: nobody sends for `pause` from now.
    ///
    /// # Errors
    /// Database faults.
    async fn pause(&self, key: &BudgetKey, pause: Duration) -> Result<(), Fault>;

    /// Waits until one request may be sent, and says how long that took.
    ///
    /// # Errors
    /// As [`Budget::reserve`].
    async fn acquire(&self, key: &BudgetKey, clock: &dyn Clock) -> Result<Duration, Fault> {
        let mut waited = Duration::ZERO;
        loop {
            match self.reserve(key).await? {
                Reservation::Granted(wait) => {
                    clock.sleep(wait).await;
                    return Ok(waited + wait);
                }
                Reservation::Later(wait) => {
                    clock.sleep(wait).await;
                    waited += wait;
                }
            }
        }
    }
}
