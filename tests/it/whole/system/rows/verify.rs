//! `verify`: the vendor read again and held against the delivered tables.

use std::collections::BTreeSet;
use std::time::Duration;

use ccsync::app::{App, Verified};
use ccsync::domain::proof::window::TimeWindow;
use ccsync::domain::stream::StreamId;
use ccsync::engine::port::compare::{Difference, DifferenceKind};
use ccsync::engine::verify::{Sample, Verification, VerifyOrder};
use ccsync_simulator::{Change, Channel, Endpoint, Fault};
use serde_json::{Map, Value, json};
use sqlx::AssertSqlSafe;
use tokio_util::sync::CancellationToken;

use crate::support::harness::{TestClock, TestWorld, small_world};
use crate::whole::system::history::{assert_histories_are_whole, whole_database};
use crate::whole::system::steps::{assert_settles, change, sync_well, value};
use crate::whole::system::truth;

async fn verify_with(app: &App, order: &VerifyOrder, repair: bool) -> Vec<Verified> {
    app.verify(&[], order, repair, &CancellationToken::new()).await.unwrap()
}

async fn verify(app: &App) -> Vec<Verified> {
    verify_with(app, &VerifyOrder::default(), false).await
}

fn differences(verified: &[Verified]) -> Vec<&Difference> {
    verified.iter().flat_map(|one| &one.verification.differences).collect()
}

fn calls_of(verified: &[Verified]) -> &Verification {
    let is_calls = |one: &&Verified| one.verification.key.stream == StreamId::SOBOT_CALL_RESULT;
    &verified.iter().find(is_calls).unwrap().verification
}

/// `kind table key: columns` of each difference.
fn told(verified: &[Verified]) -> BTreeSet<String> {
    differences(verified)
        .iter()
        .map(|one| {
            format!("{} {} {}: {}", one.kind.as_str(), one.table, one.key_text(), one.columns.join(","))
        })
        .collect()
}

async fn execute(world: &TestWorld, sql: String) {
    let done = sqlx::query(AssertSqlSafe(sql.clone())).execute(world.test.pool().await).await.unwrap();
    assert_eq!(done.rows_affected(), 1, "{sql}");
}

/// The n-th key of a table.
async fn key(world: &TestWorld, table: &str, columns: &str, n: usize) -> String {
    let sql = format!(
        "select concat_ws('/', {columns}) from {table} where deleted_at is null order by 1 offset {n} limit 1"
    );
    value(&world.test, &sql).await
}

fn vendor_row(world: &TestWorld, channel: Channel, n: usize) -> (Map<String, Value>, String, Option<String>) {
    let truth = world.test.simulator.truth();
    let (rows, name) = match channel {
        Channel::Call => (truth.calls, "call_log_jestid"),
        Channel::Chat => (truth.chats, "cid"),
    };
    let row = rows[n].as_object().unwrap().clone();
    let text = |name: &str| row[name].as_str().unwrap().to_owned();
    let (id, agentid) = (text(name), Some(text("agentid")));
    (row, id, agentid)
}

#[tokio::test]
async fn tables_that_are_the_vendors_show_no_difference_and_nothing_is_written() {
    let world = TestWorld::quick(small_world()).await;
    sync_well(&world.test).await;
    let before = whole_database(&world.test).await;
    let requests = world.test.simulator.journal().requests();
    let verified = verify(&world.test.app).await;
    assert_eq!(verified.len(), 4);
    for one in &verified {
        let verification = &one.verification;
        assert!(verification.agrees() && verification.failures.is_empty(), "{verification:?}");
        assert!(verification.windows > 0 && verification.rows > 0, "{verification:?}");
    }
    let spent: u64 = verified.iter().map(|one| one.verification.requests).sum();
    assert_eq!(world.test.simulator.journal().requests() - requests, spent);
    assert_eq!(whole_database(&world.test).await, before);
    assert_eq!(world.test.simulator.journal().writes(), 0);
}

