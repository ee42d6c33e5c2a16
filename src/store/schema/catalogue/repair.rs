//! What is ours, made again where it is missing or altered.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use sqlx::{AssertSqlSafe, Connection as _, Executor as _, PgConnection};

use super::findings;
use crate::domain::catalogue::{Finding, Remedy};
use crate::domain::fault::Fault;
use crate::domain::proof::window::TimeWindow;
use crate::domain::stream::StreamId;
use crate::store::fault::{StoreResult, from_sql};
use crate::store::pool::PgStore;
use crate::store::schema::grant::readers_update;

/// Rounds of one repair. Views need other views, and those columns and functions.
const ROUNDS: usize = 20;

/// A repair may rewrite large tables. Writers are made to wait, and it waits for them.
const LIMITS: &str =
    "set local lock_timeout = 0; set local statement_timeout = 0; set local search_path = ''";

/// What the database itself can fill again, as the migrations did.
const SEEDS: [(&str, &str); 4] = [
    ("bi.calendar", CALENDAR),
    ("sobot.agent", AGENTS),
    (
        "sync.forgetting",
        "insert into sync.forgetting (key) select uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()) \
         on conflict do nothing",
    ),
    ("sync.window_block", "select sync.window_blocks_refresh() where sync.days_stored()"),
];

const CALENDAR: &str = r#"
insert into bi.calendar (day, week, week_name, month, quarter, year, weekday)
select d::date, date_trunc('week', d)::date, to_char(d, 'IYYY-"W"IW'), date_trunc('month', d)::date,
    date_trunc('quarter', d)::date, extract(year from d), extract(isodow from d)
from generate_series(timestamp '2015-01-01', timestamp '2039-12-31', interval '1 day') d
on conflict (day) do update set week = excluded.week, week_name = excluded.week_name, month = excluded.month,
    quarter = excluded.quarter, year = excluded.year, weekday = excluded.weekday
"#;

const AGENTS: &str = r#"
insert into sobot.agent (source, agentid, agent_name, agent_email, named_at, first_seen_at, changed_at)
with result as (
    select source, agentid, agent_name, agent_email, quality_datetime as at, first_seen_at, changed_at
    from sobot.call_result
    union all
    select source, agentid, agent_name, agent_email, update_datetime, first_seen_at, changed_at
    from sobot.chat_result
)
select distinct on (source, agentid) source, agentid, agent_name, agent_email, at,
    min(first_seen_at) over (partition by source, agentid), changed_at
from result
where agentid <> ''
order by source, agentid, coalesce(at, '-infinity') desc, changed_at desc, agent_name, agent_email
on conflict (source, agentid) do update set agent_name = excluded.agent_name, agent_email = excluded.agent_email,
    named_at = excluded.named_at, first_seen_at = excluded.first_seen_at, changed_at = excluded.changed_at
"#;

/// What a repair did.
#[derive(Debug, Default)]
pub struct Repaired {
    /// What was mended.
    pub mended: Vec<Finding>,
    /// What the database refused to mend, and why.
    pub refused: Vec<(Finding, String)>,
    /// Streams whose stored values were lost, with how many windows are due again and what they span.
    pub due_again: Vec<(StreamId, usize, Option<TimeWindow>)>,
    /// Tables that no vendor can fill again, and lost values.
    pub lost: Vec<String>,
}

impl PgStore {
    /// Makes what is ours as the migrations made it, in one transaction, keeping all rows. Where values were lost, the
    /// windows that hold them are made due again.
    ///
    /// # Errors
    /// Database faults; nothing was changed then. What single statements were refused is in the answer.
    pub async fn repair(&self) -> Result<Repaired, Fault> {
        let doing = "repairing the schema";
        let mut connection = self.connection().await?;
        let done = repair(&mut connection).await;
        let done = match done {
            Ok(repaired) => readers_update(&mut connection).await.map(|()| repaired),
            Err(error) => Err(error),
        };
        connection.close().await.ok();
        done.map_err(|error| error.during(doing))
    }
}

