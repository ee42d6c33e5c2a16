//! Each alert is raised when its condition comes about, and falls when it ends: the product, a database and the
//! simulated vendors.

use std::sync::Arc;
use std::time::Duration;

use ccsync::app::App;
use ccsync::domain::proof::quarantine::QuarantineFilter;
use ccsync::engine::port::clock::Clock as _;
use ccsync::report::alert::{Alert, AlertKind};
use ccsync_simulator::{Change, Channel, Endpoint, Fault, FaultRates, SimulatorConfig};
use tokio_util::sync::CancellationToken;

use crate::support::harness::{QUICK, TestApp, TestClock, TestWorld, configured_app, small_world};
use crate::whole::system::steps::{change, sync_well};

/// A world without departures from the documents, which would be an alert.
fn documented_world() -> SimulatorConfig {
    let mut config = SimulatorConfig { calls: 400, chats: 400, groups: 30, ..small_world() };
    config.switches.set("sobot_extra_field", "none").unwrap();
    config
}

async fn alerts(app: &App) -> Vec<Alert> {
    let status = app.status().await.unwrap();
    let critical = status.alerts.iter().any(|alert| alert.severity.as_str() == "critical");
    assert!(!(critical && status.healthy), "healthy, with {:?}", status.alerts);
    status.alerts
}

/// What stands, as `kind stream` or `kind source`.
async fn raised(app: &App) -> Vec<String> {
    let named = |alert: Alert| {
        let whose = alert.stream.map(|stream| stream.to_string()).or(alert.source).unwrap_or_default();
        format!("{} {whose}", alert.kind.as_str())
    };
    alerts(app).await.into_iter().map(named).collect()
}

const NOTHING: [&str; 0] = [];

async fn well() -> TestWorld {
    let world = TestWorld::quick(documented_world()).await;
    // A chat window's first read is confirmed by nothing; the second one is.
    sync_well(&world.test).await;
    assert_eq!(raised(&world.test.app).await, NOTHING);
    assert!(world.test.app.status().await.unwrap().healthy);
    world
}

#[tokio::test]
async fn data_grows_older_than_promised_and_ticks_are_missed_until_a_pass_is_made() {
    let world = well().await;
    let app = &world.test.app;
    world.clock.advance(Duration::from_secs(29 * 60));
    // Five ticks of the claim states, and two of Sobot's.
    let claims_only = ["data_stale moor.agent_claim_status", "ticks_missed moor.agent_claim_status"];
    assert_eq!(raised(app).await, claims_only);
    world.clock.advance(Duration::from_secs(12 * 60));
    let all = raised(app).await;
    let expected = [
        "data_stale moor.agent_claim_status",
        "data_stale sobot.call_result",
        "data_stale sobot.chat_result",
        "ticks_missed moor.agent_claim_status",
        "ticks_missed sobot.call_result",
        "ticks_missed sobot.chat_result",
    ];
    assert_eq!(all, expected, "and not the hourly groups");
    sync_well(&world.test).await;
    assert_eq!(raised(app).await, NOTHING);
}

#[tokio::test]
async fn a_promise_may_be_made_in_the_configuration() {
    let world = well().await;
    let promise = ("CCSYNC__DEFAULTS__MOOR__QUEUE__FRESH_WITHIN", "2m");
    let strict = world.another_app(&[QUICK, &[promise]].concat()).await;
    assert_eq!(raised(&strict).await, NOTHING);
    world.clock.advance(Duration::from_secs(180));
    assert_eq!(raised(&strict).await, ["data_stale moor.queue"]);
    assert_eq!(raised(&world.test.app).await, NOTHING);
}

#[tokio::test]
async fn a_failure_stands_with_its_cure_until_it_is_made_good() {
    let world = well().await;
    let (test, app) = (&world.test, &world.test.app);
    test.simulator.set_fault_rates(FaultRates::none().with_at(Endpoint::MoorQueue, Fault::Http5xx, 1.0));
    test.sync().await;
    let alerts = alerts(app).await;
    assert_eq!(alerts.iter().map(|alert| alert.kind).collect::<Vec<_>>(), [AlertKind::StreamFailing]);
    assert!(alerts[0].message.contains("vendor_failed"), "{}", alerts[0].message);
    assert_eq!(alerts[0].remedy, app.status().await.unwrap().streams[0].failure.clone().unwrap().remedy);
    test.simulator.set_fault_rates(FaultRates::none());
    sync_well(test).await;
    assert_eq!(raised(app).await, NOTHING);
}

