//! How what a vendor sends departs from its documents.
//!
//! A departure is no fault: what has no column is kept in `extra`, what cannot be read is set aside. It is
//! noticed and told once, because somebody has to decide what it means.

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};

use chrono::{DateTime, Utc};
use serde::Serialize;

use crate::domain::contract::{FieldContract, ObjectContract, types_text};
use crate::domain::stream::StreamKey;
use crate::domain::window::TimeWindow;

/// Departures that are kept for one stream; beyond them one entry says that there are more.
pub const DRIFTS_MAX: usize = 200;

/// Objects of a kind that a read must hold before a field that none of them has is called missing.
const MISSING_AFTER: u64 = 20;

/// Sightings that are remembered so that each costs one look; beyond them each is looked at anew.
const REMEMBERED_MAX: usize = 4096;

/// How something departs from the documents.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
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
    /// More departures than are kept.
    TooMany,
}

impl DriftKind {
    /// All of them.
    pub const ALL: [DriftKind; 5] = [
        DriftKind::NewField,
        DriftKind::ChangedType,
        DriftKind::UnknownCode,
        DriftKind::MissingField,
        DriftKind::TooMany,
    ];

    /// As it is stored, labelled and printed.
    pub fn as_str(self) -> &'static str {
        match self {
            DriftKind::NewField => "new_field",
            DriftKind::ChangedType => "changed_type",
            DriftKind::UnknownCode => "unknown_code",
            DriftKind::MissingField => "missing_field",
            DriftKind::TooMany => "too_many",
        }
    }

    /// The kind of this name.
    pub fn from_name(name: &str) -> Option<DriftKind> {
        DriftKind::ALL.into_iter().find(|kind| kind.as_str() == name)
    }

    /// What an operator can do.
    pub fn cure(self) -> &'static str {
        match self {
            DriftKind::NewField => {
                "nothing is lost: the field is kept in `extra` of its rows; ask for a column if it is wanted"
            }
            DriftKind::ChangedType => {
                "values that cannot be read are in `ccsync quarantine list`; update ccsync, then \
                 `ccsync quarantine retry`"
            }
            DriftKind::UnknownCode => {
                "the value is stored as it came; look whether reports that know the documented values only \
                 still tell the truth"
            }
            DriftKind::MissingField => {
                "its column is null in the rows of that read; ask the vendor whether the field is gone or \
                 renamed"
            }
            DriftKind::TooMany => "ask the vendor what changed; further departures are not listed",
        }
    }
}

/// One departure. Nothing in it is a value that could be personal.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct ContractDrift {
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

impl ContractDrift {
    /// Whether both are about the same, whatever their examples.
    pub fn is_same(&self, other: &ContractDrift) -> bool {
        (self.kind, &self.field, &self.observed) == (other.kind, &other.field, &other.observed)
    }

    /// In one sentence.
    pub fn sentence(&self) -> String {
        let ContractDrift { field, observed, expected, example, .. } = self;
        match self.kind {
            DriftKind::NewField => format!("field `{field}` is in no document; it came as {example}"),
            DriftKind::ChangedType if field.is_empty() => {
                format!("an element came as {observed}, documented is {expected}")
            }
            DriftKind::ChangedType => {
                format!("field `{field}` came as {observed} ({example}), documented is {expected}")
            }
            DriftKind::UnknownCode => {
                format!("field `{field}` has an undocumented value ({example}), documented are {expected}")
            }
            DriftKind::MissingField => format!("field `{field}` ({expected}) is missing: {example}"),
            DriftKind::TooMany => format!("there are more departures than the {DRIFTS_MAX} that are listed"),
        }
    }

