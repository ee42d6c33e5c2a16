//! `sync.run`: one row for each pass over one stream; and `sync.run_day`, what they did on each business day.

use sqlx::postgres::PgRow;
use sqlx::{AssertSqlSafe, PgConnection, PgPool, Row as _};

use crate::domain::proof::run::{Counts, RunId};
use crate::engine::port::store::{RunEnd, RunStart};
use crate::store::account::source::claim_hold_in_txn;
use crate::store::fault::StoreResult;
use crate::store::statement::Statement;
use crate::store::statement::touched::{expect_row, expect_touched};

/// Counts as the ledger holds them.
pub(in crate::store) fn stored(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// Opens a run, and closes those of the same stream whose worker has shown no sign of life for a minute. `claim`: the
/// number under which this process claimed the source, where it did.
pub(in crate::store) async fn run_open(
    pool: &PgPool,
    start: &RunStart,
    claim: Option<i64>,
) -> StoreResult<RunId> {
    let mut transaction = pool.begin().await?;
    claim_hold_in_txn(&mut transaction, &start.stream.source, claim).await?;
    sqlx::query(
        r#"
        update sync.run
        set outcome = 'interrupted', finished_at = $3,
            message = 'the process that ran it went away; what it committed stands, the rest is read again'
        where source = $1 and stream = $2 and outcome = 'running'
            and heartbeat_at < clock_timestamp() - interval '60 seconds'
        "#,
    )
    .bind(&start.stream.source)
    .bind(start.stream.stream.as_str())
    .bind(start.now)
    .execute(&mut *transaction)
    .await?;
    let id: Option<i64> = sqlx::query_scalar(
        r#"
        with run as (
            insert into sync.run (source, stream, trigger, worker, started_at) values ($1, $2, $3, $4, $5)
            returning id, source, stream, started_at
        ), day as (
            insert into sync.run_day as d (source, stream, day, runs)
            select r.source, r.stream, (r.started_at at time zone s.timezone)::date, 1
            from run r
            join sync.stream s on s.source = r.source and s.stream = r.stream and s.kind <> 'feed'
            on conflict (source, stream, day) do update set runs = d.runs + 1
        )
        select id from run
        "#,
    )
    .bind(&start.stream.source)
    .bind(start.stream.stream.as_str())
    .bind(start.trigger.as_str())
    .bind(start.worker)
    .bind(start.now)
    .fetch_optional(&mut *transaction)
    .await?;
    let id = expect_row("sync.run", "opening a run", id)?;
    transaction.commit().await?;
    Ok(RunId(id))
}

/// `update`, which changes one run, with the same added to the run's day: `counts` are its requests, rows read and
/// changes, by the update's parameters. Answers how many runs there were. A feed's run belongs to no day.
fn with_day(update: &str, counts: &str) -> Statement {
    AssertSqlSafe(format!(
        r#"
        with run as ({update} returning source, stream, started_at), day as (
            insert into sync.run_day as d (source, stream, day, requests, rows_read, changes)
            select r.source, r.stream, (r.started_at at time zone s.timezone)::date, {counts}
            from run r
            join sync.stream s on s.source = r.source and s.stream = r.stream and s.kind <> 'feed'
            on conflict (source, stream, day) do update set requests = d.requests + excluded.requests,
                rows_read = d.rows_read + excluded.rows_read, changes = d.changes + excluded.changes
        )
        select count(*) from run
        "#
    ))
}

/// Closes a run.
pub(in crate::store) async fn run_close(pool: &PgPool, run: RunId, end: &RunEnd<'_>) -> StoreResult<()> {
    let update = "update sync.run set outcome = $2, message = $3, finished_at = $4, requests = requests + $5 where id = $1";
    let closed: i64 = sqlx::query_scalar(with_day(update, "$5, 0, 0"))
        .bind(run.0)
        .bind(end.outcome.as_str())
        .bind(end.message)
        .bind(end.now)
        .bind(stored(end.requests))
        .fetch_one(pool)
        .await?;
    expect_touched("sync.run", "closing a run", 1, closed.unsigned_abs())
}

/// Adds to a run's counts; a sign of life too. `windows_due`: how many it has to read
/// in all, where that is known.
pub(in crate::store) async fn run_add_in_txn(
    connection: &mut PgConnection,
    run: RunId,
    counts: &Counts,
    windows_due: Option<u64>,
) -> StoreResult<()> {
    let update = r#"
        update sync.run
        set heartbeat_at = clock_timestamp(), windows = windows + $2, requests = requests + $3,
            rows_read = rows_read + $4, inserted = inserted + $5, updated = updated + $6,
            unchanged = unchanged + $7, superseded = superseded + $8, deleted = deleted + $9,
            quarantined = quarantined + $10, windows_due = coalesce(greatest(windows + $2, $11), windows_due)
        where id = $1
        "#;
    let added: i64 = sqlx::query_scalar(with_day(update, "$3, $4, $5 + $6 + $9"))
        .bind(run.0)
        .bind(stored(counts.windows))
        .bind(stored(counts.requests))
        .bind(stored(counts.rows_read))
        .bind(stored(counts.inserted))
        .bind(stored(counts.updated))
        .bind(stored(counts.unchanged))
        .bind(stored(counts.superseded))
        .bind(stored(counts.deleted))
        .bind(stored(counts.quarantined))
        .bind(windows_due.map(stored))
        .fetch_one(connection)
        .await?;
    expect_touched("sync.run", "adding the counts of a commit", 1, added.unsigned_abs())
}

/// The counts of a row of `sync.run`.
pub(in crate::store) fn counts_of(row: &PgRow) -> Result<Counts, sqlx::Error> {
    let count =
        |name: &str| row.try_get::<i64, _>(name).map(|count| u64::try_from(count).unwrap_or_default());
    Ok(Counts {
        windows: count("windows")?,
        requests: count("requests")?,
        rows_read: count("rows_read")?,
        inserted: count("inserted")?,
        updated: count("updated")?,
        unchanged: count("unchanged")?,
        superseded: count("superseded")?,
        deleted: count("deleted")?,
        quarantined: count("quarantined")?,
    })
}
