//! What a person decides about rows that vanished in masses.

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use crate::domain::absence::{AbsenceCase, AcceptedAbsence};
use crate::domain::fault::Fault;

/// The alarms of [`Store::commit`], and the one way to say that the rows are truly gone.
///
/// [`Store::commit`]: crate::engine::port::store::Store::commit
#[async_trait]
pub trait AbsenceStore: Send + Sync {
    /// The open alarms, oldest first.
    ///
    /// # Errors
    /// Database faults.
    async fn alarms(&self) -> Result<Vec<AbsenceCase>, Fault>;

    /// Marks deleted what these alarms are about, as far as it is still missing and no other window has it,
    /// with history, and closes them: all in one transaction, or nothing.
    ///
    /// # Errors
    /// `RequestRefused` where a number is not that of an open alarm, and database faults. Nothing is
    /// written then.
    async fn accept(&self, ids: &[i64], now: DateTime<Utc>) -> Result<Vec<AcceptedAbsence>, Fault>;
}
