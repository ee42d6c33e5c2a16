//! Rows that a closed read did not contain: gone at once from a snapshot, after two reads from a window, and
//! never in masses, unless a person says so.

use std::collections::HashSet;
use std::time::Duration;

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use crate::domain::person::forgotten::is_pseudonym;
use crate::domain::proof::absence::is_mass_absence;
use crate::domain::proof::window::TimeWindow;
use crate::domain::row::record::Row;
use crate::domain::row::share::Share;
use crate::domain::row::table::TableShape;
use crate::domain::stream::StreamId;
use crate::store::commit::absence_note::{Noted, forget_absences, note_absences};
use crate::store::commit::confirm::confirmed_absences;
use crate::store::commit::merge::Merged;
use crate::store::commit::observation::{move_to_observed, observations_replace, observations_update};
use crate::store::commit::owner::{OwnedRows, assign_window, release_old_windows};
use crate::store::commit::tombstone::{still_here, tombstone_rows};
use crate::store::commit::transaction::Context;
use crate::store::fault::StoreResult;
use crate::store::operator::absence_alarm::{alarm_raise_in_txn, alarm_resolve_in_txn};
use crate::store::statement::{count_live, live_keys};

/// A key, in the order of the table's key columns.
pub(in crate::store) type Key = Vec<String>;

/// One table's part of a read, after its rows were merged.
pub(in crate::store) struct Seen<'a> {
    /// The table.
    pub(in crate::store) table: &'static TableShape,
    /// All rows of the read.
    pub(in crate::store) rows: &'a [&'a Row],
    /// What was owned by the scope before.
    pub(in crate::store) owner: &'a OwnedRows,
    /// What became of them.
    pub(in crate::store) merged: &'a Merged<'a>,
    /// The read closed, is not doubtful and had no rejects: what it lacks may be gone.
    pub(in crate::store) closed: bool,
    /// The vendor stated how many elements there are, and they came.
    pub(in crate::store) proven: bool,
}

/// By which rule rows of a window are marked deleted.
pub(in crate::store) struct AbsenceRule<'a> {
    /// The stream.
    pub(in crate::store) stream: StreamId,
    /// Windows of another length that this one takes the place of in the ledger.
    pub(in crate::store) replaced: &'a [TimeWindow],
    /// The end of the last window read before this one in time.
    pub(in crate::store) since: Option<DateTime<Utc>>,
    /// Least time between the two reads that miss a row.
    pub(in crate::store) settle: Duration,
    /// More than this share of the window at once is for a person to decide.
    pub(in crate::store) limit: Share,
}

/// Marks deleted what a closed snapshot does not contain, unless that is too much at once. One read whose total the
/// vendor stated suffices; where none was stated, a second read has to lack the rows too.
pub(in crate::store) async fn settle_snapshot(
    connection: &mut PgConnection,
    context: &Context<'_>,
    stream: StreamId,
    seen: &Seen<'_>,
    limit: Share,
) -> StoreResult<u64> {
    let mut noted = Noted::of_table(connection, context.source, seen.table).await?;
    welcome_back(connection, context, seen, &mut noted).await?;
    if !seen.closed {
        return Ok(0);
    }
    let present = seen.merged.inserted + seen.merged.updated + seen.merged.kept.len() as u64;
    let absent = absent_keys(connection, context, seen, present).await?;
    noted.look_up_keys(connection, context.source, seen.table, &absent.keys).await?;
    let missing = missing_of(&absent.keys);
    if is_mass_absence(limit, missing, absent.live) {
        note_absences(connection, context, seen.table, &absent.keys).await?;
        alarm_raise_in_txn(connection, context, stream, seen.table, missing, absent.live).await?;
        return Ok(0);
    }
    alarm_resolve_in_txn(connection, context, seen.table).await?;
    let (old, new): (Vec<Key>, Vec<Key>) =
        absent.keys.into_iter().partition(|key| noted.since(key).is_some());
    forget_absences(connection, context.source, seen.table, &old).await?;
    let due = match seen.proven {
        true => [old, new].concat(),
        false => {
            note_absences(connection, context, seen.table, &new).await?;
            old
        }
    };
    tombstone_rows(connection, context, seen.table, &due).await
}

