//! A source renamed or purged: begun in one transaction that shuts everybody out, carried through in small ones, ended in
//! one. A process that is killed in between leaves the source shut; the same command goes on.

use sqlx::{Connection as _, Executor as _, PgConnection};

use crate::domain::fault::{Fault, FaultKind};
use crate::domain::source::KnownSource;
use crate::store::account::source::claim::account_prefix;
use crate::store::account::source::known_fetch;
use crate::store::account::source::order::SourceOrder;
use crate::store::account::source::place::{Place, has_rows, places};
use crate::store::account::source::sweep::{Sweep, SweptTable, count, record_in_txn};
use crate::store::answered::answered;
use crate::store::commit::transaction::TRANSACTION;
use crate::store::fault::{StoreError, StoreResult};
use crate::store::pool::PgStore;
use crate::telemetry::failpoint::{Failpoint, failpoint};

/// Refuses what a person ordered.
pub(super) fn refused(message: impl Into<String>) -> StoreError {
    StoreError::Fault(Fault::new(FaultKind::SourceRefused, message).advising())
}

/// What may be done, and not now.
fn busy(message: impl Into<String>) -> StoreError {
    StoreError::Fault(Fault::new(FaultKind::DatabaseConflict, message).advising())
}

impl PgStore {
    /// What a change would find: how many rows of the source each table has.
    ///
    /// # Errors
    /// `SourceRefused` where the change may not be made, and why; other database faults.
    pub async fn preview_source_change(&self, order: &SourceOrder) -> Result<Vec<SweptTable>, Fault> {
        let preview = async {
            let mut connection = self.pool.acquire().await?;
            let mut transaction = connection.begin().await?;
            transaction.execute(sqlx::raw_sql(TRANSACTION)).await?;
            self.refuse_where_distributed("renaming or purging a source").await?;
            begin_in_txn(&mut transaction, order).await?;
            transaction.rollback().await?;
            count(&mut connection, &order.name, order.new_name().is_none()).await
        };
        answered("looking at what is stored of a source", preview).await
    }

    /// Makes the change, and answers what it touched. `progress` is told of each table with rows.
    ///
    /// # Errors
    /// `SourceRefused` where the change may not be made, and why: nothing was changed then. Other database faults: what
    /// was begun is ended by the same command.
    pub async fn change_source(
        &self,
        order: &SourceOrder,
        progress: &mut (dyn FnMut(&SweptTable) + Send),
    ) -> Result<Vec<SweptTable>, Fault> {
        let doing = format!("{}; running the command again goes on", order.typed());
        let mut connection = self.connection().await?;
        let done = self.change_on(&mut connection, order, progress).await;
        connection.close().await.ok();
        done.map_err(|error| error.during(&doing))
    }

    async fn change_on(
        &self,
        connection: &mut PgConnection,
        order: &SourceOrder,
        progress: &mut (dyn FnMut(&SweptTable) + Send),
    ) -> StoreResult<Vec<SweptTable>> {
        self.refuse_where_distributed("renaming or purging a source").await?;
        // As long as the connection lives, however the process ends.
        let alone = "select pg_catalog.pg_try_advisory_lock(pg_catalog.hashtext('ccsync source change'))";
        if !sqlx::query_scalar::<_, bool>(alone).fetch_one(&mut *connection).await? {
            return Err(busy(
                "another rename or purge of a source is at work on this database; wait for its end",
            ));
        }
        let mut transaction = connection.begin().await?;
        transaction.execute(sqlx::raw_sql(TRANSACTION)).await?;
        begin_in_txn(&mut transaction, order).await?;
        transaction.commit().await?;
        failpoint(Failpoint::SourceBegun).await?;
        let mut sweep = Sweep::new(order);
        for place in places(connection).await? {
            sweep.sweep(connection, &place, progress).await?;
        }
        let mut transaction = connection.begin().await?;
        transaction.execute(sqlx::raw_sql(TRANSACTION)).await?;
        // An index is full of entries of what was swept, each looked at once more.
        transaction.execute("set local statement_timeout = '1h'").await?;
        end_in_txn(&mut transaction, order, &mut sweep).await?;
        failpoint(Failpoint::SourceSwept).await?;
        transaction.commit().await?;
        Ok(sweep.swept)
    }
}

/// The source's entry, locked: nothing is begun under the name until the end of the transaction.
pub(super) async fn lock_in_txn(connection: &mut PgConnection, name: &str) -> StoreResult<KnownSource> {
    let lock = "select pg_catalog.pg_advisory_xact_lock(pg_catalog.hashtext('ccsync source'))";
    connection.execute(lock).await?;
    sqlx::query("select from sync.source where name = $1 for update")
        .bind(name)
        .execute(&mut *connection)
        .await?;
    let known = known_fetch(connection).await?;
    known.into_iter().find(|known| known.name == name).ok_or_else(|| {
        refused(format!("nothing is stored under the name {name}; `ccsync source list` shows what is"))
    })
}

