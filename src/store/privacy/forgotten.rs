//! `sync.forgotten` and what goes with it: the list, and the one transaction that takes a person out of everything.
//!
//! Every commit holds the list's row with a key share lock and compares its version; whoever changes the list locks
//! the row whole. So a commit that was prepared under the old list either is there before the tables are cleaned, or
//! is refused.

mod clean;
mod place;

use std::sync::Arc;

use chrono::{DateTime, Utc};
use sqlx::{Connection as _, Executor as _, FromRow, PgConnection};

use crate::domain::fault::{Fault, FaultKind};
use crate::domain::person::forgotten::{
    ForgetOrder, Forgot, ForgotRows, ForgottenEntry, ForgottenList, Identifier, Listed,
};
use crate::store::answered::answered;
use crate::store::fault::{StoreError, StoreResult};
use crate::store::ledger::walk_page::walks_forget;
use crate::store::pool::PgStore;
use crate::store::privacy::forgotten::clean::{Cleaner, pattern};
use crate::store::privacy::forgotten::place::places;
use crate::store::schema::day_sums::hold_days_in_txn;
use crate::telemetry::failpoint::{Failpoint, failpoint};

/// It may look at every row there is. What waits for the list meanwhile is tried again.
const LONG: &str = "set local statement_timeout = '2h'; set local lock_timeout = '2min'; \
                    set local idle_in_transaction_session_timeout = '10min';";

const LIST: &str = r#"
select g.version, g.key, d.kind, d.digest, d.length
from sync.forgetting g
left join (
    select d.kind, d.digest, d.length
    from sync.forgotten_digest d
    join sync.forgotten f on f.id = d.forgotten_id and f.undone_at is null
) d on true
"#;

#[derive(FromRow)]
struct ListRow {
    version: i64,
    key: Vec<u8>,
    kind: Option<String>,
    digest: Option<Vec<u8>>,
    length: Option<i16>,
}

fn list_of(rows: Vec<ListRow>) -> ForgottenList {
    let Some(first) = rows.first() else { return ForgottenList::default() };
    let listed = rows.iter().filter_map(|row| {
        Some(Listed {
            kind: Identifier::from_name(row.kind.as_deref()?)?,
            digest: row.digest.as_deref()?.try_into().ok()?,
            length: row.length?.try_into().ok()?,
        })
    });
    ForgottenList::new(first.version, &first.key, listed)
}

/// Sources whose digests are made under another name than the one of now.
const NAMES: &str = r#"
select name, erasure_name from sync.source where name <> erasure_name
union all
select pending_name, erasure_name from sync.source where pending_name is not null
"#;

async fn list_read(connection: &mut PgConnection) -> StoreResult<ForgottenList> {
    let list = list_of(sqlx::query_as(LIST).fetch_all(&mut *connection).await?);
    let names: Vec<(String, String)> = sqlx::query_as(NAMES).fetch_all(connection).await?;
    Ok(list.renamed(names))
}

/// The version of the list; it stays until the end of the transaction.
pub(in crate::store) async fn list_hold_in_txn(connection: &mut PgConnection) -> StoreResult<i64> {
    let version = sqlx::query_scalar("select version from sync.forgetting for key share");
    Ok(version.fetch_one(connection).await?)
}

/// The list, which stays until the end of the transaction.
pub(in crate::store) async fn list_fetch_in_txn(
    connection: &mut PgConnection,
    known: &Arc<ForgottenList>,
) -> StoreResult<Arc<ForgottenList>> {
    if list_hold_in_txn(connection).await? == known.version() {
        return Ok(known.clone());
    }
    Ok(Arc::new(list_read(connection).await?))
}

