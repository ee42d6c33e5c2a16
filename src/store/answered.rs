//! How long an answer of the database is waited for.
//!
//! The server ends a statement after its time-out and says so. A server whose power fails, a firewall that forgets a
//! connection, a pooler that stands still say nothing, and the driver would wait for ever.

use std::time::Duration;

use crate::domain::fault::{Fault, FaultKind};
use crate::store::fault::{StoreError, StoreResult};
use crate::telemetry::failpoint::duration_ordered;

/// Everything but migrations, removals and the repair of a schema takes less, by far: the server gives a statement a
/// minute.
const ANSWER_MAX: Duration = Duration::from_secs(600);

/// What `work` answers; a fault that says what was being done.
///
/// # Errors
/// Its own, and `DatabaseUnreachable` where no answer comes.
pub(super) async fn answered<T, E: Into<StoreError>>(
    doing: &str,
    work: impl Future<Output = Result<T, E>>,
) -> Result<T, Fault> {
    in_time(doing, async { work.await.map_err(Into::into) }).await.map_err(|error| error.during(doing))
}

/// The same below the port, for who has to close a connection on which no answer came.
pub(super) async fn in_time<T>(doing: &str, work: impl Future<Output = StoreResult<T>>) -> StoreResult<T> {
    let limit = duration_ordered("database.answer").unwrap_or(ANSWER_MAX);
    tokio::time::timeout(limit, work).await.unwrap_or_else(|_| {
        Err(StoreError::Fault(Fault::new(
            FaultKind::DatabaseUnreachable,
            format!(
                "{doing}: no answer within {} s on a connection that was open; is the server up, and does a firewall or \
                 a pooler between drop what is silent?",
                limit.as_secs()
            ),
        )))
    })
}
