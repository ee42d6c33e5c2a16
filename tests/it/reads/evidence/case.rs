//! One busy day at the vendors, and what the ledger, the alerts and the tables say of it.

use std::time::Duration;

use ccsync::domain::proof::run::RunOutcome;
use ccsync::domain::stream::StreamKind;
use ccsync::engine::pass::reader::PassReport;
use ccsync::report::alert::{Alert, AlertKind};
use ccsync_simulator::{Change, Channel, Endpoint, SimulatorConfig, Switches};
use serde_json::Value;
use sqlx::AssertSqlSafe;

use crate::support::harness::{QUICK, TestClock, TestWorld, small_world};
use crate::whole::system::steps::value;

/// The day that has the calls; the product reads from here to the world's noon, three days later.
pub const DAY: &str = "2026-03-05";

/// Name and value of switches of the simulator, or of variables of the product.
pub type Settings<'a> = &'a [(&'a str, &'a str)];

/// The variable that sets a key of the calls.
pub const TOTALS_OF_CALLS: &str = "CCSYNC__SOURCES__SOBOT__CALL_RESULT__TOTALS";
pub const PAGE_OF_CALLS: &str = "CCSYNC__SOURCES__SOBOT__CALL_RESULT__PAGE_SIZE";

/// A product and a vendor that has this many calls on one day, and no chats.
pub async fn one_day(calls: usize, switches: Settings<'_>, variables: Settings<'_>) -> TestWorld {
    let data_start = DAY.parse().unwrap();
    let mut config = SimulatorConfig {
        calls,
        chats: 0,
        groups: 30,
        data_start,
        data_end: data_start + chrono::Days::new(1),
        ..small_world()
    };
    for (name, value) in switches {
        config.switches.set(name, value).unwrap();
    }
    let start: Settings<'_> = &[
        ("CCSYNC__SOURCES__SOBOT__CALL_RESULT__START", DAY),
        ("CCSYNC__SOURCES__SOBOT__CHAT_RESULT__START", DAY),
    ];
    TestWorld::on(TestClock::hurried(), config, &[QUICK, start, variables].concat()).await
}

/// Sets these switches, and all others back.
pub fn switch(world: &TestWorld, settings: Settings<'_>) {
    let mut switches = Switches::default();
    for (name, value) in settings {
        switches.set(name, value).unwrap();
    }
    world.test.simulator.set_switches(switches);
}

/// One pass over one stream.
pub async fn sync(world: &TestWorld, stream: &str) -> PassReport {
    let mut reports = world.test.sync_streams(&[stream.parse().unwrap()]).await;
    world.clock.advance(Duration::from_secs(60));
    assert_eq!(reports.len(), 1);
    reports.remove(0)
}

/// One pass over one stream, which must succeed and leave nothing unverified.
pub async fn sync_well(world: &TestWorld, stream: &str) {
    let report = sync(world, stream).await;
    assert_eq!(report.outcome, RunOutcome::Succeeded, "{report:?}");
    assert_eq!(open_questions(world, stream).await, "", "{report:?}");
}

/// Windows and snapshots of the stream that are not proven or stable, as text; empty where there are none.
pub async fn open_questions(world: &TestWorld, stream: &str) -> String {
    let sql = format!(
        "select coalesce(string_agg(concat_ws(' ', window_start, verdict, rows, vendor_total, failure_message), '; '), '')
         from (select window_start, verdict, rows, vendor_total, failure_message from sync.time_window
               where stream = '{stream}'
               union all
               select null, verdict, rows, vendor_total, failure_message from sync.snapshot
               where stream = '{stream}') reads
         where verdict is distinct from 'proven' and verdict is distinct from 'stable' or failure_message is not null"
    );
    value(&world.test, &sql).await
}

/// Windows of the day, and snapshots, that are called proven or stable.
pub async fn believed(world: &TestWorld, stream: &str) -> i64 {
    let sql = format!(
        "select (select count(*) from sync.time_window where stream = '{stream}' and verdict <> 'unverified'
                    and failure_message is null
                    and window_start < timestamptz '{DAY} 24:00+08' and timestamptz '{DAY} 00:00+08' < window_end)
              + (select count(*) from sync.snapshot where stream = '{stream}' and verdict <> 'unverified')"
    );
    value(&world.test, &sql).await
}

/// Rows of a table that are marked deleted.
pub async fn deleted(world: &TestWorld, table: &str) -> i64 {
    value(&world.test, &format!("select count(*) from {table} where deleted_at is not null")).await
}

