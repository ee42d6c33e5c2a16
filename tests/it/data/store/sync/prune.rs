//! What the ledger lets go of by age, and what outlives it.

use std::time::Duration;

use ccsync::domain::proof::run::RunOutcome;
use ccsync::engine::port::status::StatusRead as _;
use ccsync::engine::port::store::{RunEnd, RunStart, Store as _};
use ccsync::report::status::{StreamDeclaration, StreamStatus};
use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::data::store::support::*;

const KEPT: Duration = Duration::from_secs(90 * 86_400);

async fn declare(fresh: &Fresh) {
    let streams = [StreamDeclaration {
        key: calls(),
        start: Some(at(0)),
        schedule: "0 */10 * * * *".into(),
        timezone: chrono_tz::Asia::Shanghai,
        window: None,
        enabled: true,
    }];
    fresh.store.declare(&streams).await.unwrap();
}

/// A run that begins and ends at this hour after so many requests.
async fn run(fresh: &Fresh, hour: i64, requests: u64) {
    let start = RunStart {
        stream: calls(),
        trigger: ccsync::domain::proof::run::Trigger::Sync,
        worker: Uuid::new_v4(),
        now: at(hour),
    };
    let run = fresh.store.run_start(&start).await.unwrap();
    let end = RunEnd { outcome: RunOutcome::Succeeded, message: None, requests, now: at(hour) };
    fresh.store.run_finish(run, &end).await.unwrap();
}

async fn of_calls(fresh: &Fresh, now: DateTime<Utc>) -> StreamStatus {
    fresh.store.status(now).await.unwrap().streams.into_iter().next().unwrap()
}

/// What the chart of days was made of before runs were pruned.
const BY_RUNS: &str = "
    select coalesce(jsonb_agg(jsonb_build_array(day, runs, requests, rows_read, changes) order by day), '[]')
    from (
        select (r.started_at at time zone s.timezone)::date as day, count(*) as runs, sum(requests) as requests,
            sum(rows_read) as rows_read, sum(inserted + updated + deleted) as changes
        from sync.run r join sync.stream s on s.source = r.source and s.stream = r.stream and s.kind <> 'feed'
        group by 1
    ) days";
const BY_DAYS: &str = "
    select coalesce(jsonb_agg(jsonb_build_array(day, runs, requests, rows_read, changes) order by day), '[]') from sync.run_day";

#[tokio::test]
async fn the_days_of_runs_are_the_sums_of_runs_and_outlive_them() {
    let fresh = fresh_store().await;
    declare(&fresh).await;
    // 15:00 UTC is 23:00 of the business day, 17:00 UTC is 01:00 of the next.
    run(&fresh, 15, 3).await;
    run(&fresh, 17, 4).await;
    fresh.read(&calls(), day(), vec![call("a", 1, 1), call("b", 1, 1)], 48).await;
    fresh.read(&calls(), day(), vec![call("a", 2, 2)], 49).await;
    let by_runs: serde_json::Value = fresh.value(BY_RUNS).await;
    assert_eq!(fresh.value::<serde_json::Value>(BY_DAYS).await, by_runs);
    assert_eq!(by_runs[1], serde_json::json!(["2026-01-02", 1, 4, 0, 0]), "{by_runs}");

    let shown = of_calls(&fresh, at(30)).await.detail.days;
    assert_eq!(shown.len(), 30);
    let last: Vec<_> =
        shown.iter().rev().take(3).map(|day| (day.day.to_string(), day.runs, day.requests)).collect();
    let days = ["2026-01-02", "2026-01-01", "2025-12-31"].map(str::to_owned);
    let [second, first, before] = days;
    let of_first: i64 = by_runs[0][1].as_i64().unwrap();
    assert_eq!(last[0], (second, 1, 4));
    assert_eq!((&last[1].0, last[1].1), (&first, of_first));
    assert_eq!(last[2], (before, 0, 0));

    // The last run stays, and the days of all.
    fresh.store.prune_ledger(at(200 * 24), KEPT).await.unwrap();
    assert_eq!(fresh.value::<serde_json::Value>(BY_DAYS).await, by_runs);
    assert_eq!(fresh.count("select count(*) from sync.run where outcome = 'succeeded'").await, 1);
    fresh.store.prune_ledger(at(500 * 24), KEPT).await.unwrap();
    assert_eq!(fresh.count("select count(*) from sync.run_day").await, 0);
}

#[tokio::test]
async fn runs_dated_ahead_are_counted_today_once_the_clock_is_set_right() {
    let fresh = fresh_store().await;
    declare(&fresh).await;
    run(&fresh, 15, 3).await;
    run(&fresh, 15 + 240, 4).await;
    fresh.store.mend_ahead(&calls(), at(16), true).await.unwrap();
    let by_runs: serde_json::Value = fresh.value(BY_RUNS).await;
    assert_eq!(by_runs, serde_json::json!([["2026-01-01", 1, 3, 0, 0], ["2026-01-02", 1, 4, 0, 0]]));
    assert_eq!(fresh.value::<serde_json::Value>(BY_DAYS).await, by_runs);
}

