//! The planted-loss recipe for what lasts: a contradiction is set in at the vendor, stays for some passes while rows
//! come and go, and ends. `CCSYNC_PLANT_ROUNDS` says how often, `CCSYNC_PLANT_SEED` with which changes.

use std::collections::BTreeSet;
use std::time::Duration;

use ccsync::domain::proof::run::RunOutcome;
use ccsync::domain::stream::StreamKind;
use ccsync_simulator::{Change, ChangeKind, SimulatorConfig, Truth};
use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};
use serde_json::Value;
use sqlx::AssertSqlSafe;

use super::case::{Settings, switch};
use crate::support::harness::{QUICK, TestClock, TestWorld, small_world};
use crate::support::trial::with_each;
use crate::whole::crash::recipe::number;
use crate::whole::system::history::assert_histories_are_whole;
use crate::whole::system::steps::{sync_well, value};
use crate::whole::system::truth::assert_tables_are_the_vendors;

/// Passes while it lasts, and passes afterwards within which all is healed.
const PASSES: u32 = 3;

/// Short pages, so that each window has several.
const SHORT_PAGES: Settings<'_> = &[
    ("CCSYNC__SOURCES__SOBOT__CALL_RESULT__PAGE_SIZE", "6"),
    ("CCSYNC__SOURCES__SOBOT__CHAT_RESULT__PAGE_SIZE", "6"),
    ("CCSYNC__SOURCES__MOOR__QUEUE__PAGE_SIZE", "5"),
    ("CCSYNC__SOURCES__MOOR__AGENT_CLAIM_STATUS__PAGE_SIZE", "5"),
];

const CONTRADICTIONS: [Settings<'_>; 21] = [
    &[("sobot_call_total", "+3")],
    &[("sobot_call_total", "-3")],
    &[("sobot_call_total", "first_page")],
    &[("sobot_call_total", "so_far")],
    &[("sobot_call_total", "zero")],
    &[("sobot_call_total", "absent"), ("moor_total", "absent")],
    &[("sobot_call_unlisted", "7")],
    &[("sobot_call_depth", "12")],
    &[("sobot_call_depth", "12"), ("sobot_behind_depth", "refused")],
    &[("sobot_call_depth", "12"), ("sobot_call_bounds", "day")],
    &[("sobot_call_total_cap", "10")],
    &[("sobot_items", "empty_again"), ("moor_list", "empty_again")],
    &[("sobot_items", "nested"), ("moor_list", "nested")],
    &[("sobot_second_page", "4")],
    &[("sobot_second_page", "4"), ("sobot_call_total", "absent")],
    &[("moor_second_page", "3"), ("moor_total", "absent")],
    &[("moor_total", "+3")],
    &[("moor_total", "first_page")],
    &[("moor_unlisted", "3")],
    &[("moor_depth", "7"), ("moor_behind_depth", "cut")],
    &[("moor_depth", "7"), ("moor_behind_depth", "refused")],
];

fn change(world: &TestWorld, rng: &mut StdRng) {
    for _ in 0..rng.random_range(1..6) {
        let kind = ChangeKind::ALL[rng.random_range(0..ChangeKind::ALL.len())];
        // A group more than there is room for is none.
        let _ = world.test.simulator.mutate(Change::Random { kind });
    }
}

/// The keys of a table's rows that the vendor has, as [`stored`] writes them.
fn at_vendor(truth: &Truth, table: &str) -> BTreeSet<String> {
    let key = |row: &Value, names: &[&str]| {
        let parts: Vec<&str> = names.iter().map(|name| row[*name].as_str().unwrap()).collect();
        parts.join("|")
    };
    match table {
        "sobot.call_result" => {
            truth.calls.iter().map(|row| key(row, &["call_log_jestid", "agentid"])).collect()
        }
        "sobot.chat_result" => {
            truth.chats.iter().map(|row| key(row, &["cid", "schemeid", "agentid"])).collect()
        }
        _ => truth.groups.iter().map(|row| key(row, &["exten"])).collect(),
    }
}

/// The keys of a table's rows that are marked deleted, or are not.
async fn stored(world: &TestWorld, table: &str, deleted: bool) -> BTreeSet<String> {
    let key = match table {
        "sobot.call_result" => "call_log_jestid, agentid",
        "sobot.chat_result" => "cid, schemeid, agentid",
        _ => "exten",
    };
    let not = if deleted { "not" } else { "" };
    let sql = format!("select concat_ws('|', {key}) from {table} where deleted_at is {not} null");
    let keys: Vec<String> =
        sqlx::query_scalar(AssertSqlSafe(sql)).fetch_all(world.test.pool().await).await.unwrap();
    keys.into_iter().collect()
}

/// Whatever a pass called a success has all that the vendor has, and nothing of that is marked deleted.
async fn assert_no_loss(world: &TestWorld, what: Settings<'_>) {
    let truth = world.test.simulator.truth();
    for report in world.test.sync().await {
        let table = report.key.stream.to_string();
        // Claim states stand in the groups' rows.
        if table == "moor.agent_claim_status" {
            continue;
        }
        let there = at_vendor(&truth, &table);
        let deleted: Vec<_> = stored(world, &table, true).await.intersection(&there).cloned().collect();
        assert!(
            deleted.is_empty(),
            "{what:?}: {table}: {deleted:?} are marked deleted and still at the vendor"
        );
        let is_snapshot = report.key.stream.kind() == StreamKind::Snapshot;
        let unverified = format!(
            "select count(*) from sync.{} where stream = '{table}' and verdict = 'unverified'",
            if is_snapshot { "snapshot" } else { "time_window" }
        );
        let unverified = value::<i64>(&world.test, &unverified).await;
        if report.outcome == RunOutcome::Succeeded && unverified == 0 {
            let live = stored(world, &table, false).await;
            let missing: Vec<_> = there.difference(&live).collect();
            assert!(missing.is_empty(), "{what:?}: {table}: {missing:?} are missing after {report:?}");
        }
    }
    world.clock.advance(Duration::from_secs(60));
}

#[test]
fn every_lasting_contradiction_proves_and_deletes_nothing_wrong_and_is_healed_by_ordinary_passes() {
    let rounds = number("CCSYNC_PLANT_ROUNDS").unwrap_or(2);
    with_each(CONTRADICTIONS.into_iter().zip(100..), |(what, salt)| async move {
        let seed = number("CCSYNC_PLANT_SEED").unwrap_or(1);
        let mut rng = StdRng::seed_from_u64(seed.wrapping_add(salt));
        let config = SimulatorConfig { groups: 20, ..small_world() };
        let world = TestWorld::on(TestClock::hurried(), config, &[QUICK, SHORT_PAGES].concat()).await;
        for round in 0..rounds {
            // In every other trial the very first read meets it.
            if 0 < round || salt % 2 == 0 {
                world.clock.advance(Duration::from_secs(3600 * rng.random_range(1..24 * 7)));
                switch(&world, what);
                for _ in 0..PASSES {
                    assert_no_loss(&world, what).await;
                    change(&world, &mut rng);
                }
                switch(&world, &[]);
            }
            for _ in 0..PASSES {
                world.test.sync().await;
                world.clock.advance(Duration::from_secs(60));
            }
            sync_well(&world.test).await;
            assert_tables_are_the_vendors(&world.test).await;
            assert_histories_are_whole(&world.test).await;
        }
        println!("{what:?}: set in {rounds} times, all healed");
    });
}
