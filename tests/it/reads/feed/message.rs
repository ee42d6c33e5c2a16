//! What becomes of single messages, from the socket to the tables.

use std::time::Duration;

use ccsync_simulator::MonitorRates;
use sqlx::PgPool;

use super::setup::FeedSetup;
use super::truth::{feed_is_the_vendors, sent};
use crate::support::db::TestDb;
use crate::support::harness::eventually;

const TIMEOUT: Duration = Duration::from_secs(60);

/// Lets things happen until so many messages were sent, then waits until they are stored.
async fn play(setup: &FeedSetup, pool: &PgPool, rates: MonitorRates, messages: usize) {
    let before = sent(&setup.simulator.monitor_truth());
    setup.simulator.set_monitor_rates(rates);
    eventually(TIMEOUT, async || {
        let sent = sent(&setup.simulator.monitor_truth()) - before;
        if messages <= sent { Ok(()) } else { Err(format!("{sent} messages sent")) }
    })
    .await;
    setup.simulator.set_monitor_rates(MonitorRates::default());
    eventually(TIMEOUT, async || feed_is_the_vendors(pool, &setup.simulator.monitor_truth()).await).await;
}

async fn text(pool: &PgPool, sql: &'static str) -> Option<String> {
    sqlx::query_scalar(sql).fetch_one(pool).await.unwrap()
}

async fn count(pool: &PgPool, sql: &'static str) -> i64 {
    sqlx::query_scalar(sql).fetch_one(pool).await.unwrap()
}

#[tokio::test]
async fn what_cannot_be_read_is_quarantined_whole_and_the_socket_lives_on() {
    let db = TestDb::create().await;
    let pool = db.pool().await;
    let setup = FeedSetup::new(3, MonitorRates::default(), 1, db.url()).await;
    let daemon = setup.start("").await;
    let odd = MonitorRates {
        garbage: 5.0,
        unknown_method: 5.0,
        unknown_status: 5.0,
        large: 1.0,
        ..MonitorRates::lively(5.0)
    };
    play(&setup, pool, odd, 120).await;
    for connections in setup.simulator.monitor_truth().agents.iter().map(|agent| agent.connections.len()) {
        assert_eq!(connections, 1, "a socket died");
    }
    let reasons: Vec<String> = sqlx::query_scalar(
        "select distinct regexp_replace(reason, '[0-9]{4,}', 'N', 'g') from sync.quarantine order by 1",
    )
    .fetch_all(pool)
    .await
    .unwrap();
    assert_eq!(
        reasons,
        [
            "agent N: expected a message of at most N bytes, got N",
            "agent N: expected an object, got something else",
            "agent N: field `method`: expected notice, message or info, got another",
            "agent N: field `status`: expected 0, 1, 2 or 3, got 9",
        ]
    );
    let large = count(pool, "select max(length(payload))::bigint from sync.quarantine").await;
    assert!(300_000 < large, "the largest payload has {large} characters");
    // One phone number is in every one of these.
    assert_eq!(count(pool, "select count(*) from sync.quarantine where payload ~ '13900001111'").await, 0);
    assert_eq!(count(pool, "select count(*) from workbench.announcement where msg ~ '15711356914'").await, 0);
    daemon.stop().await;
    assert_eq!(text(pool, "select outcome from sync.run").await.as_deref(), Some("partial"));
}

#[tokio::test]
async fn custom_fields_are_stored_only_as_the_setting_allows_and_numbers_are_masked() {
    let db = TestDb::create().await;
    let pool = db.pool().await;
    let setup = FeedSetup::new(1, MonitorRates::default(), 1, db.url()).await;
    let popups = MonitorRates { popup: 50.0, ..MonitorRates::default() };
    for (setting, fields) in [
        ("", None),
        ("[sources.setup.privacy]\ncustom_fields = [\"年龄\", \"下拉框\"]", Some("下拉框,年龄")),
        ("[sources.setup.privacy]\ncustom_fields = \"keep\"", Some("下拉框,多选2,多选框,年龄,长文本")),
    ] {
        let daemon = setup.start_with("", setting).await;
        play(&setup, pool, popups, 5).await;
        daemon.stop().await;
        let names = text(
            pool,
            "select (select string_agg(name, ',' order by name collate \"C\") from jsonb_object_keys(fields) as name)
             from workbench.call_popup order by received_at desc limit 1",
        )
        .await;
        assert_eq!(names.as_deref(), fields, "{setting}");
    }
    let odd = "select count(*) from workbench.call_popup
        where telephone !~ '^139\\*{4}[0-9]{4}$' or telephone is null or extra <> '{}' or city <> '北京-北京'
            or import_stamp <> '2021-08-26 18:17:52+08' or edit_stamp is null or extno <> '1001'
            or info_uuid is null or admin_id <> 1 or project_id <> '1' or info_status <> '0'";
    assert_eq!(count(pool, odd).await, 0);
}