async fn repair(connection: &mut PgConnection) -> StoreResult<Repaired> {
    let mut transaction = connection.begin().await?;
    transaction.execute(sqlx::raw_sql(LIMITS)).await?;
    transaction
        .execute("select pg_catalog.pg_advisory_xact_lock(pg_catalog.hashtext('ccsync repair'))")
        .await?;
    let mut repaired = Repaired::default();
    let mut lost = BTreeSet::new();
    for _ in 0..ROUNDS {
        repaired.refused.clear();
        let before = repaired.mended.len();
        for finding in findings(&mut transaction).await? {
            let Remedy::Repair { statements, .. } = &finding.remedy else { continue };
            match mend(&mut transaction, statements).await? {
                None => {
                    lost.extend(finding.lost.clone());
                    repaired.mended.push(finding);
                }
                Some(refusal) => repaired.refused.push((finding, refusal)),
            }
        }
        if repaired.mended.len() == before {
            break;
        }
    }
    for (table, seed) in SEEDS {
        if lost.remove(table) {
            transaction.execute(sqlx::raw_sql(seed)).await?;
        }
    }
    for (stream, tables) in streams_of(&lost) {
        repaired.due_again.push(read_again(&mut transaction, stream, &tables).await?);
    }
    repaired.lost = lost.into_iter().filter(|table| sources_of(table).is_empty()).collect();
    transaction.commit().await?;
    Ok(repaired)
}

/// Runs the statements, all or none; answers what the database said where it refused.
async fn mend(connection: &mut PgConnection, statements: &[String]) -> StoreResult<Option<String>> {
    let mut nested = connection.begin().await?;
    for statement in statements {
        if let Err(error) = nested.execute(sqlx::raw_sql(AssertSqlSafe(statement.clone()))).await {
            nested.rollback().await?;
            return Ok(Some(from_sql("mending it", &error).chain()));
        }
    }
    nested.commit().await?;
    Ok(None)
}

/// The streams that fill a table, each with its table whose rows have to be written again.
fn sources_of(table: &str) -> Vec<(StreamId, &'static str)> {
    let filled = StreamId::all().flat_map(|stream| stream.tables().iter().map(move |of| (stream, of.name)));
    filled.filter(|(_, name)| *name == table).collect()
}

fn streams_of(lost: &BTreeSet<String>) -> BTreeMap<StreamId, BTreeSet<&'static str>> {
    let mut streams: BTreeMap<StreamId, BTreeSet<&'static str>> = BTreeMap::new();
    for (stream, table) in lost.iter().flat_map(|table| sources_of(table)) {
        streams.entry(stream).or_default().insert(table);
    }
    streams
}

/// Makes everything that was read of a stream due again, and its rows differ from what a read will bring.
async fn read_again(
    connection: &mut PgConnection,
    stream: StreamId,
    tables: &BTreeSet<&'static str>,
) -> StoreResult<(StreamId, usize, Option<TimeWindow>)> {
    for table in tables {
        let differ = format!("update {table} set content_hash = gen_random_uuid() where deleted_at is null");
        connection.execute(sqlx::raw_sql(AssertSqlSafe(differ))).await?;
    }
    sqlx::query("update sync.snapshot set verdict = 'unverified', unverified_reads = 0 where stream = $1")
        .bind(stream.as_str())
        .execute(&mut *connection)
        .await?;
    let (count, start, end): (i64, Option<DateTime<Utc>>, Option<DateTime<Utc>>) = sqlx::query_as(
        r#"
        with due as (
            update sync.time_window set verdict = 'unverified', unverified_reads = 0, final_at = null
            where stream = $1 and verdict is not null
            returning window_start, window_end
        )
        select count(*), min(window_start), max(window_end) from due
        "#,
    )
    .bind(stream.as_str())
    .fetch_one(connection)
    .await?;
    Ok((stream, usize::try_from(count).unwrap_or_default(), TimeWindow::from_bounds(start, end)))
}
