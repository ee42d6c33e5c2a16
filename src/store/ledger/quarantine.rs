//! `sync.quarantine`: records that could not be read, whole.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use md5::{Digest as _, Md5};
use sqlx::{PgConnection, PgPool};
use uuid::Uuid;

use crate::domain::proof::run::RunId;
use crate::domain::row::record::Reject;
use crate::domain::row::text::{escaped, storable};
use crate::domain::stream::StreamKey;
use crate::engine::port::store::{Commit, Scope};
use crate::store::fault::StoreResult;
use crate::store::statement::touched::expect_touched;

fn hash(payload: &str) -> Uuid {
    Uuid::from_bytes(Md5::digest(payload.as_bytes()).into())
}

/// What is quarantined.
pub(in crate::store) struct SetAside<'a> {
    pub(in crate::store) stream: &'a StreamKey,
    /// Of the window, where there is one.
    pub(in crate::store) bounds: Option<(DateTime<Utc>, DateTime<Utc>)>,
    pub(in crate::store) rejects: &'a [Reject],
    pub(in crate::store) run: RunId,
    pub(in crate::store) now: DateTime<Utc>,
}

impl<'a> SetAside<'a> {
    /// What a read sets aside.
    pub(in crate::store) fn of(commit: &'a Commit) -> SetAside<'a> {
        SetAside {
            stream: &commit.lease.stream,
            bounds: bounds(commit.lease.scope),
            rejects: &commit.rejects,
            run: commit.run,
            now: commit.now,
        }
    }
}

fn bounds(scope: Scope) -> Option<(DateTime<Utc>, DateTime<Utc>)> {
    match scope {
        Scope::Window(window) => Some((window.start, window.end)),
        Scope::Snapshot => None,
    }
}

/// Sets the rejects of a read aside and answers how many count. One that was seen before is not stored
/// again; one that an operator dropped stays dropped and does not count.
pub(in crate::store) async fn quarantine_upsert_in_txn(
    connection: &mut PgConnection,
    aside: &SetAside<'_>,
) -> StoreResult<u64> {
    if aside.rejects.is_empty() {
        return Ok(0);
    }
    // Sorted and each once: two workers lock in one order, and no entry is written twice in one statement.
    let entries: BTreeMap<Uuid, (String, String)> = aside
        .rejects
        .iter()
        .map(|reject| (hash(&reject.payload), (escaped(&reject.payload), storable(&reject.reason))))
        .collect();
    let hashes: Vec<Uuid> = entries.keys().copied().collect();
    let (payloads, reasons): (Vec<String>, Vec<String>) = entries.into_values().unzip();
    let sent = hashes.len();
    let kept: Vec<(Uuid, bool)> = sqlx::query_as(
        r#"
        insert into sync.quarantine as q (source, stream, payload_hash, payload, reason, window_start,
            window_end, run_id, first_seen_at, last_seen_at)
        select $1, $2, k.payload_hash, k.payload, k.reason, $6, $7, $8, $9, $9
        from unnest($3::uuid[], $4::text[], $5::text[]) as k(payload_hash, payload, reason)
        on conflict (source, stream, payload_hash) do update
        set seen = q.seen + 1, last_seen_at = excluded.last_seen_at, reason = excluded.reason,
            window_start = excluded.window_start, window_end = excluded.window_end, run_id = excluded.run_id,
            state = case q.state when 'dropped' then 'dropped' else 'open' end,
            resolved_at = case q.state when 'dropped' then q.resolved_at end
        returning q.payload_hash, q.state = 'dropped'
        "#,
    )
    .bind(&aside.stream.source)
    .bind(aside.stream.stream.as_str())
    .bind(hashes)
    .bind(payloads)
    .bind(reasons)
    .bind(aside.bounds.map(|bounds| bounds.0))
    .bind(aside.bounds.map(|bounds| bounds.1))
    .bind(aside.run.0)
    .bind(aside.now)
    .fetch_all(connection)
    .await?;
    expect_touched("sync.quarantine", "storing records that could not be read", sent, kept.len() as u64)?;
    let is_dropped = |hash| kept.iter().any(|(kept, is_dropped)| *is_dropped && *kept == hash);
    let counting = aside.rejects.iter().filter(|reject| !is_dropped(hash(&reject.payload)));
    Ok(counting.count() as u64)
}

/// How many of these records an operator dropped.
pub(in crate::store) async fn count_dropped(
    pool: &PgPool,
    stream: &StreamKey,
    rejects: &[Reject],
) -> StoreResult<u64> {
    if rejects.is_empty() {
        return Ok(0);
    }
    let hashes: Vec<Uuid> = rejects.iter().map(|reject| hash(&reject.payload)).collect();
    let dropped: i64 = sqlx::query_scalar(
        r#"
        select count(*) from unnest($3::uuid[]) as k(payload_hash)
        join sync.quarantine q on q.source = $1 and q.stream = $2 and q.payload_hash = k.payload_hash
        where q.state = 'dropped'
        "#,
    )
    .bind(&stream.source)
    .bind(stream.stream.as_str())
    .bind(hashes)
    .fetch_one(pool)
    .await?;
    Ok(dropped.unsigned_abs())
}

/// Resolves the open entries of this scope that a closed read did not contain any more.
pub(in crate::store) async fn quarantine_resolve_in_txn(
    connection: &mut PgConnection,
    commit: &Commit,
) -> StoreResult<()> {
    let current: Vec<Uuid> = commit.rejects.iter().map(|reject| hash(&reject.payload)).collect();
    let bounds = bounds(commit.lease.scope);
    sqlx::query(
        r#"
        update sync.quarantine
        set state = 'resolved', resolved_at = $5
        where source = $1 and stream = $2 and state = 'open' and payload_hash <> all($6)
            and ($3::timestamptz is null and window_start is null
                or window_start >= $3 and window_end <= $4)
        "#,
    )
    .bind(&commit.lease.stream.source)
    .bind(commit.lease.stream.stream.as_str())
    .bind(bounds.map(|bounds| bounds.0))
    .bind(bounds.map(|bounds| bounds.1))
    .bind(commit.now)
    .bind(current)
    .execute(connection)
    .await?;
    Ok(())
}

/// Makes one entry of the one at this place and another of the same stream that has this hash: what was read
/// last, seen as often as both, and dropped where an operator had dropped either. Answers how many went up in
/// one.
pub(in crate::store) async fn quarantine_merge(
    connection: &mut PgConnection,
    at: &str,
    hash: Uuid,
) -> StoreResult<u64> {
    let merged = sqlx::query(
        r#"
        with gone as (
        delete from sync.quarantine q using sync.quarantine o
        where o.ctid = $1::tid and q.source = o.source and q.stream = o.stream and q.payload_hash = $2
        returning q.*
        )
        update sync.quarantine o
        set payload = gone.payload, payload_hash = gone.payload_hash, reason = gone.reason,
            window_start = gone.window_start, window_end = gone.window_end, run_id = gone.run_id,
            last_seen_at = gone.last_seen_at, seen = o.seen + gone.seen,
            state = case o.state when 'dropped' then o.state else gone.state end,
            resolved_at = case o.state when 'dropped' then o.resolved_at else gone.resolved_at end,
            decision = case o.state when 'dropped' then o.decision else gone.decision end
        from gone where o.ctid = $1::tid
        "#,
    )
    .bind(at)
    .bind(hash)
    .execute(connection)
    .await?;
    Ok(merged.rows_affected())
}
