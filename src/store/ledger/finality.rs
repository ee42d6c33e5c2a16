//! `sync.finality`: how far behind its contact a window brings a result, and what changed after it was final.
//!
//! A day is final when no window may bring results of it any more (`sync.stream_time`). Both figures come from the
//! rows of a read, and are written in its transaction, only where one of them grows.

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::PgConnection;

use crate::domain::proof::run::Counts;
use crate::domain::proof::window::TimeWindow;
use crate::domain::row::record::Row;
use crate::engine::port::store::Commit;
use crate::store::fault::StoreResult;
use crate::store::ledger::time_window::KnownWindows;

/// The instant that decides a row's business day: its first one, which is the contact's, or the inspection's where
/// that of the contact is not known.
fn contact(row: &Row) -> Option<DateTime<Utc>> {
    row.instants().next()
}

/// The contacts of these rows that lie further before the window than any contact was seen before.
pub(in crate::store) fn beyond_reach<'r>(
    rows: &'r [&Row],
    window: TimeWindow,
    known: &KnownWindows,
) -> impl Iterator<Item = DateTime<Utc>> + use<'r> {
    let reach = known.reach;
    let contacts = rows.iter().filter_map(|row| contact(row));
    contacts.filter(move |at| reach.is_some_and(|reach| reach < window.start - *at))
}

/// Counts this read if it changed what was final: its own window, or the day of one of the `late` contacts. Then
/// keeps its longest distance from a contact to the window's beginning, if none was longer.
pub(in crate::store) async fn finality_update_in_txn(
    connection: &mut PgConnection,
    commit: &Commit,
    (window, known): (TimeWindow, &KnownWindows),
    written: &Counts,
    late: &[DateTime<Utc>],
) -> StoreResult<()> {
    let changed = 0 < written.inserted + written.updated + written.deleted;
    let stream = &commit.lease.stream;
    let is_change = changed && known.was_final
        || !late.is_empty() && is_any_day_final(&mut *connection, commit, late).await?;
    let distances = commit.rows.iter().filter_map(contact).map(|at| window.start - at);
    let longest = distances.max().map_or(0, seconds_up);
    let is_longer = known.reach.map_or(0, |reach| reach.num_seconds()) < longest;
    if !is_change && !is_longer {
        return Ok(());
    }
    sqlx::query(
        r#"
        insert into sync.finality as f (source, stream, reach, changed_after_final)
        values ($1, $2, make_interval(secs => $3), $4)
        on conflict (source, stream) do update
        set reach = greatest(f.reach, excluded.reach),
            changed_after_final = f.changed_after_final + excluded.changed_after_final
        where f.reach < excluded.reach or 0 < excluded.changed_after_final
        "#,
    )
    .bind(&stream.source)
    .bind(stream.stream.as_str())
    .bind(longest as f64)
    .bind(i64::from(is_change))
    .execute(connection)
    .await?;
    Ok(())
}

async fn is_any_day_final(
    connection: &mut PgConnection,
    commit: &Commit,
    contacts: &[DateTime<Utc>],
) -> StoreResult<bool> {
    let found = sqlx::query_scalar(
        r#"
        select exists (
            select from (select distinct bi.business_day(at) as day from unnest($3::timestamptz[]) at) d
            join sync.stream_time t on t.source = $1 and t.stream = $2 and t.final_days @> d.day
        )
        "#,
    )
    .bind(&commit.lease.stream.source)
    .bind(commit.lease.stream.stream.as_str())
    .bind(contacts)
    .fetch_one(connection)
    .await?;
    Ok(found)
}

/// Whole seconds, rounded up: a reach that is too short would call a day final too early.
fn seconds_up(distance: TimeDelta) -> i64 {
    let whole = distance.num_seconds();
    whole + i64::from(TimeDelta::seconds(whole) < distance)
}
