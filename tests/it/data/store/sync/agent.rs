//! `sobot.agent`: who is named by results, kept by commits.

use std::sync::Arc;

use ccsync::domain::row::record::{Row, Value};
use ccsync::domain::stream::sobot_call_result::SOBOT_CALL_RESULT;
use ccsync::domain::stream::sobot_chat_result::SOBOT_CHAT_RESULT;
use ccsync::domain::stream::{StreamId, StreamKey};
use ccsync::engine::port::store::{Scope, Store as _};

use crate::data::store::support::*;

fn chats() -> StreamKey {
    StreamKey { source: "sobot".into(), stream: StreamId::SOBOT_CHAT_RESULT }
}

fn named(id: &str, agent: &str, name: &str, inspected: Option<i64>) -> Row {
    let mut values = vec![Value::Null; SOBOT_CALL_RESULT.columns.len()];
    values[0] = Value::text(id);
    values[1] = Value::text(agent);
    values[2] = Value::text(name);
    values[3] = Value::text(format!("{agent}@example.com"));
    values[5] = inspected.map_or(Value::Null, |hour| Value::Instant(at(hour)));
    Row::new(&SOBOT_CALL_RESULT, &values, serde_json::Map::new())
}

fn chat(id: &str, agent: &str, name: &str, inspected: i64) -> Row {
    let mut values = vec![Value::Null; SOBOT_CHAT_RESULT.columns.len()];
    values[0] = Value::text(id);
    values[1] = Value::text("scheme");
    values[2] = Value::text(agent);
    values[3] = Value::text(name);
    values[6] = Value::Instant(at(inspected));
    Row::new(&SOBOT_CHAT_RESULT, &values, serde_json::Map::new())
}

/// Names with their instants, by agent.
async fn known(fresh: &Fresh) -> String {
    let sql = "select coalesce(string_agg(agentid || ' ' || agent_name || ' '
            || coalesce((extract(epoch from named_at - timestamptz '2026-01-01T00:00:00Z') / 3600)::int::text, '-')
            || ' ' || (extract(epoch from first_seen_at - timestamptz '2026-01-01T00:00:00Z') / 3600)::int::text
            || ' ' || (extract(epoch from changed_at - timestamptz '2026-01-01T00:00:00Z') / 3600)::int::text, '; '
            order by agentid), '')
        from sobot.agent";
    fresh.value(sql).await
}

#[tokio::test]
async fn an_agent_is_called_what_the_result_with_the_latest_quality_time_says() {
    let fresh = fresh_store().await;
    let rows =
        vec![named("1", "a", "old", Some(1)), named("2", "a", "new", Some(5)), named("3", "b", "none", None)];
    fresh.read(&calls(), day(), rows.clone(), 30).await;
    assert_eq!(known(&fresh).await, "a new 5 30 30; b none - 30 30");
    // An older result that comes later renames nobody; a newer one of the same name only dates it.
    let next = Scope::Window(window(24, 48));
    fresh.read(&calls(), next, vec![named("4", "a", "older", Some(3))], 31).await;
    assert_eq!(known(&fresh).await, "a new 5 30 30; b none - 30 30");
    let chat_window = Scope::Window(window(0, 24));
    fresh.read(&chats(), chat_window, vec![chat("c", "b", "none", 9)], 32).await;
    assert_eq!(known(&fresh).await, "a new 5 30 30; b none 9 30 32", "an address is not told any more");
    let mut later = vec![named("4", "a", "older", Some(3)), named("5", "a", "newest", Some(40))];
    fresh.read(&calls(), next, later.clone(), 33).await;
    assert_eq!(known(&fresh).await, "a newest 40 30 33; b none 9 30 32");
    // Corrected by the vendor without a new quality time.
    later[1] = named("5", "a", "corrected", Some(40));
    fresh.read(&calls(), next, later, 34).await;
    assert_eq!(known(&fresh).await, "a corrected 40 30 34; b none 9 30 32");
}

#[tokio::test]
async fn a_rerun_over_unchanged_data_neither_writes_nor_locks_an_agent() {
    let fresh = fresh_store().await;
    let rows: Vec<Row> = (0..50)
        .map(|number| named(&format!("{number:03}"), &format!("a{}", number % 7), "x", Some(2)))
        .collect();
    fresh.read(&calls(), day(), rows.clone(), 30).await;
    let versions =
        "select string_agg(ctid::text || xmin::text || xmax::text, ',' order by agentid) from sobot.agent";
    let before: String = fresh.value(versions).await;
    fresh.read(&calls(), day(), rows.clone(), 31).await;
    // Nor does a neighbouring window that shares rows, or one that brings results without news.
    fresh.read(&calls(), Scope::Window(window(24, 48)), rows, 32).await;
    fresh.read(&calls(), Scope::Window(window(48, 72)), vec![named("new", "a3", "x", Some(1))], 33).await;
    assert_eq!(fresh.value::<String>(versions).await, before);
}

#[tokio::test]
async fn a_commit_that_fails_names_nobody() {
    let fresh = fresh_store().await;
    let mut commit = fresh.commit(&calls(), day(), vec![named("1", "a", "x", Some(1))], 30).await;
    commit.lease.fence += 1;
    fresh.store.commit(commit).await.unwrap_err();
    assert_eq!(known(&fresh).await, "");
}

#[tokio::test(flavor = "multi_thread")]
async fn commits_side_by_side_name_the_same_agents_without_locking_one_another_out() {
    let fresh = Arc::new(fresh_store().await);
    for round in 0..8 {
        let commits = (0..4).map(|worker| {
            let fresh = Arc::clone(&fresh);
            async move {
                let start = (round * 4 + worker) * 24;
                let agent = |number: i64| format!("a{:02}", (number * 7 + worker * 5) % 40);
                let rows = (0..40)
                    .map(|number| {
                        let id = format!("{round}-{worker}-{number}");
                        named(&id, &agent(number), &format!("{round}-{worker}"), Some(start + number % 24))
                    })
                    .collect();
                fresh.read(&calls(), Scope::Window(window(start, start + 24)), rows, 2000).await
            }
        });
        futures::future::join_all(commits).await;
    }
    assert_eq!(fresh.count("select count(*) from sobot.agent").await, 40);
    assert_eq!(fresh.count("select count(*) from sobot.agent where agent_name = '7-3'").await, 40);
}

#[tokio::test]
async fn the_migration_knows_from_stored_results_what_the_commits_would() {
    let fresh = fresh_store().await;
    let rows = vec![
        named("1", "a", "old", Some(1)),
        named("2", "a", "new", Some(5)),
        named("3", "b", "none", None),
        named("4", "c", "c", Some(7)),
    ];
    fresh.read(&calls(), day(), rows, 30).await;
    fresh.read(&chats(), day(), vec![chat("c", "c", "c", 3), chat("d", "d", "d", 4)], 30).await;
    let before = known(&fresh).await;
    let migration = include_str!("../../../../../migrations/20261121130000_create_sobot_agent.sql");
    let fill = migration.split_once("insert into").unwrap().1;
    sqlx::raw_sql("truncate sobot.agent").execute(&fresh.db).await.unwrap();
    sqlx::raw_sql(sqlx::AssertSqlSafe(format!("insert into{fill}"))).execute(&fresh.db).await.unwrap();
    assert_eq!(known(&fresh).await, before);
}
