//! Complete, final and partial: whatever tells of them says the same, and what product and documents define. An
//! independent model (`model`) is held against SQL, status, page, metrics and alerts on random ledgers.
//!
//! `CCSYNC_LEDGER_SEEDS` sets the number of ledgers, `CCSYNC_LEDGER_FIRST` the first seed.

mod case;
pub mod ledger;
pub mod model;
mod reach;

use std::collections::BTreeMap;
use std::sync::Arc;

use ccsync::engine::alert::alerts;
use ccsync::engine::port::clock::SystemClock;
use ccsync::engine::port::status::StatusRead as _;
use ccsync::ops::observe::prometheus;
use ccsync::ops::text::status_text::{View, render};
use ccsync::ops::web::admission::Admission;
use ccsync::ops::web::readiness::Readiness;
use ccsync::ops::web::server::{OpsServer, OpsState};
use ccsync::report::alert::{AlertKind, Surroundings};
use ccsync::report::language::{Language, Locale};
use ccsync::report::status::{StatusReport, StreamStatus};
use chrono::{DateTime, Days, NaiveDate, Utc};
use sqlx::{AssertSqlSafe, PgPool};
use tokio_util::sync::CancellationToken;

use self::ledger::{Place, World, random_world, store_world};
use self::model::State;
use crate::data::store::support::fresh_store;

/// Every view of `bi` that says final, provisional or partial, and the period of its rows.
const VIEWS: [(&str, &str); 20] = [
    ("day_state", "day"),
    ("week_state", "week"),
    ("month_state", "month"),
    ("quality_result", "day"),
    ("agent_quality_daily", "day"),
    ("agent_quality_weekly", "week"),
    ("agent_quality_monthly", "month"),
    ("channel_quality_hourly", "day"),
    ("channel_quality_daily", "day"),
    ("channel_quality_weekly", "week"),
    ("channel_quality_monthly", "month"),
    ("scheme_quality_daily", "day"),
    ("scheme_quality_weekly", "week"),
    ("scheme_quality_monthly", "month"),
    ("queue_quality_daily", "day"),
    ("queue_quality_weekly", "week"),
    ("queue_quality_monthly", "month"),
    ("score_distribution_daily", "day"),
    ("inspection_lag_daily", "day"),
    ("revision_daily", "day"),
];

/// Views whose column `state` is about something else.
const OTHER_STATES: [&str; 4] = ["agent_account", "agent_identity", "agent_state_daily", "agent_unmatched"];

pub const LOCALE: Locale = Locale { language: Language::En, zone: chrono_tz::Asia::Shanghai };

/// Data may be a day old.
const PROMISED: i64 = 86_400;

fn number(variable: &str, default: u64) -> u64 {
    std::env::var(variable).map_or(default, |text| text.parse().unwrap())
}

/// The days of a period that begins on this one: first, and first after.
fn period(kind: &str, first: NaiveDate) -> (NaiveDate, NaiveDate) {
    let end = match kind {
        "day" => first + Days::new(1),
        "week" => first + Days::new(7),
        _ => first + chrono::Months::new(1),
    };
    (first, end)
}

/// Source, stream, first day, state: as a view tells it.
async fn told(db: &PgPool, view: &str, kind: &str) -> Vec<(String, String, NaiveDate, String)> {
    let stream = match view {
        "day_state" | "week_state" | "month_state" => "stream",
        _ => "'sobot.' || channel || '_result'",
    };
    let sql = format!("select distinct source, {stream}, {kind}, state from bi.{view}");
    sqlx::query_as(AssertSqlSafe(sql)).fetch_all(db).await.unwrap()
}

/// Holds every state of every view against the model. Answers how many of each there were.
async fn views_agree(db: &PgPool, world: &World, seed: u64) -> BTreeMap<State, usize> {
    let mut seen = BTreeMap::new();
    for (view, kind) in VIEWS {
        let rows = told(db, view, kind).await;
        assert!(!rows.is_empty(), "seed {seed}: {view} is empty");
        for (source, stream, first, state) in rows {
            let (first, end) = period(kind, first);
            let ledger = world.ledger(&source, &stream);
            let expected = ledger.state(first, end);
            assert_eq!(
                state,
                expected.as_str(),
                "seed {seed}: {view} of {source}/{stream}, {kind} {first}\n{ledger:#?}"
            );
            *seen.entry(expected).or_default() += 1;
        }
    }
    seen
}