#[tokio::test]
async fn whatever_was_done_to_the_tables_is_found_by_key_and_mended_by_a_repair() {
    let world = TestWorld::quick(small_world()).await;
    sync_well(&world.test).await;
    let mut expected = BTreeSet::new();
    let call = "call_log_jestid, agentid";
    let mut keys = Vec::new();
    for n in 0..6 {
        keys.push(key(&world, "sobot.call_result", call, n).await);
    }
    let at = |n: usize| format!("concat_ws('/', {call}) = '{}'", keys[n]);
    // The stored hash still says that all is well.
    execute(
        &world,
        format!("update sobot.call_result set total_score = 999, agent_name = 'x' where {}", at(0)),
    )
    .await;
    expected.insert(format!("stale sobot.call_result {}: agent_name,total_score", keys[0]));
    execute(&world, format!("update sobot.call_result set quality_datetime = '2031-01-01' where {}", at(1)))
        .await;
    expected.insert(format!("stale sobot.call_result {}: quality_datetime", keys[1]));
    execute(&world, format!("delete from sobot.call_result where {}", at(2))).await;
    expected.insert(format!("missing sobot.call_result {}: ", keys[2]));
    execute(&world, format!("update sobot.call_result set deleted_at = now() where {}", at(3))).await;
    expected.insert(format!("missing sobot.call_result {}: ", keys[3]));
    execute(&world, format!("update sobot.call_result set extra = extra || '{{\"a\": 1}}' where {}", at(4)))
        .await;
    expected.insert(format!("stale sobot.call_result {}: extra", keys[4]));
    let copy = "create temp table c as select * from sobot.call_result where ";
    let sql = format!(
        "{copy}{}; update c set call_log_jestid = 'forged', agentid = 'a'; insert into sobot.call_result select * from c",
        at(5)
    );
    sqlx::raw_sql(AssertSqlSafe(sql)).execute(world.test.pool().await).await.unwrap();
    expected.insert("extra sobot.call_result forged/a: ".to_owned());
    let member = key(&world, "moor.queue_member", "exten, agent_number", 0).await;
    execute(&world, format!("update moor.queue_member set priority = 77 where concat_ws('/', exten, agent_number) = '{member}'")).await;
    expected.insert(format!("stale moor.queue_member {member}: priority"));
    let chat = key(&world, "sobot.chat_result", "cid, schemeid, agentid", 0).await;
    execute(&world, format!("update sobot.chat_result set quality_score = -1 where concat_ws('/', cid, schemeid, agentid) = '{chat}'")).await;
    expected.insert(format!("stale sobot.chat_result {chat}: quality_score"));

    // Ordinary reads trust their hashes; that is what this is for.
    sync_well(&world.test).await;
    expected.remove(&format!("missing sobot.call_result {}: ", keys[2]));
    expected.remove(&format!("missing sobot.call_result {}: ", keys[3]));
    let found = verify(&world.test.app).await;
    assert_eq!(told(&found), expected);
    assert!(differences(&found).iter().all(|one| !one.newer), "{found:?}");

    let repaired = verify_with(&world.test.app, &VerifyOrder::default(), true).await;
    assert_eq!(told(&repaired), expected);
    let left: Vec<_> = repaired
        .iter()
        .filter_map(|one| one.repair.as_ref())
        .flat_map(|repair| &repair.after.differences)
        .filter(|one| one.kind != DifferenceKind::Extra)
        .collect();
    assert!(left.is_empty(), "{left:?}");
    for _ in 0..3 {
        world.clock.advance(Duration::from_secs(5));
        sync_well(&world.test).await;
    }
    truth::assert_tables_are_the_vendors(&world.test).await;
    assert_eq!(told(&verify(&world.test.app).await), BTreeSet::new());
    let history: i64 =
        value(&world.test, "select count(*) from sobot.call_result_history where total_score = 999").await;
    assert_eq!(history, 1, "the damaged version is kept as history");
    let repairs: i64 = value(
        &world.test,
        "select count(*) from sync.run where trigger = 'repair' and outcome = 'succeeded'",
    )
    .await;
    assert!(repairs >= 3, "{repairs}");
}

