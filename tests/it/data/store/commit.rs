//! What a commit writes, and what it leaves alone.

use std::time::Duration;

use ccsync::domain::proof::run::Counts;
use ccsync::engine::port::store::{Scope, Store as _};

use crate::data::store::support::*;

/// Everything that PostgreSQL counts as a write to the tables of the vendors.
const WRITES: &str = r#"
select coalesce(sum(n_tup_ins + n_tup_upd + n_tup_del + n_dead_tup), 0)::bigint
from pg_stat_user_tables where schemaname in ('sobot', 'moor')
"#;

/// Each row version and its place, locks included.
const VERSIONS: &str = r#"
select coalesce(string_agg(ctid::text || xmin::text || xmax::text, ',' order by call_log_jestid), '')
from sobot.call_result
"#;

#[tokio::test]
async fn committing_the_same_rows_again_writes_nothing_to_the_fact_tables() {
    let fresh = fresh_store().await;
    let rows = many_calls(500, 90);
    fresh.read(&calls(), day(), rows.clone(), 48).await;
    let versions: String = fresh.value(VERSIONS).await;
    tokio::time::sleep(Duration::from_millis(1100)).await;
    fresh.store.close().await;
    let again = fresh.again().await;
    let before = again.count(WRITES).await;
    assert_eq!(before, 501, "the rows, and the agent whom they name");
    let counts = again.read(&calls(), day(), rows, 72).await;
    assert_eq!((counts.inserted, counts.updated, counts.unchanged), (0, 0, 500));
    again.store.close().await;
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert_eq!(again.count(WRITES).await, before);
    assert_eq!(again.value::<String>(VERSIONS).await, versions);
    assert_eq!(again.count("select reads::bigint from sync.time_window").await, 2);
}

#[tokio::test]
async fn a_neighbouring_window_that_shares_rows_writes_them_once_and_leaves_them_to_their_owner() {
    let fresh = fresh_store().await;
    fresh.read(&calls(), day(), vec![call("a", 90, 1), call("edge", 80, 24)], 72).await;
    let versions: String = fresh.value(VERSIONS).await;
    let next = Scope::Window(window(24, 48));
    for _ in 0..2 {
        let counts = fresh.read(&calls(), next, vec![call("edge", 80, 24)], 72).await;
        assert_eq!((counts.inserted, counts.updated, counts.unchanged, counts.deleted), (0, 0, 1, 0));
        let counts = fresh.read(&calls(), day(), vec![call("a", 90, 1), call("edge", 80, 24)], 73).await;
        assert_eq!((counts.unchanged, counts.deleted), (2, 0));
    }
    assert_eq!(fresh.value::<String>(VERSIONS).await, versions);
    assert_eq!(fresh.count("select count(*) from sync.absence").await, 0);
}

#[tokio::test]
async fn a_window_never_read_that_brings_a_row_of_another_window_is_committed_whole() {
    let fresh = fresh_store().await;
    fresh.read(&calls(), day(), vec![call("moved", 80, 12), call("stays", 70, 12)], 72).await;
    let next = Scope::Window(window(24, 48));
    let rows = vec![call("a", 60, 30), call("moved", 90, 31), call("z", 60, 30)];
    let counts = fresh.read(&calls(), next, rows, 72).await;
    assert_eq!((counts.inserted, counts.updated, counts.unchanged, counts.deleted), (2, 1, 0, 0));
    assert_eq!(fresh.count("select count(*) from sobot.call_result_history").await, 1);
    assert_eq!(fresh.count("select count(*) from sobot.call_result where total_score = 90").await, 1);
    assert_eq!(fresh.count("select count(*) from sync.time_window").await, 2);
}

#[tokio::test]
async fn windows_that_share_rows_commit_side_by_side() {
    let fresh = fresh_store().await;
    let mut tasks = tokio::task::JoinSet::new();
    for number in 0..8 {
        let scope = Scope::Window(window(number * 24, number * 24 + 24));
        let mut rows: Vec<_> = (0..300).map(|shared| call(&format!("shared-{shared:03}"), 90, 1)).collect();
        rows.extend((0..300).map(|own| call(&format!("own-{number}-{own:03}"), 90, 1)));
        let commit = fresh.commit(&calls(), scope, rows, 500).await;
        let store = fresh.store.clone();
        tasks.spawn(async move { store.commit(commit).await.unwrap() });
    }
    let mut total = Counts::default();
    tasks.join_all().await.into_iter().for_each(|counts| total += counts);
    assert_eq!((total.inserted, total.unchanged, total.updated), (300 + 8 * 300, 7 * 300, 0));
    assert_eq!(fresh.count("select count(*) from sobot.call_result_history").await, 0);
    assert_eq!(fresh.count("select count(*) from sync.time_window").await, 8);
}

#[tokio::test]
async fn a_row_that_another_window_takes_over_meanwhile_is_not_noted_as_absent() {
    let fresh = fresh_store().await;
    fresh.read(&calls(), day(), vec![call("stays", 70, 12), call("moves", 80, 12)], 48).await;
    let mut other = fresh.db.begin().await.unwrap();
    let moved = "update sobot.call_result set window_start = window_end, window_end = window_end + interval '1 day' \
                 where call_log_jestid = 'moves'";
    sqlx::query(moved).execute(&mut *other).await.unwrap();
    let commit = fresh.commit(&calls(), day(), vec![call("stays", 70, 12)], 72).await;
    let store = fresh.store.clone();
    let read = tokio::spawn(async move { store.commit(commit).await.unwrap() });
    let waiting = "select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'";
    while !read.is_finished() && fresh.count(waiting).await == 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    other.commit().await.unwrap();
    assert_eq!(read.await.unwrap().deleted, 0);
    assert_eq!(fresh.count("select count(*) from sync.absence").await, 0);
}

#[tokio::test]
async fn windows_that_bring_different_versions_of_the_same_rows_side_by_side_end_with_the_latest() {
    let fresh = fresh_store().await;
    let rows =
        |version: i64| (0..300).map(|id| call(&format!("{id:03}"), version, version)).collect::<Vec<_>>();
    fresh.read(&calls(), day(), rows(0), 48).await;
    let mut tasks = tokio::task::JoinSet::new();
    for number in 1..=8 {
        let scope = Scope::Window(window(number * 24, number * 24 + 24));
        let commit = fresh.commit(&calls(), scope, rows(number), 500 + number).await;
        let store = fresh.store.clone();
        tasks.spawn(async move { store.commit(commit).await.unwrap() });
    }
    let mut total = Counts::default();
    tasks.join_all().await.into_iter().for_each(|counts| total += counts);
    assert_eq!(total.updated + total.superseded + total.unchanged, 8 * 300);
    assert_eq!(fresh.count("select count(*) from sobot.call_result where total_score = 8").await, 300);
    let history = fresh.count("select count(*) from sobot.call_result_history").await;
    assert_eq!(history as u64, total.updated);
    assert_eq!(fresh.count("select sum(revision - 1)::bigint from sobot.call_result").await, history);
}
