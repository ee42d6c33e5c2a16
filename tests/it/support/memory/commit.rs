//! What a commit does, one step after another.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use ccsync::domain::fault::{Fault, FaultKind};
use ccsync::domain::proof::certificate::Verdict;
use ccsync::domain::proof::run::Counts;
use ccsync::domain::proof::window::TimeWindow;
use ccsync::domain::row::record::Row;
use ccsync::engine::port::store::{Commit, Scope};
use chrono::{DateTime, Utc};

use super::absence::{
    Ledger, Sweep, note_observations, read_again, replace_observations, sweep_snapshot, sweep_window,
};
use super::departure::note;
use super::table::{Key, Table, Version, key_of};
use super::{Flaws, State, lease_lost};

impl State {
    pub fn commit(
        &mut self,
        commit: Commit,
        database_now: DateTime<Utc>,
        flaws: Flaws,
    ) -> Result<Counts, Fault> {
        let stream = commit.lease.stream.clone();
        if !flaws.no_fence && !self.lease_holds(&commit.lease, database_now) {
            return Err(lease_lost(&stream, commit.lease.scope));
        }
        let tables = stream.stream.tables();
        if let Some(row) = commit.rows.iter().find(|row| !tables.contains(&row.table)) {
            let message = format!("{} does not belong to {stream}", row.table.name);
            return Err(Fault::new(FaultKind::DatabaseRefused, message));
        }
        let replaced = match commit.lease.scope {
            Scope::Window(window) => self.overlapping(&stream, window),
            Scope::Snapshot => Vec::new(),
        };
        let ledger = self.ledger.entry(stream.clone()).or_default();
        let mut counts = commit.counts;
        counts.windows += 1;
        counts.quarantined += commit.rejects.len() as u64;
        for table in tables {
            let rows = commit.rows.iter().filter(|row| row.table == *table);
            let rows = one_for_each_key(rows, &mut counts.superseded);
            let leaves_open = commit.leaves_open(table);
            let table = self.tables.entry((stream.source.clone(), table.name)).or_default();
            write_table((table, leaves_open), ledger, &commit, &rows, &replaced, flaws, &mut counts);
        }
        self.quarantined(&commit);
        note(&mut self.departures, &commit);
        self.move_checkpoint(&commit);
        self.run_add(commit.run, &counts, database_now);
        self.lease_end(&commit.lease);
        Ok(counts)
    }
}

/// Of equal keys the later version stays; of equal or unknown versions the one that came last.
fn one_for_each_key<'r>(rows: impl Iterator<Item = &'r Row>, superseded: &mut u64) -> BTreeMap<Key, &'r Row> {
    let mut kept: BTreeMap<Key, &Row> = BTreeMap::new();
    for row in rows {
        let key = key_of(row);
        let Some(before) = kept.get(&key) else {
            kept.insert(key, row);
            continue;
        };
        *superseded += 1;
        if !is_older(row, before) {
            kept.insert(key, row);
        }
    }
    kept
}

/// Whether both say when they were made, and the first was made earlier.
fn is_older(row: &Row, than: &Row) -> bool {
    row.version_at().zip(than.version_at()).is_some_and(|(row, than)| row < than)
}

fn write_table(
    (table, leaves_open): (&mut Table, bool),
    ledger: &mut Ledger,
    commit: &Commit,
    rows: &BTreeMap<Key, &Row>,
    replaced: &[TimeWindow],
    flaws: Flaws,
    counts: &mut Counts,
) {
    let window = match commit.lease.scope {
        Scope::Window(window) => Some(window),
        Scope::Snapshot => None,
    };
    let noted: BTreeSet<Key> = table.absent.keys().cloned().collect();
    let mut owned_elsewhere = BTreeSet::new();
    for (key, row) in rows {
        let kept = write_row(table, commit, window, key, row, counts);
        table.absent.remove(key);
        if let Some(window) = window.filter(|_| kept)
            && !welcome(table, window, key, noted.contains(key))
        {
            owned_elsewhere.insert(key.clone());
        }
    }
    let closed = commit.certificate.verdict != Verdict::Unverified && commit.rejects.is_empty();
    if let Some(window) = window {
        note_observations(table, window, &owned_elsewhere, closed, commit.now);
        release_old_windows(table, ledger, window, closed);
        for old in replaced.iter().filter(|_| closed) {
            replace_observations(table, *old, old.subtract(&[window]).pop());
        }
    }
    if !closed {
        return;
    }
    let seen = rows.keys().cloned().collect();
    let (settle, limit, now, run) = (commit.absence_settle, commit.absence_max, commit.now, commit.run);
    let proven = commit.certificate.verdict == Verdict::Proven && !leaves_open;
    let sweep = Sweep { seen: &seen, noted: &noted, proven, settle, limit, now, run, flaws };
    counts.deleted += match window {
        None => sweep_snapshot(table, &sweep),
        Some(window) => sweep_window(table, ledger, window, &sweep),
    };
}

/// Whether the stored version stayed as it was.
fn write_row(
    table: &mut Table,
    commit: &Commit,
    window: Option<TimeWindow>,
    key: &Key,
    row: &Row,
    counts: &mut Counts,
) -> bool {
    let fresh = |revision, first_seen_at, changed_at| Version {
        row: Arc::new(row.clone()),
        revision,
        first_seen_at,
        changed_at,
        deleted_at: None,
        owner: window,
        run: commit.run,
    };
    let Some(stored) = table.rows().get(key) else {
        table.insert(key.clone(), fresh(1, commit.now, commit.now));
        counts.inserted += 1;
        return false;
    };
    // What was gone and is reported again exists, in whatever version.
    if stored.deleted_at.is_none() {
        if stored.row.hash == row.hash {
            counts.unchanged += 1;
            return true;
        }
        if is_older(row, &stored.row) {
            counts.superseded += 1;
            return true;
        }
    }
    table.replace(key, commit.now, |old, now| fresh(old.revision + 1, old.first_seen_at, now));
    counts.updated += 1;
    false
}

/// A row found here is owned as it was before, unless it was missed there or that window is no more.
/// Whether it is owned by this window now.
fn welcome(table: &mut Table, window: TimeWindow, key: &Key, was_absent: bool) -> bool {
    let owner = table.rows()[key].owner;
    let inside = owner.is_some_and(|owner| window.start <= owner.start && owner.end <= window.end);
    let is_orphaned = owner.is_none_or(|owner| owner.overlaps(&window));
    if !inside && (is_orphaned || was_absent) {
        table.assign_window_to(key, window);
        return true;
    }
    inside
}

/// An owning window that reaches beyond this window is from windows that are no more. What is not here can only be in
/// the rest of it; after a doubtful read it counts as owned by this window, where it will be missed if it is gone.
fn release_old_windows(table: &mut Table, ledger: &mut Ledger, window: TimeWindow, closed: bool) {
    for (key, owner) in table.owned_across(window) {
        let rest = owner.subtract(&[window]).pop().filter(|_| closed).unwrap_or(window);
        table.assign_window_to(&key, rest);
        read_again(ledger, rest, window);
    }
}