/// Marks deleted what has been absent from the window long enough and is in no other one, and remembers
/// what is newly absent.
pub(in crate::store) async fn settle_window(
    connection: &mut PgConnection,
    context: &Context<'_>,
    window: TimeWindow,
    seen: &Seen<'_>,
    rule: &AbsenceRule<'_>,
) -> StoreResult<u64> {
    let mut noted = Noted::of_table(connection, context.source, seen.table).await?;
    welcome_back(connection, context, seen, &mut noted).await?;
    let here = welcome(connection, context, window, seen, &noted).await?;
    release_old_windows(connection, context, rule.stream.as_str(), window, seen, rule.since).await?;
    if !seen.closed {
        return Ok(0);
    }
    for old in rule.replaced {
        let rest = old.subtract(&[window]).into_iter().next_back();
        observations_replace(connection, context, seen, *old, rest).await?;
    }
    let mut absent = absent_keys(connection, context, seen, here).await?;
    noted.look_up_keys(connection, context.source, seen.table, &absent.keys).await?;
    let stream = rule.stream;
    let moved =
        move_to_observed(connection, context, stream.as_str(), window, seen, &mut absent.keys).await?;
    let moved: Vec<Key> = moved.into_iter().filter(|key| noted.since(key).is_some()).collect();
    forget_absences(connection, context.source, seen.table, &moved).await?;
    let latest = chrono::Duration::from_std(rule.settle)
        .ok()
        .and_then(|settle| context.now.checked_sub_signed(settle))
        .unwrap_or(DateTime::<Utc>::MIN_UTC);
    let missing = missing_of(&absent.keys);
    let (old, new): (Vec<Key>, Vec<Key>) =
        absent.keys.into_iter().partition(|key| noted.since(key).is_some());
    let new = still_here(connection, context, seen.table, new).await?;
    note_absences(connection, context, seen.table, &new).await?;
    let mut due: Vec<Key> =
        old.into_iter().filter(|key| noted.since(key).is_some_and(|since| since <= latest)).collect();
    let mut since: Vec<_> = due.iter().filter_map(|key| noted.since(key)).collect();
    since.sort_unstable();
    since.dedup();
    let confirmed = confirmed_absences(connection, context, stream, window, &since).await?;
    due.retain(|key| noted.since(key).is_some_and(|since| confirmed.contains(&since)));
    if !is_mass_absence(rule.limit, missing, absent.live) {
        alarm_resolve_in_txn(connection, context, seen.table).await?;
        forget_absences(connection, context.source, seen.table, &due).await?;
        return tombstone_rows(connection, context, seen.table, &due).await;
    }
    if !due.is_empty() {
        alarm_raise_in_txn(connection, context, stream, seen.table, missing, absent.live).await?;
    }
    Ok(0)
}

/// How many of them speak of a mass absence. After `ccsync forget --undo` the vendor's rows come under their own names
/// again, and all of the pseudonym's are absent.
fn missing_of(keys: &[Key]) -> u64 {
    keys.iter().filter(|key| !key.iter().any(|part| is_pseudonym(part))).count() as u64
}

pub(in crate::store) fn owned(row: &Row) -> Key {
    row.key().map(str::to_owned).collect()
}

/// Ends the absence of rows that are back; they stay in `noted`.
async fn welcome_back(
    connection: &mut PgConnection,
    context: &Context<'_>,
    seen: &Seen<'_>,
    noted: &mut Noted,
) -> StoreResult<()> {
    noted.look_up_rows(connection, context.source, seen.table, seen.rows).await?;
    if noted.is_empty() {
        return Ok(());
    }
    let back: Vec<Key> =
        seen.rows.iter().map(|row| owned(row)).filter(|key| noted.since(key).is_some()).collect();
    forget_absences(connection, context.source, seen.table, &back).await
}

/// Moves rows to this window that are no longer owned by another window, and remembers those that are. Answers how many live
/// rows of the read are owned by this window now.
async fn welcome(
    connection: &mut PgConnection,
    context: &Context<'_>,
    window: TimeWindow,
    seen: &Seen<'_>,
    noted: &Noted,
) -> StoreResult<u64> {
    let mut here = seen.merged.inserted + seen.merged.updated;
    let mut movers = Vec::new();
    let mut owned_elsewhere = Vec::new();
    for (row, owner) in &seen.merged.kept {
        let inside = owner.is_some_and(|owner| window.start <= owner.start && owner.end <= window.end);
        // A neighbour's row on the common bound stays the neighbour's, or it would move at every read. One
        // whose owning window overlaps this window is from a grid that is no longer used.
        let is_orphaned = owner.is_none_or(|owner| owner.overlaps(&window));
        if inside {
            here += 1;
        } else if is_orphaned || (!noted.is_empty() && noted.since(&owned(row)).is_some()) {
            movers.push(*row);
        } else {
            owned_elsewhere.push(owned(row));
        }
    }
    if !movers.is_empty() {
        assign_window(connection, context, seen.table, window, movers.iter().map(|row| row.key())).await?;
        here += movers.len() as u64;
    }
    observations_update(connection, context, window, seen, &owned_elsewhere).await?;
    Ok(here)
}

struct Absent {
    /// Live rows owned by this window that the read did not contain.
    keys: Vec<Key>,
    /// Live rows owned by this window.
    live: u64,
}

/// The rows owned by this window that the read lacks. Usually the count says that there are none.
async fn absent_keys(
    connection: &mut PgConnection,
    context: &Context<'_>,
    seen: &Seen<'_>,
    present: u64,
) -> StoreResult<Absent> {
    if seen.merged.is_settled {
        return Ok(Absent { keys: Vec::new(), live: present });
    }
    let windowed = context.window.is_some();
    let live: i64 = sqlx::query_scalar(count_live(seen.table, windowed))
        .bind(context.source)
        .bind(context.window.map(|window| window.start))
        .bind(context.window.map(|window| window.end))
        .persistent(false)
        .fetch_one(&mut *connection)
        .await?;
    let live = u64::try_from(live).unwrap_or_default();
    if live == present {
        return Ok(Absent { keys: Vec::new(), live });
    }
    let mut keys: Vec<Key> = sqlx::query_scalar(live_keys(seen.table, windowed))
        .bind(context.source)
        .bind(context.window.map(|window| window.start))
        .bind(context.window.map(|window| window.end))
        .persistent(false)
        .fetch_all(connection)
        .await?;
    let present: HashSet<Vec<&str>> = seen.rows.iter().map(|row| row.key().collect()).collect();
    keys.retain(|key| !present.contains(&key.iter().map(String::as_str).collect::<Vec<_>>()));
    keys.sort();
    Ok(Absent { keys, live })
}
