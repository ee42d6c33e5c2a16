//! What went through the sockets, held against the tables. Shares nothing with the product's reading.

use std::collections::BTreeMap;

use ccsync_simulator::{ConnectionTruth, MessageTruth, MonitorTruth};
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::Value;
use sqlx::{PgPool, Row as _};

use crate::support::counted::assert_rows_are_counted;

/// What came last through a connection that our side gave up may have been on its way.
const ON_ITS_WAY: TimeDelta = TimeDelta::seconds(20);

/// Keys by the number of times they are there.
type Tally = BTreeMap<String, i64>;

/// Every agent is heard, everything that was sent while connected is in the tables and counted once, every
/// interruption is a gap, and each agent's time adds up; or what is not so.
pub async fn feed_is_the_vendors(pool: &PgPool, truth: &MonitorTruth) -> Result<(), String> {
    let kinds =
        |wanted: &'static [&'static str]| move |message: &MessageTruth| wanted.contains(&&*message.kind);
    same("announcement", truth, kinds(&["message"]), announcements(pool).await)?;
    same("popup", truth, kinds(&["info"]), popups(pool).await)?;
    let odd = kinds(&["garbage", "unknown_method", "unknown_status", "large"]);
    same("quarantine", truth, odd, quarantined(pool).await)?;
    states_are_the_vendors(pool, truth).await?;
    gaps_are_the_vendors(pool, truth).await?;
    assert_rows_are_counted(pool).await;
    each_is_counted_once(pool, truth).await?;
    time_adds_up(pool).await
}

/// Messages sent so far.
pub fn sent(truth: &MonitorTruth) -> usize {
    truth.agents.iter().flat_map(|agent| &agent.connections).map(|connection| connection.messages.len()).sum()
}

fn may_be_missing(connection: &ConnectionTruth, message: &MessageTruth) -> bool {
    connection.end.as_deref() == Some("client")
        && connection.closed_at.is_some_and(|closed| closed - ON_ITS_WAY < message.at)
}

fn same(
    what: &str,
    truth: &MonitorTruth,
    chosen: impl Fn(&MessageTruth) -> bool,
    mut stored: Tally,
) -> Result<(), String> {
    for connection in truth.agents.iter().flat_map(|agent| &agent.connections) {
        for message in connection.messages.iter().filter(|message| chosen(message)) {
            match stored.remove(&message.key) {
                Some(1) => {}
                Some(times) => return Err(format!("{what} {} is there {times} times", message.key)),
                None if may_be_missing(connection, message) => {}
                None => return Err(format!("{what} {} is missing: {message:?}", message.key)),
            }
        }
    }
    match stored.into_iter().next() {
        Some((key, _)) => Err(format!("{what} {key} was never sent")),
        None => Ok(()),
    }
}

async fn announcements(pool: &PgPool) -> Tally {
    let rows: Vec<(String, i64)> =
        sqlx::query_as("select msg, count(*) from workbench.announcement group by msg")
            .fetch_all(pool)
            .await
            .unwrap();
    rows.into_iter().collect()
}

async fn popups(pool: &PgPool) -> Tally {
    let rows: Vec<(String, i64)> =
        sqlx::query_as("select session_id, revision::bigint from workbench.call_popup")
            .fetch_all(pool)
            .await
            .unwrap();
    rows.into_iter().collect()
}

async fn quarantined(pool: &PgPool) -> Tally {
    let rows: Vec<(String, i64)> =
        sqlx::query_as("select payload, seen::bigint from sync.quarantine").fetch_all(pool).await.unwrap();
    let key = |payload: &str| match serde_json::from_str::<Value>(payload) {
        Ok(Value::Object(map)) => match map.get("id") {
            Some(id) => id.as_str().unwrap().to_owned(),
            None => map["msg"].as_str().unwrap().split(' ').next().unwrap().to_owned(),
        },
        // A text with a phone number in it is stored as JSON's text.
        Ok(Value::String(text)) => garbage_key(&text),
        _ => garbage_key(payload),
    };
    rows.into_iter().map(|(payload, seen)| (key(&payload), seen)).collect()
}

fn garbage_key(text: &str) -> String {
    text.trim_start_matches("garbage ").split(',').next().unwrap().to_owned()
}

