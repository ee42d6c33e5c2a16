//! Histories cut into months, where that is configured.
//!
//! A history grows at its end only: a version is written when it is replaced, and never moves. So a month is written
//! for a month, its indexes stay small, and what is too old goes as a whole table. Fact tables have no such column: their
//! keys hold no instant, and a unique key of a partitioned table must hold what it is cut by. The work itself is done
//! by functions of the database (`sync.history_…`), in one transaction each.

use chrono::{DateTime, Months, NaiveDate, Utc};
use sqlx::{Connection as _, Executor as _, PgConnection};

use crate::domain::fault::{Fault, FaultKind};
use crate::domain::stream::StreamId;
use crate::engine::port::retention::{ExpiredRows, RetentionOrder};
use crate::store::answered::answered;
use crate::store::fault::{StoreError, StoreResult};
use crate::store::pool::PgStore;
use crate::store::schema::day_sums::watch_days;

/// Months that are made ahead; what comes later than those goes to the rest, and is refused nowhere.
const MONTHS_AHEAD: u32 = 2;

impl PgStore {
    /// Cuts every history that is in one piece into months, all of them in one transaction. Writes nothing where they
    /// were cut before. Meanwhile nobody else reads or writes a history.
    ///
    /// # Errors
    /// `DatabaseRefused` where the tables were distributed before, or where something of the operator's hangs on a
    /// history that cannot be made anew (a materialized view); other database faults. Nothing was changed then.
    pub async fn partition_histories(&self, now: DateTime<Utc>) -> Result<(), Fault> {
        let doing = "cutting the histories into months";
        let mut connection = self.connection().await?;
        let done = self.partition(&mut connection, now.date_naive()).await;
        connection.close().await.ok();
        done.map_err(|error| error.during(doing))
    }

    async fn partition(&self, connection: &mut PgConnection, today: NaiveDate) -> StoreResult<()> {
        let mut transaction = connection.begin().await?;
        transaction
            .execute(sqlx::raw_sql("set local lock_timeout = 0; set local statement_timeout = 0"))
            .await?;
        // Of several processes one cuts, and the others find it done.
        transaction
            .execute("select pg_catalog.pg_advisory_xact_lock(pg_catalog.hashtext('ccsync partitions'))")
            .await?;
        let whole = whole_histories(&mut transaction).await?;
        if let Some(history) = self.distributed_one(&whole).await? {
            return Err(too_late(&history));
        }
        for history in &whole {
            sqlx::query("select sync.history_partition($1::regclass, $2)")
                .bind(history)
                .bind(today)
                .execute(&mut *transaction)
                .await?;
        }
        watch_days(&mut transaction).await?;
        transaction.commit().await?;
        Ok(())
    }

    /// Makes the coming months of histories that were cut, and says how many were lacking.
    ///
    /// # Errors
    /// Database faults; rows then go to the rest, and are moved to their month when that is made.
    pub async fn extend_months(&self, now: DateTime<Utc>) -> Result<u32, Fault> {
        let until = now.date_naive() + Months::new(MONTHS_AHEAD);
        let added =
            sqlx::query_scalar("select sync.history_months_extend($1)").bind(until).fetch_one(&self.pool);
        let added: i32 = answered("making the coming months of histories", added).await?;
        Ok(added.unsigned_abs())
    }
}

/// The histories that are in one piece.
async fn whole_histories(connection: &mut PgConnection) -> StoreResult<Vec<String>> {
    let whole = sqlx::query_scalar(
        "select h.name from unnest($1::text[]) with ordinality as h(name, ord) \
         join pg_catalog.pg_class c on c.oid = to_regclass(h.name) and c.relkind = 'r' order by h.ord",
    )
    .bind(StreamId::all().flat_map(|stream| stream.spec().histories()).collect::<Vec<_>>())
    .fetch_all(connection)
    .await?;
    Ok(whole)
}

fn too_late(history: &str) -> StoreError {
    let message = format!(
        "{history} was distributed in one piece and cannot be cut into months any more: take `database.partitioned` \
         out, or undo the distribution first (`select undistribute_table('{history}')`); nothing was changed"
    );
    StoreError::Fault(Fault::new(FaultKind::DatabaseRefused, message).advising())
}

/// Drops the months of the stream's histories in which all is too old, and says how many rows of which.
/// `by_version`: versions expire by the instant they were replaced, and not with their row.
pub(in crate::store) async fn months_drop(
    connection: &mut PgConnection,
    order: &RetentionOrder,
    by_version: bool,
) -> StoreResult<Vec<ExpiredRows>> {
    let mut dropped = Vec::new();
    for history in order.key.stream.histories() {
        let cut: bool = sqlx::query_scalar(
            "select exists (select from pg_catalog.pg_partitioned_table where partrelid = to_regclass($1))",
        )
        .bind(&history)
        .fetch_one(&mut *connection)
        .await?;
        if !cut {
            continue;
        }
        let rows: i64 = sqlx::query_scalar("select sync.history_months_drop($1::regclass, $2, $3, $4)")
            .bind(&history)
            .bind(order.key.stream.as_str())
            .bind(order.cut)
            .bind(by_version)
            .fetch_one(&mut *connection)
            .await?;
        if 0 < rows {
            dropped.push(ExpiredRows { table: history, rows: rows.unsigned_abs(), oldest: None });
        }
    }
    Ok(dropped)
}
