//! Rows whose time is over: gone everywhere, in small steps, and not read again.

mod race;
mod table;

use std::sync::Arc;
use std::time::Duration;

use ccsync::app::App;
use ccsync::domain::stream::{StreamId, StreamKey};
use ccsync::engine::port::retention::{Retention as _, RetentionOrder};
use ccsync::engine::verify::VerifyOrder;
use chrono::{DateTime, Utc};
use tokio_util::sync::CancellationToken;

use crate::support::counted::assert_rows_are_counted;
use crate::support::harness::{QUICK, TestWorld, small_world};
use crate::whole::system::history::{assert_histories_are_whole, whole_database};
use crate::whole::system::steps::{assert_settles, change_twenty_calls, sync_well, value};
use crate::whole::system::truth;

/// Calls are kept for four days, whole days: it is noon of 8 March in Beijing.
const CUT: &str = "2026-03-03T16:00:00Z";

const KEPT: &[(&str, &str)] = &[
    ("CCSYNC__SOURCES__SOBOT__CALL_RESULT__LOOKBACK", "3d"),
    ("CCSYNC__SOURCES__SOBOT__CALL_RESULT__RETENTION", "4d"),
    ("CCSYNC__SOURCES__SOBOT__CALL_RESULT__SETTLE", "0s"),
    ("CCSYNC__SOURCES__SOBOT__CHAT_RESULT__SETTLE", "0s"),
    ("CCSYNC__ENGINE__LEASE", "1s"),
];

fn cut() -> DateTime<Utc> {
    CUT.parse().unwrap()
}

fn calls() -> StreamKey {
    StreamKey { source: "sobot".into(), stream: StreamId::SOBOT_CALL_RESULT }
}

fn order() -> RetentionOrder {
    RetentionOrder { key: calls(), cut: cut() }
}

/// A world that was read and changed, so that there are histories, tombstones and set-aside records, and a product
/// that keeps less of it.
async fn a_world_and_its_keeper() -> (TestWorld, Arc<App>) {
    let world = TestWorld::quick(small_world()).await;
    sync_well(&world.test).await;
    change_twenty_calls(&world.test).await;
    world.test.sync().await;
    let keeper = world.another_app(KEPT).await;
    (world, keeper)
}

/// What there still is of the calls' expired windows, by table.
async fn left(world: &TestWorld) -> Vec<(String, i64)> {
    let mut left = Vec::new();
    for table in [
        "sobot.call_result",
        "sobot.call_result_history",
        "sync.time_window",
        "sync.certificate",
        "sync.quarantine",
        "sync.absence",
        "sync.observation",
        "sync.absence_alarm",
    ] {
        let of = match table {
            "sync.absence" | "sync.observation" => "and table_name = 'sobot.call_result'",
            table if table.starts_with("sync.") => "and stream = 'sobot.call_result'",
            _ => "",
        };
        let old = match table {
            // A version goes with its row, which may have moved on.
            "sobot.call_result_history" => format!(
                "(call_log_jestid, agentid) not in (select call_log_jestid, agentid from sobot.call_result
                where '{CUT}' < window_end)"
            ),
            _ => format!("window_end <= '{CUT}'"),
        };
        let sql = format!("select count(*) from {table} where {old} {of}");
        let rows = value::<i64>(&world.test, &sql).await;
        if 0 < rows {
            left.push((table.to_owned(), rows));
        }
    }
    left
}

async fn expire(app: &App) -> u64 {
    let expired = app.expire(&[], &CancellationToken::new()).await.unwrap();
    let rows = expired.iter().flat_map(|stream| &stream.tables).map(|table| table.rows).sum();
    let kept: Vec<_> =
        expired.iter().filter(|stream| stream.cut.is_some()).map(|stream| stream.key.stream).collect();
    // Calls by the configuration, and claim states by default.
    assert_eq!(kept, [StreamId::MOOR_AGENT_CLAIM_STATUS, StreamId::SOBOT_CALL_RESULT], "{expired:?}");
    rows
}