/// Days that are not listed are partial, so every day that is not has to be.
async fn days_are_listed(db: &PgPool, world: &World, seed: u64) {
    for Place { source, stream, ledger } in &world.places {
        let listed: Vec<NaiveDate> =
            sqlx::query_scalar("select day from bi.day_state where source = $1 and stream = $2 order by day")
                .bind(source)
                .bind(stream)
                .fetch_all(db)
                .await
                .unwrap();
        let (first, last) = ledger.days_touched();
        for day in first.iter_days().take_while(|day| *day <= last) {
            assert!(listed.contains(&day), "seed {seed}: {source}/{stream}: {day} is not listed");
        }
    }
}

/// `bi.freshness` against the model.
async fn freshness_agrees(db: &PgPool, world: &World, seed: u64) {
    type Told = (Option<DateTime<Utc>>, Option<DateTime<Utc>>, i64, i64, i64, i64, i64, bool);
    for Place { source, stream, ledger } in world.declared() {
        let told: Told = sqlx::query_as(
            "select complete_to, final_to, windows_final, windows_provisional, windows_unverified, windows_moving,
                extract(epoch from reach)::bigint, paused
            from bi.freshness where source = $1 and stream = $2",
        )
        .bind(source)
        .bind(stream)
        .fetch_one(db)
        .await
        .unwrap();
        let tally = ledger.tally();
        let expected = (
            ledger.complete_to(),
            ledger.final_to(),
            tally.finals,
            tally.provisional,
            tally.unverified,
            tally.moving,
            ledger.reach().num_seconds(),
            ledger.paused,
        );
        assert_eq!(told, expected, "seed {seed}: {source}/{stream}\n{ledger:#?}");
    }
}

fn of<'r>(report: &'r StatusReport, source: &str, stream: &str) -> &'r StreamStatus {
    let found = report.streams.iter().find(|told| told.source == source && told.stream.as_str() == stream);
    found.unwrap()
}

/// The report with what the assembled process adds.
fn enriched(mut report: StatusReport) -> StatusReport {
    for stream in report.streams.iter_mut().filter(|stream| !stream.paused) {
        stream.watch.fresh_within_seconds = Some(PROMISED);
        // The model's time is not the database's: no load is its first.
        stream.watch.wanted_since = None;
    }
    report.alerts = alerts(&report, &Surroundings::default(), LOCALE);
    report
}

/// The status and its alerts against the model.
fn status_agrees(report: &StatusReport, world: &World, seed: u64) {
    for Place { source, stream, ledger } in world.declared() {
        let (told, tally) = (of(report, source, stream), ledger.tally());
        assert_eq!(
            (told.complete_to, told.final_to, told.paused, told.reach_seconds),
            (ledger.complete_to(), ledger.final_to(), ledger.paused, Some(ledger.reach().num_seconds())),
            "seed {seed}: {source}/{stream}"
        );
        let windows = told.windows;
        assert_eq!(
            (windows.finals, windows.provisional, windows.unverified, windows.moving),
            (tally.finals, tally.provisional, tally.unverified, tally.moving),
            "seed {seed}: {source}/{stream}"
        );
        let stands = |kind: AlertKind| {
            report.alerts.iter().any(|alert| {
                alert.kind == kind
                    && alert.source.as_ref() == Some(source)
                    && alert.stream == Some(told.stream)
            })
        };
        let age = report.generated_at - ledger.complete_to().unwrap_or(ledger.wanted_from());
        let stale = !ledger.paused && PROMISED < age.num_seconds();
        assert_eq!(stands(AlertKind::DataStale), stale, "seed {seed}: {source}/{stream}");
        let unsettled = !ledger.paused && ledger.unsettled();
        assert_eq!(
            stands(AlertKind::WindowUnverified),
            unsettled,
            "seed {seed}: {source}/{stream}\n{ledger:#?}"
        );
    }
}

/// The value of a gauge in the text of `/metrics`.
fn gauge(metrics: &str, name: &str, source: &str, stream: &str) -> Option<i64> {
    let line = format!("{name}{{source=\"{source}\",stream=\"{stream}\"}} ");
    metrics.lines().find_map(|told| told.strip_prefix(&line)).map(|value| value.parse().unwrap())
}

