//! `sync.lease`, one row for each agent of a feed. All of a feed's are renewed in one statement.

use std::collections::BTreeSet;
use std::time::Duration;

use sqlx::{PgConnection, PgPool};
use uuid::Uuid;

use crate::domain::stream::StreamKey;
use crate::engine::port::feed_store::Fences;
use crate::store::account::source::claim_hold_in_txn;
use crate::store::fault::StoreResult;
use crate::store::ledger::lease::interval;

/// The name under which an agent is leased.
fn name(key: &StreamKey, extno: &str) -> String {
    format!("{key} agent {extno}")
}

/// Whether a living worker holds the agent.
pub(in crate::store) async fn lease_is_held(
    pool: &PgPool,
    key: &StreamKey,
    extno: &str,
) -> StoreResult<bool> {
    let sql = "select exists (select from sync.lease where name = $1 and clock_timestamp() < expires_at)";
    Ok(sqlx::query_scalar(sql).bind(name(key, extno)).fetch_one(pool).await?)
}

/// Renews what is the worker's and takes what is free or ended; answers all that is the worker's now.
pub(super) async fn leases_hold(
    pool: &PgPool,
    key: &StreamKey,
    agents: &[String],
    worker: Uuid,
    term: Duration,
    claim: Option<i64>,
) -> StoreResult<Fences> {
    let names: Vec<String> = agents.iter().map(|extno| name(key, extno)).collect();
    let mut transaction = pool.begin().await?;
    claim_hold_in_txn(&mut transaction, &key.source, claim).await?;
    let mut held: Vec<(String, i64)> = Vec::new();
    // Ended leases whose holder is about to renew them are locked, and left to it.
    for sql in [
        r#"
        update sync.lease set expires_at = clock_timestamp() + $3
        where name = any($1) and worker = $2
        returning name, fence
        "#,
        r#"
        update sync.lease
        set worker = $2, fence = nextval('sync.fence'), acquired_at = clock_timestamp(),
            expires_at = clock_timestamp() + $3
        where name in (
            select name from sync.lease
            where name = any($1) and worker <> $2 and expires_at <= clock_timestamp()
            order by name
            for update skip locked
        )
        returning name, fence
        "#,
        r#"
        insert into sync.lease (name, worker, fence, acquired_at, expires_at)
        select n.name, $2, nextval('sync.fence'), clock_timestamp(), clock_timestamp() + $3
        from unnest($1::text[]) as n(name)
        where not exists (select from sync.lease l where l.name = n.name)
        order by n.name
        on conflict do nothing
        returning name, fence
        "#,
    ] {
        let some: Vec<(String, i64)> = sqlx::query_as(sql)
            .bind(&names)
            .bind(worker)
            .bind(interval(term))
            .fetch_all(&mut *transaction)
            .await?;
        held.extend(some);
    }
    sqlx::query(
        r#"
        update sync.run set heartbeat_at = clock_timestamp()
        where source = $1 and stream = $2 and worker = $3 and outcome = 'running'
        "#,
    )
    .bind(&key.source)
    .bind(key.stream.as_str())
    .bind(worker)
    .execute(&mut *transaction)
    .await?;
    transaction.commit().await?;
    let fence_of = |extno: &String| {
        let name = name(key, extno);
        held.iter().find(|(held, _)| *held == name).map(|(_, fence)| (extno.clone(), *fence))
    };
    Ok(agents.iter().filter_map(fence_of).collect())
}

/// Takes over what a worker that has ended still holds. What it left behind is stored under the new numbers.
pub(super) async fn leases_inherit(
    pool: &PgPool,
    key: &StreamKey,
    agents: &[String],
    (from, worker): (Uuid, Uuid),
    term: Duration,
) -> StoreResult<()> {
    let names: Vec<String> = agents.iter().map(|extno| name(key, extno)).collect();
    sqlx::query(
        r#"
        update sync.lease
        set worker = $3, fence = nextval('sync.fence'), acquired_at = clock_timestamp(),
            expires_at = clock_timestamp() + $4
        where name = any($1) and worker = $2
        "#,
    )
    .bind(names)
    .bind(from)
    .bind(worker)
    .bind(interval(term))
    .execute(pool)
    .await?;
    Ok(())
}

/// Ends leases, where they are still these.
pub(super) async fn leases_release(pool: &PgPool, key: &StreamKey, fences: &Fences) -> StoreResult<()> {
    let names: Vec<String> = fences.keys().map(|extno| name(key, extno)).collect();
    let numbers: Vec<i64> = fences.values().copied().collect();
    sqlx::query(
        "delete from sync.lease where (name, fence) in (select * from unnest($1::text[], $2::bigint[]))",
    )
    .bind(names)
    .bind(numbers)
    .execute(pool)
    .await?;
    Ok(())
}

/// The agents among these whose lease is not the one in `fences`. The others' cannot be taken over before the
/// end of the transaction. The term is not looked at: while the database was away nobody could renew.
pub(super) async fn leases_missing_in_txn(
    connection: &mut PgConnection,
    key: &StreamKey,
    agents: &BTreeSet<&str>,
    fences: &Fences,
) -> StoreResult<Vec<String>> {
    let names: Vec<String> = agents.iter().map(|extno| name(key, extno)).collect();
    let held: Vec<(String, i64)> =
        sqlx::query_as("select name, fence from sync.lease where name = any($1) order by name for key share")
            .bind(names)
            .fetch_all(connection)
            .await?;
    let is_held = |extno: &str| {
        let name = name(key, extno);
        fences.get(extno).is_some_and(|fence| held.contains(&(name, *fence)))
    };
    Ok(agents.iter().filter(|extno| !is_held(extno)).map(|extno| (*extno).to_owned()).collect())
}
