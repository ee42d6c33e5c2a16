//! Which rows a window owns, and owning windows that are no window any more.

use std::collections::HashSet;

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::postgres::PgRow;
use sqlx::{AssertSqlSafe, PgConnection, Row as _};

use crate::domain::proof::window::TimeWindow;
use crate::domain::row::record::{ContentHash, Row};
use crate::domain::row::table::TableShape;
use crate::domain::stream::StreamKey;
use crate::store::commit::absence::Seen;
use crate::store::commit::probe::{key_arrays, query_with_keys, run_with_keys};
use crate::store::commit::transaction::Context;
use crate::store::fault::StoreResult;
use crate::store::ledger::time_window::{lock_in_txn, overlapping};
use crate::store::statement::touched::not_taken;
use crate::store::statement::{Statement, assign_window_to, not_assigned_window, reassign_window};

/// The live rows that a scope owns before its read is merged.
#[derive(Default)]
pub(in crate::store) struct OwnedRows {
    /// Their content, which their keys are part of.
    pub(in crate::store) hashes: HashSet<ContentHash>,
    /// How many they are.
    pub(in crate::store) rows: usize,
    /// Other rows are owned by windows that reach beyond this one.
    spans_windows: bool,
    /// Rows from well within the window are taken for new, most likely rightly, until the database says otherwise.
    presumes_new: bool,
}

/// Vendors count the ends of a window in or out, by the second: so near to them a row may be a neighbour's.
const EDGE: TimeDelta = TimeDelta::seconds(1);

/// $1 source, $2 the end of the last window read before this one in time, $3 and $4 the window.
fn owned_rows(table: &TableShape) -> Statement {
    AssertSqlSafe(format!(
        "select array_agg(t.content_hash) filter (where t.window_start >= $3 and t.window_end <= $4), \
             coalesce(bool_or(t.window_end > $3 and (t.window_start < $3 or $4 < t.window_end)), false) \
         from {} t \
         where t.source = $1 and ($2::timestamptz is null or t.window_start >= $2) and t.window_start < $4 \
             and t.deleted_at is null",
        table.name,
    ))
}

/// One look at the window's stretch of the table, in the order of an index. What is equal in there need not be
/// looked up key by key, and most reads find nothing else.
pub(in crate::store) async fn owned_by_window(
    connection: &mut PgConnection,
    source: &str,
    table: &TableShape,
    window: TimeWindow,
    since: Option<DateTime<Utc>>,
) -> StoreResult<OwnedRows> {
    let (hashes, spans_windows): (Option<Vec<uuid::Uuid>>, bool) = sqlx::query_as(owned_rows(table))
        .bind(source)
        .bind(since)
        .bind(window.start)
        .bind(window.end)
        .persistent(false)
        .fetch_one(connection)
        .await?;
    Ok(OwnedRows::of(hashes, spans_windows))
}

/// The same of all live rows of a source.
pub(in crate::store) async fn owned_by_snapshot(
    connection: &mut PgConnection,
    source: &str,
    table: &TableShape,
) -> StoreResult<OwnedRows> {
    let statement = format!(
        "select array_agg(t.content_hash) from {} t where t.source = $1 and t.deleted_at is null",
        table.name
    );
    let hashes: Option<Vec<uuid::Uuid>> = sqlx::query_scalar(AssertSqlSafe(statement))
        .bind(source)
        .persistent(false)
        .fetch_one(connection)
        .await?;
    Ok(OwnedRows::of(hashes, false))
}

impl OwnedRows {
    fn of(stored: Option<Vec<uuid::Uuid>>, spans_windows: bool) -> OwnedRows {
        let stored = stored.unwrap_or_default();
        let rows = stored.len();
        let hashes = stored.into_iter().map(|hash| ContentHash(hash.into_bytes())).collect();
        OwnedRows { hashes, rows, spans_windows, presumes_new: false }
    }

    /// The same with `presumes_new`, where it owns nothing.
    pub(in crate::store) fn presuming_new(self, yes: bool) -> OwnedRows {
        OwnedRows { presumes_new: yes && self.rows == 0 && !self.spans_windows, ..self }
    }

    /// Whether nobody need look for this row before it is written.
    pub(in crate::store) fn is_presumed_new(&self, row: &Row, window: Option<TimeWindow>) -> bool {
        let is_near = |instant: DateTime<Utc>, bound: DateTime<Utc>| (instant - bound).abs() <= EDGE;
        let mut instants = row.instants().peekable();
        self.presumes_new
            && instants.peek().is_some()
            && window.is_some_and(|window| {
                instants.all(|instant| !is_near(instant, window.start) && !is_near(instant, window.end))
            })
    }
}

