//! Complete, final and partial in small ledgers that were told wrongly once.

use ccsync::domain::fault::FaultKind;
use ccsync::domain::proof::certificate::Verdict;
use ccsync::domain::stream::StreamKey;
use ccsync::engine::alert::alerts;
use ccsync::engine::port::status::StatusRead as _;
use ccsync::engine::port::store::{Scope, Store as _};
use ccsync::report::alert::{AlertKind, Surroundings};
use ccsync::report::status::calendar::WindowState;
use ccsync::report::status::{DeclaredWindow, StreamDeclaration, StreamState, StreamStatus};
use chrono::{DateTime, Duration, Utc};
use sqlx::AssertSqlSafe;

use crate::data::store::support::*;

/// Calls from this hour of 2026 on, in UTC: a window is closed an hour after its end, and may be read again for
/// two days.
pub fn declared(start: i64) -> StreamDeclaration {
    StreamDeclaration {
        key: calls(),
        start: Some(at(start)),
        schedule: "0 */10 * * * *".into(),
        timezone: chrono_tz::UTC,
        window: Some(DeclaredWindow { lookback: Duration::days(2), settle: Duration::hours(1) }),
        enabled: true,
    }
}

/// The window of a day of January, counted from 0.
pub fn of_day(number: i64) -> Scope {
    Scope::Window(window(number * 24, number * 24 + 24))
}

/// Commits a read that began at this hour, past the closing age if that is at most two days.
pub async fn read(
    fresh: &Fresh,
    scope: Scope,
    rows: Vec<ccsync::domain::row::record::Row>,
    hour: i64,
    verdict: Verdict,
) {
    let mut commit = fresh.commit(&calls(), scope, rows, hour).await;
    commit.certificate.verdict = verdict;
    commit.complete_to = at(hour - 1);
    if let Scope::Window(window) = scope {
        commit.final_at = Some(window.end + Duration::days(2));
    }
    fresh.store.commit(commit).await.unwrap();
}

async fn fail(fresh: &Fresh, stream: &StreamKey, scope: Scope, hour: i64) {
    let (run, lease) = (fresh.run(stream).await, fresh.lease(stream, scope).await);
    let failed = fresh.store.record_failure(&lease, run, FaultKind::VendorFailed, "999999", 1, at(hour));
    failed.await.unwrap();
}

async fn told(fresh: &Fresh, now: i64) -> StreamStatus {
    fresh.store.status(at(now)).await.unwrap().streams.remove(0)
}

async fn complete_to(fresh: &Fresh) -> Option<DateTime<Utc>> {
    let view = fresh.value("select complete_to from bi.freshness").await;
    assert_eq!(told(fresh, 1_000).await.complete_to, view);
    view
}

pub async fn days(fresh: &Fresh, view: &str) -> Vec<String> {
    let sql = format!("select distinct day || ' ' || state as told from bi.{view} order by told");
    sqlx::query_scalar(AssertSqlSafe(sql)).fetch_all(&fresh.db).await.unwrap()
}

#[tokio::test]
async fn unverified_windows_are_neither_complete_nor_final_however_late_they_were_read() {
    let fresh = fresh_store().await;
    fresh.store.declare(&[declared(0)]).await.unwrap();
    for day in 0..18 {
        let rows = vec![call(&format!("call-{day}"), 1, day * 24 + 5)];
        read(&fresh, of_day(day), rows, 1_000, Verdict::Unverified).await;
    }
    assert_eq!(complete_to(&fresh).await, None);
    assert_eq!(told(&fresh, 1_000).await.final_to, None);
    let states = "select string_agg(distinct state, ' ') from bi.day_state";
    assert_eq!(fresh.value::<String>(states).await, "provisional");
    for view in ["quality_result", "agent_quality_daily", "channel_quality_daily", "queue_quality_daily"] {
        assert!(days(&fresh, view).await.iter().all(|day| day.ends_with("provisional")), "{view}");
    }
    let tally = told(&fresh, 1_000).await.windows;
    assert_eq!((tally.complete, tally.unverified, tally.provisional, tally.finals), (18, 18, 18, 0));
}

#[tokio::test]
async fn an_unverified_reread_withdraws_what_was_complete_and_a_failed_one_does_not() {
    let fresh = fresh_store().await;
    fresh.store.declare(&[declared(0)]).await.unwrap();
    for day in 0..4 {
        read(&fresh, of_day(day), Vec::new(), 200, Verdict::Proven).await;
    }
    assert_eq!(complete_to(&fresh).await, Some(at(96)));
    fail(&fresh, &calls(), of_day(1), 201).await;
    assert_eq!(complete_to(&fresh).await, Some(at(96)));
    read(&fresh, of_day(1), Vec::new(), 202, Verdict::Unverified).await;
    assert_eq!(complete_to(&fresh).await, Some(at(24)));
    assert_eq!(told(&fresh, 1_000).await.final_to, None, "days 0 and what lies within reach of it");
    read(&fresh, of_day(1), Vec::new(), 203, Verdict::Stable).await;
    assert_eq!(complete_to(&fresh).await, Some(at(96)));
}

