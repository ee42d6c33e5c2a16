//! Marking rows deleted: the earlier version goes to the history, the row stays.

use sqlx::postgres::PgRow;
use sqlx::{PgConnection, Row as _};

use crate::domain::row::table::TableShape;
use crate::store::commit::absence::Key;
use crate::store::commit::probe::{key_arrays, query_with_keys, run_with_keys};
use crate::store::commit::transaction::Context;
use crate::store::fault::{StoreError, StoreResult};
use crate::store::statement::touched::not_taken;
use crate::store::statement::{hold_here, keep_absent, mark_deleted};

/// Marks those of the rows deleted that are still live (and still owned by the window, where there is one).
pub(in crate::store) async fn tombstone_rows(
    connection: &mut PgConnection,
    context: &Context<'_>,
    table: &'static TableShape,
    keys: &[Vec<String>],
) -> StoreResult<u64> {
    if keys.is_empty() {
        return Ok(0);
    }
    // As for changed rows: exact numbers need the rows locked first.
    let held = match context.is_repeated {
        true => still_here(connection, context, table, keys.to_vec()).await?.len() as u64,
        false => 0,
    };
    let arrays = || key_arrays(table, keys.iter().map(|key| key.iter().map(String::as_str)));
    let kept = run_with_keys(connection, context, context.window, keep_absent(table), arrays()).await?;
    let marked = run_with_keys(connection, context, context.window, mark_deleted(table), arrays()).await?;
    if kept < held {
        let history = format!("{}_history", table.name);
        return Err(not_taken(&history, "keeping the last versions of absent rows", held, kept));
    }
    if marked < held {
        return Err(not_taken(table.name, "marking absent rows deleted", held, marked));
    }
    let is_exact = kept == marked
        && (marked == keys.len() as u64
            || still_here(connection, context, table, keys.to_vec()).await?.is_empty());
    if is_exact { Ok(marked) } else { Err(StoreError::Conflict(table.name)) }
}

/// The keys whose rows are still owned by this window. Beside this read another window's may have brought a row that changed,
/// and with it its owning window: noted as absent here, it would stay noted.
pub(in crate::store) async fn still_here(
    connection: &mut PgConnection,
    context: &Context<'_>,
    table: &TableShape,
    keys: Vec<Key>,
) -> StoreResult<Vec<Key>> {
    if keys.is_empty() {
        return Ok(keys);
    }
    let arrays = key_arrays(table, keys.iter().map(|key| key.iter().map(String::as_str)));
    let query = query_with_keys(context, context.window, hold_here(table), arrays);
    Ok(query.try_map(|row: PgRow| row.try_get(0)).fetch_all(connection).await?)
}