#[tokio::test]
async fn what_the_vendor_changed_since_our_last_read_is_told_from_what_was_lost() {
    let world = TestWorld::quick(small_world()).await;
    sync_well(&world.test).await;
    world.clock.advance(Duration::from_secs(60));
    let (_, id, agentid) = vendor_row(&world, Channel::Call, 0);
    let rescored = json!({"total_score": "1.5"}).as_object().unwrap().clone();
    change(
        &world.test,
        Change::Rescore { channel: Channel::Call, id: id.clone(), agentid, fields: rescored },
    );
    let (_, gone, agentid) = vendor_row(&world, Channel::Chat, 3);
    change(&world.test, Change::Delete { channel: Channel::Chat, id: gone.clone(), agentid });
    let verified = verify(&world.test.app).await;
    let found = differences(&verified);
    assert_eq!(found.len(), 2, "{found:?}");
    let of = |id: &str| found.iter().find(|one| one.key[0] == id).unwrap();
    assert!(of(&id).newer && of(&id).kind == DifferenceKind::Stale, "{found:?}");
    assert!(of(&id).columns.contains(&"total_score".to_owned()), "{found:?}");
    assert_eq!(of(&gone).kind, DifferenceKind::Extra);
    assert!(!of(&gone).pending);
    sync_well(&world.test).await;
    sync_well(&world.test).await;
    let verified = verify(&world.test.app).await;
    assert!(differences(&verified).iter().all(|one| one.pending), "{verified:?}");
    assert_settles(&world).await;
    assert_eq!(told(&verify(&world.test.app).await), BTreeSet::new());
}

#[tokio::test]
async fn a_row_that_moved_to_another_window_is_in_the_table_and_not_extra() {
    let world = TestWorld::quick(small_world()).await;
    sync_well(&world.test).await;
    let (row, id, agentid) = vendor_row(&world, Channel::Call, 0);
    let (other, ..) = vendor_row(&world, Channel::Call, 60);
    let mut fields = Map::new();
    for name in ["qualify_time", "quality_datetime"] {
        fields.extend(
            other.get(name).filter(|_| row.contains_key(name)).map(|at| (name.to_owned(), at.clone())),
        );
    }
    change(&world.test, Change::Rescore { channel: Channel::Call, id: id.clone(), agentid, fields });
    let found = verify(&world.test.app).await;
    let kinds: Vec<_> = differences(&found).iter().map(|one| (one.kind, one.key[0].clone())).collect();
    assert_eq!(kinds, [(DifferenceKind::Stale, id)], "{found:?}");
    for _ in 0..3 {
        sync_well(&world.test).await;
        assert_eq!(told(&verify(&world.test.app).await), BTreeSet::new());
        world.clock.advance(Duration::from_secs(5));
    }
    truth::assert_tables_are_the_vendors(&world.test).await;
    assert_histories_are_whole(&world.test).await;
}

#[tokio::test]
async fn a_stretch_of_time_that_was_never_read_is_a_difference_and_a_repair_reads_it() {
    let world = TestWorld::quick(small_world()).await;
    sync_well(&world.test).await;
    let start: chrono::DateTime<chrono::Utc> = value(
        &world.test,
        "delete from sync.time_window where stream = 'sobot.call_result' and window_start = \
         (select min(window_start) from sync.time_window) returning window_start",
    )
    .await;
    let verified = verify(&world.test.app).await;
    let calls = calls_of(&verified);
    assert_eq!(calls.unread.iter().map(|window| window.start).collect::<Vec<_>>(), [start]);
    assert!(calls.differences.is_empty() && !calls.agrees(), "{calls:?}");
    verify_with(&world.test.app, &VerifyOrder::default(), true).await;
    assert!(verify(&world.test.app).await.iter().all(|one| one.verification.agrees()));
}

