//! `sync.time_window`: what is known of each window. Windows of one stream never overlap.

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::postgres::PgRow;
use sqlx::{PgConnection, PgPool, Row as _};
use uuid::Uuid;

use crate::domain::fault::FaultKind;
use crate::domain::proof::certificate::{UnverifiedReason, Verdict};
use crate::domain::proof::run::RunId;
use crate::domain::proof::window::TimeWindow;
use crate::domain::stream::StreamKey;
use crate::engine::port::store::{Commit, Failure, ReadRecord, ReadState};
use crate::store::fault::StoreResult;
use crate::store::ledger::certificate::bind_read;
use crate::store::privacy::retention::refuse_expired_in_txn;
use crate::store::statement::touched::{expect_row, expect_touched};

/// What the ledger knew before a commit.
pub(in crate::store) struct KnownWindows {
    /// This window, or part of it, was read before: its rows are probably there.
    pub(in crate::store) read_before: bool,
    /// Windows that overlap this one without being it.
    pub(in crate::store) replaced: Vec<TimeWindow>,
    /// The end of the last window read before this one in time. Rows owned by windows between it and this one's end
    /// came under windows that are no more.
    pub(in crate::store) since: Option<DateTime<Utc>>,
    /// This window, or one that it replaces, was final.
    pub(in crate::store) was_final: bool,
    /// The longest distance from a contact to a window's beginning that was seen so far, at most `lookback`.
    pub(in crate::store) reach: Option<TimeDelta>,
}

/// Which windows share an instant with `[$3, $4)`. They never overlap each other: of those that began before it, only the
/// last one can reach into it, and the index has it.
macro_rules! overlapping {
    () => {
        r#"
        source = $1 and stream = $2 and window_start < $4 and $3 < window_end and window_start >= coalesce((
            select max(before.window_start)
            from sync.time_window before
            where before.source = $1 and before.stream = $2 and before.window_start <= $3
        ), $3)
        "#
    };
}
pub(in crate::store) use overlapping;

