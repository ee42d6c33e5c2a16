//! Vendors whose `Date` header is wrong, on a host and a database whose clocks are right.

use ccsync_simulator::{SimulatorConfig, Switches};
use chrono::{DateTime, Duration, Utc};

use super::setup::{Database, Setup};
use crate::support::process::recent_world;
use crate::support::trial::with_each;

fn world(date: &str) -> SimulatorConfig {
    let mut switches = Switches::default();
    switches.set("date_header", date).unwrap();
    SimulatorConfig { switches, ..recent_world() }
}

async fn clock_alerts(setup: &Setup) -> Vec<String> {
    let alerts = setup.status().await.alerts;
    alerts.into_iter().filter(|alert| alert.kind.as_str() == "clock_off").map(|alert| alert.message).collect()
}

async fn complete_to(setup: &Setup) -> DateTime<Utc> {
    let calls = setup.status().await.streams.into_iter().find(|stream| stream.stream == setup.calls().stream);
    calls.unwrap().complete_to.unwrap()
}

#[test]
fn a_wrong_date_of_a_vendor_alone_stops_nothing() {
    let harmless = ["beijing_as_gmt", "one_strange", "absent"];
    with_each(harmless, |date| async move {
        let setup = Setup::with(0, Database::Own, world(date)).await;
        for _ in 0..4 {
            setup.change_something();
            assert!(0 < setup.sync_well(date).await);
            setup.assert_tables_are_the_vendors().await;
        }
        let alerts = clock_alerts(&setup).await;
        assert_eq!(!alerts.is_empty(), date == "beijing_as_gmt", "{alerts:?}");
    });
}

/// What is complete is bounded by the earlier clock; the rest is read on, and told.
#[tokio::test]
async fn a_vendor_that_is_hours_behind_bounds_what_is_claimed_and_is_told() {
    let setup = Setup::with(0, Database::Own, world("eight_hours_behind")).await;
    for _ in 0..4 {
        assert!(0 < setup.sync_well("behind").await, "passes go on");
    }
    assert!(complete_to(&setup).await < Utc::now() - Duration::hours(7));
    let alerts = clock_alerts(&setup).await;
    assert!(alerts.iter().any(|said| said.contains("behind this host and the database")), "{alerts:?}");
    let mut switches = Switches::default();
    switches.set("date_header", "right").unwrap();
    setup.simulator.set_switches(switches);
    setup.change_something();
    for _ in 0..2 {
        setup.sync_well("right again").await;
    }
    setup.assert_tables_are_the_vendors().await;
    assert_eq!(clock_alerts(&setup).await, Vec::<String>::new());
}

#[tokio::test]
async fn a_date_that_stands_still_is_told_and_freezes_nothing() {
    let setup = Setup::with(0, Database::Own, world("stands_still")).await;
    setup.sync_well("first").await;
    let alerts = clock_alerts(&setup).await;
    assert!(!alerts.is_empty(), "an hour behind is told at once");
    // Ten minutes later, in another process.
    let sql = "update sync.vendor_clock set answered_at = answered_at - interval '10 minutes'";
    sqlx::raw_sql(sql).execute(setup.pool().await).await.unwrap();
    let later = setup.another_process().await;
    setup.change_something();
    for report in later.sync(&[], &setup.stop).await.unwrap() {
        assert!(0 < report.counts.requests, "{report:#?}");
    }
    setup.assert_tables_are_the_vendors().await;
    let alerts = later.status().await.unwrap().alerts;
    assert!(alerts.iter().any(|alert| alert.message.contains("stands still")), "{alerts:#?}");
}

/// Nobody says what time it is: the host must be taken at its word.
#[tokio::test]
async fn an_embedded_database_and_a_vendor_without_dates_stop_nothing() {
    let setup = Setup::with(0, Database::Embedded, world("absent")).await;
    for _ in 0..2 {
        setup.change_something();
        assert!(0 < setup.sync_well("nobody knows").await);
        setup.assert_tables_are_the_vendors().await;
    }
}