/// Each connection's states in their order, repetitions left out, are the stays of one connection.
async fn states_are_the_vendors(pool: &PgPool, truth: &MonitorTruth) -> Result<(), String> {
    'agents: for agent in &truth.agents {
        let rows = sqlx::query(
            "select connection_id::text as connection, status from workbench.agent_status
             where extno = $1 and reported_at is not null order by since",
        )
        .bind(&agent.extno)
        .fetch_all(pool)
        .await
        .unwrap();
        let mut stored: Vec<(String, Vec<Option<i32>>)> = Vec::new();
        for row in rows {
            let (connection, status): (String, Option<i32>) = (row.get("connection"), row.get("status"));
            match stored.last_mut().filter(|(last, _)| *last == connection) {
                Some((_, states)) => states.push(status),
                None => stored.push((connection, vec![status])),
            }
        }
        let mut stored = stored.into_iter().map(|(_, states)| states);
        for connection in &agent.connections {
            let expected = states(&connection.messages);
            if expected.is_empty() {
                continue;
            }
            let sure = states(
                &connection
                    .messages
                    .iter()
                    .filter(|m| !may_be_missing(connection, m))
                    .cloned()
                    .collect::<Vec<_>>(),
            );
            if sure.is_empty() && expected != sure {
                // All of it may have been on its way: whose stays come next cannot be told.
                continue 'agents;
            }
            let found = stored.next().unwrap_or_default();
            if !(found.starts_with(&sure) && expected.starts_with(&found)) {
                return Err(format!("states of {}: {expected:?} became {found:?}", agent.extno));
            }
        }
        if let Some(states) = stored.next() {
            return Err(format!("states of {}: {states:?} were never told", agent.extno));
        }
    }
    Ok(())
}

fn states(messages: &[MessageTruth]) -> Vec<Option<i32>> {
    let told = messages.iter().filter_map(|message| match message.kind.as_str() {
        "notice" => Some(Some(message.key.parse().unwrap())),
        "unknown_status" => Some(None),
        _ => None,
    });
    let mut states: Vec<Option<i32>> = told.collect();
    states.dedup();
    states
}

/// Between two connections there is one gap, and after the last one, which stands, there is none.
async fn gaps_are_the_vendors(pool: &PgPool, truth: &MonitorTruth) -> Result<(), String> {
    for agent in &truth.agents {
        if agent.connections.last().is_none_or(|last| last.end.is_some()) {
            return Err(format!("{} is not connected", agent.extno));
        }
        let gaps: i64 = sqlx::query_scalar("select count(*) from workbench.feed_gap where extno = $1")
            .bind(&agent.extno)
            .fetch_one(pool)
            .await
            .unwrap();
        let connections = agent.connections.len() as i64;
        if gaps != connections - 1 {
            return Err(format!("{}: {connections} connections and {gaps} gaps", agent.extno));
        }
    }
    Ok(())
}

/// The runs count as many messages as were sent, notices that told nothing new among them.
async fn each_is_counted_once(pool: &PgPool, truth: &MonitorTruth) -> Result<(), String> {
    let counted: i64 = sqlx::query_scalar("select coalesce(sum(rows_read), 0)::bigint from sync.run")
        .fetch_one(pool)
        .await
        .unwrap();
    let connections = truth.agents.iter().flat_map(|agent| &agent.connections);
    let unsure: usize = connections.map(|c| c.messages.iter().filter(|m| may_be_missing(c, m)).count()).sum();
    let sent = sent(truth);
    match (sent - unsure..=sent).contains(&usize::try_from(counted).unwrap()) {
        true => Ok(()),
        false => Err(format!("{counted} of {sent} messages are counted, {unsure} may be missing")),
    }
}

/// Stays and gaps of each agent follow one another: their lengths are the wall time.
pub async fn time_adds_up(pool: &PgPool) -> Result<(), String> {
    let broken: Vec<(String, DateTime<Utc>, Option<DateTime<Utc>>)> = sqlx::query_as(
        r#"
        with pieces as (
            select source, extno, since, until from workbench.agent_status
            union all
            select source, extno, since, until from workbench.feed_gap
        ), chained as (
            select extno, since, until,
                lead(since) over (partition by source, extno order by since) as next
            from pieces
        )
        select extno, since, until from chained where until is distinct from next
        "#,
    )
    .fetch_all(pool)
    .await
    .unwrap();
    if let Some(piece) = broken.first() {
        return Err(format!("{} pieces do not fit, the first is {piece:?}", broken.len()));
    }
    let off: Vec<String> = sqlx::query_scalar(
        r#"
        select extno from (
            select extno, min(since) as first, max(until) as last, sum(until - since) as length
            from (
                select extno, since, until from workbench.agent_status
                union all
                select extno, since, until from workbench.feed_gap
            ) as pieces
            group by extno
        ) as sums
        where length <> last - first
        "#,
    )
    .fetch_all(pool)
    .await
    .unwrap();
    if off.is_empty() { Ok(()) } else { Err(format!("the time of {off:?} does not add up")) }
}