#[tokio::test]
async fn an_open_window_counts_up_to_its_read_if_that_is_proven_and_moves_if_not() {
    let fresh = fresh_store().await;
    fresh.store.declare(&[declared(0)]).await.unwrap();
    read(&fresh, of_day(0), Vec::new(), 30, Verdict::Proven).await;
    read(&fresh, of_day(1), Vec::new(), 31, Verdict::Stable).await;
    assert_eq!(complete_to(&fresh).await, Some(at(30)), "the read's beginning but for the settling time");
    read(&fresh, of_day(1), Vec::new(), 32, Verdict::Unverified).await;
    assert_eq!(complete_to(&fresh).await, Some(at(24)), "it stands at the window's start");
    let stream = told(&fresh, 33).await;
    assert_eq!((stream.windows.moving, stream.windows.unverified), (1, 1));
    assert_eq!(stream.detail.calendar.windows[1].state, WindowState::Moving);
    assert_eq!(fresh.count("select windows_moving from bi.freshness").await, 1);
}

#[tokio::test]
async fn a_window_that_stays_unverified_is_an_alert_once_it_is_closed_and_was_read_twice() {
    let fresh = fresh_store().await;
    fresh.store.declare(&[declared(0)]).await.unwrap();
    let stands = async || {
        let report = fresh.store.status(at(60)).await.unwrap();
        let alerts = alerts(&report, &Surroundings::default(), super::LOCALE);
        alerts.into_iter().find(|alert| alert.kind == AlertKind::WindowUnverified)
    };
    for hour in [10, 20, 24] {
        read(&fresh, of_day(0), Vec::new(), hour, Verdict::Unverified).await;
        assert_eq!(stands().await, None, "it is open");
    }
    read(&fresh, of_day(0), Vec::new(), 25, Verdict::Unverified).await;
    assert_eq!(stands().await, None, "it is closed and was read once");
    fail(&fresh, &calls(), of_day(0), 26).await;
    assert_eq!(stands().await, None, "a failed read is an alert of its own");
    read(&fresh, of_day(0), Vec::new(), 27, Verdict::Unverified).await;
    let alert = stands().await.unwrap();
    assert!(
        alert.message.contains("1 closed window is unverified") && alert.message.contains("2026-01-01 08:00"),
        "{}",
        alert.message
    );
    read(&fresh, of_day(0), Vec::new(), 28, Verdict::Proven).await;
    assert_eq!(stands().await, None);
    read(&fresh, of_day(0), Vec::new(), 29, Verdict::Unverified).await;
    assert_eq!(stands().await, None, "one read may be disturbed");
}

#[tokio::test]
async fn a_snapshot_is_complete_up_to_its_last_verified_read() {
    let fresh = fresh_store().await;
    let roster = StreamDeclaration { key: queues(), start: None, window: None, ..declared(0) };
    fresh.store.declare(&[roster]).await.unwrap();
    let read = async |hour: i64, verdict: Verdict| {
        let mut commit = fresh.commit(&queues(), Scope::Snapshot, vec![queue("1", "一组")], hour).await;
        commit.certificate.verdict = verdict;
        fresh.store.commit(commit).await.unwrap();
    };
    read(10, Verdict::Unverified).await;
    assert_eq!(complete_to(&fresh).await, None);
    read(11, Verdict::Proven).await;
    assert_eq!(complete_to(&fresh).await, Some(at(11)));
    read(12, Verdict::Unverified).await;
    fail(&fresh, &queues(), Scope::Snapshot, 13).await;
    assert_eq!(complete_to(&fresh).await, Some(at(11)));
    assert_eq!(told(&fresh, 20).await.last_read_at, Some(at(12)));
    read(14, Verdict::Stable).await;
    assert_eq!(complete_to(&fresh).await, Some(at(14)));
}