#[tokio::test]
async fn what_is_old_is_gone_everywhere_and_no_read_brings_it_back() {
    let (world, keeper) = a_world_and_its_keeper().await;
    let aside = "insert into sync.quarantine (source, stream, payload, payload_hash, reason, window_start, window_end,
            run_id, first_seen_at, last_seen_at)
        select source, stream, '{}', gen_random_uuid(), 'no key', window_start, window_end, run_id, now(), now()
        from sync.time_window where stream = 'sobot.call_result' order by window_start limit 1";
    // A rescored call moves on to the window of its new score; this one's versions are all of an old window.
    let version = "with old as (
            update sobot.call_result set revision = 2 where ctid = (select min(ctid) from sobot.call_result
            where window_end <= '2026-03-03T16:00:00Z') returning *
        )
        insert into sobot.call_result_history select old.*, changed_at, changed_at from old";
    let first =
        "update sobot.call_result_history set revision = 1 where window_end <= '2026-03-03T16:00:00Z'";
    for sql in [aside, version, first] {
        sqlx::query(sql).execute(world.test.pool().await).await.unwrap();
    }
    let before = left(&world).await;
    for table in ["sobot.call_result", "sobot.call_result_history", "sync.time_window", "sync.quarantine"] {
        assert!(before.iter().any(|(left, _)| left == table), "nothing to remove from {table}: {before:?}");
    }
    let kept: i64 =
        value(&world.test, &format!("select count(*) from sobot.call_result where window_end > '{CUT}'"))
            .await;
    let chats: i64 = value(&world.test, "select count(*) from sobot.chat_result").await;
    assert!(0 < expire(&keeper).await);
    assert_eq!(left(&world).await, []);

    let stop = CancellationToken::new();
    for _ in 0..2 {
        keeper.sync(&[], &stop).await.unwrap();
        let choice = ["sobot.call_result".parse().unwrap()];
        let range = ccsync::domain::proof::window::TimeWindow::new(
            cut() - chrono::Duration::days(9),
            cut() + chrono::Duration::hours(1),
        );
        assert!(keeper.refuse_expired(&choice, range.unwrap()).unwrap_err().chain().contains(CUT));
        keeper.backfill(&choice, range.unwrap(), &stop).await.unwrap();
        keeper.verify(&[], &VerifyOrder::default(), true, &stop).await.unwrap();
    }
    assert_eq!(left(&world).await, []);
    let still: i64 =
        value(&world.test, &format!("select count(*) from sobot.call_result where window_end > '{CUT}'"))
            .await;
    assert_eq!((still, value(&world.test, "select count(*) from sobot.chat_result").await), (kept, chats));
    assert_histories_are_whole(&world.test).await;
    for verified in keeper.verify(&[], &VerifyOrder::default(), false, &stop).await.unwrap() {
        assert!(verified.verification.agrees(), "{:?}", verified.verification);
    }
    assert_eq!(expire(&keeper).await, 0);
    assert_rows_are_counted(world.test.pool().await).await;
}

#[tokio::test]
async fn freshness_says_from_when_on_it_is_complete() {
    let (world, keeper) = a_world_and_its_keeper().await;
    let from = "select complete_from from bi.freshness where stream = 'sobot.call_result'";
    assert_eq!(value::<DateTime<Utc>>(&world.test, from).await, cut(), "older windows are not read any more");
    sqlx::query(
        "update sync.stream set start_at = '2026-02-28T16:00:00Z' where stream = 'sobot.call_result'",
    )
    .execute(world.test.pool().await)
    .await
    .unwrap();
    expire(&keeper).await;
    assert_eq!(value::<DateTime<Utc>>(&world.test, from).await, cut());
    let gaps = "select complete_to > complete_from and windows_failed = 0 from bi.freshness where stream = 'sobot.call_result'";
    assert!(value::<bool>(&world.test, gaps).await);
}

