//! How many rows there are: counted as they are written, each once.

use std::time::Duration;

use ccsync::engine::port::status::StatusRead as _;
use ccsync::engine::port::store::{Scope, Store as _};
use ccsync::report::status::{DeclaredWindow, StreamDeclaration};

use crate::data::store::support::*;
use crate::support::counted::{assert_rows_are_counted, count_anew};

const TOLD: &str = "select rows from bi.freshness where stream = 'sobot.call_result'";

fn declared() -> StreamDeclaration {
    let window = DeclaredWindow { lookback: chrono::Duration::days(31), settle: chrono::Duration::hours(1) };
    StreamDeclaration {
        key: calls(),
        start: Some(at(0)),
        schedule: "0 */10 * * * *".into(),
        timezone: chrono_tz::UTC,
        window: Some(window),
        enabled: true,
    }
}

fn next_day() -> Scope {
    Scope::Window(window(24, 48))
}

#[tokio::test]
async fn a_row_that_two_windows_hold_is_counted_once_and_a_deleted_one_not_at_all() {
    let fresh = fresh_store().await;
    fresh.store.declare(&[declared()]).await.unwrap();
    assert_eq!(fresh.count(TOLD).await, 0);
    fresh.read(&calls(), day(), vec![call("a", 90, 1), call("edge", 80, 24)], 72).await;
    fresh.read(&calls(), next_day(), vec![call("edge", 80, 24), call("b", 70, 30)], 72).await;
    assert_eq!(fresh.count("select sum(rows)::bigint from sync.time_window").await, 4);
    assert_eq!(fresh.count(TOLD).await, 3);
    assert_eq!(
        fresh.store.status(at(80)).await.unwrap().streams[0].rows,
        3,
        "status, page and metrics say so"
    );
    // Rescored, then absent twice, then there again.
    fresh.read(&calls(), day(), vec![call("a", 95, 2), call("edge", 80, 24)], 73).await;
    assert_eq!(fresh.count(TOLD).await, 3);
    for hour in [74, 80] {
        fresh.read(&calls(), day(), vec![call("edge", 80, 24)], hour).await;
    }
    assert_eq!(fresh.count("select count(*) from sobot.call_result where deleted_at is not null").await, 1);
    assert_eq!(fresh.count(TOLD).await, 2);
    fresh.read(&calls(), day(), vec![call("a", 95, 2), call("edge", 80, 24)], 90).await;
    assert_eq!(fresh.count(TOLD).await, 3);
    assert_rows_are_counted(&fresh.db).await;
}

#[tokio::test]
async fn a_rerun_over_unchanged_data_counts_nothing_and_a_refused_commit_neither() {
    let fresh = fresh_store().await;
    fresh.read(&calls(), day(), many_calls(50, 1), 72).await;
    let version = "select xmin::text || ctid::text || live from sync.row_count";
    let before: String = fresh.value(version).await;
    fresh.read(&calls(), day(), many_calls(50, 1), 73).await;
    let mut late = fresh.commit(&calls(), next_day(), vec![call("late", 1, 30)], 74).await;
    late.lease.fence -= 1;
    fresh.store.commit(late).await.unwrap_err();
    assert_eq!(fresh.value::<String>(version).await, before);
}

#[tokio::test]
async fn windows_that_commit_side_by_side_count_all_of_their_rows() {
    let fresh = fresh_store().await;
    let mut commits = Vec::new();
    for number in 0..8 {
        let rows = (0..40).map(|row| call(&format!("{number}-{row}"), 1, number * 24 + 3)).collect();
        let scope = Scope::Window(window(number * 24, number * 24 + 24));
        commits.push(fresh.commit(&calls(), scope, rows, 300).await);
    }
    let committing = commits.into_iter().map(|commit| {
        let store = fresh.store.clone();
        tokio::spawn(async move { store.commit(commit).await })
    });
    for done in committing.collect::<Vec<_>>() {
        tokio::time::timeout(Duration::from_secs(60), done).await.unwrap().unwrap().unwrap();
    }
    assert_eq!(fresh.count("select live from sync.row_count").await, 320);
    assert_rows_are_counted(&fresh.db).await;
}

#[tokio::test]
async fn every_table_that_a_stream_fills_is_counted_by_the_migration_and_by_a_count_anew() {
    let fresh = fresh_store().await;
    fresh.read(&calls(), day(), many_calls(5, 1), 72).await;
    fresh.read(&queues(), Scope::Snapshot, vec![queue("1", "a"), member("1", "x")], 72).await;
    assert_rows_are_counted(&fresh.db).await;
    let picture = "select string_agg(concat_ws(' ', source, table_name, live), ',' order by table_name)
        from sync.row_count where live <> 0";
    let before: String = fresh.value(picture).await;
    let migration = include_str!("../../../../../migrations/20261128181000_create_row_count.sql");
    let fill = migration.split_once("insert into sync.row_count").unwrap().1.split_once(';').unwrap().0;
    sqlx::raw_sql("truncate sync.row_count").execute(&fresh.db).await.unwrap();
    let fill = sqlx::AssertSqlSafe(format!("insert into sync.row_count{fill}"));
    sqlx::raw_sql(fill).execute(&fresh.db).await.unwrap();
    assert_eq!(fresh.value::<String>(picture).await, before);
    // Rows that somebody removed are missed by nobody but a count anew, which is made for every table.
    let anew = count_anew(
        "(values ('sobot', 'sobot.call_result'), ('sobot', 'sobot.chat_result'), ('moor', 'moor.queue'),
            ('moor', 'moor.agent_claim_status'), ('bench', 'workbench.agent_monitor')) v (source, stream)",
    );
    let sql = format!("delete from sobot.call_result where call_log_jestid = 'call-000000'; {anew}");
    sqlx::raw_sql(sqlx::AssertSqlSafe(sql)).execute(&fresh.db).await.unwrap();
    assert_rows_are_counted(&fresh.db).await;
    let uncounted = "select count(*) from information_schema.columns c
        where c.column_name = 'deleted_at' and c.table_schema in ('sobot', 'moor', 'workbench')
            and c.table_name not like '%\\_history' and not exists (
                select from sync.row_count r where r.table_name = c.table_schema || '.' || c.table_name)";
    assert_eq!(fresh.count(uncounted).await, 0);
}
