//! New and changed rows into one fact table, replaced versions into its history.

use std::collections::{HashMap, HashSet};

use sqlx::postgres::PgRow;
use sqlx::{PgConnection, Row as _};

use crate::domain::proof::window::TimeWindow;
use crate::domain::row::record::Row;
use crate::domain::row::table::TableShape;
use crate::store::commit::absence::{Key, owned};
use crate::store::commit::owner::OwnedRows;
use crate::store::commit::probe::{Stored, stored_versions};
use crate::store::commit::stage::{copy_first_versions, stage_rows};
use crate::store::commit::transaction::Context;
use crate::store::fault::{StoreError, StoreResult};
use crate::store::query::compare::{Differing, differing_rows};
use crate::store::statement::touched::not_taken;
use crate::store::statement::{Stage, Statement, hold_replaced, keep_replaced, not_replaced, replace};
use crate::telemetry::failpoint::{Failpoint, failpoint};

/// What became of the rows of one table.
#[derive(Default)]
pub(in crate::store) struct Merged<'r> {
    /// First versions written.
    pub(in crate::store) inserted: u64,
    /// Later versions written.
    pub(in crate::store) updated: u64,
    /// Those of them whose earlier version was marked deleted.
    pub(in crate::store) restored: u64,
    /// Found as they were.
    pub(in crate::store) unchanged: u64,
    /// Left alone because a later version is stored.
    pub(in crate::store) superseded: u64,
    /// The rows that were written, and perhaps some that another worker wrote just before.
    pub(in crate::store) written: Vec<&'r Row>,
    /// The rows that stayed as they were stored, live, and which window owns them.
    pub(in crate::store) kept: Vec<(&'r Row, Option<TimeWindow>)>,
    /// All rows that were owned by this window came as they were: none is missing.
    pub(in crate::store) is_settled: bool,
}

/// Writes what differs. `rows` are sorted by key, each key once. What is owned by this window with equal content is sorted
/// out first; what is left is looked up by its key, since it may be older, marked deleted, or owned by another window.
/// In a window that was never read, that is asked of the rows at its ends alone: should another row be stored after
/// all, the first versions are refused, and the commit is made again.
pub(in crate::store) async fn merge_table<'r>(
    connection: &mut PgConnection,
    context: &Context<'_>,
    table: &'static TableShape,
    rows: &[&'r Row],
    owner: &OwnedRows,
) -> StoreResult<Merged<'r>> {
    let mut merged = Merged::default();
    let mut changed = Vec::new();
    let overruled = overruled(connection, context, table, rows).await?;
    // What was found damaged may have kept its hash.
    let trusted = |row: &Row| !context.overrule && owner.hashes.contains(&row.hash);
    let (same, rest): (Vec<&Row>, Vec<&Row>) = rows.iter().partition(|row| trusted(row));
    merged.unchanged = same.len() as u64;
    let all_came = same.len() == owner.rows;
    merged.kept = same.into_iter().map(|row| (row, context.window)).collect();
    let (mut new, rest): (Vec<&Row>, Vec<&Row>) =
        rest.into_iter().partition(|row| owner.is_presumed_new(row, context.window));
    if !rest.is_empty() {
        let stored = stored_versions(connection, context, table, &rest).await?;
        failpoint(Failpoint::RowsProbed).await?;
        new.append(&mut sort_out(&rest, stored, &overruled, &mut changed, &mut merged));
        new.sort_by(|left, right| left.key().cmp(right.key()));
    }
    if !new.is_empty() {
        let copied = copy_first_versions(connection, context, table, &new).await;
        copied.map_err(|error| error.or_conflict(table.name))?;
        merged.inserted = new.len() as u64;
        failpoint(Failpoint::RowsInserted).await?;
    }
    if !changed.is_empty() {
        changed.sort_by(|left, right| left.key().cmp(right.key()));
        stage_rows(connection, table, Stage::Changed, &changed).await?;
        (merged.updated, merged.restored) =
            replace_changed(connection, context, table, changed.len()).await?;
        // What another worker brought up to date between the probe and the lock.
        merged.unchanged += (changed.len() as u64).saturating_sub(merged.updated);
    }
    merged.is_settled = all_came && changed.is_empty();
    merged.written = new;
    merged.written.append(&mut changed);
    Ok(merged)
}

