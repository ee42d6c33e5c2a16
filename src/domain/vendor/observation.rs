//! What was seen of a vendor's schema while its pages were read.

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};

use serde::{Deserialize, Serialize};

use crate::domain::vendor::drift::{DRIFTS_MAX, DriftKind, SchemaDrift};
use crate::domain::vendor::schema::{FieldSchema, ObjectSchema, types_text};

/// Objects of a kind that a read must hold before a field that none of them has is called missing.
const MISSING_AFTER: u64 = 20;

/// Sightings that are remembered so that each costs one look; beyond them each is looked at anew.
const REMEMBERED_MAX: usize = 4096;

/// The objects of a kind, while they are counted.
#[derive(Debug, Clone, PartialEq)]
struct Tally {
    object: &'static ObjectSchema,
    objects: u64,
    /// One bit for each of the object's fields: some object had it.
    present: u64,
}

/// The same, when it can be kept.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct ObjectCount {
    path: String,
    objects: u64,
    /// Fields that are normally there and that no object had, each with its documented types.
    missing: Vec<(String, String)>,
}

/// What was seen of the schema in one page, or in all pages of a read.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Observation {
    tallies: Vec<Tally>,
    counts: Vec<ObjectCount>,
    drifts: Vec<SchemaDrift>,
    more: bool,
    looked_at: HashSet<u64>,
}

/// An observation as it is kept with its page.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct KeptObservation {
    counts: Vec<ObjectCount>,
    drifts: Vec<SchemaDrift>,
    more: bool,
}

impl Observation {
    /// Counts one object, with a bit for each of its schema's fields that it had.
    pub fn count(&mut self, object: &'static ObjectSchema, present: u64) {
        self.tally(object, 1, present);
    }

    fn tally(&mut self, object: &'static ObjectSchema, objects: u64, present: u64) {
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
    pub fn add(&mut self, drift: SchemaDrift) {
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
        self.counts.extend(page.counts);
        page.drifts.into_iter().for_each(|drift| self.add(drift));
        self.more |= page.more;
    }

    /// For keeping it with its page.
    pub fn kept(&self) -> KeptObservation {
        let counts = self.counts.iter().cloned().chain(self.tallies.iter().map(Tally::to_count)).collect();
        KeptObservation { counts, drifts: self.drifts.clone(), more: self.more }
    }

    /// All departures, now that the read is closed, in a lasting order.
    pub fn into_drifts(mut self) -> Vec<SchemaDrift> {
        let mut counts: Vec<ObjectCount> = Vec::new();
        for count in self.kept().counts {
            match counts.iter_mut().find(|known| known.path == count.path) {
                Some(known) => {
                    known.objects += count.objects;
                    known.missing.retain(|field| count.missing.contains(field));
                }
                None => counts.push(count),
            }
        }
        for count in counts.iter().filter(|count| MISSING_AFTER <= count.objects) {
            count.drifts().for_each(|drift| self.add(drift));
        }
        if self.more {
            self.drifts.push(SchemaDrift::too_many());
        }
        self.drifts.sort();
        self.drifts
    }
}

impl From<KeptObservation> for Observation {
    fn from(kept: KeptObservation) -> Observation {
        let KeptObservation { counts, drifts, more } = kept;
        Observation { counts, drifts, more, ..Observation::default() }
    }
}

impl Tally {
    fn to_count(&self) -> ObjectCount {
        let is_missing = |(index, field): &(usize, &FieldSchema)| {
            field.always && self.present & 1_u64.checked_shl(*index as u32).unwrap_or(0) == 0
        };
        let missing = self.object.fields.iter().enumerate().filter(is_missing);
        let named =
            |(_, field): (usize, &FieldSchema)| (self.object.field(field.names[0]), types_text(field.types));
        let path = self.object.path.to_owned();
        ObjectCount { path, objects: self.objects, missing: missing.map(named).collect() }
    }
}

impl ObjectCount {
    fn drifts(&self) -> impl Iterator<Item = SchemaDrift> {
        self.missing.iter().map(|(field, types)| SchemaDrift {
            kind: DriftKind::MissingField,
            field: field.clone(),
            observed: String::new(),
            expected: types.clone(),
            example: format!("none of {} objects in one read has it", self.objects),
        })
    }
}

#[cfg(test)]
mod tests;
