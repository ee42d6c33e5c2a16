//! Freshness, status, runs and declarations.

use ccsync::domain::fault::FaultKind;
use ccsync::domain::proof::run::{RunOutcome, Trigger};
use ccsync::domain::stream::StreamId;
use ccsync::engine::port::status::StatusRead as _;
use ccsync::engine::port::store::{RunEnd, RunStart, Scope, Store as _};
use ccsync::report::status::{StatusReport, StreamDeclaration, StreamStatus};
use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::data::store::support::*;

async fn declare(fresh: &Fresh) {
    let streams = [
        StreamDeclaration {
            key: calls(),
            start: Some(at(0)),
            schedule: "0 */10 * * * *".into(),
            timezone: chrono_tz::UTC,
            window: None,
            enabled: true,
        },
        StreamDeclaration {
            key: queues(),
            start: None,
            schedule: "0 0 * * * *".into(),
            timezone: chrono_tz::UTC,
            window: None,
            enabled: true,
        },
    ];
    fresh.store.declare(&streams).await.unwrap();
}

async fn status(fresh: &Fresh) -> StatusReport {
    fresh.store.status(at(1000)).await.unwrap()
}

async fn of_calls(fresh: &Fresh) -> StreamStatus {
    let stream =
        status(fresh).await.streams.into_iter().find(|stream| stream.stream == StreamId::SOBOT_CALL_RESULT);
    stream.unwrap()
}

async fn complete_to(fresh: &Fresh) -> Option<DateTime<Utc>> {
    let told = of_calls(fresh).await.complete_to;
    let view: Option<DateTime<Utc>> =
        fresh.value("select complete_to from bi.freshness where stream = 'sobot.call_result'").await;
    assert_eq!(told, view);
    told
}

async fn fail(fresh: &Fresh, scope: Scope, hour: i64) {
    let run = fresh.run(&calls()).await;
    let lease = fresh.lease(&calls(), scope).await;
    fresh
        .store
        .record_failure(&lease, run, FaultKind::VendorFailed, "code 999999", 1, at(hour))
        .await
        .unwrap();
}

#[tokio::test]
async fn freshness_ends_at_the_first_gap_open_window_or_failure() {
    let fresh = fresh_store().await;
    declare(&fresh).await;
    assert_eq!(complete_to(&fresh).await, None);
    let scope = |number: i64| Scope::Window(window(number * 24, number * 24 + 24));
    // A gap at the beginning: nothing is complete.
    fresh.read(&calls(), scope(1), Vec::new(), 200).await;
    assert_eq!(complete_to(&fresh).await, None);
    fresh.read(&calls(), scope(0), vec![call("a", 1, 1)], 200).await;
    assert_eq!(complete_to(&fresh).await, Some(at(48)));
    // A gap in the middle.
    fresh.read(&calls(), scope(3), Vec::new(), 200).await;
    assert_eq!(complete_to(&fresh).await, Some(at(48)));
    // A window in the gap that was never read.
    fail(&fresh, scope(2), 201).await;
    assert_eq!(complete_to(&fresh).await, Some(at(48)));
    // Read, but not to its end.
    fresh.read(&calls(), scope(2), Vec::new(), 60).await;
    assert_eq!(complete_to(&fresh).await, Some(at(60)));
    fresh.read(&calls(), scope(2), Vec::new(), 202).await;
    assert_eq!(complete_to(&fresh).await, Some(at(96)));
    // A failure after a success takes nothing back, but is told.
    fail(&fresh, scope(1), 203).await;
    assert_eq!(complete_to(&fresh).await, Some(at(96)));
    let stream = of_calls(&fresh).await;
    let failure = stream.failure.unwrap();
    assert_eq!(
        (failure.scope.as_str(), failure.kind.as_str()),
        ("[2026-01-02T00:00:00Z, 2026-01-03T00:00:00Z)", "vendor_failed")
    );
    assert_eq!(failure.remedy, "");
    assert!(fresh.value::<bool>("select failing from bi.freshness where stream = 'sobot.call_result'").await);
    assert_eq!(
        (stream.windows.complete, stream.windows.open, stream.windows.failed, stream.windows.proven),
        (4, 0, 0, 4)
    );
    assert_eq!((stream.rows, stream.complete_from), (1, Some(at(0))));
}