#[tokio::test]
async fn a_dry_run_tells_what_would_go_and_changes_nothing() {
    let (world, keeper) = a_world_and_its_keeper().await;
    let before = whole_database(&world.test).await;
    let told = keeper.expired(&[]).await.unwrap();
    assert_eq!(whole_database(&world.test).await, before);
    let told: Vec<(String, i64)> = told
        .into_iter()
        .flat_map(|stream| stream.tables)
        .map(|table| (table.table, table.rows as i64))
        .collect();
    let mut left = left(&world).await;
    left.sort();
    let mut told_sorted = told;
    told_sorted.sort();
    assert_eq!(told_sorted, left);
}

#[tokio::test]
async fn a_worker_that_dies_between_two_steps_leaves_the_rest_to_another_and_harms_nothing() {
    let (world, keeper) = a_world_and_its_keeper().await;
    let store = &keeper.database().store;
    let term = Duration::from_secs(600);
    let fence = store.retention_lease(&calls(), uuid::Uuid::new_v4(), term).await.unwrap().unwrap();
    let step = store.expire_step(&order(), fence, term, 3).await.unwrap();
    assert!(step.iter().any(|rows| rows.table == "sync.time_window"), "{step:?}");
    for _ in 0..2 {
        let step = store.expire_step(&order(), fence, term, 3).await.unwrap();
        // A call, with whatever history each has.
        assert!(
            step.iter().all(|rows| rows.table == "sobot.call_result" && (3..=12).contains(&rows.rows)),
            "{step:?}"
        );
    }
    assert!(!left(&world).await.is_empty());
    // It died, and its lease is over. What is half gone is neither read again nor told as a difference.
    sqlx::query("update sync.lease set expires_at = now()").execute(world.test.pool().await).await.unwrap();
    let stop = CancellationToken::new();
    keeper.sync(&[], &stop).await.unwrap();
    for verified in keeper.verify(&[], &VerifyOrder::default(), false, &stop).await.unwrap() {
        assert!(verified.verification.agrees(), "{:?}", verified.verification);
    }
    assert!(0 < expire(&keeper).await);
    assert_eq!(left(&world).await, []);
    let late = store.expire_step(&order(), fence, term, 3).await.unwrap_err();
    assert_eq!(late.kind, ccsync::domain::fault::FaultKind::LeaseLost);
}

#[tokio::test]
async fn two_workers_take_turns() {
    let (world, keeper) = a_world_and_its_keeper().await;
    let store = &keeper.database().store;
    let term = Duration::from_secs(600);
    let fence = store.retention_lease(&calls(), uuid::Uuid::new_v4(), term).await.unwrap().unwrap();
    let refused = keeper.expire(&[], &CancellationToken::new()).await.unwrap_err();
    assert!(refused.chain().contains("another worker"), "{refused:?}");
    assert!(!left(&world).await.is_empty());
    store.expire_end(&order(), fence, cut()).await.unwrap();
    let another = world.another_app(KEPT).await;
    let stop = CancellationToken::new();
    let (one, two) = tokio::join!(keeper.expire(&[], &stop), another.expire(&[], &stop));
    assert!(one.is_ok() || two.is_ok(), "{one:?} {two:?}");
    assert_eq!(left(&world).await, []);
}

#[tokio::test]
async fn what_is_wanted_again_is_read_again() {
    let (world, keeper) = a_world_and_its_keeper().await;
    expire(&keeper).await;
    let other = world.another_app(QUICK).await;
    let world =
        TestWorld { test: crate::support::harness::TestApp { app: other, ..world.test }, clock: world.clock };
    world.test.sync().await;
    assert_settles(&world).await;
    truth::assert_tables_are_the_vendors(&world.test).await;
}

#[tokio::test]
async fn the_daemon_removes_what_is_old() {
    let (world, keeper) = a_world_and_its_keeper().await;
    let stop = CancellationToken::new();
    let running = tokio::spawn(keeper.run(None, stop.clone()));
    crate::support::harness::eventually(Duration::from_secs(60), || async {
        let left = left(&world).await;
        if left.is_empty() { Ok(()) } else { Err(format!("{left:?}")) }
    })
    .await;
    stop.cancel();
    running.await.unwrap().unwrap();
}