#[tokio::test]
async fn a_range_and_a_sample_choose_windows_and_the_same_seed_chooses_the_same_ones() {
    let world = TestWorld::quick(small_world()).await;
    sync_well(&world.test).await;
    let day = |text: &str| chrono::DateTime::parse_from_rfc3339(text).unwrap().to_utc();
    let range = TimeWindow::new(day("2026-03-02T00:00:00+08:00"), day("2026-03-04T00:00:00+08:00"));
    let order = VerifyOrder { range, ..VerifyOrder::default() };
    let verified = verify_with(&world.test.app, &order, false).await;
    let windows: Vec<_> = verified.iter().map(|one| one.verification.windows).collect();
    assert_eq!(windows, [2, 2], "snapshots have no time and were not asked for");
    let sample = |seed| Some(Sample { share: "25%".parse().unwrap(), seed });
    let mut seen = BTreeSet::new();
    for seed in 0..8 {
        let order = VerifyOrder { sample: sample(seed), ..VerifyOrder::default() };
        let journal = || world.test.simulator.journal().requests();
        let before = journal();
        let first: u64 =
            verify_with(&world.test.app, &order, false).await.iter().map(|one| one.verification.rows).sum();
        let second: u64 =
            verify_with(&world.test.app, &order, false).await.iter().map(|one| one.verification.rows).sum();
        assert_eq!(first, second, "seed {seed}");
        assert!(journal() > before);
        seen.insert(first);
    }
    assert!(seen.len() > 1, "other seeds choose other windows: {seen:?}");
}

#[tokio::test]
async fn a_passing_slip_of_the_vendor_is_no_difference_and_its_silence_is_a_failure() {
    let world = TestWorld::quick(small_world()).await;
    sync_well(&world.test).await;
    let slips = [Fault::DropRow, Fault::Pass, Fault::DropPage, Fault::Pass, Fault::Pass, Fault::DropRow];
    world.test.simulator.script(Endpoint::SobotChatResult, slips);
    assert_eq!(told(&verify(&world.test.app).await), BTreeSet::new());
    world.test.simulator.clear_scripts();
    world.test.simulator.script(Endpoint::SobotCallResult, std::iter::repeat_n(Fault::Http5xx, 500));
    let verified = verify(&world.test.app).await;
    let calls = calls_of(&verified);
    assert!(calls.differences.is_empty() && !calls.failures.is_empty(), "{calls:?}");
    assert!(calls.failures[0].message.contains("HTTP 50"), "{calls:?}");
    // Five in a row, and one for those that were not even tried.
    assert_eq!(calls.failures.len(), 6, "{calls:?}");
}

#[tokio::test]
async fn verify_beside_a_product_at_work_and_a_changing_vendor_names_only_what_is_newer() {
    let world = TestWorld::on(TestClock::hurried(), small_world(), crate::support::harness::QUICK).await;
    sync_well(&world.test).await;
    for n in 0..12 {
        world.clock.advance(Duration::from_secs(60));
        let (_, id, agentid) = vendor_row(&world, Channel::Call, n * 7);
        let fields = json!({"total_score": format!("{n}.5")}).as_object().unwrap().clone();
        let (sync, verified) = tokio::join!(world.test.sync(), async {
            change(&world.test, Change::Rescore { channel: Channel::Call, id, agentid, fields });
            verify(&world.test.app).await
        });
        drop(sync);
        let lost: Vec<_> = differences(&verified)
            .into_iter()
            .filter(|one| !one.newer && one.kind != DifferenceKind::Extra)
            .cloned()
            .collect();
        assert!(lost.is_empty(), "{lost:?}");
    }
}