/// Metrics, page, JSON and terminal against the report, which the model was held against.
async fn shown_agrees(store: ccsync::store::PgStore, report: &StatusReport, world: &World) {
    let state = OpsState {
        status: Arc::new(store),
        clock: Arc::new(SystemClock),
        readiness: Readiness::new(),
        metrics: prometheus::install(),
        enrich: Arc::new(enriched),
        surroundings: Arc::new(Surroundings::default),
        outage: Arc::new(|_, _| Vec::new()),
        admission: Admission::default(),
        zone: world.zone,
        language: Language::En,
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let stop = CancellationToken::new();
    let server = OpsServer::start(listener, state, stop.clone()).unwrap();
    let client = crate::support::http::client();
    let get = async |path: &str| {
        let url = format!("http://{}{path}", server.address());
        client.get(url).send().await.unwrap().text().await.unwrap()
    };
    let (metrics, page, json) = (get("/metrics").await, get("/").await, get("/api/status").await);
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    let text = render(report, &View::plain(world.zone));
    for Place { source, stream, .. } in world.declared() {
        let told = of(report, source, stream);
        let gauge = |name: &str| gauge(&metrics, name, source, stream);
        let seconds = |at: Option<DateTime<Utc>>| at.map(|at| at.timestamp());
        assert_eq!(gauge("ccsync_complete_to_timestamp_seconds"), seconds(told.complete_to));
        assert_eq!(gauge("ccsync_final_to_timestamp_seconds"), seconds(told.final_to));
        assert_eq!(gauge("ccsync_windows_unverified"), Some(told.windows.unverified));
        assert_eq!(gauge("ccsync_windows_moving"), Some(told.windows.moving));
        assert_eq!(gauge("ccsync_windows_unsettled"), Some(told.watch.windows_unsettled));
        assert_eq!(gauge("ccsync_stream_paused"), Some(i64::from(told.paused)));
        let streams = json["streams"].as_array().unwrap();
        let shown = streams.iter().find(|shown| shown["source"] == **source && shown["stream"] == **stream);
        let shown = shown.unwrap();
        assert_eq!(shown["complete_to"], serde_json::to_value(told.complete_to).unwrap());
        assert_eq!(shown["final_to"], serde_json::to_value(told.final_to).unwrap());
        assert_eq!(shown["windows"], serde_json::to_value(told.windows).unwrap());
        for (at, format) in [(told.complete_to, "%Y-%m-%d %H:%M"), (told.final_to, "%Y-%m-%d")] {
            let Some(at) = at else { continue };
            let at = at.with_timezone(&world.zone).format(format).to_string();
            assert!(page.contains(&at), "the page does not say {at}");
            assert!(text.contains(&at), "the status does not say {at}:\n{text}");
        }
        assert!(!told.paused || page.contains("paused") && text.contains("paused"));
    }
    stop.cancel();
}

#[tokio::test]
async fn whatever_tells_of_complete_final_and_partial_says_what_the_definitions_say() {
    let fresh = fresh_store().await;
    let first = number("CCSYNC_LEDGER_FIRST", 0);
    let mut seen: BTreeMap<State, usize> = BTreeMap::new();
    let mut complete = 0;
    for seed in first..first + number("CCSYNC_LEDGER_SEEDS", 24) {
        let world = random_world(seed);
        store_world(&fresh, &world).await;
        for (state, times) in views_agree(&fresh.db, &world, seed).await {
            *seen.entry(state).or_default() += times;
        }
        days_are_listed(&fresh.db, &world, seed).await;
        freshness_agrees(&fresh.db, &world, seed).await;
        let report = enriched(fresh.store.status(world.now).await.unwrap());
        status_agrees(&report, &world, seed);
        complete += world.declared().filter(|place| place.ledger.complete_to().is_some()).count();
        if seed % 6 == 0 {
            shown_agrees(fresh.store.clone(), &report, &world).await;
        }
    }
    println!("{seen:?}, {complete} complete up to some instant");
    assert!(seen.len() == 3 && seen.values().all(|times| 100 < *times), "not every state was met: {seen:?}");
}

#[tokio::test]
async fn every_state_of_the_analysts_views_is_held_against_the_definitions() {
    let fresh = fresh_store().await;
    let mut views: Vec<String> = sqlx::query_scalar(
        "select table_name::text from information_schema.columns
        where table_schema = 'bi' and column_name = 'state' order by 1",
    )
    .fetch_all(&fresh.db)
    .await
    .unwrap();
    views.retain(|view| !OTHER_STATES.contains(&view.as_str()));
    let mut known: Vec<&str> = VIEWS.iter().map(|(view, _)| *view).collect();
    known.sort_unstable();
    assert_eq!(views, known);
}
