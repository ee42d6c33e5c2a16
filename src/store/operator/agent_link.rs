//! Whose account is whose: `bi.agent_account` as the rules have it, `sync.agent_link` as a person said.

use chrono::{DateTime, Utc};
use sqlx::postgres::PgRow;
use sqlx::{Connection as _, PgConnection, Row as _};

use crate::domain::fault::Fault;
use crate::domain::vendor::agent::{AccountKey, AgentAccount, AgentLinks, LinkChange};
use crate::store::answered::answered;
use crate::store::fault::StoreResult;
use crate::store::pool::PgStore;

const ACCOUNTS: &str = r#"
select person_id, vendor, source, account_id, name, email, rule, state, reason,
    coalesce(candidates, '{}') as candidates
from bi.agent_account
order by person_id, array_position(array['sobot', 'moor', 'workbench'], vendor), source, account_id
"#;

const UPSERT: &str = r#"
insert into sync.agent_link (vendor, source, account_id, person_id, linked_at, linked_by)
select vendor, source, account_id, person_id, $5, $6
from unnest($1::text[], $2::text[], $3::text[], $4::text[]) as said (vendor, source, account_id, person_id)
order by vendor, source, account_id
on conflict (vendor, source, account_id) do update
set person_id = excluded.person_id, linked_at = excluded.linked_at, linked_by = excluded.linked_by
where sync.agent_link.person_id <> excluded.person_id
"#;

const DELETE: &str = r#"
delete from sync.agent_link l
using unnest($1::text[], $2::text[], $3::text[]) as said (vendor, source, account_id)
where l.vendor = said.vendor and l.source = said.source and l.account_id = said.account_id
"#;

impl PgStore {
    /// Every agent's account with its person, by person.
    ///
    /// # Errors
    /// Database faults.
    pub async fn agent_accounts(&self) -> Result<Vec<AgentAccount>, Fault> {
        let doing = "reading the agents' accounts";
        let read = async { accounts_fetch(&mut *self.pool.acquire().await?).await };
        answered(doing, read).await
    }

    /// What persons said of accounts.
    ///
    /// # Errors
    /// Database faults.
    pub async fn agent_links(&self) -> Result<AgentLinks, Fault> {
        let read = async { links_fetch(&mut *self.pool.acquire().await?).await };
        answered("reading the overrules of agents", read).await
    }

    /// Makes the changes that `plan` finds, in one transaction; another import waits meanwhile. Answers the
    /// plan, and its mistakes as they are: with them nothing is written.
    ///
    /// # Errors
    /// Database faults.
    pub async fn agent_links_update(
        &self,
        plan: impl FnOnce(&[AgentAccount], &AgentLinks) -> Result<Vec<LinkChange>, Vec<String>> + Send,
        now: DateTime<Utc>,
        operator: &str,
    ) -> Result<Result<Vec<LinkChange>, Vec<String>>, Fault> {
        let write = async {
            let mut connection = self.pool.acquire().await?;
            let mut transaction = connection.begin().await?;
            sqlx::query("lock table sync.agent_link in share row exclusive mode")
                .execute(&mut *transaction)
                .await?;
            let accounts = accounts_fetch(&mut transaction).await?;
            let links = links_fetch(&mut transaction).await?;
            let planned = plan(&accounts, &links);
            if let Ok(changes) = &planned {
                links_write(&mut transaction, changes, now, operator).await?;
                transaction.commit().await?;
            }
            StoreResult::Ok(planned)
        };
        answered("storing the overrules of agents", write).await
    }
}

async fn accounts_fetch(connection: &mut PgConnection) -> StoreResult<Vec<AgentAccount>> {
    let rows = sqlx::query(ACCOUNTS).fetch_all(connection).await?;
    let account = |row: &PgRow| -> Result<AgentAccount, sqlx::Error> {
        Ok(AgentAccount {
            person_id: row.try_get("person_id")?,
            vendor: row.try_get("vendor")?,
            source: row.try_get("source")?,
            account_id: row.try_get("account_id")?,
            name: row.try_get("name")?,
            email: row.try_get("email")?,
            rule: row.try_get("rule")?,
            state: row.try_get("state")?,
            reason: row.try_get("reason")?,
            candidates: row.try_get("candidates")?,
        })
    };
    Ok(rows.iter().map(account).collect::<Result<_, _>>()?)
}

async fn links_fetch(connection: &mut PgConnection) -> StoreResult<AgentLinks> {
    let rows: Vec<(String, String, String, String)> =
        sqlx::query_as("select vendor, source, account_id, person_id from sync.agent_link")
            .fetch_all(connection)
            .await?;
    let link = |(vendor, source, account_id, person): (String, String, String, String)| {
        // What another version of the program wrote and this one cannot read is left alone.
        Some((AccountKey { vendor, source, account_id }, person.parse().ok()?))
    };
    Ok(rows.into_iter().filter_map(link).collect())
}

async fn links_write(
    connection: &mut PgConnection,
    changes: &[LinkChange],
    now: DateTime<Utc>,
    operator: &str,
) -> StoreResult<()> {
    let part = |changes: &[&LinkChange], of: fn(&AccountKey) -> &str| -> Vec<String> {
        changes.iter().map(|change| of(&change.account).to_owned()).collect()
    };
    let (said, withdrawn): (Vec<_>, Vec<_>) = changes.iter().partition(|change| change.to.is_some());
    let keys = |changes: &[&LinkChange]| {
        (
            part(changes, |key| &key.vendor),
            part(changes, |key| &key.source),
            part(changes, |key| &key.account_id),
        )
    };
    let (vendors, sources, ids) = keys(&said);
    let persons: Vec<String> =
        said.iter().filter_map(|change| change.to.as_ref()).map(ToString::to_string).collect();
    sqlx::query(UPSERT)
        .bind(vendors)
        .bind(sources)
        .bind(ids)
        .bind(persons)
        .bind(now)
        .bind(operator)
        .execute(&mut *connection)
        .await?;
    let (vendors, sources, ids) = keys(&withdrawn);
    sqlx::query(DELETE).bind(vendors).bind(sources).bind(ids).execute(connection).await?;
    Ok(())
}
