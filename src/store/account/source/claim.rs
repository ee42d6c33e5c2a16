//! Claiming sources at the start of a process, and holding the claim while something is begun under it.

use std::collections::HashMap;

use sqlx::{Connection as _, Executor as _, PgConnection};

use crate::domain::fault::{Fault, FaultKind};
use crate::domain::source::{AccountRefusal, ConfiguredSource, Judgement, KnownSource, SourceEntry, judge};
use crate::store::account::source::known_fetch;
use crate::store::account::source::place::{has_rows, places};
use crate::store::answered::answered;
use crate::store::commit::transaction::TRANSACTION;
use crate::store::fault::{StoreError, StoreResult};
use crate::store::pool::PgStore;

impl PgStore {
    /// Holds the configured sources against what is stored and says what does not fit. With `claims` set, and where
    /// everything fits, the accounts are remembered, and this process reads under what it found.
    ///
    /// # Errors
    /// Database faults.
    pub async fn claim_sources(
        &self,
        configured: &[ConfiguredSource],
        claims: bool,
    ) -> Result<Vec<AccountRefusal>, Fault> {
        let doing = "comparing the accounts of the configuration with those whose rows are stored";
        answered(doing, self.claim(configured, claims)).await
    }

    /// The sources whose names have got another meaning since this process claimed them, and what is refused of them.
    ///
    /// # Errors
    /// Database faults.
    pub async fn lost_claims(&self) -> Result<Vec<AccountRefusal>, Fault> {
        let (names, generations) = self.claims.all();
        let lost = sqlx::query_scalar(
            r#"
            select c.name
            from unnest($1::text[], $2::bigint[]) as c(name, generation)
            where not exists (
                select from sync.source s
                where s.name = c.name and s.generation = c.generation and s.pending is null and s.retired_at is null
            )
            order by c.name
            "#,
        )
        .bind(names)
        .bind(generations)
        .fetch_all(&self.pool);
        let doing = "comparing the sources with what they were when this process started";
        let lost: Vec<String> = answered(doing, lost).await?;
        Ok(lost.into_iter().map(|source| AccountRefusal { source, message: LOST.to_owned() }).collect())
    }

    async fn claim(&self, configured: &[ConfiguredSource], claims: bool) -> StoreResult<Vec<AccountRefusal>> {
        let mut connection = self.pool.acquire().await?;
        let mut transaction = connection.begin().await?;
        transaction.execute(sqlx::raw_sql(TRANSACTION)).await?;
        if claims {
            transaction
                .execute("select pg_catalog.pg_advisory_xact_lock(pg_catalog.hashtext('ccsync source'))")
                .await?;
        }
        let configured = with_use(&mut transaction, configured).await?;
        let known = with_rows(&mut transaction, &configured).await?;
        let Judgement { refusals, entries } = judge(&configured, &known);
        if !claims || !refusals.is_empty() {
            return Ok(refusals);
        }
        for entry in &entries {
            write_in_txn(&mut transaction, entry).await?;
        }
        let names: Vec<&str> = configured.iter().map(|source| source.name.as_str()).collect();
        let held: Vec<(String, i64)> =
            sqlx::query_as("select name, generation from sync.source where name = any($1)")
                .bind(names)
                .fetch_all(&mut *transaction)
                .await?;
        transaction.commit().await?;
        self.claims.set(held.into_iter().collect::<HashMap<_, _>>());
        Ok(refusals)
    }
}

/// Whether requests were sent in an account's name, by the names of its token and of its budgets.
async fn with_use(
    connection: &mut PgConnection,
    configured: &[ConfiguredSource],
) -> StoreResult<Vec<ConfiguredSource>> {
    let used: Vec<String> =
        sqlx::query_scalar("select account from sync.token union select name from sync.request_budget")
            .fetch_all(connection)
            .await?;
    let with_use = |source: &ConfiguredSource| {
        let begin = account_prefix(&source.account.kind, &source.account.id);
        let is_used = !source.account.id.is_empty() && used.iter().any(|name| name.starts_with(&begin));
        ConfiguredSource { is_used, ..source.clone() }
    };
    Ok(configured.iter().map(with_use).collect())
}

/// How the names of an account's token and budgets begin.
pub(super) fn account_prefix(kind: &str, id: &str) -> String {
    format!("{kind}:{id}@")
}

/// What is known, and of names about which there is a question, whether rows of them are stored.
async fn with_rows(
    connection: &mut PgConnection,
    configured: &[ConfiguredSource],
) -> StoreResult<Vec<KnownSource>> {
    let mut known = known_fetch(connection).await?;
    let is_plain = |known: &KnownSource| {
        let own = configured.iter().find(|source| source.name == known.name);
        own.is_some_and(|own| known.account.as_ref() == Some(&own.account)) && known.retired.is_none()
    };
    let in_question = |known: &KnownSource| {
        let same = |source: &ConfiguredSource| {
            source.name == known.name
                || known.account.as_ref().is_none_or(|account| account.is_same(&source.account))
        };
        !is_plain(known) && configured.iter().any(same)
    };
    let places = places(connection).await?;
    for source in known.iter_mut().filter(|known| in_question(known)) {
        source.has_rows = has_rows(connection, &places, &source.name).await?;
    }
    Ok(known)
}

async fn write_in_txn(connection: &mut PgConnection, entry: &SourceEntry) -> StoreResult<()> {
    match entry {
        SourceEntry::Drop(name) => {
            sqlx::query("delete from sync.source where name = $1").bind(name).execute(connection).await?;
        }
        SourceEntry::Put(name, account) => {
            // Digests of forgotten persons are made under a name that no other source ever had.
            let aliased: Option<bool> = sqlx::query_scalar(
                r#"
                insert into sync.source as s (name, kind, account, host, generation, erasure_name)
                select $1, $2, $3, $4, n.generation,
                    case when exists (select from sync.source where erasure_name = $1) then $1 || '#' || n.generation
                    else $1 end
                from (select nextval('sync.source_generation') as generation) n
                on conflict (name) do update
                set account = excluded.account, host = excluded.host, changed_at = clock_timestamp()
                returning s.erasure_name <> s.name
                "#,
            )
            .bind(name)
            .bind(&account.kind)
            .bind(&account.id)
            .bind(&account.host)
            .fetch_optional(&mut *connection)
            .await?;
            if aliased == Some(true) {
                connection.execute("update sync.forgetting set version = version + 1").await?;
            }
        }
    }
    Ok(())
}

/// Refuses what is begun under a name that has another meaning now; from here to the end of the transaction none of
/// that changes. Free where the source was not claimed.
pub(in crate::store) async fn claim_hold_in_txn(
    connection: &mut PgConnection,
    source: &str,
    claim: Option<i64>,
) -> StoreResult<()> {
    let Some(generation) = claim else { return Ok(()) };
    let stands: Option<i64> = sqlx::query_scalar(
        r#"
        select generation from sync.source
        where name = $1 and generation = $2 and pending is null and retired_at is null
        for key share
        "#,
    )
    .bind(source)
    .bind(generation)
    .fetch_optional(connection)
    .await?;
    stands.map(|_| ()).ok_or_else(|| claim_lost(source))
}

/// The name has another meaning now.
fn claim_lost(source: &str) -> StoreError {
    StoreError::Fault(Fault::new(FaultKind::SourceRefused, format!("{source}: {LOST}")).advising())
}

const LOST: &str = "since this process started, the source was renamed, moved, retired or purged (`ccsync source list` \
                    shows it); nothing is read or written under the name. Start ccsync again with the configuration of now";