/// Windows with whether rows are missed in them, of the tables that this parameter names.
macro_rules! windows {
    ($tables:literal) => {
        concat!(
            r#"
            select w.*, exists (
                select from sync.absence a
                where a.source = $1 and a.table_name = any("#,
            $tables,
            r#") and a.window_start = w.window_start and a.window_end = w.window_end
            ) as missing
            from sync.time_window w
            where "#
        )
    };
}

/// Windows of a stream, oldest first: all, or those that overlap `within`.
pub(in crate::store) async fn windows_fetch(
    pool: &PgPool,
    stream: &StreamKey,
    within: Option<TimeWindow>,
) -> StoreResult<Vec<ReadRecord>> {
    let tables: Vec<&str> = stream.stream.tables().iter().map(|table| table.name).collect();
    let query = match within {
        None => sqlx::query(concat!(windows!("$3"), "source = $1 and stream = $2 order by window_start")),
        Some(_) => sqlx::query(concat!(windows!("$5"), overlapping!(), " order by window_start")),
    };
    let query = query.bind(&stream.source).bind(stream.stream.as_str());
    let query = match within {
        None => query,
        Some(within) => query.bind(within.start).bind(within.end),
    };
    let rows = query.bind(tables).fetch_all(pool).await?;
    let mut records = Vec::with_capacity(rows.len());
    for row in &rows {
        let window = TimeWindow::new(row.try_get("window_start")?, row.try_get("window_end")?);
        records.push(read_record(row, window)?);
    }
    Ok(records)
}

/// A ledger entry from the columns that `sync.time_window` and `sync.snapshot` share.
pub(in crate::store) fn read_record(
    row: &PgRow,
    window: Option<TimeWindow>,
) -> Result<ReadRecord, sqlx::Error> {
    let state = match row.try_get::<&str, _>("state")? {
        "complete" => ReadState::Complete,
        "open" => ReadState::Open,
        _ => ReadState::Failed,
    };
    let verdict = match row.try_get::<Option<&str>, _>("verdict")? {
        Some("proven") => Some(Verdict::Proven),
        Some("stable") => Some(Verdict::Stable),
        Some(_) => Some(Verdict::Unverified),
        None => None,
    };
    let failure = match row.try_get::<Option<DateTime<Utc>>, _>("failed_at")? {
        None => None,
        Some(at) => Some(Failure {
            at,
            kind: row.try_get::<Option<String>, _>("failure_kind")?.unwrap_or_default(),
            message: row.try_get::<Option<String>, _>("failure_message")?.unwrap_or_default(),
            attempts: row.try_get("failed_attempts")?,
        }),
    };
    Ok(ReadRecord {
        window,
        state,
        read_at: row.try_get("read_at")?,
        complete_to: row.try_get("complete_to")?,
        reads: row.try_get("reads")?,
        verdict,
        unverified_reason: row
            .try_get::<Option<&str>, _>("unverified_reason")?
            .and_then(UnverifiedReason::from_name),
        unverified_reads: row.try_get("unverified_reads")?,
        digest: row.try_get::<Option<Uuid>, _>("digest")?.map(|digest| digest.as_u128()),
        rows: row.try_get("rows")?,
        vendor_total: row.try_get("vendor_total")?,
        requests: row.try_get("requests")?,
        missing: window.is_some() && row.try_get("missing")?,
        failure,
    })
}

/// What is known of the time that this window covers.
pub(in crate::store) async fn known_windows(
    connection: &mut PgConnection,
    stream: &StreamKey,
    window: TimeWindow,
) -> StoreResult<KnownWindows> {
    let rows: Vec<(DateTime<Utc>, DateTime<Utc>, i32, bool)> = sqlx::query_as(concat!(
        "select window_start, window_end, reads, sync.is_final(state, verdict, read_at, final_at) \
             from sync.time_window where ",
        overlapping!(),
        " order by window_start"
    ))
    .bind(&stream.source)
    .bind(stream.stream.as_str())
    .bind(window.start)
    .bind(window.end)
    .fetch_all(&mut *connection)
    .await?;
    let (since, reach): (Option<DateTime<Utc>>, Option<f64>) = sqlx::query_as(
        r#"
        select (
            select w.window_end
            from sync.time_window w
            where w.source = $1 and w.stream = $2 and w.window_start < $3 and w.window_end <= $3 and 0 < w.reads
            order by w.window_start desc
            limit 1
        ), (
            select extract(epoch from least(f.reach, s.lookback))::float8
            from sync.finality f
            left join sync.stream s on s.source = f.source and s.stream = f.stream
            where f.source = $1 and f.stream = $2
        )
        "#,
    )
    .bind(&stream.source)
    .bind(stream.stream.as_str())
    .bind(window.start)
    .fetch_one(connection)
    .await?;
    Ok(KnownWindows {
        read_before: rows.iter().any(|(_, _, reads, _)| 0 < *reads),
        was_final: rows.iter().any(|(_, _, _, was_final)| *was_final),
        reach: reach.map(|seconds| TimeDelta::seconds(seconds as i64)),
        replaced: rows
            .into_iter()
            .filter_map(|(start, end, _, _)| TimeWindow::new(start, end))
            .filter(|known| *known != window)
            .collect(),
        since,
    })
}

/// One at a time for each stream, to the end of the transaction: two writers with different grids could
/// else both see no overlap.
pub(in crate::store) async fn lock_in_txn(
    connection: &mut PgConnection,
    stream: &StreamKey,
) -> StoreResult<()> {
    sqlx::query("select pg_advisory_xact_lock(hashtextextended('ccsync ledger ' || $1, 0))")
        .bind(stream.to_string())
        .execute(connection)
        .await?;
    Ok(())
}

/// Moves the checkpoint of one window. Windows that overlap it are forgotten: what of them lies outside
/// becomes a gap, which the planner reads again. Answers the number of committed reads.
pub(in crate::store) async fn window_commit_in_txn(
    connection: &mut PgConnection,
    commit: &Commit,
    window: TimeWindow,
) -> StoreResult<i32> {
    let stream = &commit.lease.stream;
    lock_in_txn(connection, stream).await?;
    refuse_expired_in_txn(connection, stream, window).await?;
    sqlx::query(concat!(
        "delete from sync.time_window where ",
        overlapping!(),
        " and (window_start, window_end) <> ($3, $4)"
    ))
    .bind(&stream.source)
    .bind(stream.stream.as_str())
    .bind(window.start)
    .bind(window.end)
    .execute(&mut *connection)
    .await?;
    let query = sqlx::query_scalar(
        r#"
        insert into sync.time_window as w (source, stream, rows, requests, pages, vendor_total, digest, verdict,
            reads, read_at, first_read_at, run_id, unverified_reason, unverified_reads, complete_to, state,
            window_start, window_end, final_at)
        values ($1, $2, $3, $4, $5, $6, $7, $8, 1, $9, $9, $10, $11, ($8 = 'unverified')::integer, $12, $13, $14, $15,
            $16)
        on conflict (source, stream, window_start) do update
        set state = excluded.state, rows = excluded.rows, requests = excluded.requests,
            pages = excluded.pages, vendor_total = excluded.vendor_total, digest = excluded.digest,
            verdict = excluded.verdict, unverified_reason = excluded.unverified_reason,
            unverified_reads = case when excluded.verdict = 'unverified' then w.unverified_reads + 1 else 0 end,
            reads = w.reads + 1, read_at = excluded.read_at,
            complete_to = excluded.complete_to, first_read_at = coalesce(w.first_read_at, excluded.read_at),
            run_id = excluded.run_id, final_at = excluded.final_at, failed_at = null, failing_since = null,
            failure_kind = null, failure_message = null, failed_attempts = 0
        returning reads
        "#,
    );
    let reads = bind_read(query, commit)
        .bind(commit.complete_to.min(window.end))
        .bind(if window.end <= commit.complete_to { "complete" } else { "open" })
        .bind(window.start)
        .bind(window.end)
        .bind(commit.final_at)
        .fetch_optional(connection)
        .await?;
    expect_row("sync.time_window", "moving the checkpoint", reads)
}

/// Notes a failed attempt. Where windows of another length cover the same time, it is noted on them: no
/// earlier checkpoint changes, and windows do not overlap.
pub(in crate::store) async fn window_fail_in_txn(
    connection: &mut PgConnection,
    stream: &StreamKey,
    window: TimeWindow,
    run: RunId,
    (kind, message): (FaultKind, &str),
    now: DateTime<Utc>,
) -> StoreResult<()> {
    lock_in_txn(connection, stream).await?;
    let noted = sqlx::query(
        concat!(
            "update sync.time_window \
             set failed_at = $5, failing_since = coalesce(failing_since, $5), failure_kind = $6, failure_message = $7, \
                 failed_attempts = failed_attempts + 1 \
             where ",
            overlapping!()
        ),
    )
    .bind(&stream.source)
    .bind(stream.stream.as_str())
    .bind(window.start)
    .bind(window.end)
    .bind(now)
    .bind(kind.as_str())
    .bind(message)
    .execute(&mut *connection)
    .await?;
    if 0 < noted.rows_affected() {
        return Ok(());
    }
    let noted = sqlx::query(
        r#"
        insert into sync.time_window (source, stream, window_start, window_end, state, run_id, failed_at,
            failing_since, failure_kind, failure_message, failed_attempts)
        values ($1, $2, $3, $4, 'failed', $5, $6, $6, $7, $8, 1)
        "#,
    )
    .bind(&stream.source)
    .bind(stream.stream.as_str())
    .bind(window.start)
    .bind(window.end)
    .bind(run.0)
    .bind(now)
    .bind(kind.as_str())
    .bind(message)
    .execute(connection)
    .await?;
    expect_touched("sync.time_window", "noting a failed read", 1, noted.rows_affected())
}
