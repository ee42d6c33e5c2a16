//! How what a vendor sends departs from its documents.
//!
//! A departure is no fault: what has no column is kept in `extra`, what cannot be read is quarantined. It is
//! noticed and told once, because somebody has to decide what it means.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::domain::proof::window::TimeWindow;
use crate::domain::stream::StreamKey;

/// Departures that are kept for one stream; beyond them one entry says that there are more.
pub const DRIFTS_MAX: usize = 200;

/// How something departs from the documents.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DriftKind {
    /// A field that no document names.
    NewField,
    /// A documented field of a type that is known of none of its readings.
    ChangedType,
    /// A value that an enumeration does not name.
    UnknownCode,
    /// A documented field that a whole read lacks.
    MissingField,
    /// A text holds what no database can: bytes that its charset lacks, half of a surrogate pair, or NUL.
    ReplacedText,
    /// An object names a field twice.
    RepeatedField,
    /// A number or a nested document that `jsonb` cannot hold.
    KeptAsText,
    /// An answer declares a charset that nobody knows.
    UnknownCharset,
    /// More departures than are kept.
    TooMany,
}

impl DriftKind {
    /// All of them.
    pub const ALL: [DriftKind; 9] = [
        DriftKind::NewField,
        DriftKind::ChangedType,
        DriftKind::UnknownCode,
        DriftKind::MissingField,
        DriftKind::ReplacedText,
        DriftKind::RepeatedField,
        DriftKind::KeptAsText,
        DriftKind::UnknownCharset,
        DriftKind::TooMany,
    ];

    /// As it is stored, labelled and printed.
    pub fn as_str(self) -> &'static str {
        match self {
            DriftKind::NewField => "new_field",
            DriftKind::ChangedType => "changed_type",
            DriftKind::UnknownCode => "unknown_code",
            DriftKind::MissingField => "missing_field",
            DriftKind::ReplacedText => "replaced_text",
            DriftKind::RepeatedField => "repeated_field",
            DriftKind::KeptAsText => "kept_as_text",
            DriftKind::UnknownCharset => "unknown_charset",
            DriftKind::TooMany => "too_many",
        }
    }

    /// The kind of this name.
    pub fn from_name(name: &str) -> Option<DriftKind> {
        DriftKind::ALL.into_iter().find(|kind| kind.as_str() == name)
    }
}

/// One departure. Nothing in it is a value that could be personal.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct SchemaDrift {
    /// What kind.
    pub kind: DriftKind,
    /// The field with the way to it, as `assignMembers[].priority`; short and printable.
    pub field: String,
    /// The type or the value that came, where that is what departs.
    pub observed: String,
    /// What the documents say.
    pub expected: String,
    /// The shape of what came first.
    pub example: String,
}

impl SchemaDrift {
    /// Whether both are about the same, whatever their examples.
    pub fn is_same(&self, other: &SchemaDrift) -> bool {
        (self.kind, &self.field, &self.observed) == (other.kind, &other.field, &other.observed)
    }

    pub(in crate::domain) fn too_many() -> SchemaDrift {
        SchemaDrift {
            kind: DriftKind::TooMany,
            field: String::new(),
            observed: String::new(),
            expected: format!("at most {DRIFTS_MAX} departures"),
            example: String::new(),
        }
    }
}

/// What of `found` is to be kept beside the `known`: what is not known yet, up to [`DRIFTS_MAX`] in all, and
/// a last entry where that is not everything.
pub fn news<'a>(
    found: &'a [SchemaDrift],
    is_known: impl Fn(&SchemaDrift) -> bool,
    known: usize,
) -> Vec<SchemaDrift> {
    let is_sum = |drift: &&'a SchemaDrift| drift.kind == DriftKind::TooMany;
    let fresh: Vec<_> = found.iter().filter(|drift| !is_sum(drift) && !is_known(drift)).collect();
    let room = DRIFTS_MAX.saturating_sub(known);
    let more = room < fresh.len() || found.iter().any(|drift| is_sum(&drift));
    let mut news: Vec<_> = fresh.into_iter().take(room).cloned().collect();
    let sum = SchemaDrift::too_many();
    if more && !is_known(&sum) {
        news.push(sum);
    }
    news
}

/// A departure as it was recorded.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct DriftEntry {
    /// The stream.
    #[serde(flatten)]
    pub key: StreamKey,
    /// What departs.
    #[serde(flatten)]
    pub drift: SchemaDrift,
    /// The same in one English sentence.
    pub sentence: String,
    /// What the operator can do.
    pub remedy: &'static str,
    /// When it was committed.
    pub first_seen_at: DateTime<Utc>,
    /// The run that saw it first.
    pub first_run_id: i64,
    /// The window in which it came; `None` for a snapshot.
    pub window: Option<TimeWindow>,
}

#[cfg(test)]
mod tests;