impl PgStore {
    /// The list as it stands; it hangs on the board from here on.
    pub(in crate::store) async fn list(&self) -> StoreResult<Arc<ForgottenList>> {
        let version: i64 =
            sqlx::query_scalar("select version from sync.forgetting").fetch_one(&self.pool).await?;
        let known = self.erasures.list();
        if known.version() == version {
            return Ok(known);
        }
        let list = Arc::new(list_read(&mut *self.pool.acquire().await?).await?);
        self.erasures.put(list.clone());
        Ok(list)
    }

    async fn forget_whole(&self, order: &ForgetOrder, apply: bool) -> StoreResult<Forgot> {
        self.refuse_where_distributed("forgetting somebody").await?;
        let mut connection = self.pool.acquire().await?;
        let mut transaction = connection.begin().await?;
        transaction.execute(sqlx::raw_sql(LONG)).await?;
        if apply {
            transaction.execute("select from sync.forgetting for update").await?;
            // Else sums that were made of the rows before come after them.
            hold_days_in_txn(&mut transaction).await?;
        }
        let mut list = list_read(&mut transaction).await?;
        let listed: Vec<Listed> =
            order.known_by.iter().map(|(kind, source, text)| list.listed(*kind, source, text)).collect();
        list.add(listed.iter().copied());
        let id = if apply { Some(enter_in_txn(&mut transaction, order, &listed).await?) } else { None };
        failpoint(Failpoint::ForgetListed).await?;
        let cleaner = Cleaner { list: &list, pattern: pattern(&order.known_by), apply };
        let mut tables: Vec<ForgotRows> = Vec::new();
        for place in places(&mut transaction).await? {
            let rows = cleaner.clean_in_txn(&mut transaction, &place).await?;
            match tables.last_mut().filter(|last| last.table == place.table) {
                Some(last) => last.rows += rows,
                None if 0 < rows => tables.push(ForgotRows { table: place.table, rows }),
                None => {}
            }
        }
        if let Some(id) = id {
            walks_forget(&mut transaction).await?;
            let rows: u64 = tables.iter().map(|table| table.rows).sum();
            sqlx::query("update sync.forgotten set rows = $2 where id = $1")
                .bind(id)
                .bind(i64::try_from(rows).unwrap_or(i64::MAX))
                .execute(&mut *transaction)
                .await?;
            failpoint(Failpoint::ForgetCleaned).await?;
            transaction.commit().await?;
            self.list().await?;
        } else {
            transaction.rollback().await?;
        }
        Ok(Forgot { id, tables })
    }

    async fn take_off(&self, id: i64, operator: &str, now: DateTime<Utc>) -> StoreResult<()> {
        let mut transaction = self.pool.begin().await?;
        transaction.execute(sqlx::raw_sql(LONG)).await?;
        transaction.execute("select from sync.forgetting for update").await?;
        let undone = sqlx::query(
            "update sync.forgotten set undone_at = $2, undone_by = $3 where id = $1 and undone_at is null",
        )
        .bind(id)
        .bind(now)
        .bind(operator)
        .execute(&mut *transaction)
        .await?;
        if undone.rows_affected() == 0 {
            let message = format!("there is no entry {id} that could be undone; see `ccsync forget list`");
            return Err(StoreError::Fault(Fault::new(FaultKind::RequestRefused, message).advising()));
        }
        sqlx::query("delete from sync.forgotten_digest where forgotten_id = $1")
            .bind(id)
            .execute(&mut *transaction)
            .await?;
        transaction.execute("update sync.forgetting set version = version + 1").await?;
        transaction.commit().await?;
        self.list().await?;
        Ok(())
    }
}

