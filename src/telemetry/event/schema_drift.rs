//! What a vendor sends that its documents do not say.

use metrics::counter;

use super::labels;
use crate::domain::stream::StreamKey;
use crate::domain::vendor::drift::DriftKind;
use crate::telemetry::metric;

/// A departure from the documents was recorded, for the first time.
#[derive(Debug)]
pub struct SchemaDrifted<'a> {
    /// The stream.
    pub key: &'a StreamKey,
    /// What kind.
    pub kind: DriftKind,
    /// What departs how, without values.
    pub sentence: &'a str,
}

impl SchemaDrifted<'_> {
    /// Writes it down.
    pub fn emit(self) {
        let (kind, remedy) = (self.kind.as_str(), self.kind.remedy().english());
        counter!(metric::SCHEMA_DRIFT, labels(self.key, &[(metric::KIND, kind)])).increment(1);
        tracing::warn!(
            target: "ccsync",
            source = %self.key.source,
            stream = %self.key.stream,
            drift.kind = kind,
            remedy,
            "{} departs from its document ({kind}): {}; {remedy}; see docs/runbook.md#schema_drift",
            self.key,
            self.sentence,
        );
    }
}