#[tokio::test]
async fn the_token_may_stand_in_the_address_with_a_name() {
    let db = TestDb::create().await;
    let pool = db.pool().await;
    let setup = FeedSetup::new(2, MonitorRates::default(), 1, db.url()).await;
    let daemon = setup.start("token_form = \"access_token\"").await;
    play(&setup, pool, MonitorRates::lively(20.0), 20).await;
    daemon.stop().await;
}

#[tokio::test]
async fn a_half_open_socket_is_noticed_and_its_gap_begins_at_the_last_sign_of_life() {
    let db = TestDb::create().await;
    let pool = db.pool().await;
    let setup = FeedSetup::new(1, MonitorRates::default(), 1, db.url()).await;
    let daemon = setup.start("ping = \"200ms\"\nsilence = \"1s\"").await;
    play(&setup, pool, MonitorRates::lively(20.0), 10).await;
    setup.simulator.set_monitor_rates(MonitorRates { half_open: 100.0, ..MonitorRates::default() });
    eventually(TIMEOUT, async || {
        let dead = setup.simulator.monitor_truth().agents[0].connections[0].end.is_some();
        if dead { Ok(()) } else { Err("it lives".to_owned()) }
    })
    .await;
    setup.simulator.set_monitor_rates(MonitorRates::default());
    let noticed = "select count(*) from workbench.feed_gap
        where reason = 'silent' and '900 ms' < duration and until is not null";
    eventually(TIMEOUT, async || match count(pool, noticed).await {
        0 => Err("no silent gap has ended".to_owned()),
        _ => Ok(()),
    })
    .await;
    eventually(TIMEOUT, async || feed_is_the_vendors(pool, &setup.simulator.monitor_truth()).await).await;
    daemon.stop().await;
}

#[tokio::test]
async fn what_is_told_of_the_feed_agrees_with_the_tables() {
    let db = TestDb::create().await;
    let pool = db.pool().await;
    let setup = FeedSetup::new(2, MonitorRates::default(), 1, db.url()).await;
    let daemon = setup.start("").await;
    play(&setup, pool, MonitorRates { close: 1.0, ..MonitorRates::lively(20.0) }, 60).await;
    let report = daemon.app.status().await.unwrap();
    let [feed] = &report.feeds[..] else { panic!("{report:?}") };
    assert!(report.healthy && report.streams.is_empty(), "{report:?}");
    assert_eq!((feed.source.as_str(), feed.agents.len()), ("setup", 2));
    assert!(feed.agents.iter().all(|agent| agent.connected_since.is_some() && agent.gap_reason.is_none()));
    let gaps: i64 = feed.agents.iter().map(|agent| agent.gaps_today).sum();
    assert_eq!(gaps, count(pool, "select count(*) from workbench.feed_gap").await);
    let text = ccsync::ops::text::status_text::render(
        &report,
        &ccsync::ops::text::status_text::View::plain(chrono_tz::Asia::Shanghai),
    );
    assert!(text.contains("2 of 2"), "{text}");
    let row: (String, bool, bool) = sqlx::query_as(
        "select kind, complete_to > now() - interval '1 minute', last_read_at is not null from bi.freshness",
    )
    .fetch_one(pool)
    .await
    .unwrap();
    assert_eq!(row, ("feed".to_owned(), true, true));
    daemon.stop().await;
    let report = setup.app("", "").await.status().await.unwrap();
    assert!(report.feeds[0].agents.iter().all(|agent| agent.gap_reason.as_deref() == Some("shutdown")));
}
