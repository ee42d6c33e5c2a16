//! One fact table of one source, with its history and its absences.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use ccsync::domain::proof::run::RunId;
use ccsync::domain::proof::window::TimeWindow;
use ccsync::domain::row::record::Row;
use chrono::{DateTime, Utc};

/// A key, in the order of the table's key columns.
pub type Key = Vec<String>;

/// A version of a row.
#[derive(Debug, Clone, PartialEq)]
pub struct Version {
    pub row: Arc<Row>,
    pub revision: i32,
    pub first_seen_at: DateTime<Utc>,
    pub changed_at: DateTime<Utc>,
    pub deleted_at: Option<DateTime<Utc>>,
    pub owner: Option<TimeWindow>,
    pub run: RunId,
}

/// A version that was replaced.
#[derive(Debug, Clone, PartialEq)]
pub struct Past {
    pub version: Version,
    pub valid_from: DateTime<Utc>,
    pub valid_to: DateTime<Utc>,
}

/// Rows, history and absences.
#[derive(Debug, Default)]
pub struct Table {
    rows: BTreeMap<Key, Version>,
    history: BTreeMap<Key, Vec<Past>>,
    /// Rows that a closed read lacked: since when, and in which window.
    pub absent: BTreeMap<Key, (DateTime<Utc>, Option<TimeWindow>)>,
    /// Rows that a window contained although another is their owning window, by key and the window's start; since when.
    pub observations: BTreeMap<(Key, DateTime<Utc>), (TimeWindow, DateTime<Utc>)>,
    /// Keys by the beginning of their owning window, so that a window's rows are found without looking at all.
    owners: BTreeMap<DateTime<Utc>, BTreeSet<Key>>,
}

pub fn key_of(row: &Row) -> Key {
    row.key().map(str::to_owned).collect()
}

impl Table {
    pub fn rows(&self) -> &BTreeMap<Key, Version> {
        &self.rows
    }

    pub fn history(&self) -> &BTreeMap<Key, Vec<Past>> {
        &self.history
    }

    pub fn insert(&mut self, key: Key, version: Version) {
        self.place(&key, None, version.owner);
        self.rows.insert(key, version);
    }

    /// Puts another version in the place of the stored one, which goes to the history.
    /// It begins at `now`, but not before that one: a commit may come late.
    pub fn replace(
        &mut self,
        key: &Key,
        now: DateTime<Utc>,
        next: impl FnOnce(&Version, DateTime<Utc>) -> Version,
    ) {
        let Some(stored) = self.rows.get_mut(key) else { return };
        let now = now.max(stored.changed_at);
        let next = next(stored, now);
        let old = std::mem::replace(stored, next);
        let (from, to) = (old.owner, stored.owner);
        let past = Past { valid_from: old.changed_at, valid_to: now, version: old };
        self.history.entry(key.clone()).or_default().push(past);
        self.place(key, from, to);
    }

    /// Gives a row another owner. Its version stays.
    pub fn assign_window_to(&mut self, key: &Key, owner: TimeWindow) {
        let Some(stored) = self.rows.get_mut(key) else { return };
        let from = stored.owner.replace(owner);
        self.place(key, from, Some(owner));
    }

    /// Marks a row deleted.
    pub fn tombstone_rows(&mut self, key: &Key, now: DateTime<Utc>, run: RunId) {
        self.replace(key, now, |old, now| Version {
            revision: old.revision + 1,
            changed_at: now,
            deleted_at: Some(now),
            run,
            ..old.clone()
        });
    }

    /// The live rows owned by the window; without a window, all live rows.
    pub fn live(&self, window: Option<TimeWindow>) -> Vec<Key> {
        let is_live = |key: &&Key| self.rows[*key].deleted_at.is_none();
        let Some(window) = window else { return self.rows.keys().filter(is_live).cloned().collect() };
        let ends_inside = |key: &&Key| self.rows[*key].owner.is_some_and(|owner| owner.end <= window.end);
        let owners = self.owners.range(window.start..window.end).flat_map(|(_, keys)| keys);
        owners.filter(ends_inside).filter(is_live).cloned().collect()
    }

    /// The live rows whose owning window overlaps the window and reaches beyond it, with that owner.
    pub fn owned_across(&self, window: TimeWindow) -> Vec<(Key, TimeWindow)> {
        let begun = self.owners.range(..window.end).flat_map(|(_, keys)| keys);
        let across = begun.filter_map(|key| {
            let version = &self.rows[key];
            let owner = version.owner.filter(|_| version.deleted_at.is_none())?;
            let beyond = owner.start < window.start || window.end < owner.end;
            (owner.overlaps(&window) && beyond).then(|| (key.clone(), owner))
        });
        across.collect()
    }

    /// The keys that this window was noted to contain.
    pub fn observed_elsewhere(&self, window: TimeWindow) -> Vec<Key> {
        let here = self.observations.iter().filter(|(_, (seen_in, _))| *seen_in == window);
        here.map(|((key, _), _)| key.clone()).collect()
    }

    fn place(&mut self, key: &Key, from: Option<TimeWindow>, to: Option<TimeWindow>) {
        if from == to {
            return;
        }
        if let Some(keys) = from.and_then(|from| self.owners.get_mut(&from.start)) {
            keys.remove(key);
        }
        if let Some(to) = to {
            self.owners.entry(to.start).or_default().insert(key.clone());
        }
    }
}
