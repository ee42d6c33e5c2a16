//! The tables of a Citus cluster, where that is configured.
//!
//! Everything that a vendor sent, histories included, is distributed by `source` and co-located: all rows of one account
//! lie on one machine, in shards of the same number, and every statement of a commit names its one source. What a
//! transaction that writes such rows always writes too, the checkpoints, are reference tables: Citus ends a
//! transaction that wrote one in two phases, and the coordinator's own tables (leases, runs, limits, tokens) with it, so
//! that rows and checkpoint still come together or not at all.

use std::collections::HashSet;

use sqlx::{AssertSqlSafe, Connection as _, Executor as _, PgConnection, PgExecutor};

use crate::domain::fault::{Fault, FaultKind};
use crate::domain::stream::StreamId;
use crate::store::answered::answered;
use crate::store::commit::agent::AGENT_TABLE;
use crate::store::fault::{StoreError, StoreResult};
use crate::store::pool::PgStore;
use crate::store::schema::day_sums::unwatch_days;

/// What vendors sent, distributed by `source`; the tables behind the first one are co-located with it. A test compares
/// them with the migrations.
pub(super) fn vendor_tables() -> Vec<String> {
    let of_streams = StreamId::all().flat_map(|stream| stream.spec().all_tables());
    of_streams.chain([AGENT_TABLE.to_owned()]).collect()
}

/// On every machine: checkpoints, and what analysts' views join with results.
const REFERENCE: [&str; 10] = [
    "bi.calendar",
    "sync.absence_alarm",
    "sync.feed_session",
    "sync.finality",
    "sync.forgetting",
    "sync.retention",
    "sync.row_count",
    "sync.snapshot",
    "sync.stream",
    "sync.time_window",
];

/// Where Citus keeps its functions and its catalogue.
#[derive(Clone)]
pub(in crate::store) struct Citus {
    /// `create_distributed_table`, qualified.
    distribute: String,
    /// `create_reference_table`, qualified.
    refer: String,
    /// `pg_dist_partition`, qualified: the tables that it knows.
    catalogue: String,
}

impl Citus {
    /// Citus in this schema.
    pub(in crate::store) fn in_schema(schema: &str) -> Citus {
        Citus {
            distribute: format!("{schema}.create_distributed_table"),
            refer: format!("{schema}.create_reference_table"),
            catalogue: format!("{schema}.pg_dist_partition"),
        }
    }

    /// Whether it is in this database: asked of what is called, and not of the extension's name.
    async fn is_there(&self, executor: impl PgExecutor<'_>) -> StoreResult<bool> {
        let sql = "select to_regproc($1) is not null and to_regproc($2) is not null and to_regclass($3) is not null";
        let query = sqlx::query_scalar(sql).bind(&self.distribute).bind(&self.refer).bind(&self.catalogue);
        Ok(query.fetch_one(executor).await?)
    }

    /// The tables that it knows, qualified.
    async fn known(&self, executor: impl PgExecutor<'_>) -> StoreResult<HashSet<String>> {
        let sql = format!("select logicalrelid::regclass::text from {}", self.catalogue);
        let known: Vec<String> = sqlx::query_scalar(AssertSqlSafe(sql)).fetch_all(executor).await?;
        Ok(known.into_iter().collect())
    }
}

impl PgStore {
    /// Refuses a database without Citus, before anything is changed in it.
    ///
    /// # Errors
    /// `DatabaseRefused`, with what to do; other database faults.
    pub async fn require_citus(&self) -> Result<(), Fault> {
        let there = self.citus.is_there(&self.pool);
        if answered("looking for the extension citus", there).await? {
            return Ok(());
        }
        let message = format!(
            "database.distributed is \"citus\", but {} has no extension `citus`: install Citus on all machines, put it \
             first in shared_preload_libraries, have a superuser run `create extension citus` in this database and add \
             the machines (citus_set_coordinator_host, citus_add_node), then run `ccsync migrate` again; or take the \
             setting out. Nothing was changed",
            self.place()
        );
        Err(Fault::new(FaultKind::DatabaseRefused, message).advising())
    }

