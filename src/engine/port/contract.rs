//! What vendors send that their documents do not say.

use async_trait::async_trait;

use crate::domain::drift::DriftEntry;
use crate::domain::fault::Fault;

/// The departures that [`Store::commit`] recorded.
///
/// [`Store::commit`]: crate::engine::port::store::Store::commit
#[async_trait]
pub trait ContractLog: Send + Sync {
    /// All of them, the newest first.
    ///
    /// # Errors
    /// Database faults.
    async fn drifts(&self) -> Result<Vec<DriftEntry>, Fault>;
}
