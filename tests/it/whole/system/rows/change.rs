//! Inspections change at the vendor: the tables follow, and the history tells the way.

use std::time::Duration;

use ccsync_simulator::{Change, ChangeKind, Channel, SimulatorConfig, Truth};
use serde_json::{Map, Value, json};

use crate::support::harness::{QUICK, TestClock, TestWorld, small_world};
use crate::support::trial::with_each;
use crate::whole::system::history::assert_histories_are_whole;
use crate::whole::system::steps::{assert_settles, change, row, sync_well, value};
use crate::whole::system::truth;

/// Id and agent of the oldest call.
fn oldest_call(truth: &Truth) -> (String, String) {
    let call = &truth.calls[0];
    let text = |name: &str| call[name].as_str().unwrap().to_owned();
    (text("call_log_jestid"), text("agentid"))
}

fn fields(fields: Value) -> Map<String, Value> {
    fields.as_object().unwrap().clone()
}

fn rescore(call: &(String, String), total: &str) -> Change {
    let fields = fields(json!({"total_score": total}));
    Change::Rescore { channel: Channel::Call, id: call.0.clone(), agentid: Some(call.1.clone()), fields }
}

fn of_call(call: &(String, String), columns: &str, table: &str) -> String {
    let (id, agent) = call;
    format!("select {columns} from {table} where call_log_jestid = '{id}' and agentid = '{agent}'")
}

#[test]
fn a_second_inspection_is_a_second_revision_whether_it_replaces_its_row_or_comes_beside_it() {
    with_each(["in_place", "extra_row"], |form| async move {
        let mut config = small_world();
        config.switches.set("sobot_rescoring", form).unwrap();
        let world = TestWorld::quick(config).await;
        sync_well(&world.test).await;
        let call = oldest_call(&world.test.simulator.truth());
        let first = row(&world.test, &of_call(&call, "*", "sobot.call_result")).await;

        // The new quality time lies in the last window; the row was owned by an early one.
        change(&world.test, rescore(&call, "77.5"));
        sync_well(&world.test).await;
        let second = row(&world.test, &of_call(&call, "*", "sobot.call_result")).await;
        assert_eq!(second["revision"], 2, "{second}");
        assert_eq!(second["total_score"], json!(77.5), "{second}");
        assert_eq!(second["first_seen_at"], first["first_seen_at"]);
        assert!(second["window_start"].as_str() > first["window_start"].as_str(), "{second}");
        let kept = row(&world.test, &of_call(&call, "*", "sobot.call_result_history")).await;
        assert_eq!(kept["total_score"], first["total_score"], "{kept}");
        assert_eq!(kept["valid_from"], first["changed_at"]);
        assert_eq!(kept["valid_to"], second["changed_at"]);

        // The earlier inspection may still stand in its window: it never comes back over the later one.
        let before = truth::fact_table_writes(&world.test).await;
        for _ in 0..4 {
            world.clock.advance(Duration::from_secs(3600));
            sync_well(&world.test).await;
        }
        assert_eq!(row(&world.test, &of_call(&call, "*", "sobot.call_result")).await, second);
        assert_eq!(truth::fact_table_writes(&world.test).await, before, "a quiet sync wrote");
        assert_histories_are_whole(&world.test).await;
        truth::assert_tables_are_the_vendors(&world.test).await;
    });
}