#[tokio::test]
async fn a_fight_over_the_token_is_told_as_that() {
    let world = well().await;
    let (test, app) = (&world.test, &world.test.app);
    let fight = FaultRates::none().with_at(Endpoint::SobotCallResult, Fault::ExpiredToken, 1.0).with_at(
        Endpoint::SobotChatResult,
        Fault::ExpiredToken,
        1.0,
    );
    test.simulator.set_fault_rates(fight);
    test.sync().await;
    let both = ["token_contested sobot.call_result", "token_contested sobot.chat_result"];
    assert_eq!(raised(app).await, both);
    test.simulator.set_fault_rates(FaultRates::none());
    sync_well(test).await;
    assert_eq!(raised(app).await, NOTHING);
}

#[tokio::test]
async fn second_looks_are_used_up_until_the_next_business_day() {
    let world = well().await;
    let limit = ("CCSYNC__SOURCES__SOBOT__CALL_RESULT__REREAD_REQUESTS_PER_DAY", "3");
    let frugal = world.another_app(&[QUICK, &[limit]].concat()).await;
    assert_eq!(raised(&frugal).await, NOTHING);
    frugal.sync(&[], &CancellationToken::new()).await.unwrap();
    assert_eq!(raised(&frugal).await, ["budget_exhausted sobot.call_result"]);
    // It is noon; the next business day begins in twelve hours.
    world.clock.advance(Duration::from_secs(13 * 3_600));
    let tomorrow = raised(&frugal).await;
    assert!(!tomorrow.iter().any(|alert| alert.starts_with("budget_exhausted")), "{tomorrow:?}");
}

#[tokio::test]
async fn what_was_quarantined_stands_until_somebody_decides() {
    let world = well().await;
    let (test, app) = (&world.test, &world.test.app);
    let fields = serde_json::json!({"call_log_jestid": "broken", "agentid": "a", "total_score": "abc"});
    let fields = fields.as_object().unwrap().clone();
    change(test, Change::Insert { channel: Channel::Call, fields, omit: Vec::new() });
    test.sync().await;
    // Nothing else came today.
    let both = ["window_quarantined sobot.call_result", "quarantine_growing sobot.call_result"];
    assert_eq!(raised(app).await, both);
    assert!(alerts(app).await[1].message.contains("dealt with: 1; 1 of them"), "{:?}", alerts(app).await);
    let entries = app.quarantined(&QuarantineFilter::default()).await.unwrap();
    app.quarantine_drop(&[entries[0].id], "of no use").await.unwrap();
    assert_eq!(raised(app).await, NOTHING);
}

#[tokio::test]
async fn rows_that_vanish_in_masses_stand_until_they_are_back() {
    let settle = [
        ("CCSYNC__SOURCES__SOBOT__CALL_RESULT__SETTLE", "10m"),
        ("CCSYNC__SOURCES__SOBOT__CALL_RESULT__WINDOW", "31d"),
    ];
    let world = TestWorld::on(TestClock::hurried(), documented_world(), &settle).await;
    let (test, app) = (&world.test, &world.test.app);
    sync_well(test).await;
    let calls = test.simulator.truth().calls[..100].to_vec();
    for call in &calls {
        let text = |name: &str| call[name].as_str().unwrap().to_owned();
        let (id, agentid) = (text("call_log_jestid"), Some(text("agentid")));
        change(test, Change::Delete { channel: Channel::Call, id, agentid });
    }
    for _ in 0..3 {
        sync_well(test).await;
        world.clock.advance(Duration::from_secs(700));
    }
    assert_eq!(raised(app).await, ["absence_alarm sobot.call_result"]);
    for call in &calls {
        let fields = call.as_object().unwrap().clone();
        change(test, Change::Insert { channel: Channel::Call, fields, omit: Vec::new() });
    }
    sync_well(test).await;
    assert_eq!(raised(app).await, NOTHING);
}

