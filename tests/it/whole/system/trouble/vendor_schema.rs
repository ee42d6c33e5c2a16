//! What a vendor sends that its document does not say: noticed in the run where it first appears, told once,
//! without a value of it.

use ccsync::domain::proof::run::RunOutcome;
use ccsync_simulator::{Change, Channel, SimulatorConfig, Switches};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use serde_json::{Map, Value, json};

use crate::support::harness::{QUICK, TestApp, TestWorld, small_world};
use crate::support::trial::with_each;
use crate::whole::system::steps::{assert_settles, change, row, sync_well, value};

/// A world that keeps to the documents, with more than twenty of everything in one read.
fn documented_world() -> SimulatorConfig {
    let mut config = SimulatorConfig { calls: 400, chats: 400, groups: 30, ..small_world() };
    config.switches.set("sobot_extra_field", "none").unwrap();
    config
}

fn depart(test: &TestApp, name: &str, value: &str) {
    let mut switches = test.simulator.switches();
    switches.set(name, value).unwrap();
    test.simulator.set_switches(switches);
}

/// Stream, kind, field and what came of each departure, in this order.
async fn departures(test: &TestApp) -> Vec<[String; 4]> {
    let all = "select stream, kind, field, observed from sync.schema_drift order by 1, 2, 3, 4";
    let rows: Vec<(String, String, String, String)> =
        sqlx::query_as(all).fetch_all(test.pool().await).await.unwrap();
    rows.into_iter().map(|(stream, kind, field, observed)| [stream, kind, field, observed]).collect()
}

/// Changes with every version of a row that is ever written.
async fn mark(test: &TestApp) -> i64 {
    let sql = "select coalesce(sum(hashtext(ctid::text || xmin::text)), 0)::bigint from sync.schema_drift";
    value(test, sql).await
}

/// Metrics of all that this test's thread does, until the guard goes.
fn counted() -> (PrometheusHandle, metrics::LocalRecorderGuard<'static>) {
    let recorder = Box::leak(Box::new(PrometheusBuilder::new().build_recorder()));
    (recorder.handle(), metrics::set_default_local_recorder(recorder))
}

fn told(metrics: &PrometheusHandle) -> Vec<String> {
    let lines = metrics.render();
    let told = lines.lines().filter(|line| line.starts_with("ccsync_schema_drift_total"));
    let mut told: Vec<_> = told.map(str::to_owned).collect();
    told.sort();
    told
}

