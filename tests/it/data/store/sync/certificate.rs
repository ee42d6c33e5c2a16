//! What each committed read leaves as evidence.

use ccsync::domain::proof::certificate::Verdict;
use ccsync::engine::port::status::StatusRead as _;
use ccsync::engine::port::store::{Scope, Store as _};
use ccsync::report::status::StreamDeclaration;

use crate::data::store::support::*;

const CERTIFICATES: &str = "select count(*) from sync.certificate";

#[tokio::test]
async fn each_committed_read_leaves_its_certificate_with_what_it_counted() {
    let fresh = fresh_store().await;
    fresh.read(&calls(), day(), vec![call("a", 1, 1), call("b", 1, 1)], 48).await;
    fresh.read(&calls(), day(), vec![call("a", 2, 2), call("b", 1, 1), call("c", 1, 1)], 49).await;
    fresh.read(&queues(), Scope::Snapshot, vec![queue("1", "一组")], 50).await;
    let told: Vec<String> = sqlx::query_scalar(
        r#"
        select concat_ws(' ', stream, to_char(window_start at time zone 'UTC', 'MM-DD'), read_no, verdict,
            vendor_total, pages, requests, rows, inserted, updated, unchanged, superseded, deleted, quarantined)
        from sync.certificate order by id
        "#,
    )
    .fetch_all(&fresh.db)
    .await
    .unwrap();
    assert_eq!(
        told,
        [
            "sobot.call_result 01-01 1 proven 2 1 2 2 2 0 0 0 0 0",
            "sobot.call_result 01-01 2 proven 3 1 2 3 1 1 1 0 0 0",
            "moor.queue 1 proven 1 1 2 1 1 0 0 0 0 0",
        ]
    );
    let agrees = r#"
        select count(*) from sync.certificate c
        join sync.time_window w on (w.source, w.stream, w.window_start, w.window_end, w.reads, w.digest, w.run_id)
            = (c.source, c.stream, c.window_start, c.window_end, c.read_no, c.digest, c.run_id)
    "#;
    assert_eq!(fresh.count(agrees).await, 1);
    let same_instant = "select count(*) from sobot.call_result f join sync.certificate c \
        on c.run_id = f.run_id and c.committed_at = f.changed_at";
    assert_eq!(fresh.count(same_instant).await, 3);
}

#[tokio::test]
async fn a_commit_that_is_refused_leaves_no_certificate() {
    let fresh = fresh_store().await;
    let commit = fresh.commit(&calls(), day(), vec![call("a", 1, 1)], 48).await;
    sqlx::query("update sync.lease set fence = fence + 1").execute(&fresh.db).await.unwrap();
    fresh.store.commit(commit).await.unwrap_err();
    assert_eq!(fresh.count(CERTIFICATES).await, 0);
}

#[tokio::test]
async fn of_each_window_the_newest_fifty_and_the_last_thirty_five_days_are_kept() {
    let fresh = fresh_store().await;
    let other = Scope::Window(window(24, 48));
    fresh.read(&calls(), other, Vec::new(), 0).await;
    fresh.read(&queues(), Scope::Snapshot, Vec::new(), 0).await;
    // Four reads a day for 60 days: 240, of which those of the last 35 days stay.
    for number in 0..240 {
        fresh.read(&calls(), day(), Vec::new(), 48 + 6 * number).await;
    }
    let mine = "select count(*) from sync.certificate where window_start = '2026-01-01T00:00:00Z'";
    assert_eq!(fresh.count(mine).await, 35 * 4 + 1);
    // Years later the newest fifty are left.
    fresh.read(&calls(), day(), Vec::new(), 30_000).await;
    assert_eq!(fresh.count(mine).await, 50);
    let newest = "select max(read_no) - min(read_no) from sync.certificate where window_start = '2026-01-01T00:00:00Z'";
    assert_eq!(fresh.value::<i32>(newest).await, 49);
    // Other scopes keep theirs.
    assert_eq!(fresh.count(CERTIFICATES).await, 52);
    for number in 0..60 {
        fresh.read(&queues(), Scope::Snapshot, Vec::new(), 30_000 + 24 * number).await;
    }
    let snapshots = "select count(*) from sync.certificate where window_start is null";
    assert_eq!(fresh.count(snapshots).await, 50);
}

#[tokio::test]
async fn an_unverified_window_is_told_by_the_view_and_the_status() {
    let fresh = fresh_store().await;
    let streams = [StreamDeclaration {
        key: calls(),
        start: Some(at(0)),
        schedule: "s".into(),
        timezone: chrono_tz::UTC,
        window: None,
        enabled: true,
    }];
    fresh.store.declare(&streams).await.unwrap();
    let unverified = || async {
        let report = fresh.store.status(at(100)).await.unwrap();
        let view = fresh.count("select windows_unverified from bi.freshness").await;
        assert_eq!(report.streams[0].windows.unverified, view);
        view
    };
    let mut doubtful = fresh.commit(&calls(), day(), vec![call("a", 1, 1)], 48).await;
    doubtful.certificate.verdict = Verdict::Unverified;
    fresh.store.commit(doubtful).await.unwrap();
    assert_eq!(unverified().await, 1);
    fresh.read(&calls(), day(), vec![call("a", 1, 1)], 49).await;
    assert_eq!(unverified().await, 0);
}
