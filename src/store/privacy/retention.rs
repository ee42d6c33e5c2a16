//! `sync.retention`: rows whose time is over, removed in small steps under a lease.
//!
//! The first step moves the mark, under the lock under which windows are committed: a commit of an expired window is
//! either there, and its rows go with the others, or it is refused. All that follows takes rows away that nobody
//! reads or writes any more, so it may stop after any step.

mod place;

use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use sqlx::{Connection as _, Executor as _, PgConnection};
use uuid::Uuid;

use crate::domain::fault::{Fault, FaultKind};
use crate::domain::proof::window::TimeWindow;
use crate::domain::stream::{StreamKey, StreamKind};
use crate::engine::port::retention::{ExpiredRows, Retention, RetentionOrder};
use crate::store::answered::answered;
use crate::store::commit::row_count::{RowCountChange, row_count_add_in_txn};
use crate::store::commit::transaction::TRANSACTION;
use crate::store::fault::{StoreError, StoreResult};
use crate::store::ledger::lease::{lease_extend, lease_release, lease_take};
use crate::store::ledger::time_window::lock_in_txn;
use crate::store::pool::PgStore;
use crate::store::privacy::retention::place::{Place, places, rehome};
use crate::store::schema::partition::months_drop;
use crate::telemetry::failpoint::{Failpoint, failpoint};

fn lease_name(key: &StreamKey) -> String {
    format!("{key} retention")
}

#[async_trait]
impl Retention for PgStore {
    async fn expired(&self, order: &RetentionOrder) -> Result<Vec<ExpiredRows>, Fault> {
        let doing = format!("looking for old rows of {}", order.key);
        answered(&doing, self.expired_rows(order)).await
    }

    async fn retention_lease(
        &self,
        key: &StreamKey,
        worker: Uuid,
        term: Duration,
    ) -> Result<Option<i64>, Fault> {
        let name = lease_name(key);
        answered(
            &format!("taking the lease on {name}"),
            lease_take(&self.pool, &name, worker, term, self.claim_on(&key.source)),
        )
        .await
    }

    async fn expire_step(
        &self,
        order: &RetentionOrder,
        fence: i64,
        term: Duration,
        rows_max: u32,
    ) -> Result<Vec<ExpiredRows>, Fault> {
        let doing = format!("removing old rows of {}", order.key);
        answered(&doing, self.step(order, fence, term, rows_max)).await
    }

    async fn expire_end(&self, order: &RetentionOrder, fence: i64, now: DateTime<Utc>) -> Result<(), Fault> {
        let doing = format!("noting that the old rows of {} are gone", order.key);
        answered(&doing, self.end(order, fence, now)).await
    }
}

impl PgStore {
    async fn expired_rows(&self, order: &RetentionOrder) -> StoreResult<Vec<ExpiredRows>> {
        let mut found = Vec::new();
        for place in places(order.key.stream) {
            let (rows, oldest): (i64, Option<DateTime<Utc>>) = sqlx::query_as(place.count())
                .bind(&order.key.source)
                .bind(order.cut)
                .persistent(false)
                .fetch_one(&self.pool)
                .await?;
            if 0 < rows {
                found.push(ExpiredRows { table: place.table.to_owned(), rows: rows.unsigned_abs(), oldest });
            }
        }
        Ok(found)
    }

    async fn step(
        &self,
        order: &RetentionOrder,
        fence: i64,
        term: Duration,
        rows_max: u32,
    ) -> StoreResult<Vec<ExpiredRows>> {
        let mut connection = self.pool.acquire().await?;
        let mut transaction = connection.begin().await?;
        transaction.execute(sqlx::raw_sql(TRANSACTION)).await?;
        lease_extend(&mut *transaction, &lease_name(&order.key), fence, term).await?;
        let mut removed = Vec::new();
        let begun = begin_in_txn(&mut transaction, order).await?;
        failpoint(Failpoint::RetentionBegun).await?;
        if let Some(windows) = begun {
            if 0 < windows {
                removed.push(ExpiredRows {
                    table: "sync.time_window".to_owned(),
                    rows: windows,
                    oldest: None,
                });
            }
            if order.key.stream.kind() != StreamKind::Windowed {
                removed.append(&mut months_drop(&mut transaction, order, true).await?);
            }
        }
        for place in places(order.key.stream) {
            let rows = remove_in_txn(&mut transaction, order, &place, rows_max).await?;
            if 0 < rows {
                removed.push(ExpiredRows { table: place.table.to_owned(), rows, oldest: None });
                break;
            }
        }
        let rows: u64 = removed.iter().map(|removed| removed.rows).sum();
        sqlx::query(
            "update sync.retention set rows = rows + $3 where source = $1 and stream = $2 and 0 < $3",
        )
        .bind(&order.key.source)
        .bind(order.key.stream.as_str())
        .bind(i64::try_from(rows).unwrap_or(i64::MAX))
        .execute(&mut *transaction)
        .await?;
        transaction.commit().await?;
        Ok(removed)
    }

