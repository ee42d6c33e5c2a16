//! How vendors departed from their documents: each departure once.

use std::collections::BTreeMap;

use ccsync::domain::proof::run::RunId;
use ccsync::domain::proof::window::TimeWindow;
use ccsync::domain::stream::StreamKey;
use ccsync::domain::vendor::drift::{DriftKind, SchemaDrift};
use ccsync::engine::port::store::{Commit, Scope};
use chrono::{DateTime, Utc};

/// What is recorded of a stream beside the entry that stands for the rest.
const KEPT_MAX: usize = 200;

/// Kind, field, and what came.
pub type Slot = (DriftKind, String, String);

/// A departure as the first commit that showed it wrote it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Departure {
    pub expected: String,
    pub example: String,
    pub first_seen_at: DateTime<Utc>,
    pub run: RunId,
    pub window: Option<TimeWindow>,
}

/// By stream and slot.
pub type Departures = BTreeMap<StreamKey, BTreeMap<Slot, Departure>>;

/// Adds what the stream did not show before.
pub fn note(departures: &mut Departures, commit: &Commit) {
    let window = match commit.lease.scope {
        Scope::Window(window) => Some(window),
        Scope::Snapshot => None,
    };
    let known = departures.entry(commit.lease.stream.clone()).or_default();
    let mut more = false;
    for drift in &commit.drifts {
        let SchemaDrift { kind, field, observed, expected, example } = drift.clone();
        let slot = (kind, field, observed);
        let kept = known.keys().filter(|(kind, ..)| *kind != DriftKind::TooMany).count();
        if known.contains_key(&slot) {
            continue;
        }
        if kind == DriftKind::TooMany || kept == KEPT_MAX {
            more = true;
            continue;
        }
        let (first_seen_at, run) = (commit.now, commit.run);
        known.insert(slot, Departure { expected, example, first_seen_at, run, window });
    }
    if more {
        let rest = Departure {
            expected: format!("at most {KEPT_MAX} departures"),
            example: String::new(),
            first_seen_at: commit.now,
            run: commit.run,
            window,
        };
        known.entry((DriftKind::TooMany, String::new(), String::new())).or_insert(rest);
    }
}
