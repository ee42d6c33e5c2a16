//! `sobot.agent`: the agents that results name, kept by the commits that bring results.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use crate::domain::row::record::Row;
use crate::domain::row::table::TableShape;
use crate::store::commit::transaction::Context;
use crate::store::fault::StoreResult;
use crate::store::statement::touched::not_taken;

/// Where they are kept.
pub(in crate::store) const AGENT_TABLE: &str = "sobot.agent";

const ID: &str = "agentid";
const NAME: &str = "agent_name";
const EMAIL: &str = "agent_email";

/// Looks at what is stored, before rows that are not taken are no coincidence.
const TRIES_MAX: u32 = 5;

/// Whether `$said` is later than `$kept`, or of one time with it and otherwise.
macro_rules! is_news {
    ($said:literal, $kept:literal) => {
        concat!(
            "(coalesce(",
            $kept,
            ".named_at, '-infinity') < coalesce(",
            $said,
            ".named_at, '-infinity') or ",
            $said,
            ".named_at is not distinct from ",
            $kept,
            ".named_at and (",
            $said,
            ".agent_name, ",
            $said,
            ".agent_email) is distinct from (",
            $kept,
            ".agent_name, ",
            $kept,
            ".agent_email))"
        )
    };
}

/// What is known already is sorted out by the join: a conflict would lock its row, and that is a write. In
/// key order, so that two commits wait for one another and never in a circle.
const UPSERT: &str = concat!(
    r#"
    with news as materialized (
    select said.agentid, said.agent_name, said.agent_email, said.named_at
    from unnest($3::text[], $4::text[], $5::text[], $6::timestamptz[])
        as said (agentid, agent_name, agent_email, named_at)
    left join sobot.agent known on known.source = $1 and known.agentid = said.agentid
    where known.agentid is null or "#,
    is_news!("said", "known"),
    r#"
    order by said.agentid
    ), written as (
    insert into sobot.agent as kept (source, agentid, agent_name, agent_email, named_at, first_seen_at, changed_at)
    select $1, agentid, agent_name, agent_email, named_at, $2, $2 from news
    on conflict (source, agentid) do update
    set agent_name = excluded.agent_name, agent_email = excluded.agent_email, named_at = excluded.named_at,
        changed_at = case
            when (excluded.agent_name, excluded.agent_email) is distinct from (kept.agent_name, kept.agent_email)
                then greatest(excluded.changed_at, kept.changed_at)
            else kept.changed_at
        end
    where "#,
    is_news!("excluded", "kept"),
    " returning 1) select (select count(*) from news), (select count(*) from written)",
);

/// Whether a table names its agent: those of Sobot's results do.
fn names_agents(table: &TableShape) -> bool {
    [ID, NAME, EMAIL].iter().all(|column| table.index_of(column).is_some())
}

/// Takes over what new and changed rows say of their agents, where it is the latest. Writes nothing where they
/// say nothing new. To be called behind all that locks fact rows.
pub(in crate::store) async fn agents_update_in_txn(
    connection: &mut PgConnection,
    context: &Context<'_>,
    table: &'static TableShape,
    written: &[&Row],
) -> StoreResult<()> {
    if !names_agents(table) || written.is_empty() {
        return Ok(());
    }
    let mut latest: BTreeMap<&str, &Row> = BTreeMap::new();
    for row in written {
        let Some(agentid) = row.text(ID).filter(|agentid| !agentid.is_empty()) else { continue };
        let known = latest.entry(agentid).or_insert(row);
        if known.version_at() <= row.version_at() {
            *known = row;
        }
    }
    let texts = |column: &str| -> Vec<Option<&str>> { latest.values().map(|row| row.text(column)).collect() };
    let named_at: Vec<Option<DateTime<Utc>>> = latest.values().map(|row| row.version_at()).collect();
    let mut tries = 0;
    loop {
        let (news, written): (i64, i64) = sqlx::query_as(UPSERT)
            .bind(context.source)
            .bind(context.now)
            .bind(texts(ID))
            .bind(texts(NAME))
            .bind(texts(EMAIL))
            .bind(&named_at)
            .fetch_one(&mut *connection)
            .await?;
        tries += 1;
        if news == written {
            return Ok(());
        }
        // Another worker may have said the same at the same time. The next look knows what it wrote.
        if tries == TRIES_MAX {
            let (news, written) = (news.unsigned_abs(), written.unsigned_abs());
            return Err(not_taken(AGENT_TABLE, "storing names of agents", news, written));
        }
    }
}