#[tokio::test]
async fn old_runs_go_but_the_last_of_each_stream_and_what_is_under_way() {
    let fresh = fresh_store().await;
    declare(&fresh).await;
    let insert = "
        insert into sync.run (source, stream, trigger, worker, started_at, outcome)
        select source, 'sobot.call_result', 'schedule', gen_random_uuid(), $1 - make_interval(days => age), outcome
        from (values ('busy', 1, 'succeeded'), ('busy', 89, 'failed'), ('busy', 91, 'succeeded'), ('busy', 95, 'running'),
            ('busy', 400, 'partial'), ('idle', 300, 'succeeded'), ('idle', 300, 'failed'), ('idle', 301, 'succeeded'))
            runs (source, age, outcome)";
    let now = at(9_000);
    sqlx::query(insert).bind(now).execute(&fresh.db).await.unwrap();
    let removed = fresh.store.prune_ledger(now, KEPT).await.unwrap();
    assert_eq!(removed, [("sync.run", 4)]);
    let left: String =
        fresh.value("select string_agg(source || ' ' || outcome, ', ' order by id) from sync.run").await;
    // Of two that began at once the later number is the last.
    assert_eq!(left, "busy succeeded, busy failed, busy running, idle failed");
    assert_eq!(fresh.store.prune_ledger(now, KEPT).await.unwrap(), []);
}

#[tokio::test]
async fn a_window_read_no_more_keeps_fifty_certificates() {
    let fresh = fresh_store().await;
    fresh.read(&calls(), day(), Vec::new(), 0).await;
    fresh.read(&queues(), ccsync::engine::port::store::Scope::Snapshot, vec![queue("1", "一组")], 0).await;
    let more = "
        insert into sync.certificate (source, stream, window_start, window_end, rows, requests, pages, digest, verdict, read_at,
            run_id, read_no, committed_at, inserted, updated, unchanged, superseded, deleted, quarantined)
        select source, stream, window_start, window_end, rows, requests, pages, digest, verdict, read_at, run_id, n,
            committed_at + make_interval(mins => n), inserted, updated, unchanged, superseded, deleted, quarantined
        from sync.certificate cross join generate_series(2, 70) n";
    sqlx::query(more).execute(&fresh.db).await.unwrap();
    assert_eq!(fresh.store.prune_ledger(at(35 * 24), KEPT).await.unwrap(), [], "35 days are kept");
    let removed = fresh.store.prune_ledger(at(40 * 24), KEPT).await.unwrap();
    assert_eq!(removed, [("sync.certificate", 40)]);
    let kept = "select min(read_no)::bigint from sync.certificate where window_start is not null";
    assert_eq!(fresh.count(kept).await, 21);
}

#[tokio::test]
async fn what_was_resolved_ended_or_learned_long_ago_goes_and_what_a_person_decided_stays() {
    let fresh = fresh_store().await;
    let now = at(30_000);
    let fill = "
        with ages(days) as (values (1), (29), (31), (89), (91), (399), (401), (800)), aged as (
            select days, $1::timestamptz - make_interval(days => days) as at from ages
        ), quarantined as (
            insert into sync.quarantine (source, stream, payload, payload_hash, reason, run_id, first_seen_at, last_seen_at,
                state, resolved_at)
            select 'one', 'moor.queue', 'x', gen_random_uuid(), state, 1, at, at, state,
                case when state <> 'open' then at end
            from aged cross join unnest(array['open', 'resolved', 'retried', 'dropped']) state
        ), leases as (
            insert into sync.lease (name, worker, fence, acquired_at, expires_at)
            select 'lease ' || days, gen_random_uuid(), days, at, at from aged
        ), rereads as (
            insert into sync.reread_day (source, stream, day, requests) select 'one', 's', at::date, 1 from aged
        )
        insert into sync.revision_lag (source, stream, month, age_hours, changes, rows, windows)
        select 'one', 's', date_trunc('month', at)::date, days, 1, 1, 1 from aged";
    sqlx::query(fill).bind(now).execute(&fresh.db).await.unwrap();
    let removed = fresh.store.prune_ledger(now, KEPT).await.unwrap();
    let expected =
        [("sync.quarantine", 8), ("sync.lease", 6), ("sync.reread_day", 2), ("sync.revision_lag", 1)];
    assert_eq!(removed, expected);
    let decided = "select count(*) from sync.quarantine where state in ('open', 'dropped')";
    assert_eq!(fresh.count(decided).await, 16);
}

#[tokio::test]
async fn what_a_run_wrote_is_explained_and_shown_without_its_record() {
    let fresh = fresh_store().await;
    declare(&fresh).await;
    fresh.read(&calls(), day(), vec![call("a", 1, 1)], 48).await;
    sqlx::query("delete from sync.run").execute(&fresh.db).await.unwrap();
    let stories = fresh.store.explain(&["a"]).await.unwrap();
    let version = &stories[0].versions[0];
    assert_eq!((version.run.started_at, version.run.outcome.as_deref()), (None, None));
    assert!(version.read.is_some(), "its certificate is there");
    let report = fresh.store.window(&calls(), Some(at(0)), at(50)).await.unwrap().unwrap();
    assert_eq!((report.certificates.len(), report.rows), (1, 1));
    assert!(of_calls(&fresh, at(50)).await.watch.last_run_at.is_some(), "the last read says when");
}