#[tokio::test]
async fn a_departure_is_noticed_in_the_run_where_it_first_appears_and_told_once() {
    let (metrics, _guard) = counted();
    let world = TestWorld::quick(documented_world()).await;
    let test = &world.test;
    sync_well(test).await;
    assert_eq!(departures(test).await, Vec::<[String; 4]>::new());
    depart(test, "moor_schema", "unknown_code");
    let reports = sync_well(test).await;
    let run = reports.iter().find(|report| report.key.stream.to_string() == "moor.queue").unwrap().run;
    let entry = row(test, "select * from sync.schema_drift where stream = 'moor.queue'").await;
    assert_eq!(entry["first_run_id"], run.0);
    assert_eq!((&entry["source"], &entry["window_start"]), (&json!("moor"), &Value::Null));
    assert_eq!(
        (&entry["kind"], &entry["field"], &entry["example"]),
        (&json!("unknown_code"), &json!("assignRule"), &json!("skill_first"))
    );
    assert_eq!(entry["expected"], "random, queue, least, priority");
    let once = told(&metrics);
    assert_eq!(once.len(), 2, "queue and claim state: {once:?}");
    assert!(once.iter().all(|line| line.contains(r#"kind="unknown_code""#) && line.ends_with(" 1")));
    let before = mark(test).await;
    sync_well(test).await;
    let another = world.another_app(QUICK).await;
    another.sync(&[], &tokio_util::sync::CancellationToken::new()).await.unwrap();
    assert_eq!((mark(test).await, told(&metrics)), (before, once));
    assert_settles(&world).await;
    assert_eq!(mark(test).await, before);
}

#[tokio::test]
async fn of_several_workers_that_meet_a_departure_at_once_one_tells_it() {
    let (metrics, _guard) = counted();
    let mut config = documented_world();
    config.switches.set("sobot_schema", "new_field").unwrap();
    let world = TestWorld::quick(config).await;
    let test = &world.test;
    let apps = [test.app.clone(), world.another_app(QUICK).await, world.another_app(QUICK).await];
    let stop = tokio_util::sync::CancellationToken::new();
    let syncs = apps.iter().map(|app| app.sync(&[], &stop));
    for reports in futures::future::join_all(syncs).await {
        assert!(reports.unwrap().iter().all(|report| report.outcome == RunOutcome::Succeeded));
    }
    assert_eq!(departures(test).await.len(), 4);
    let told = told(&metrics);
    assert_eq!(told.len(), 2, "of each stream: {told:?}");
    assert!(told.iter().all(|line| line.ends_with(" 2")), "{told:?}");
}

type Departure = (&'static str, &'static str, &'static [[&'static str; 4]]);

const CALLS: &str = "sobot.call_result";
const CHATS: &str = "sobot.chat_result";
const QUEUES: &str = "moor.queue";
const CLAIMS: &str = "moor.agent_claim_status";

const EXPECTED: [Departure; 7] = [
    (
        "sobot_schema",
        "new_field",
        &[
            [CALLS, "new_field", "(answer).next_cursor", ""],
            [CALLS, "new_field", "inspector", ""],
            [CHATS, "new_field", "(answer).next_cursor", ""],
            [CHATS, "new_field", "inspector", ""],
        ],
    ),
    (
        "sobot_schema",
        "changed_type",
        &[[CALLS, "changed_type", "agent_email", "object"], [CHATS, "changed_type", "agent_email", "object"]],
    ),
    (
        "sobot_schema",
        "missing_field",
        &[[CALLS, "missing_field", "agent_email", ""], [CHATS, "missing_field", "agent_email", ""]],
    ),
    (
        "moor_schema",
        "new_field",
        &[
            [CLAIMS, "new_field", "assignMembers[].agentMobile", ""],
            [QUEUES, "new_field", "assignMembers[].agentMobile", ""],
        ],
    ),
    (
        "moor_schema",
        "changed_type",
        &[
            [CLAIMS, "changed_type", "assignMembers[].mobileAutoClaim", "number"],
            [CLAIMS, "changed_type", "assignMembers[].pcAutoClaim", "number"],
            [QUEUES, "changed_type", "isMemory", "number"],
        ],
    ),
    (
        "moor_schema",
        "unknown_code",
        &[
            [CLAIMS, "unknown_code", "assignRule", "skill_first"],
            [QUEUES, "unknown_code", "assignRule", "skill_first"],
        ],
    ),
    (
        "moor_schema",
        "missing_field",
        &[[CLAIMS, "missing_field", "displayName", ""], [QUEUES, "missing_field", "displayName", ""]],
    ),
];

#[test]
fn each_departure_is_told_for_what_it_is_without_a_value_and_a_second_run_writes_nothing() {
    assert_eq!(EXPECTED.map(|(name, value, _)| (name, value)), Switches::DEPARTURES);
    with_each(EXPECTED, |(name, value, expected)| async move {
        let mut config = documented_world();
        config.switches.set(name, value).unwrap();
        let world = TestWorld::quick(config).await;
        let test = &world.test;
        // A record that cannot be read is quarantined, and its departure is told like any other.
        let unreadable = (name, value) == ("sobot_schema", "changed_type");
        for report in test.sync().await {
            let partial = unreadable && report.key.source == "sobot";
            let outcome = if partial { RunOutcome::Partial } else { RunOutcome::Succeeded };
            assert_eq!(report.outcome, outcome, "{report:?}");
            assert_eq!(report.counts.quarantined > 0, partial, "{report:?}");
        }
        assert_eq!(departures(test).await, expected, "{name}={value}");
        let before = mark(test).await;
        test.sync().await;
        assert_eq!(mark(test).await, before, "{name}={value}");
        // Not the instants: their digits are anything.
        let texts = "select concat_ws(' ', field, observed, expected, example) from sync.schema_drift";
        let lines: Vec<String> = sqlx::query_scalar(texts).fetch_all(test.pool().await).await.unwrap();
        for line in lines {
            for secret in ["138", "139", "5678", "example.com", "wang", "王小明"] {
                assert!(!line.contains(secret), "{secret} in {line}");
            }
        }
    });
}

#[tokio::test]
async fn the_status_tells_of_a_departure_for_seven_days_and_the_list_for_ever() {
    let mut config = documented_world();
    config.switches.set("sobot_schema", "new_field").unwrap();
    let world = TestWorld::quick(config).await;
    let test = &world.test;
    sync_well(test).await;
    let of_calls = async || {
        let status = test.app.status().await.unwrap();
        let text = ccsync::ops::text::status_text::render(
            &status,
            &ccsync::ops::text::status_text::View::plain(chrono_tz::Asia::Shanghai),
        );
        let calls = status.streams.into_iter().find(|stream| stream.stream.to_string() == CALLS).unwrap();
        (calls.drifts, text)
    };
    assert!(test.app.status().await.unwrap().healthy, "a departure is no failure");
    let (drifts, text) = of_calls().await;
    let sentence =
        "field `inspector` is in no document; it came as object with fields mail, name, phone and 2 more";
    let answer = "field `(answer).next_cursor` is in no document; it came as number of 11 digits";
    assert_eq!(drifts.iter().map(|entry| entry.sentence.as_str()).collect::<Vec<_>>(), [answer, sentence]);
    assert!(text.contains("\n  field `inspector` is in no document"), "{text}");
    let json = serde_json::to_value(&drifts[0]).unwrap();
    for name in ["source", "stream", "kind", "field", "example", "sentence", "remedy", "first_seen_at"] {
        assert!(json[name].is_string(), "{name}: {json}");
    }
    world.clock.advance(std::time::Duration::from_secs(8 * 86_400));
    let (drifts, text) = of_calls().await;
    assert!(drifts.is_empty() && !text.contains("inspector"), "{text}");
    assert_eq!(test.app.schema_drifts().await.unwrap().len(), 4);
}

#[tokio::test]
async fn fields_named_by_ids_or_by_an_enemy_fill_neither_the_table_nor_a_line() {
    let world = TestWorld::quick(documented_world()).await;
    let test = &world.test;
    let letters = |number: usize| -> String {
        number.to_string().bytes().map(|digit| char::from(digit - b'0' + b'a')).collect()
    };
    let mut fields: Map<String, Value> =
        (0..300).map(|id| (format!("f_{}", letters(id)), json!(1))).collect();
    fields.extend((0..300).map(|id| (format!("agent_{}", 10_000_000 + id), json!(1))));
    fields.insert("x".repeat(1_000_000), json!("1"));
    fields.insert("\u{1b}[2J\n".to_owned(), json!("2"));
    fields.insert("13812345678".to_owned(), json!("3"));
    fields.insert("nul\u{0}".to_owned(), json!("4"));
    change(test, Change::Insert { channel: Channel::Call, fields, omit: Vec::new() });
    for _ in 0..2 {
        sync_well(test).await;
        let found = departures(test).await;
        assert_eq!(found.len(), 201, "two hundred, and one that says that there are more");
        assert_eq!(found.iter().filter(|[_, kind, ..]| kind == "too_many").count(), 1);
        for [_, _, field, _] in found {
            assert!(field.chars().count() <= 64 && !field.chars().any(char::is_control), "{field:?}");
            assert!(!field.contains("138") && !field.contains("10000"), "{field}");
        }
    }
}