#[tokio::test]
async fn a_withdrawn_result_is_marked_deleted_by_two_reads_far_enough_apart_and_not_before() {
    let settle = [("CCSYNC__SOURCES__SOBOT__CALL_RESULT__SETTLE", "10m")];
    let world = TestWorld::on(TestClock::hurried(), small_world(), &settle).await;
    sync_well(&world.test).await;
    let call = oldest_call(&world.test.simulator.truth());
    let original = world.test.simulator.truth().calls[0].clone();
    let (id, agentid) = call.clone();
    change(&world.test, Change::Delete { channel: Channel::Call, id, agentid: Some(agentid) });

    let deleted = of_call(&call, "deleted_at, revision", "sobot.call_result");
    for minutes in [0, 4, 5] {
        world.clock.advance(Duration::from_secs(60 * minutes));
        let counted = sync_well(&world.test).await;
        assert_eq!(counted.iter().map(|report| report.counts.deleted).sum::<u64>(), 0);
        assert_eq!(row(&world.test, &deleted).await, json!({"deleted_at": null, "revision": 1}));
        assert_eq!(value::<i64>(&world.test, "select count(*) from sync.absence").await, 1);
    }
    world.clock.advance(Duration::from_secs(120));
    sync_well(&world.test).await;
    let gone = row(&world.test, &of_call(&call, "*", "sobot.call_result")).await;
    assert!(gone["deleted_at"].is_string(), "{gone}");
    assert_eq!(gone["revision"], 2);
    truth::assert_tables_are_the_vendors(&world.test).await;

    // The vendor shows it again, exactly as it was.
    let again = original.as_object().unwrap().clone();
    change(&world.test, Change::Insert { channel: Channel::Call, fields: again, omit: Vec::new() });
    world.clock.advance(Duration::from_secs(60));
    sync_well(&world.test).await;
    assert_eq!(row(&world.test, &deleted).await, json!({"deleted_at": null, "revision": 3}));
    assert_eq!(value::<i64>(&world.test, "select count(*) from sync.absence").await, 0);
    assert_histories_are_whole(&world.test).await;
    truth::assert_tables_are_the_vendors(&world.test).await;
}

#[tokio::test]
async fn a_result_that_is_missing_from_one_read_only_was_never_gone() {
    let world = TestWorld::quick(small_world()).await;
    sync_well(&world.test).await;
    let call = oldest_call(&world.test.simulator.truth());
    let original = world.test.simulator.truth().calls[0].as_object().unwrap().clone();
    let (id, agentid) = call.clone();
    change(&world.test, Change::Delete { channel: Channel::Call, id, agentid: Some(agentid) });
    sync_well(&world.test).await;
    change(&world.test, Change::Insert { channel: Channel::Call, fields: original, omit: Vec::new() });
    for _ in 0..2 {
        world.clock.advance(Duration::from_secs(3600));
        sync_well(&world.test).await;
    }
    let now = row(&world.test, &of_call(&call, "deleted_at, revision", "sobot.call_result")).await;
    assert_eq!(now, json!({"deleted_at": null, "revision": 1}));
    assert_eq!(value::<i64>(&world.test, "select count(*) from sync.absence").await, 0);
}

#[test]
fn after_rounds_of_changes_of_every_kind_the_tables_are_the_vendors_under_every_form_of_them() {
    let forms = [
        (1, "quality", "in_place"),
        (2, "quality", "extra_row"),
        (3, "contact", "in_place"),
        (4, "contact", "extra_row"),
    ];
    with_each(forms, |(seed, filter, rescoring)| async move {
        let mut config = SimulatorConfig { seed, ..small_world() };
        config.switches.set("sobot_filter", filter).unwrap();
        config.switches.set("sobot_rescoring", rescoring).unwrap();
        // A contact may be inspected weeks later; under its own time it is then found before the world began.
        let early: &[(&str, &str)] = &[
            ("CCSYNC__SOURCES__SOBOT__CALL_RESULT__START", "2026-01-05"),
            ("CCSYNC__SOURCES__SOBOT__CHAT_RESULT__START", "2026-01-05"),
            ("CCSYNC__SOURCES__SOBOT__CALL_RESULT__WINDOW", "7d"),
            ("CCSYNC__SOURCES__SOBOT__CHAT_RESULT__WINDOW", "7d"),
            // Whole groups vanish here, and no person is there to accept it.
            ("CCSYNC__SOURCES__MOOR__QUEUE__ABSENCE_MAX", "100%"),
            ("CCSYNC__SOURCES__MOOR__AGENT_CLAIM_STATUS__ABSENCE_MAX", "100%"),
        ];
        let world = TestWorld::on(TestClock::hurried(), config, &[QUICK, early].concat()).await;
        sync_well(&world.test).await;
        for _ in 0..3 {
            for kind in ChangeKind::ALL.into_iter().cycle().take(21) {
                // Nothing left to change is no failure.
                let _ = world.test.simulator.mutate(Change::Random { kind });
                // Of two inspections at one instant nobody could say which is the later one.
                world.clock.advance(Duration::from_millis(5));
            }
            world.clock.advance(Duration::from_secs(600));
            sync_well(&world.test).await;
        }
        assert_settles(&world).await;
        let before = truth::fact_table_writes(&world.test).await;
        sync_well(&world.test).await;
        assert_eq!(truth::fact_table_writes(&world.test).await, before, "a quiet sync wrote");
    });
}
