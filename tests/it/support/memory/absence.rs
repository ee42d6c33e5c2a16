//! When a row that a read lacks is gone. The one place.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use ccsync::domain::proof::certificate::Verdict;
use ccsync::domain::proof::run::RunId;
use ccsync::domain::proof::window::TimeWindow;
use ccsync::domain::row::share::Share;
use ccsync::engine::port::store::ReadRecord;
use chrono::{DateTime, Utc};

use super::Flaws;
use super::table::{Key, Table};

/// The ledger of the stream, by the windows' starts.
pub type Ledger = BTreeMap<Option<DateTime<Utc>>, ReadRecord>;

/// A closed read, as far as absence goes.
pub struct Sweep<'a> {
    /// The keys it brought.
    pub seen: &'a BTreeSet<Key>,
    /// Absences as they were before it.
    pub noted: &'a BTreeSet<Key>,
    /// The vendor stated how many there are, and they came.
    pub proven: bool,
    pub settle: Duration,
    pub limit: Share,
    pub now: DateTime<Utc>,
    pub run: RunId,
    pub flaws: Flaws,
}

fn tombstone_rows(table: &mut Table, keys: &[Key], sweep: &Sweep<'_>) -> u64 {
    for key in keys {
        table.absent.remove(key);
        table.tombstone_rows(key, sweep.now, sweep.run);
    }
    keys.len() as u64
}

/// Whether so many of the live rows are missing that a person has to decide: twenty rows, and more than the share.
pub fn is_mass_absence(limit: Share, missing: u64, live: u64) -> bool {
    20 <= missing && limit.as_f64() * (live as f64) < missing as f64
}

/// Those that a vendor could send: pseudonyms are ours.
fn named(absent: &[Key]) -> u64 {
    absent.iter().filter(|key| !key.iter().any(|part| part.starts_with("forgotten-"))).count() as u64
}

/// A snapshot's closed read deletes what it lacks, unless that is too much at once.
pub fn sweep_snapshot(table: &mut Table, sweep: &Sweep<'_>) -> u64 {
    let live = table.live(None);
    let absent: Vec<Key> = live.iter().filter(|key| !sweep.seen.contains(*key)).cloned().collect();
    if is_mass_absence(sweep.limit, named(&absent), live.len() as u64) {
        for key in absent {
            table.absent.entry(key).or_insert((sweep.now, None));
        }
        return 0;
    }
    let noted = |key: &Key| table.absent.contains_key(key);
    let (due, new): (Vec<Key>, Vec<Key>) = absent.into_iter().partition(|key| sweep.proven || noted(key));
    for key in new {
        table.absent.insert(key, (sweep.now, None));
    }
    tombstone_rows(table, &due, sweep)
}

/// A window's row that another window contains moves there. Else it is noted the first time, and deleted when
/// a later read, `settle` after the first, lacks it too; unless very many are missing.
pub fn sweep_window(table: &mut Table, ledger: &mut Ledger, window: TimeWindow, sweep: &Sweep<'_>) -> u64 {
    let live = table.live(Some(window));
    let mut absent: Vec<Key> = live.iter().filter(|key| !sweep.seen.contains(*key)).cloned().collect();
    absent.retain(|key| !moves_to_observation(table, ledger, window, key));
    let settle = chrono::Duration::from_std(sweep.settle).unwrap();
    let mut due: Vec<Key> = Vec::new();
    for key in &absent {
        let since =
            sweep.noted.contains(key).then(|| table.absent.get(key)).flatten().map(|(since, _)| *since);
        match since {
            Some(since) if since + settle <= sweep.now && is_confirmed(ledger, window, since) => {
                due.push(key.clone());
            }
            Some(_) => {}
            None if sweep.flaws.one_read_deletes => due.push(key.clone()),
            None => drop(table.absent.entry(key.clone()).or_insert((sweep.now, Some(window)))),
        }
    }
    if is_mass_absence(sweep.limit, named(&absent), live.len() as u64) {
        return 0;
    }
    tombstone_rows(table, &due, sweep)
}

/// Each later window that a row missed at `since` may have gone to was read since, or to its end.
fn is_confirmed(ledger: &Ledger, window: TimeWindow, since: DateTime<Utc>) -> bool {
    ledger.values().all(|entry| {
        let Some(other) = entry.window else { return true };
        let may_hold = window.end <= other.start && other.start < since;
        !may_hold || entry.read_at.is_some_and(|read| other.end.min(since) <= read)
    })
}

/// Of several windows the one that was read last knows best. What covers it now is due again at once.
fn moves_to_observation(table: &mut Table, ledger: &mut Ledger, window: TimeWindow, key: &Key) -> bool {
    let begin = (key.clone(), DateTime::<Utc>::MIN_UTC);
    let found = table.observations.range(begin..).take_while(|((of, _), _)| of == key);
    let elsewhere = found.map(|(_, observation)| *observation).filter(|(seen_in, _)| *seen_in != window);
    let read_at = |seen_in: &TimeWindow| {
        let entry = ledger.get(&Some(seen_in.start)).filter(|entry| entry.window == Some(*seen_in));
        entry.and_then(|entry| entry.read_at)
    };
    let Some((owner, _)) = elsewhere.max_by_key(|(seen_in, seen_at)| (read_at(seen_in), *seen_at)) else {
        return false;
    };
    table.assign_window_to(key, owner);
    table.observations.remove(&(key.clone(), owner.start));
    table.absent.remove(key);
    read_again(ledger, owner, window);
    true
}

/// Rows moved to `owner` unseen: what was read of it by other windows is due again.
pub fn read_again(ledger: &mut Ledger, owner: TimeWindow, window: TimeWindow) {
    for entry in ledger.values_mut() {
        if entry.window.is_some_and(|known| known != window && known.overlaps(&owner)) {
            entry.verdict = entry.verdict.map(|_| Verdict::Unverified);
        }
    }
}

/// What this window contains of other windows' rows, remembered while its reads contain it.
pub fn note_observations(
    table: &mut Table,
    window: TimeWindow,
    owned_elsewhere: &BTreeSet<Key>,
    closed: bool,
    now: DateTime<Utc>,
) {
    let noted: BTreeSet<Key> = table.observed_elsewhere(window).into_iter().collect();
    for key in owned_elsewhere.difference(&noted) {
        table.observations.insert((key.clone(), window.start), (window, now));
    }
    for key in noted.difference(owned_elsewhere).filter(|_| closed) {
        table.observations.remove(&(key.clone(), window.start));
    }
}

/// What a replaced window contained is taken to be in what remains of it.
pub fn replace_observations(table: &mut Table, old: TimeWindow, rest: Option<TimeWindow>) {
    if rest.is_some_and(|rest| rest.start == old.start) {
        return;
    }
    let keys = table.observed_elsewhere(old);
    for key in keys {
        let Some((_, seen_at)) = table.observations.remove(&(key.clone(), old.start)) else { continue };
        if let Some(rest) = rest {
            table.observations.entry((key, rest.start)).or_insert((rest, seen_at));
        }
    }
}