#[tokio::test]
async fn a_day_that_the_first_instant_wanted_cuts_is_partial_and_so_are_those_before() {
    let fresh = fresh_store().await;
    // From noon of 4 January on: what was inspected before is not asked for.
    let noon = 3 * 24 + 12;
    fresh.store.declare(&[declared(noon)]).await.unwrap();
    for day in 3..24 {
        let scope = Scope::Window(window((day * 24).max(noon), day * 24 + 24));
        // Inspected on that day, of contacts of the day, the evening before, and two days before.
        let rows =
            [3, 20, 40].map(|lag| contact(&format!("{day}-{lag}"), day * 24 + 15 - lag, day * 24 + 15));
        read(&fresh, scope, rows.to_vec(), 2_000, Verdict::Proven).await;
    }
    let expected = |day: u32| match day {
        ..=4 => "partial",
        // Windows that begin within 37 hours after it may bring results of it.
        5..=22 => "final",
        _ => "provisional",
    };
    for view in [
        "day_state",
        "quality_result",
        "agent_quality_daily",
        "channel_quality_daily",
        "channel_quality_hourly",
    ] {
        let found = days(&fresh, view).await;
        let days: Vec<String> = (2..=24).map(|day| format!("2026-01-{day:02} {}", expected(day))).collect();
        assert_eq!(found, days, "{view}");
    }
    let stream = told(&fresh, 2_000).await;
    assert_eq!(stream.reach_seconds, Some(37 * 3_600));
    assert_eq!(stream.final_to, Some(at(24 * 24 - 37)));
    let weeks: Vec<String> =
        sqlx::query_scalar("select week || ' ' || state from bi.week_state order by week")
            .fetch_all(&fresh.db)
            .await
            .unwrap();
    assert_eq!(weeks, ["2025-12-29 partial", "2026-01-05 final", "2026-01-12 final", "2026-01-19 partial"]);
    let months = "select string_agg(state, ' ') from bi.month_state";
    assert_eq!(fresh.value::<String>(months).await, "partial");
}

/// A call of this hour of 2026, inspected at that one.
pub fn contact(id: &str, began: i64, inspected: i64) -> ccsync::domain::row::record::Row {
    use ccsync::domain::row::record::{Row, Value};
    use ccsync::domain::stream::sobot_call_result::SOBOT_CALL_RESULT;
    let mut values = vec![Value::Null; SOBOT_CALL_RESULT.columns.len()];
    (values[0], values[1]) = (Value::text(id), Value::text("agent"));
    (values[4], values[5]) = (Value::Instant(at(began)), Value::Instant(at(inspected)));
    Row::new(&SOBOT_CALL_RESULT, &values, serde_json::Map::new())
}

#[tokio::test]
async fn a_gap_makes_its_days_partial_and_ends_what_is_complete() {
    let fresh = fresh_store().await;
    fresh.store.declare(&[declared(0)]).await.unwrap();
    for day in (0..20).filter(|day| *day != 10) {
        read(&fresh, of_day(day), vec![call(&format!("{day}"), 1, day * 24 + 5)], 2_000, Verdict::Proven)
            .await;
    }
    assert_eq!(complete_to(&fresh).await, Some(at(240)));
    let told = days(&fresh, "day_state").await;
    assert_eq!(told[9..12], ["2026-01-10 final", "2026-01-11 partial", "2026-01-12 final"]);
    fail(&fresh, &calls(), of_day(10), 2_001).await;
    assert_eq!(days(&fresh, "day_state").await, told, "a window that was never read covers nothing");
}

#[tokio::test]
async fn a_paused_stream_is_told_as_paused_and_is_not_stale() {
    let fresh = fresh_store().await;
    fresh.store.declare(&[declared(0)]).await.unwrap();
    read(&fresh, of_day(0), Vec::new(), 30, Verdict::Proven).await;
    fail(&fresh, &calls(), of_day(0), 31).await;
    fresh.store.declare(&[StreamDeclaration { enabled: false, ..declared(0) }]).await.unwrap();
    let mut report = fresh.store.status(at(10_000)).await.unwrap();
    let stream = &mut report.streams[0];
    assert_eq!(
        (stream.paused, stream.state(), stream.complete_to),
        (true, StreamState::Paused, Some(at(24)))
    );
    stream.watch.fresh_within_seconds = Some(60);
    stream.watch.ticks_missed = 100;
    assert!(report.healthy);
    assert_eq!(alerts(&report, &Surroundings::default(), super::LOCALE), []);
    assert!(fresh.value::<bool>("select paused from bi.freshness").await);
}

#[tokio::test]
async fn a_stream_that_is_switched_off_in_the_configuration_stays_known_as_paused() {
    use crate::support::harness::{TestApp, second_app, world};
    let test = TestApp::start(world()).await;
    test.sync().await;
    let off = "[sources.moor.queue]\nenabled = false\n[sources.moor.agent_claim_status]\nenabled = false";
    let app = second_app(&test.simulator, &test.db, off).await;
    let paused: Vec<String> = sqlx::query_scalar(
        "select stream from bi.freshness where paused and complete_to is not null and not failing order by 1",
    )
    .fetch_all(test.pool().await)
    .await
    .unwrap();
    assert_eq!(paused, ["moor.agent_claim_status", "moor.queue"]);
    let report = app.status().await.unwrap();
    let states: Vec<StreamState> = report.streams.iter().map(StreamStatus::state).collect();
    assert_eq!(states.iter().filter(|state| **state == StreamState::Paused).count(), 2);
    assert_eq!(report.streams.len(), 4);
    let back = second_app(&test.simulator, &test.db, "").await;
    assert!(back.status().await.unwrap().streams.iter().all(|stream| !stream.paused));
}
