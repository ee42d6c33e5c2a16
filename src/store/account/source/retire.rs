//! Sources retired, taken back and moved: one transaction each, and no row is touched.

use serde_json::json;
use sqlx::{Connection as _, Executor as _, PgConnection};

use crate::domain::fault::Fault;
use crate::domain::source::{KnownSource, VendorAccount};
use crate::store::account::source::change::{lock_in_txn, refuse_readers_in_txn, refused};
use crate::store::account::source::known_fetch;
use crate::store::account::source::place::{has_rows, places};
use crate::store::account::source::sweep::{SweptTable, action_in_txn, count};
use crate::store::answered::answered;
use crate::store::commit::transaction::TRANSACTION;
use crate::store::fault::StoreResult;
use crate::store::pool::PgStore;

impl PgStore {
    /// Every source that the database knows, by name.
    ///
    /// # Errors
    /// Database faults.
    pub async fn sources(&self) -> Result<Vec<KnownSource>, Fault> {
        let known = async {
            let mut connection = self.pool.acquire().await?;
            let mut known = known_fetch(&mut connection).await?;
            let places = places(&mut connection).await?;
            for source in &mut known {
                source.has_rows = has_rows(&mut connection, &places, &source.name).await?;
            }
            StoreResult::Ok(known)
        };
        answered("reading which sources are stored", known).await
    }

    /// How many rows of a source each table has.
    ///
    /// # Errors
    /// Database faults.
    pub async fn source_rows(&self, name: &str) -> Result<Vec<SweptTable>, Fault> {
        let rows = async { count(&mut *self.pool.acquire().await?, name, false).await };
        answered(&format!("counting the rows of {name}"), rows).await
    }

    /// Takes a source's rows out of schema `bi`; they stay where they are.
    ///
    /// # Errors
    /// `SourceRefused` where there is no such source, somebody reads it, or it is retired; other database faults.
    pub async fn retire_source(&self, name: &str, operator: &str) -> Result<(), Fault> {
        self.one(name, "source.retire", operator, &json!({}), async |connection, known| {
            if known.retired.is_some() {
                return Err(refused(format!("{name} is retired already")));
            }
            let retire = "update sync.source set retired_at = clock_timestamp(), retired_by = $2, \
                          changed_at = clock_timestamp(), generation = nextval('sync.source_generation') where name = $1";
            sqlx::query(retire).bind(name).bind(operator).execute(&mut *connection).await?;
            sqlx::query("delete from sync.stream where source = $1").bind(name).execute(connection).await?;
            Ok(())
        })
        .await
    }

    /// Takes that back.
    ///
    /// # Errors
    /// `SourceRefused` where it is not retired; other database faults.
    pub async fn unretire_source(&self, name: &str, operator: &str) -> Result<(), Fault> {
        self.one(name, "source.unretire", operator, &json!({}), async |connection, known| {
            if known.retired.is_none() {
                return Err(refused(format!("{name} is not retired")));
            }
            let undo = "update sync.source set retired_at = null, retired_by = null, changed_at = clock_timestamp(), \
                        generation = nextval('sync.source_generation') where name = $1";
            sqlx::query(undo).bind(name).execute(connection).await?;
            Ok(())
        })
        .await
    }

    /// Reads the account from another host from here on. `to` is the same account there.
    ///
    /// # Errors
    /// `SourceRefused` where it is another account, or somebody reads it; other database faults.
    pub async fn move_source(&self, name: &str, to: &VendorAccount, operator: &str) -> Result<(), Fault> {
        let request = json!({ "host": to.host });
        self.one(name, "source.move", operator, &request, async |connection, known| {
            // Where the host is the account, the operator's word is all there is.
            let is_same = |account: &VendorAccount| account.kind == to.kind && account.id == to.id;
            if !known.account.as_ref().is_some_and(is_same) {
                let stored =
                    known.account.as_ref().map_or("not known yet".to_owned(), VendorAccount::to_string);
                return Err(refused(format!(
                    "{name} is {stored}, and the configuration names {to}: that is no move"
                )));
            }
            let moved = "update sync.source set host = $2, changed_at = clock_timestamp(), \
                         generation = nextval('sync.source_generation') where name = $1";
            sqlx::query(moved).bind(name).bind(&to.host).execute(connection).await?;
            Ok(())
        })
        .await
    }

    async fn one(
        &self,
        name: &str,
        command: &str,
        operator: &str,
        request: &serde_json::Value,
        work: impl AsyncFnOnce(&mut PgConnection, &KnownSource) -> StoreResult<()>,
    ) -> Result<(), Fault> {
        let doing = format!("{command} {name}; nothing was changed");
        let done = async {
            let mut connection = self.pool.acquire().await?;
            let mut transaction = connection.begin().await?;
            transaction.execute(sqlx::raw_sql(TRANSACTION)).await?;
            let known = lock_in_txn(&mut transaction, name).await?;
            refuse_readers_in_txn(&mut transaction, &[name]).await?;
            if let Some(pending) = &known.pending {
                return Err(refused(format!(
                    "`{}` is not finished; run it to its end first",
                    pending.command
                )));
            }
            work(&mut transaction, &known).await?;
            transaction.execute("select sync.retired_apply()").await?;
            action_in_txn(&mut transaction, name, command, None, request, operator).await?;
            transaction.commit().await?;
            Ok(())
        };
        answered(&doing, done).await
    }
}