/// Whether the stream is called complete beyond this time of the busy day.
pub async fn is_called_complete(world: &TestWorld, stream: &str, time: &str) -> bool {
    let sql = format!(
        "select coalesce(max(complete_to), '-infinity') > timestamptz '{DAY} {time}+08'
         from bi.freshness where stream = '{stream}'"
    );
    value(&world.test, &sql).await
}

/// What is told of a stream's trouble: alerts, failures in the ledger and those of the pass.
pub async fn told(world: &TestWorld, report: &PassReport) -> String {
    let status = world.test.app.status().await.unwrap();
    let stream = report.key.stream;
    let alerts = status.alerts.iter().filter(|alert| alert.stream == Some(stream));
    let alerts = alerts.map(|alert| format!("alert {:?}: {} {}", alert.kind, alert.message, alert.remedy));
    let failures = report.failures.iter().map(|failure| format!("{}: {}", failure.scope, failure.message));
    let ledger = open_questions(world, &stream.to_string()).await;
    alerts.chain(failures).chain([ledger]).collect::<Vec<_>>().join("\n")
}

/// The alerts of a stream that name each of these words; that fields are new to the document is none of these.
pub async fn alerts_that_say(world: &TestWorld, stream: &str, words: &[&str]) -> usize {
    let status = world.test.app.status().await.unwrap();
    let is_meant = |alert: &&Alert| {
        alert.kind != AlertKind::SchemaDrift && alert.stream.is_some_and(|of| of.to_string() == stream)
    };
    let of_stream = status.alerts.iter().filter(is_meant);
    of_stream.filter(|alert| words.iter().all(|word| alert.message.contains(word))).count()
}

/// Some alert of the stream names what the vendor stated and what it gave.
pub async fn assert_an_alert_tells_both_numbers(world: &TestWorld, report: &PassReport) {
    let stream = report.key.stream.to_string();
    let sql = format!(
        "select rows, vendor_total from sync.time_window where stream = '{stream}' and verdict = 'unverified'
         union all select rows, vendor_total from sync.snapshot where stream = '{stream}' and verdict = 'unverified'"
    );
    let read = sqlx::query_as(AssertSqlSafe(sql)).fetch_all(world.test.pool().await).await.unwrap();
    let pairs: Vec<(i64, Option<i64>)> = read;
    for (rows, total) in pairs {
        let (rows, total) = (rows.to_string(), total.unwrap_or_default().to_string());
        if 0 < alerts_that_say(world, &stream, &[&rows, &total]).await {
            return;
        }
    }
    panic!("no alert tells what the vendor states and gives:\n{}", told(world, report).await);
}

/// The pass is not called a success, and nothing of the busy day is believed or called complete.
pub async fn assert_nothing_is_believed(world: &TestWorld, report: &PassReport) {
    let stream = report.key.stream.to_string();
    assert_ne!(report.outcome, RunOutcome::Succeeded, "{report:?}");
    assert_eq!(believed(world, &stream).await, 0, "{}", told(world, report).await);
    // A snapshot stays complete up to its last proven or stable read.
    let is_snapshot = report.key.stream.kind() == StreamKind::Snapshot;
    let is_complete = !is_snapshot && is_called_complete(world, &stream, "00:00").await;
    assert!(!is_complete, "{}", told(world, report).await);
    assert!(!world.test.app.status().await.unwrap().healthy);
}

/// Requests of an endpoint so far.
pub fn requests(world: &TestWorld, endpoint: Endpoint) -> u64 {
    world.test.simulator.journal().counts(endpoint).requests
}

/// A call that the vendor withdraws.
pub fn withdraw_a_call(world: &TestWorld) {
    let calls = world.test.simulator.truth().calls;
    let text = |name: &str| calls[calls.len() / 2][name].as_str().unwrap().to_owned();
    let (id, agentid) = (text("call_log_jestid"), Some(text("agentid")));
    world.test.simulator.mutate(Change::Delete { channel: Channel::Call, id, agentid }).unwrap();
}

/// Rows of a table that are not marked deleted.
pub async fn live(world: &TestWorld, table: &str) -> usize {
    let sql = format!("select count(*) from {table} where deleted_at is null");
    usize::try_from(value::<i64>(&world.test, &sql).await).unwrap()
}

/// The status report as the page and `status --json` have it.
pub async fn status_json(world: &TestWorld) -> Value {
    serde_json::to_value(world.test.app.status().await.unwrap()).unwrap()
}
