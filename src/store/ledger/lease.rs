//! `sync.lease`: who works on what. Time is the database's.

use std::time::Duration;

use sqlx::postgres::types::PgInterval;
use sqlx::{PgConnection, PgExecutor, PgPool};
use uuid::Uuid;

use crate::domain::stream::StreamKey;
use crate::engine::port::store::{Lease, Scope};
use crate::store::account::source::claim_hold_in_txn;
use crate::store::fault::{StoreError, StoreResult, lease_lost};
use crate::store::statement::touched::not_taken;

/// The name under which a scope is leased.
pub(in crate::store) fn lease_name(stream: &StreamKey, scope: Scope) -> String {
    match scope {
        Scope::Window(window) => format!("{stream} {window}"),
        Scope::Snapshot => format!("{stream} snapshot"),
    }
}

/// A duration as PostgreSQL knows it; one too long for it becomes the longest.
pub(in crate::store) fn interval(duration: Duration) -> PgInterval {
    let microseconds = i64::try_from(duration.as_micros()).unwrap_or(i64::MAX);
    PgInterval { months: 0, days: 0, microseconds }
}

/// Takes a free or expired lease and answers its fence; `None` while another holds it.
///
/// `skip locked`: a holder that is committing has locked its lease, and is not waited for. `claim`: the source that it is
/// a lease of, and the number under which this process claimed it; nobody leases what has another number by now.
pub(in crate::store) async fn lease_take(
    pool: &PgPool,
    name: &str,
    worker: Uuid,
    term: Duration,
    claim: Option<(&str, i64)>,
) -> StoreResult<Option<i64>> {
    let fence = lease_try(pool, name, worker, term, claim).await?;
    if let (None, Some((source, generation))) = (fence, claim) {
        claim_hold_in_txn(&mut *pool.acquire().await?, source, Some(generation)).await?;
    }
    Ok(fence)
}

async fn lease_try(
    pool: &PgPool,
    name: &str,
    worker: Uuid,
    term: Duration,
    claim: Option<(&str, i64)>,
) -> StoreResult<Option<i64>> {
    let taken_over: Option<i64> = sqlx::query_scalar(
        r#"
        update sync.lease
        set worker = $2, fence = nextval('sync.fence'), acquired_at = clock_timestamp(),
            expires_at = clock_timestamp() + $3
        where name = (
            select name from sync.lease
            where name = $1 and expires_at <= clock_timestamp()
            for update skip locked
        ) and ($4::text is null or exists (
            select from sync.source
            where name = $4 and generation = $5 and pending is null and retired_at is null
            for key share
        ))
        returning fence
        "#,
    )
    .bind(name)
    .bind(worker)
    .bind(interval(term))
    .bind(claim.map(|(source, _)| source))
    .bind(claim.map(|(_, generation)| generation))
    .fetch_optional(pool)
    .await?;
    if taken_over.is_some() {
        return Ok(taken_over);
    }
    let fresh: Option<i64> = sqlx::query_scalar(
        r#"
        insert into sync.lease (name, worker, fence, acquired_at, expires_at)
        select $1, $2, nextval('sync.fence'), clock_timestamp(), clock_timestamp() + $3
        where not exists (select from sync.lease where name = $1) and ($4::text is null or exists (
            select from sync.source
            where name = $4 and generation = $5 and pending is null and retired_at is null
            for key share
        ))
        on conflict do nothing
        returning fence
        "#,
    )
    .bind(name)
    .bind(worker)
    .bind(interval(term))
    .bind(claim.map(|(source, _)| source))
    .bind(claim.map(|(_, generation)| generation))
    .fetch_optional(pool)
    .await?;
    Ok(fresh)
}

/// Which of these names nobody holds a live lease on, by their places.
pub(in crate::store) async fn leases_free(pool: &PgPool, names: &[String]) -> StoreResult<Vec<usize>> {
    let places: Vec<i64> = sqlx::query_scalar(
        r#"
        select n.place from unnest($1::text[]) with ordinality as n(name, place)
        where not exists (select from sync.lease l where l.name = n.name and clock_timestamp() < l.expires_at)
        order by n.place
        "#,
    )
    .bind(names)
    .fetch_all(pool)
    .await?;
    // Ordinals begin at 1.
    Ok(places.into_iter().filter_map(|place| usize::try_from(place - 1).ok()).collect())
}

/// Extends a lease and answers whose it is; within a transaction nobody can take it over before its end.
pub(in crate::store) async fn lease_extend(
    executor: impl PgExecutor<'_>,
    name: &str,
    fence: i64,
    term: Duration,
) -> StoreResult<Uuid> {
    let extended: Option<Uuid> = sqlx::query_scalar(
        "update sync.lease set expires_at = clock_timestamp() + $3 where name = $1 and fence = $2 returning worker",
    )
    .bind(name)
    .bind(fence)
    .bind(interval(term))
    .fetch_optional(executor)
    .await?;
    extended.ok_or_else(|| StoreError::Fault(lease_lost(name)))
}

/// Extends a lease, and gives the worker's runs of the stream a sign of life. One that ended but that
/// nobody took over is still the worker's.
pub(in crate::store) async fn lease_renew(pool: &PgPool, lease: &Lease, term: Duration) -> StoreResult<()> {
    let name = lease_name(&lease.stream, lease.scope);
    let worker = lease_extend(pool, &name, lease.fence, term).await?;
    sqlx::query(
        r#"
        update sync.run set heartbeat_at = clock_timestamp()
        where source = $1 and stream = $2 and worker = $3 and outcome = 'running'
        "#,
    )
    .bind(&lease.stream.source)
    .bind(lease.stream.stream.as_str())
    .bind(worker)
    .execute(pool)
    .await?;
    Ok(())
}

/// Ends a lease, if it is still this one.
pub(in crate::store) async fn lease_release(pool: &PgPool, name: &str, fence: i64) -> StoreResult<()> {
    sqlx::query("delete from sync.lease where name = $1 and fence = $2")
        .bind(name)
        .bind(fence)
        .execute(pool)
        .await?;
    Ok(())
}

/// Whether the lease is live; from here to the end of the transaction nobody can take it over. A key share
/// lock, so that the holder can go on renewing meanwhile, while a take-over needs the whole row.
pub(in crate::store) async fn lease_hold_in_txn(
    connection: &mut PgConnection,
    name: &str,
    fence: i64,
) -> StoreResult<bool> {
    let held: Option<i64> = sqlx::query_scalar(
        r#"
        select fence from sync.lease
        where name = $1 and fence = $2 and expires_at > clock_timestamp()
        for key share
        "#,
    )
    .bind(name)
    .bind(fence)
    .fetch_optional(connection)
    .await?;
    Ok(held.is_some())
}

/// Ends the lease and says whether it was still this one. Its term is not looked at again: it was locked
/// all the while, so its end lets nobody in, and a commit longer than the term would never succeed.
pub(in crate::store) async fn lease_end_in_txn(
    connection: &mut PgConnection,
    name: &str,
    fence: i64,
) -> StoreResult<bool> {
    let ended = sqlx::query("delete from sync.lease where name = $1 and fence = $2")
        .bind(name)
        .bind(fence)
        .execute(&mut *connection)
        .await?;
    if ended.rows_affected() == 1 {
        return Ok(true);
    }
    let is_there: bool =
        sqlx::query_scalar("select exists (select from sync.lease where name = $1 and fence = $2)")
            .bind(name)
            .bind(fence)
            .fetch_one(connection)
            .await?;
    match is_there {
        true => Err(not_taken("sync.lease", "ending a lease", 1, 0)),
        false => Ok(false),
    }
}