    /// One of these tables that is distributed.
    pub(in crate::store) async fn distributed_one(&self, tables: &[String]) -> StoreResult<Option<String>> {
        if !self.citus.is_there(&self.pool).await? {
            return Ok(None);
        }
        let known = self.citus.known(&self.pool).await?;
        Ok(tables.iter().find(|table| known.contains(*table)).cloned())
    }

    /// Refuses what finds rows by where they lie, which in a distributed table is another row on each machine.
    pub(in crate::store) async fn refuse_where_distributed(&self, doing: &str) -> StoreResult<()> {
        if self.distributed_one(&vendor_tables()).await?.is_none() {
            return Ok(());
        }
        let message = format!(
            "{doing} is not possible while the tables are distributed by Citus: bring them together first \
             (`select undistribute_table(…)` for each), then distribute them again with `ccsync migrate`; nothing was \
             changed"
        );
        Err(StoreError::Fault(Fault::new(FaultKind::DatabaseRefused, message).advising()))
    }

    /// Distributes what is not distributed yet, in one transaction, and says what that was. The schema must be up to
    /// date. Meanwhile nobody else writes to these tables.
    ///
    /// # Errors
    /// `DatabaseRefused` where Citus refuses; other database faults. Nothing was changed then.
    pub async fn distribute(&self) -> Result<Vec<String>, Fault> {
        let doing = "distributing the tables with Citus";
        let mut connection = self.connection().await?;
        let done = distribute(&mut connection, &self.citus).await;
        connection.close().await.ok();
        done.map_err(|error| error.during(doing))
    }
}

/// Rows that are there already would be moved, and a failure half way leaves a database that neither setting can use.
async fn refuse_filled(connection: &mut PgConnection, known: &HashSet<String>) -> StoreResult<()> {
    for table in vendor_tables().iter().filter(|table| !known.contains(*table)) {
        let sql = format!("select exists (select from {table})");
        let has_rows: bool = sqlx::query_scalar(AssertSqlSafe(sql)).fetch_one(&mut *connection).await?;
        if has_rows {
            let message = format!(
                "database.distributed = \"citus\" is experimental and refuses a database that holds rows, as {table} does: \
                 set it to \"none\", or name an empty database in database.url. No table was distributed"
            );
            return Err(StoreError::Fault(Fault::new(FaultKind::DatabaseRefused, message).advising()));
        }
    }
    Ok(())
}

async fn distribute(connection: &mut PgConnection, citus: &Citus) -> StoreResult<Vec<String>> {
    let mut transaction = connection.begin().await?;
    transaction.execute(sqlx::raw_sql("set local lock_timeout = 0; set local statement_timeout = 0")).await?;
    transaction
        .execute("select pg_catalog.pg_advisory_xact_lock(pg_catalog.hashtext('ccsync citus'))")
        .await?;
    // Else reference tables could not be made beside distributed ones, which are filled over several connections.
    transaction.execute("set local citus.multi_shard_modify_mode = 'sequential'").await?;
    unwatch_days(&mut transaction).await?;
    let known = citus.known(&mut *transaction).await?;
    refuse_filled(&mut transaction, &known).await?;
    let mut done = Vec::new();
    let refer = format!("select {}($1::regclass)", citus.refer);
    for table in REFERENCE.iter().filter(|table| !known.contains(**table)) {
        sqlx::query(AssertSqlSafe(refer.clone())).bind(*table).execute(&mut *transaction).await?;
        done.push((*table).to_owned());
    }
    let distribute = format!("select {}($1::regclass, 'source', colocate_with => $2)", citus.distribute);
    let mut beside = "default".to_owned();
    for table in vendor_tables() {
        if !known.contains(&table) {
            let query = sqlx::query(AssertSqlSafe(distribute.clone())).bind(&table).bind(&beside);
            query.execute(&mut *transaction).await?;
            done.push(table.clone());
        }
        if beside == "default" {
            beside = table;
        }
    }
    transaction.commit().await?;
    Ok(done)
}
