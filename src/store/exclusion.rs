//! A lock that lasts over several transactions of ours, and through a pooler that gives each of them another session.

use sqlx::postgres::PgConnection;
use sqlx::{Connection as _, Executor as _};

use crate::store::fault::{StoreError, StoreResult};
use crate::store::pool::PgStore;

/// It is a lock of a transaction, so that it ends with it, however the process ends.
const BEGIN: &str = "begin; set local idle_in_transaction_session_timeout = 0; set local lock_timeout = 0; \
                     set local statement_timeout = 0";

/// Nobody else has the lock of the same name until this is ended or dropped.
pub(super) struct Exclusion(PgConnection);

impl PgStore {
    /// Waits for the lock.
    pub(super) async fn exclude(&self, name: &str) -> StoreResult<Exclusion> {
        let mut connection = self.begun().await?;
        sqlx::query("select pg_catalog.pg_advisory_xact_lock(pg_catalog.hashtext($1))")
            .bind(name)
            .execute(&mut connection)
            .await?;
        Ok(Exclusion(connection))
    }

    /// Takes the lock where it is free.
    pub(super) async fn try_exclude(&self, name: &str) -> StoreResult<Option<Exclusion>> {
        let mut connection = self.begun().await?;
        let is_ours: bool =
            sqlx::query_scalar("select pg_catalog.pg_try_advisory_xact_lock(pg_catalog.hashtext($1))")
                .bind(name)
                .fetch_one(&mut connection)
                .await?;
        Ok(is_ours.then_some(Exclusion(connection)))
    }

    async fn begun(&self) -> StoreResult<PgConnection> {
        let mut connection = self.connection().await.map_err(StoreError::Fault)?;
        connection.execute(sqlx::raw_sql(BEGIN)).await?;
        Ok(connection)
    }
}

impl Exclusion {
    /// Ends it.
    pub(super) async fn end(self) {
        self.0.close().await.ok();
    }
}