#[tokio::test]
async fn a_departure_from_the_documents_is_news_for_a_week() {
    let world = well().await;
    let (test, app) = (&world.test, &world.test.app);
    let mut switches = test.simulator.switches();
    switches.set("moor_schema", "new_field").unwrap();
    test.simulator.set_switches(switches);
    sync_well(test).await;
    assert_eq!(raised(app).await, ["schema_drift moor.queue", "schema_drift moor.agent_claim_status"]);
    assert!(app.status().await.unwrap().healthy, "somebody should look, and no data is missing");
    world.clock.advance(Duration::from_secs(8 * 86_400));
    sync_well(test).await;
    assert_eq!(raised(app).await, NOTHING);
}

/// The product's clock is wrong, the vendors' is not.
#[tokio::test]
async fn a_clock_that_is_ten_minutes_off_is_told_by_the_vendors_answers() {
    let config = documented_world();
    let right = TestClock::hurried();
    let wrong = TestClock::hurried();
    let now = right.clone();
    let config = SimulatorConfig { now: ccsync_simulator::Now(Arc::new(move || now.now())), ..config };
    let simulator = crate::support::harness::simulator(config).await;
    let db = crate::support::db::TestDb::create().await;
    let app = configured_app(&simulator.base_url(), &db, &wrong, QUICK).await;
    let test = TestApp { app, simulator, db };
    sync_well(&test).await;
    assert_eq!(raised(&test.app).await, NOTHING);
    wrong.advance(Duration::from_secs(600));
    test.sync().await;
    test.sync().await;
    let expected = [
        "clock_off moor",
        "clock_off sobot",
        "stream_failing moor.queue",
        "stream_failing moor.agent_claim_status",
    ];
    assert_eq!(raised(&test.app).await, expected, "7moor refuses what is signed at another time");
    right.advance(Duration::from_secs(600));
    // A header is found to move when a minute has passed.
    for clock in [&right, &wrong] {
        clock.advance(Duration::from_secs(61));
    }
    // What the clocks say is the middle of three answers, and 7moor gives two in a pass.
    sync_well(&test).await;
    sync_well(&test).await;
    assert_eq!(raised(&test.app).await, NOTHING);
}

#[tokio::test]
async fn a_stream_that_fails_says_since_when_and_how_it_failed_last() {
    let world = well().await;
    let app = &world.test.app;
    let began = world.clock.now();
    world.test.simulator.set_fault_rates(FaultRates::none().with_at(
        Endpoint::SobotCallResult,
        Fault::Http5xx,
        1.0,
    ));
    for minutes in [0, 20] {
        world.clock.advance(Duration::from_secs(minutes * 60));
        world.test.sync().await;
    }
    let status = app.status().await.unwrap();
    let failing = status.streams.iter().find(|stream| stream.failure.is_some()).unwrap();
    let failure = failing.failure.as_ref().unwrap();
    let minutes = |at: chrono::DateTime<chrono::Utc>| (at - began).num_minutes();
    assert!(minutes(failure.since) < 5 && 19 < minutes(failure.at), "{failure:?}");
    assert!(2 <= failure.attempts && 1 <= failure.scopes, "{failure:?}");
    let alert = status.alerts.iter().find(|alert| alert.kind == AlertKind::StreamFailing).unwrap();
    assert_eq!(alert.since, Some(failure.since));
    let headline = status.headline(ccsync::report::language::Language::En);
    assert!(
        headline.starts_with("1 of 4 streams failing: sobot/sobot.call_result, the vendor fails"),
        "{headline}"
    );
    let (message, since): (String, chrono::DateTime<chrono::Utc>) =
        sqlx::query_as("select failure_message, failing_since from bi.freshness where failing")
            .fetch_one(world.test.pool().await)
            .await
            .unwrap();
    assert_eq!((message, since), (failure.message.clone(), failure.since));
}
