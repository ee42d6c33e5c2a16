//! The vendor's limits, shared by all workers.

use std::time::Duration;

use async_trait::async_trait;

use crate::domain::fault::Fault;

/// One limit: an account's requests to one endpoint.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct BudgetKey {
    /// `<vendor>:<account>@<host>/<endpoint>`: workers that share the account share the limit, whatever
    /// the operator called the source. No secret.
    pub name: String,
    /// Requests per minute, evenly spaced, so that no minute, fixed or sliding, sees more.
    pub per_minute: u32,
}

/// Hands out the right to send requests. Kept in the database: restarts and other workers count too.
#[async_trait]
pub trait Budget: Send + Sync {
    /// Reserves the next free moment for one request and returns how long to wait for it. The caller
    /// waits, then sends. A reservation that is not used is lost, never handed out twice.
    ///
    /// # Errors
    /// Database faults. Without a reservation nothing may be sent.
    async fn reserve(&self, key: &BudgetKey) -> Result<Duration, Fault>;

    /// The vendor said that there were too many requests: nobody sends for `pause` from now.
    ///
    /// # Errors
    /// Database faults.
    async fn pause(&self, key: &BudgetKey, pause: Duration) -> Result<(), Fault>;
}