    fn too_many() -> ContractDrift {
        ContractDrift {
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
    found: &'a [ContractDrift],
    is_known: impl Fn(&ContractDrift) -> bool,
    known: usize,
) -> Vec<ContractDrift> {
    let is_sum = |drift: &&'a ContractDrift| drift.kind == DriftKind::TooMany;
    let fresh: Vec<_> = found.iter().filter(|drift| !is_sum(drift) && !is_known(drift)).collect();
    let room = DRIFTS_MAX.saturating_sub(known);
    let more = room < fresh.len() || found.iter().any(|drift| is_sum(&drift));
    let mut news: Vec<_> = fresh.into_iter().take(room).cloned().collect();
    let sum = ContractDrift::too_many();
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
    pub drift: ContractDrift,
    /// The same in one sentence.
    pub sentence: String,
    /// What the operator can do.
    pub cure: &'static str,
    /// When it was committed.
    pub first_seen_at: DateTime<Utc>,
    /// The run that saw it first.
    pub first_run_id: i64,
    /// The window in which it came; `None` for a snapshot.
    pub window: Option<TimeWindow>,
}

#[derive(Debug, Clone, PartialEq)]
struct Tally {
    object: &'static ObjectContract,
    objects: u64,
    /// One bit for each of the object's fields: some object had it.
    present: u64,
}

/// What was seen of the contract in one page, or in all pages of a read.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Observation {
    tallies: Vec<Tally>,
    drifts: Vec<ContractDrift>,
    more: bool,
    looked_at: HashSet<u64>,
}

impl Observation {
    /// Counts one object, with a bit for each of its contract's fields that it had.
    pub fn count(&mut self, object: &'static ObjectContract, present: u64) {
        self.tally(object, 1, present);
    }

    fn tally(&mut self, object: &'static ObjectContract, objects: u64, present: u64) {
        match self.tallies.iter_mut().find(|tally| std::ptr::eq(tally.object, object)) {
            Some(tally) => {
                tally.objects += objects;
                tally.present |= present;
            }
            None => self.tallies.push(Tally { object, objects, present }),
        }
    }

    /// Whether `what` is worth a closer look: it was not looked at before, and there is room for it.
    pub fn is_news(&mut self, what: impl Hash) -> bool {
        let mut hasher = DefaultHasher::new();
        what.hash(&mut hasher);
        let what = hasher.finish();
        if self.more || self.looked_at.contains(&what) {
            return false;
        }
        if self.looked_at.len() < REMEMBERED_MAX {
            self.looked_at.insert(what);
        }
        true
    }

    /// Keeps a departure, unless the same one is known.
    pub fn add(&mut self, drift: ContractDrift) {
        if self.drifts.iter().any(|known| known.is_same(&drift)) {
            return;
        }
        if DRIFTS_MAX <= self.drifts.len() {
            self.more = true;
            return;
        }
        self.drifts.push(drift);
    }

    /// Adds what another page showed.
    pub fn merge(&mut self, page: Observation) {
        for tally in page.tallies {
            self.tally(tally.object, tally.objects, tally.present);
        }
        page.drifts.into_iter().for_each(|drift| self.add(drift));
        self.more |= page.more;
    }

    /// All departures, now that the read is closed, in a lasting order.
    pub fn into_drifts(mut self) -> Vec<ContractDrift> {
        for tally in std::mem::take(&mut self.tallies) {
            tally.missing().into_iter().for_each(|drift| self.add(drift));
        }
        if self.more {
            self.drifts.push(ContractDrift::too_many());
        }
        self.drifts.sort();
        self.drifts
    }
}

impl Tally {
    fn missing(&self) -> Vec<ContractDrift> {
        if self.objects < MISSING_AFTER {
            return Vec::new();
        }
        let is_missed = |(index, field): &(usize, &FieldContract)| {
            field.always && self.present & 1_u64.checked_shl(*index as u32).unwrap_or(0) == 0
        };
        let missed = self.object.fields.iter().enumerate().filter(is_missed);
        missed
            .map(|(_, field)| ContractDrift {
                kind: DriftKind::MissingField,
                field: self.object.field(field.names[0]),
                observed: String::new(),
                expected: types_text(field.types),
                example: format!("none of {} objects in one read has it", self.objects),
            })
            .collect()
    }
}

#[cfg(test)]
mod tests;