#[tokio::test]
async fn a_first_window_that_begins_before_the_first_instant_wanted_is_no_gap() {
    let fresh = fresh_store().await;
    let streams = [StreamDeclaration {
        key: calls(),
        start: Some(at(5)),
        schedule: "s".into(),
        timezone: chrono_tz::UTC,
        window: None,
        enabled: true,
    }];
    fresh.store.declare(&streams).await.unwrap();
    fresh.read(&calls(), day(), Vec::new(), 200).await;
    assert_eq!(complete_to(&fresh).await, Some(at(24)));
}

#[tokio::test]
async fn a_failure_before_the_first_instant_wanted_is_forgotten() {
    let fresh = fresh_store().await;
    declare(&fresh).await;
    fail(&fresh, day(), 200).await;
    assert!(of_calls(&fresh).await.failure.is_some());
    let streams = [StreamDeclaration {
        key: calls(),
        start: Some(at(24)),
        schedule: "s".into(),
        timezone: chrono_tz::UTC,
        window: None,
        enabled: true,
    }];
    fresh.store.declare(&streams).await.unwrap();
    let stream = of_calls(&fresh).await;
    assert_eq!((stream.failure, stream.windows.failed), (None, 0));
}

#[tokio::test]
async fn the_status_is_healthy_once_everything_was_read_and_nothing_fails() {
    let fresh = fresh_store().await;
    declare(&fresh).await;
    let report = status(&fresh).await;
    assert!(!report.healthy, "nothing was ever read");
    assert_eq!(report.streams.len(), 2);
    fresh.read(&calls(), day(), Vec::new(), 200).await;
    fresh.read(&queues(), Scope::Snapshot, vec![queue("1", "一组")], 201).await;
    let report = status(&fresh).await;
    assert!(report.healthy);
    assert_eq!((report.generated_at, report.runs.len(), report.quarantine_open), (at(1000), 2, 0));
    let snapshot = &report.streams[0];
    assert_eq!(
        (snapshot.stream, snapshot.complete_to, snapshot.rows),
        (StreamId::MOOR_QUEUE, Some(at(201)), 1)
    );
    fail(&fresh, day(), 300).await;
    assert!(!status(&fresh).await.healthy);
    fresh.store.ping().await.unwrap();
}

#[tokio::test]
async fn declaring_again_writes_only_what_differs_and_keeps_the_ledger() {
    let fresh = fresh_store().await;
    declare(&fresh).await;
    let versions = "select string_agg(xmin::text || ctid::text, ',' order by stream) from sync.stream";
    let before: String = fresh
        .value("select string_agg(xmin::text || ctid::text, ',' order by stream) from sync.stream")
        .await;
    declare(&fresh).await;
    assert_eq!(sqlx::query_scalar::<_, String>(versions).fetch_one(&fresh.db).await.unwrap(), before);
    fresh.read(&calls(), day(), vec![call("a", 1, 1)], 200).await;
    fresh.store.declare(&[]).await.unwrap();
    assert!(status(&fresh).await.streams.is_empty());
    assert_eq!(fresh.store.reads(&calls(), None).await.unwrap().len(), 1);
    declare(&fresh).await;
    assert_eq!(complete_to(&fresh).await, Some(at(24)));
}

#[tokio::test]
async fn a_run_whose_worker_went_away_is_closed_as_interrupted_by_the_next() {
    let fresh = fresh_store().await;
    let start = RunStart { stream: calls(), trigger: Trigger::Schedule, worker: Uuid::new_v4(), now: at(1) };
    fresh.store.run_start(&start).await.unwrap();
    let alive = fresh.store.run_start(&start).await.unwrap();
    sqlx::query("update sync.run set heartbeat_at = now() - interval '2 minutes' where id <> $1")
        .bind(alive.0)
        .execute(&fresh.db)
        .await
        .unwrap();
    let next = fresh.store.run_start(&start).await.unwrap();
    fresh
        .store
        .run_finish(
            next,
            &RunEnd { outcome: RunOutcome::Partial, message: Some("two of three"), requests: 0, now: at(2) },
        )
        .await
        .unwrap();
    let runs = status(&fresh).await.runs;
    let outcomes: Vec<_> = runs.iter().map(|run| run.outcome.as_str()).collect();
    assert_eq!(outcomes, ["partial", "running", "interrupted"]);
    assert_eq!((runs[0].finished_at, runs[0].message.as_deref()), (Some(at(2)), Some("two of three")));
}
