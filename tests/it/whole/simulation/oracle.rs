//! What must hold when the storm is over: the tables are the vendor's, and the books are in order.

use std::collections::BTreeMap;

use ccsync::domain::proof::run::Counts;
use ccsync::domain::stream::{StreamKey, StreamKind};
use ccsync::engine::port::store::ReadState;
use chrono::{DateTime, Duration, Utc};

use super::plan::Plan;
use super::vendor::Endpoint;
use super::watch::Tally;
use super::worker::absence_max;
use crate::support::memory::{Key, State, Table, is_mass_absence};

/// All that is wrong with a stream.
pub fn differences(plan: &Plan, key: &StreamKey, endpoint: &Endpoint, state: &State) -> Vec<String> {
    let mut found = compare(key, endpoint, state);
    found.extend(key.stream.tables().iter().flat_map(|table| {
        let table = state.tables.get(&(key.source.clone(), table.name));
        table.map(histories).unwrap_or_default()
    }));
    found.extend(books(key, state));
    found.extend(windows(plan, key, state));
    found
}

/// Missing, extra, stale, row by row.
fn compare(key: &StreamKey, endpoint: &Endpoint, state: &State) -> Vec<String> {
    let truth = endpoint.world(|world| world.truth());
    let mut stored = BTreeMap::new();
    for table in key.stream.tables() {
        let rows =
            state.tables.get(&(key.source.clone(), table.name)).into_iter().flat_map(|table| table.rows());
        let live = rows.filter(|(_, version)| version.deleted_at.is_none());
        stored.extend(live.map(|(key, version)| ((table.name, key.clone()), version)));
    }
    let mut found = Vec::new();
    for (place, row) in &truth {
        match stored.get(place) {
            None => found.push(format!("missing: {place:?}")),
            Some(version) if version.row.hash != row.hash => {
                found.push(format!("stale: {place:?} since {}", version.changed_at));
            }
            Some(_) => {}
        }
    }
    // Where very many rows are missing at once, a person has to decide: they stay, and are noted.
    let held = |(table, row): &(&'static str, Key)| {
        state.tables.get(&(key.source.clone(), *table)).is_some_and(|table| is_held(table, row))
    };
    let extra = stored.iter().filter(|(place, _)| !truth.contains_key(*place) && !held(place));
    found.extend(extra.map(|(place, version)| format!("extra: {place:?}, owned by {:?}", version.owner)));
    found
}

/// Whether the row is one of so many noted absences of its scope that no read marks them deleted.
fn is_held(table: &Table, row: &Key) -> bool {
    let Some((_, scope)) = table.absent.get(row) else { return false };
    let missing = table.absent.values().filter(|(_, of)| of == scope).count() as u64;
    is_mass_absence(absence_max(), missing, table.live(*scope).len() as u64)
}

/// Each version ends where the next begins, and the numbers have no gap.
fn histories(table: &Table) -> Vec<String> {
    let mut found = Vec::new();
    for (key, version) in table.rows() {
        let past = table.history().get(key).map(Vec::as_slice).unwrap_or_default();
        let mut begins = version.first_seen_at;
        for (number, past) in (1..).zip(past) {
            let whole = past.valid_from == begins
                && past.valid_from <= past.valid_to
                && past.version.revision == number
                && past.version.changed_at == begins;
            if !whole {
                found.push(format!(
                    "history of {key:?}: version {number} is {past:?}, expected from {begins}"
                ));
            }
            begins = past.valid_to;
        }
        let last = i32::try_from(past.len()).unwrap() + 1;
        if version.changed_at != begins || version.revision != last {
            found.push(format!(
                "{key:?} is revision {} of {last}, since {}",
                version.revision, version.changed_at
            ));
        }
    }
    found
}

/// The runs counted what is there.
fn books(key: &StreamKey, state: &State) -> Vec<String> {
    let mut counted = Counts::default();
    state.runs.values().filter(|run| run.stream == *key).for_each(|run| counted += run.counts);
    let tables =
        key.stream.tables().iter().filter_map(|table| state.tables.get(&(key.source.clone(), table.name)));
    let (mut rows, mut past) = (0, 0);
    for table in tables {
        rows += table.rows().len() as u64;
        past += table.history().values().map(|past| past.len() as u64).sum::<u64>();
    }
    let mut found = Vec::new();
    if counted.inserted != rows {
        found.push(format!("{key}: the runs counted {} new rows, there are {rows}", counted.inserted));
    }
    if counted.updated + counted.deleted != past {
        found.push(format!("{key}: the runs counted {counted:?}, the history has {past}"));
    }
    found
}

/// The ledger covers the time once, and all of it.
fn windows(plan: &Plan, key: &StreamKey, state: &State) -> Vec<String> {
    if key.stream.kind() == StreamKind::Snapshot {
        return Vec::new();
    }
    let mut found = Vec::new();
    let mut reach = plan.begin;
    for record in state.reads(key) {
        let Some(window) = record.window else { continue };
        if window.start != reach {
            found.push(format!("{key}: {window} does not begin at {reach}"));
        }
        let fresh = plan.end - Duration::days(1) < window.end;
        if record.state != ReadState::Complete && !fresh {
            found.push(format!("{key}: {window} is {:?}", record.state));
        }
        if let Some(failure) = record.failure.filter(|_| !fresh) {
            found.push(format!("{key}: {window} still fails: {}", failure.message));
        }
        reach = window.end;
    }
    found
}

/// No sliding minute sees more requests than the limit; each pause may let one through late.
pub fn minute(name: &str, per_minute: u32, requests: &[DateTime<Utc>], tally: &Tally) -> Option<String> {
    let mut first = 0;
    let mut most = 0;
    for (last, at) in requests.iter().enumerate() {
        while requests[first] <= *at - Duration::minutes(1) {
            first += 1;
        }
        most = most.max(last + 1 - first);
    }
    // The vendor's own limit is a little above the configured one: answers of the database come late.
    let limit = u64::from(per_minute.div_ceil(9) * 10) + u64::from(0 < tally.pauses);
    (limit < most as u64).then(|| format!("{name}: {most} requests within a minute, {limit} are allowed"))
}

/// Requests are in proportion to what was read and what went wrong.
pub fn requests(name: &str, requests: u64, tally: &Tally, failures: u64) -> Option<String> {
    let disturbed =
        failures + tally.kills + tally.pauses + tally.lost_answers + tally.database_faults + tally.fenced;
    let limit = 4 * (tally.pages + 2 * tally.reads) + 40 * disturbed + 100;
    (limit < requests).then(|| format!("{name}: {requests} requests, {limit} are allowed: {tally:?}"))
}
