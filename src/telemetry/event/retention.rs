//! What was removed because its time was over, or because a person asked to be forgotten.

use chrono::{DateTime, SecondsFormat, Utc};
use metrics::counter;

use super::labels;
use crate::domain::row::text::counted;
use crate::domain::stream::StreamKey;
use crate::telemetry::metric;

/// All of a stream's rows from before the cut are gone, or as many as there was time for.
#[derive(Debug)]
pub struct RetentionApplied<'a> {
    /// The stream.
    pub key: &'a StreamKey,
    /// What ended by then is not kept.
    pub cut: DateTime<Utc>,
    /// Rows removed, histories and ledger included.
    pub rows: u64,
}

impl RetentionApplied<'_> {
    /// Writes it down.
    pub fn emit(self) {
        counter!(metric::ROWS_EXPIRED, labels(self.key, &[])).increment(self.rows);
        let cut = self.cut.to_rfc3339_opts(SecondsFormat::Secs, true);
        tracing::info!(
            target: "ccsync",
            source = %self.key.source,
            stream = %self.key.stream,
            rows.expired = self.rows,
            cut = %cut,
            "{}: {} from before {cut} removed",
            self.key,
            counted(self.rows, "row")
        );
    }
}