    async fn end(&self, order: &RetentionOrder, fence: i64, now: DateTime<Utc>) -> StoreResult<()> {
        sqlx::query("update sync.retention set applied_at = $3 where source = $1 and stream = $2")
            .bind(&order.key.source)
            .bind(order.key.stream.as_str())
            .bind(now)
            .execute(&self.pool)
            .await?;
        let mut connection = self.pool.acquire().await?;
        months_drop(&mut connection, order, false).await?;
        lease_release(&self.pool, &lease_name(&order.key), fence).await
    }
}

/// Moves the mark, takes expired windows out of the ledger, and gives rows that a kept window contains too to that
/// one. How many windows went; `None` where all that was done before.
async fn begin_in_txn(connection: &mut PgConnection, order: &RetentionOrder) -> StoreResult<Option<u64>> {
    let (source, stream) = (&order.key.source, order.key.stream);
    lock_in_txn(connection, &order.key).await?;
    let moved = sqlx::query(
        r#"
        insert into sync.retention as r (source, stream, expired_to) values ($1, $2, $3)
        on conflict (source, stream) do update set expired_to = excluded.expired_to, applied_at = null
        where r.expired_to < excluded.expired_to
        "#,
    )
    .bind(source)
    .bind(stream.as_str())
    .bind(order.cut)
    .execute(&mut *connection)
    .await?;
    if moved.rows_affected() == 0 {
        return Ok(None);
    }
    if stream.kind() != StreamKind::Windowed {
        return Ok(Some(0));
    }
    for table in stream.tables() {
        sqlx::query(rehome(table))
            .bind(source)
            .bind(order.cut)
            .bind(table.name)
            .persistent(false)
            .execute(&mut *connection)
            .await?;
    }
    let query = "delete from sync.time_window where source = $1 and stream = $2 and window_end <= $3";
    let gone =
        sqlx::query(query).bind(source).bind(stream.as_str()).bind(order.cut).execute(connection).await?;
    Ok(Some(gone.rows_affected()))
}

async fn remove_in_txn(
    connection: &mut PgConnection,
    order: &RetentionOrder,
    place: &Place,
    rows_max: u32,
) -> StoreResult<u64> {
    let (rows, live): (i64, i64) = sqlx::query_as(place.remove())
        .bind(&order.key.source)
        .bind(order.cut)
        .bind(i64::from(rows_max))
        .persistent(false)
        .fetch_one(&mut *connection)
        .await?;
    if let Some(table) = place.counted() {
        let mut change = RowCountChange::default();
        change.add(&order.key, table, 0, live.unsigned_abs());
        row_count_add_in_txn(connection, &change).await?;
    }
    Ok(rows.unsigned_abs())
}

/// Nothing of an expired window may come back. Called under the lock under which the mark is moved.
pub(in crate::store) async fn refuse_expired_in_txn(
    connection: &mut PgConnection,
    stream: &StreamKey,
    window: TimeWindow,
) -> StoreResult<()> {
    let expired: bool = sqlx::query_scalar(
        "select exists (select from sync.retention where source = $1 and stream = $2 and $3 <= expired_to)",
    )
    .bind(&stream.source)
    .bind(stream.stream.as_str())
    .bind(window.end)
    .fetch_one(connection)
    .await?;
    if !expired {
        return Ok(());
    }
    let message = format!("{stream} {window} is not kept any more; nothing was written");
    Err(StoreError::Fault(Fault::new(FaultKind::Outdated, message)))
}