/// Refuses while a worker holds a lease under one of these names, and takes what is left of ended ones: a commit that is
/// under way is waited for.
pub(super) async fn refuse_readers_in_txn(connection: &mut PgConnection, names: &[&str]) -> StoreResult<()> {
    for name in names {
        let live: Option<(String, f64)> = sqlx::query_as(
            r#"
            select name, extract(epoch from expires_at - clock_timestamp())::float8 from sync.lease
            where starts_with(name, $1 || '/') and clock_timestamp() < expires_at
            order by expires_at desc
            limit 1
            "#,
        )
        .bind(name)
        .fetch_optional(&mut *connection)
        .await?;
        if let Some((lease, seconds)) = live {
            return Err(busy(format!(
                "a running ccsync reads {name} (lease {lease}): stop it, then run the command again. Where it was killed, \
                 its lease ends in {} s. Nothing was changed",
                seconds.ceil()
            )));
        }
        sqlx::query("delete from sync.lease where starts_with(name, $1 || '/')")
            .bind(name)
            .execute(&mut *connection)
            .await?;
        sqlx::query("delete from sync.walk_page where starts_with(lease_name, $1 || '/')")
            .bind(name)
            .execute(&mut *connection)
            .await?;
    }
    Ok(())
}

async fn begin_in_txn(connection: &mut PgConnection, order: &SourceOrder) -> StoreResult<()> {
    let known = lock_in_txn(connection, &order.name).await?;
    let names: Vec<&str> = [order.name.as_str()].into_iter().chain(order.new_name()).collect();
    refuse_readers_in_txn(connection, &names).await?;
    match &known.pending {
        Some(pending) if pending.command != order.typed() => {
            return Err(refused(format!(
                "`{}` was begun and is not finished; run it to its end first",
                pending.command
            )));
        }
        Some(_) => {}
        None => {
            if let Some(to) = order.new_name() {
                free_name_in_txn(connection, to).await?;
            }
        }
    }
    sqlx::query(
        r#"
        update sync.source
        set pending = case when $2::text is null then 'purge' else 'rename' end, pending_name = $2,
            pending_since = coalesce(pending_since, clock_timestamp()), pending_by = coalesce(pending_by, $3),
            generation = nextval('sync.source_generation'), changed_at = clock_timestamp()
        where name = $1
        "#,
    )
    .bind(&order.name)
    .bind(order.new_name())
    .bind(&order.operator)
    .execute(&mut *connection)
    .await?;
    connection.execute("select sync.retired_apply()").await?;
    Ok(())
}

/// A name under which nothing is stored; what failed attempts left there goes.
async fn free_name_in_txn(connection: &mut PgConnection, name: &str) -> StoreResult<()> {
    let places = places(connection).await?;
    if has_rows(connection, &places, name).await? {
        return Err(refused(format!(
            "rows are stored under the name {name} already, and two sources do not become one. Choose another name, or \
             remove those rows first: `ccsync source purge {name} --yes`"
        )));
    }
    sqlx::query("delete from sync.source where name = $1").bind(name).execute(&mut *connection).await?;
    for place in places.iter().filter(|place| place.is_keyed && !place.is_kept()) {
        remove_in_txn(connection, place, name).await?;
    }
    Ok(())
}

async fn remove_in_txn(connection: &mut PgConnection, place: &Place, source: &str) -> StoreResult<()> {
    let sql = sqlx::AssertSqlSafe(format!("delete from only {} where source = $1", place.lies_in));
    sqlx::query(sql).bind(source).execute(connection).await?;
    Ok(())
}

/// What came since a table was swept, the texts that hold the name, and the entry itself.
async fn end_in_txn(
    connection: &mut PgConnection,
    order: &SourceOrder,
    sweep: &mut Sweep<'_>,
) -> StoreResult<()> {
    let known = lock_in_txn(connection, &order.name).await?;
    let names: Vec<&str> = [order.name.as_str()].into_iter().chain(order.new_name()).collect();
    refuse_readers_in_txn(connection, &names).await?;
    for place in places(connection).await? {
        sweep.rest_in_txn(connection, &place).await?;
    }
    match order.new_name() {
        Some(to) => rename_in_txn(connection, &order.name, to).await?,
        None => purge_in_txn(connection, &known).await?,
    }
    connection.execute("select sync.retired_apply()").await?;
    record_in_txn(connection, order, sweep).await
}

async fn rename_in_txn(connection: &mut PgConnection, from: &str, to: &str) -> StoreResult<()> {
    for sql in [
        r#"
        update sync.source
        set name = $2, pending = null, pending_name = null, pending_since = null, pending_by = null,
            generation = nextval('sync.source_generation'), changed_at = clock_timestamp()
        where name = $1
        "#,
        // A person is called after one of their accounts: vendor/source/id.
        r#"
        update sync.agent_link
        set person_id = split_part(person_id, '/', 1) || '/' || $2
            || substr(person_id, length(split_part(person_id, '/', 1)) + length($1) + 2)
        where split_part(person_id, '/', 2) = $1
        "#,
        // Digests are made under the name of before: whoever reads takes notice of that with the list's number.
        "update sync.forgetting set version = version + 1 where $1 <> $2",
    ] {
        sqlx::query(sql).bind(from).bind(to).execute(&mut *connection).await?;
    }
    Ok(())
}

/// The account's token goes too. Its budgets go once they hold nobody up any more: the vendor still counts.
async fn purge_in_txn(connection: &mut PgConnection, known: &KnownSource) -> StoreResult<()> {
    sqlx::query("delete from sync.source where name = $1")
        .bind(&known.name)
        .execute(&mut *connection)
        .await?;
    let Some(account) = known.account.as_ref().filter(|account| !account.id.is_empty()) else {
        return Ok(());
    };
    let begin = account_prefix(&account.kind, &account.id);
    for sql in [
        "delete from sync.token where starts_with(account, $1)",
        "delete from sync.request_budget where starts_with(name, $1) and next_at <= clock_timestamp()",
    ] {
        sqlx::query(sql).bind(&begin).execute(&mut *connection).await?;
    }
    Ok(())
}