/// Puts each row that is stored where it belongs and answers those that are not.
fn sort_out<'r>(
    rows: &[&'r Row],
    stored: Vec<Stored>,
    overruled: &HashSet<Key>,
    changed: &mut Vec<&'r Row>,
    merged: &mut Merged<'r>,
) -> Vec<&'r Row> {
    let mut is_stored = vec![false; rows.len()];
    for stored in stored {
        let Some(row) = rows.get(stored.index) else { continue };
        is_stored[stored.index] = true;
        if stored.deleted {
            // The vendor reports it again, in whatever version: it exists.
            changed.push(row);
        } else if !overruled.is_empty() && overruled.contains(&owned(row)) {
            changed.push(row);
        } else if stored.hash == row.hash {
            merged.unchanged += 1;
            merged.kept.push((row, stored.owner));
        } else if row.version_at().zip(stored.version_at).is_some_and(|(sent, kept)| sent < kept) {
            merged.superseded += 1;
            merged.kept.push((row, stored.owner));
        } else {
            changed.push(row);
        }
    }
    rows.iter().zip(is_stored).filter(|(_, is_stored)| !is_stored).map(|(row, _)| *row).collect()
}

/// The keys of stored rows that differ from what the vendor sent, whatever their hash and version say; none
/// where those are trusted.
async fn overruled(
    connection: &mut PgConnection,
    context: &Context<'_>,
    table: &'static TableShape,
    rows: &[&Row],
) -> StoreResult<HashSet<Key>> {
    if !context.overrule {
        return Ok(HashSet::new());
    }
    stage_rows(connection, table, Stage::Compared, rows).await?;
    let found = differing_rows(connection, context.source, table, Stage::Compared, context.window).await?;
    Ok(found.into_iter().filter(Differing::is_damaged).map(|row| row.key).collect())
}

/// Replaces the staged rows. Answers how many were replaced, and how many of them had been marked deleted. The rest was
/// brought up to date by another worker.
async fn replace_changed(
    connection: &mut PgConnection,
    context: &Context<'_>,
    table: &'static TableShape,
    staged: usize,
) -> StoreResult<(u64, u64)> {
    // A worker that writes the same rows at the same time makes the numbers differ. The commit is then made again with
    // the rows locked first; what differs still was not taken.
    let held = match context.is_repeated {
        true => Some(count(connection, context, hold_replaced(table, context.overrule)).await?),
        false => None,
    };
    let query = context.bind(sqlx::query(keep_replaced(table, context.overrule)), context.window);
    let (kept, restored) = query
        .persistent(false)
        .try_map(|row: PgRow| {
            Ok((row.try_get::<i64, _>(0)?.unsigned_abs(), row.try_get::<i64, _>(1)?.unsigned_abs()))
        })
        .fetch_one(&mut *connection)
        .await?;
    failpoint(Failpoint::HistoryKept).await?;
    let query = context.bind(sqlx::query(replace(table, context.overrule)), context.window);
    let replaced = query.persistent(false).execute(&mut *connection).await?.rows_affected();
    failpoint(Failpoint::RowsReplaced).await?;
    if let Some(held) = held {
        if kept < held {
            let history = format!("{}_history", table.name);
            return Err(not_taken(&history, "keeping replaced versions", held, kept));
        }
        if replaced < held {
            return Err(not_taken(table.name, "replacing changed rows", held, replaced));
        }
    }
    if kept != replaced {
        return Err(StoreError::Conflict(table.name));
    }
    if replaced < staged as u64 {
        let left = count(connection, context, not_replaced(table)).await?;
        return match left {
            0 => Ok((replaced, restored)),
            _ if !context.is_repeated => Err(StoreError::Conflict(table.name)),
            _ => Err(not_taken(table.name, "replacing changed rows", replaced + left, replaced)),
        };
    }
    Ok((replaced, restored))
}

async fn count(
    connection: &mut PgConnection,
    context: &Context<'_>,
    statement: Statement,
) -> StoreResult<u64> {
    let query = context.bind(sqlx::query(statement), context.window).persistent(false);
    let count: i64 = query.try_map(|row: PgRow| row.try_get(0)).fetch_one(connection).await?;
    Ok(count.unsigned_abs())
}

/// The rows of each table, sorted by key, each key once: of equal keys the later version wins, of equal or
/// unknown versions the one that came last.
pub(in crate::store) fn by_table<'r>(
    rows: &'r [Row],
    superseded: &mut u64,
) -> HashMap<&'static str, Vec<&'r Row>> {
    let mut tables: HashMap<&'static str, Vec<&Row>> = HashMap::new();
    for row in rows {
        tables.entry(row.table.name).or_default().push(row);
    }
    for rows in tables.values_mut() {
        // Stable: rows of one key stay in the order in which they came.
        rows.sort_by(|left, right| left.key().cmp(right.key()));
        let before = rows.len();
        rows.dedup_by(|later, kept| {
            let same = later.key().eq(kept.key());
            if same && later.version_at().zip(kept.version_at()).is_none_or(|(new, old)| old <= new) {
                *kept = later;
            }
            same
        });
        *superseded += (before - rows.len()) as u64;
    }
    tables
}
