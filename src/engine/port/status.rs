//! The read side, for people and probes.

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use crate::domain::fault::Fault;
use crate::domain::stream::StreamKey;
use crate::report::status::StatusReport;
use crate::report::status::window::WindowReport;

/// The read side for status page, command and health checks.
#[async_trait]
pub trait StatusRead: Send + Sync {
    /// The whole state in one consistent snapshot, cheap enough to ask every few seconds.
    ///
    /// # Errors
    /// Database faults.
    async fn status(&self, now: DateTime<Utc>) -> Result<StatusReport, Fault>;

    /// What is known of the window of a stream that begins at `start`, or of a snapshot (`None`); `None` where the
    /// ledger has no such thing. The failure's remedy is left empty.
    ///
    /// # Errors
    /// Database faults.
    async fn window(
        &self,
        key: &StreamKey,
        start: Option<DateTime<Utc>>,
        now: DateTime<Utc>,
    ) -> Result<Option<WindowReport>, Fault>;

    /// Whether the database answers, and has the schema that this program knows: a newer one may have migrated it meanwhile.
    ///
    /// # Errors
    /// Database faults.
    async fn ready(&self) -> Result<(), Fault>;
}