async fn enter_in_txn(
    connection: &mut PgConnection,
    order: &ForgetOrder,
    listed: &[Listed],
) -> StoreResult<i64> {
    let id: i64 = sqlx::query_scalar(
        r#"
        insert into sync.forgotten (kind, source, forgotten_at, forgotten_by, rows) values ($1, $2, $3, $4, 0)
        returning id
        "#,
    )
    .bind(order.kind)
    .bind(&order.source)
    .bind(order.now)
    .bind(&order.operator)
    .fetch_one(&mut *connection)
    .await?;
    let kinds: Vec<&str> = listed.iter().map(|one| one.kind.as_str()).collect();
    let digests: Vec<Vec<u8>> = listed.iter().map(|one| one.digest.to_vec()).collect();
    let lengths: Vec<i16> = listed.iter().map(|one| i16::from(one.length)).collect();
    sqlx::query(
        r#"
        insert into sync.forgotten_digest (forgotten_id, kind, digest, length)
        select $1, d.* from unnest($2::text[], $3::bytea[], $4::smallint[]) as d
        on conflict do nothing
        "#,
    )
    .bind(id)
    .bind(kinds)
    .bind(digests)
    .bind(lengths)
    .execute(&mut *connection)
    .await?;
    connection.execute("update sync.forgetting set version = version + 1").await?;
    Ok(id)
}

impl PgStore {
    /// Addresses and numbers that stand in rows of these agents (source and id), as they are stored: whoever forgets
    /// an agent forgets them too.
    ///
    /// # Errors
    /// Database faults.
    pub async fn known_of_agents(&self, agents: &[(String, String)]) -> Result<Vec<String>, Fault> {
        let found = async {
            let mut connection = self.pool.acquire().await?;
            let mut found = Vec::new();
            for place in places(&mut connection).await? {
                for (source, id) in agents {
                    let Some(query) = place.contacts() else { break };
                    let more: Vec<String> =
                        sqlx::query_scalar(query).bind(source).bind(id).fetch_all(&mut *connection).await?;
                    found.extend(more);
                }
            }
            StoreResult::Ok(found)
        };
        answered("looking for an agent's addresses and numbers", found).await
    }

    /// Puts the person on the list and takes them out of every table, in one transaction: nothing that was read
    /// before can be committed after it. With `apply` unset nothing is written, and only told.
    ///
    /// # Errors
    /// Database faults: nothing was changed.
    pub async fn forget(&self, order: &ForgetOrder, apply: bool) -> Result<Forgot, Fault> {
        // A task of its own: who stops waiting does not stop it half way.
        let (store, order) = (self.clone(), order.clone());
        let doing = "forgetting; nothing was changed";
        match tokio::spawn(async move { store.forget_whole(&order, apply).await }).await {
            Ok(done) => done.map_err(|error| error.during(doing)),
            Err(_) => Err(Fault::new(FaultKind::DatabaseUnreachable, format!("{doing}: it was stopped"))),
        }
    }

    /// Takes an entry off the list: later reads store what the vendor still has.
    ///
    /// # Errors
    /// `RequestRefused` where there is no such entry or it was undone before; database faults.
    pub async fn remember(&self, id: i64, operator: &str, now: DateTime<Utc>) -> Result<(), Fault> {
        answered("undoing; nothing was changed", self.take_off(id, operator, now)).await
    }

    /// All entries, the oldest first.
    ///
    /// # Errors
    /// Database faults.
    pub async fn forgotten_entries(&self) -> Result<Vec<ForgottenEntry>, Fault> {
        let entries = sqlx::query_as("select * from sync.forgotten order by id").fetch_all(&self.pool);
        let entries: Vec<Entry> = answered("reading who is forgotten", entries).await?;
        Ok(entries.into_iter().map(Entry::into_shown).collect())
    }
}

#[derive(FromRow)]
struct Entry {
    id: i64,
    kind: String,
    source: Option<String>,
    forgotten_at: DateTime<Utc>,
    forgotten_by: String,
    rows: i64,
    undone_at: Option<DateTime<Utc>>,
    undone_by: Option<String>,
}

impl Entry {
    fn into_shown(self) -> ForgottenEntry {
        let Entry { id, kind, source, forgotten_at, forgotten_by, rows, undone_at, undone_by } = self;
        ForgottenEntry { id, kind, source, forgotten_at, forgotten_by, rows, undone_at, undone_by }
    }
}