/// Homes of live rows that overlap [$3, $4) and reach beyond it, none of them begun before $2.
fn owning_windows_beyond(table: &TableShape) -> Statement {
    AssertSqlSafe(format!(
        "select distinct t.window_start, t.window_end from {} t \
         where t.source = $1 and ($2::timestamptz is null or t.window_start >= $2) and t.window_start < $4 \
         and t.window_end > $3 and (t.window_start < $3 or $4 < t.window_end) and t.deleted_at is null",
        table.name,
    ))
}

/// Rows whose owning window reaches beyond this window are from windows of another length, and no read of today's would
/// ever miss them. What is not here can only be in the rest of the old owning window. After a doubtful read that is not
/// known: then it counts as owned by this window, where it will be missed if it is gone.
pub(in crate::store) async fn release_old_windows(
    connection: &mut PgConnection,
    context: &Context<'_>,
    stream: &str,
    window: TimeWindow,
    seen: &Seen<'_>,
    since: Option<DateTime<Utc>>,
) -> StoreResult<()> {
    if !seen.owner.spans_windows {
        return Ok(());
    }
    let owners: Vec<(DateTime<Utc>, DateTime<Utc>)> = sqlx::query_as(owning_windows_beyond(seen.table))
        .bind(context.source)
        .bind(since)
        .bind(window.start)
        .bind(window.end)
        .persistent(false)
        .fetch_all(&mut *connection)
        .await?;
    for owner in owners.into_iter().filter_map(|(start, end)| TimeWindow::new(start, end)) {
        let rest = owner.subtract(&[window]).into_iter().next_back().filter(|_| seen.closed);
        let rest = rest.unwrap_or(window);
        let moved = sqlx::query(reassign_window(seen.table))
            .bind(context.source)
            .bind(owner.start)
            .bind(owner.end)
            .bind(rest.start)
            .bind(rest.end)
            .execute(&mut *connection)
            .await?;
        if 0 < moved.rows_affected() {
            read_again(connection, context, stream, rest, window).await?;
        }
    }
    Ok(())
}

/// Makes due again what was read of `owner` by windows other than this one: rows that moved there unseen may have been
/// missing from those reads. The windows of an owning window may have changed since a row was seen in it.
pub(in crate::store) async fn read_again(
    connection: &mut PgConnection,
    context: &Context<'_>,
    stream: &str,
    owner: TimeWindow,
    window: TimeWindow,
) -> StoreResult<()> {
    // Whoever writes windows sums up their month: first this lock, then the month's, as at the end of a commit.
    if let Ok(id) = stream.parse() {
        lock_in_txn(connection, &StreamKey { source: context.source.to_owned(), stream: id }).await?;
    }
    sqlx::query(concat!(
        "update sync.time_window set verdict = 'unverified' where ",
        overlapping!(),
        " and (window_start, window_end) <> ($5, $6) and verdict <> 'unverified'"
    ))
    .bind(context.source)
    .bind(stream)
    .bind(owner.start)
    .bind(owner.end)
    .bind(window.start)
    .bind(window.end)
    .execute(connection)
    .await?;
    Ok(())
}

/// Makes this window the owner of the rows with these keys. Their content and their version stay.
pub(in crate::store) async fn assign_window<'k, K: Iterator<Item = &'k str>>(
    connection: &mut PgConnection,
    context: &Context<'_>,
    table: &'static TableShape,
    window: TimeWindow,
    keys: impl Iterator<Item = K> + Clone,
) -> StoreResult<()> {
    let sent = keys.clone().count() as u64;
    let arrays = key_arrays(table, keys.clone());
    let moved = run_with_keys(connection, context, Some(window), assign_window_to(table), arrays).await?;
    if moved == sent {
        return Ok(());
    }
    // What another worker moved here at the same time counts too.
    let arrays = key_arrays(table, keys);
    let left: i64 = query_with_keys(context, Some(window), not_assigned_window(table), arrays)
        .try_map(|row: PgRow| row.try_get(0))
        .fetch_one(connection)
        .await?;
    match left.unsigned_abs() {
        0 => Ok(()),
        left => Err(not_taken(table.name, "moving rows to another window", moved + left, moved)),
    }
}
