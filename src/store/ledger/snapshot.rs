//! `sync.snapshot`: the last read of each stream that is read whole.

use chrono::{DateTime, Utc};
use sqlx::{PgConnection, PgPool};

use crate::domain::fault::FaultKind;
use crate::domain::proof::certificate::Verdict;
use crate::domain::proof::run::RunId;
use crate::domain::stream::StreamKey;
use crate::engine::port::store::{Commit, ReadRecord};
use crate::store::fault::StoreResult;
use crate::store::ledger::certificate::bind_read;
use crate::store::ledger::time_window::read_record;
use crate::store::statement::touched::{expect_row, expect_touched};

/// The one record of a snapshot stream, if there is one.
pub(in crate::store) async fn snapshot_fetch(
    pool: &PgPool,
    stream: &StreamKey,
) -> StoreResult<Vec<ReadRecord>> {
    let rows = sqlx::query("select * from sync.snapshot where source = $1 and stream = $2")
        .bind(&stream.source)
        .bind(stream.stream.as_str())
        .fetch_all(pool)
        .await?;
    Ok(rows.iter().map(|row| read_record(row, None)).collect::<Result<_, _>>()?)
}

/// Whether a read of it was ever committed.
pub(in crate::store) async fn snapshot_was_read(
    connection: &mut PgConnection,
    stream: &StreamKey,
) -> StoreResult<bool> {
    let reads: Option<i32> =
        sqlx::query_scalar("select reads from sync.snapshot where source = $1 and stream = $2")
            .bind(&stream.source)
            .bind(stream.stream.as_str())
            .fetch_optional(connection)
            .await?;
    Ok(reads.is_some_and(|reads| 0 < reads))
}

/// Moves the checkpoint. Answers the number of committed reads.
pub(in crate::store) async fn snapshot_commit_in_txn(
    connection: &mut PgConnection,
    commit: &Commit,
) -> StoreResult<i32> {
    let query = sqlx::query_scalar(
        r#"
        insert into sync.snapshot as s (source, stream, rows, requests, pages, vendor_total, digest, verdict,
            reads, read_at, first_read_at, run_id, unverified_reason, unverified_reads, complete_to, state)
        values ($1, $2, $3, $4, $5, $6, $7, $8, 1, $9, $9, $10, $11, ($8 = 'unverified')::integer, $12, 'complete')
        on conflict (source, stream) do update
        set state = excluded.state, rows = excluded.rows, requests = excluded.requests,
            pages = excluded.pages, vendor_total = excluded.vendor_total, digest = excluded.digest,
            verdict = excluded.verdict, unverified_reason = excluded.unverified_reason,
            unverified_reads = case when excluded.verdict = 'unverified' then s.unverified_reads + 1 else 0 end,
            reads = s.reads + 1, read_at = excluded.read_at,
            complete_to = coalesce(excluded.complete_to, s.complete_to),
            first_read_at = coalesce(s.first_read_at, excluded.read_at),
            run_id = excluded.run_id, failed_at = null, failing_since = null, failure_kind = null,
            failure_message = null, failed_attempts = 0
        returning reads
        "#,
    );
    // An unverified read does not move the instant of which the snapshot tells.
    let verified = commit.certificate.verdict != Verdict::Unverified;
    let complete_to = verified.then_some(commit.complete_to);
    let reads = bind_read(query, commit).bind(complete_to).fetch_optional(connection).await?;
    expect_row("sync.snapshot", "moving the checkpoint", reads)
}

/// Notes a failed attempt.
pub(in crate::store) async fn snapshot_fail_in_txn(
    connection: &mut PgConnection,
    stream: &StreamKey,
    run: RunId,
    (kind, message): (FaultKind, &str),
    now: DateTime<Utc>,
) -> StoreResult<()> {
    let noted = sqlx::query(
        r#"
        insert into sync.snapshot as s (source, stream, state, run_id, failed_at, failing_since,
            failure_kind, failure_message, failed_attempts)
        values ($1, $2, 'failed', $3, $4, $4, $5, $6, 1)
        on conflict (source, stream) do update
        set failed_at = excluded.failed_at, failing_since = coalesce(s.failing_since, excluded.failed_at),
            failure_kind = excluded.failure_kind,
            failure_message = excluded.failure_message, failed_attempts = s.failed_attempts + 1
        "#,
    )
    .bind(&stream.source)
    .bind(stream.stream.as_str())
    .bind(run.0)
    .bind(now)
    .bind(kind.as_str())
    .bind(message)
    .execute(connection)
    .await?;
    expect_touched("sync.snapshot", "noting a failed read", 1, noted.rows_affected())
}
