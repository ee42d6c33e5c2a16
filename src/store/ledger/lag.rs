//! `sync.revision_lag` and `sync.reread_day`: what re-reads showed of late results, and what they cost.

use chrono::{DateTime, Datelike as _, NaiveDate, Utc};
use sqlx::{PgConnection, PgPool};

use crate::domain::proof::lag::{AGES, LagTable, Reread};
use crate::domain::proof::run::Counts;
use crate::domain::proof::window::TimeWindow;
use crate::domain::stream::StreamKey;
use crate::engine::port::store::{Commit, LagLedger};
use crate::store::fault::StoreResult;
use crate::store::statement::touched::expect_touched;

/// The sums from the month of `since` on, and what the day has paid.
pub(in crate::store) async fn lag_fetch(
    pool: &PgPool,
    stream: &StreamKey,
    since: NaiveDate,
    day: NaiveDate,
) -> StoreResult<LagLedger> {
    let sums: Vec<(i32, f64, f64, f64)> = sqlx::query_as(
        r#"
        select age_hours, sum(changes), sum(rows), sum(windows)
        from sync.revision_lag
        where source = $1 and stream = $2 and month >= $3
        group by age_hours
        "#,
    )
    .bind(&stream.source)
    .bind(stream.stream.as_str())
    .bind(month(since))
    .fetch_all(pool)
    .await?;
    let paid: Option<i64> = sqlx::query_scalar(
        "select requests from sync.reread_day where source = $1 and stream = $2 and day = $3",
    )
    .bind(&stream.source)
    .bind(stream.stream.as_str())
    .bind(day)
    .fetch_optional(pool)
    .await?;
    let mut table = LagTable::default();
    for (age, changes, rows, windows) in sums {
        let known = AGES.iter().position(|begin| *begin == i64::from(age));
        if let Some(bin) = known.and_then(|index| table.bins.get_mut(index)) {
            (bin.changes, bin.rows, bin.windows) = (changes, rows, windows);
        }
    }
    Ok(LagLedger { table, requests_today: paid.unwrap_or_default().unsigned_abs() })
}

/// Adds what this read of a complete window showed: `written` of it were new, changed or gone, and those at
/// `dated` changed at that time by the vendor's word.
pub(in crate::store) async fn reread_in_txn(
    connection: &mut PgConnection,
    commit: &Commit,
    window: TimeWindow,
    written: &Counts,
    dated: &[DateTime<Utc>],
) -> StoreResult<()> {
    let Some(look) = commit.reread else { return Ok(()) };
    let changes = written.inserted + written.updated + written.deleted;
    let mut table = LagTable::default();
    table.observe(&Reread {
        from: look.read_before - window.end,
        to: commit.read_at - window.end,
        rows: look.rows_before,
        dated: dated.iter().map(|at| *at - window.end).collect(),
        undated: changes.saturating_sub(dated.len() as u64),
    });
    let seen = || AGES.iter().zip(&table.bins).filter(|(_, bin)| 0.0 < bin.windows);
    let kept = sqlx::query(
        r#"
        insert into sync.revision_lag as l (source, stream, month, age_hours, changes, rows, windows)
        select $1, $2, $3, age_hours, changes, rows, windows
        from unnest($4::integer[], $5::float8[], $6::float8[], $7::float8[]) as n(age_hours, changes, rows, windows)
        on conflict (source, stream, month, age_hours) do update
        set changes = l.changes + excluded.changes, rows = l.rows + excluded.rows,
            windows = l.windows + excluded.windows
        "#,
    )
    .bind(&commit.lease.stream.source)
    .bind(commit.lease.stream.stream.as_str())
    .bind(month(commit.read_at.date_naive()))
    .bind(seen().map(|(age, _)| i32::try_from(*age).unwrap_or(i32::MAX)).collect::<Vec<_>>())
    .bind(seen().map(|(_, bin)| bin.changes).collect::<Vec<_>>())
    .bind(seen().map(|(_, bin)| bin.rows).collect::<Vec<_>>())
    .bind(seen().map(|(_, bin)| bin.windows).collect::<Vec<_>>())
    .execute(&mut *connection)
    .await?;
    let purpose = "adding what a reread showed";
    expect_touched("sync.revision_lag", purpose, seen().count(), kept.rows_affected())?;
    let Some(day) = look.paid_by else { return Ok(()) };
    let kept = sqlx::query(
        r#"
        insert into sync.reread_day as r (source, stream, day, requests) values ($1, $2, $3, $4)
        on conflict (source, stream, day) do update set requests = r.requests + excluded.requests
        "#,
    )
    .bind(&commit.lease.stream.source)
    .bind(commit.lease.stream.stream.as_str())
    .bind(day)
    .bind(i64::from(commit.certificate.requests))
    .execute(connection)
    .await?;
    expect_touched("sync.reread_day", "adding the requests of a reread", 1, kept.rows_affected())
}

/// The first day of the month: sums are kept by month.
fn month(date: NaiveDate) -> NaiveDate {
    date.with_day(1).unwrap_or(date)
}
