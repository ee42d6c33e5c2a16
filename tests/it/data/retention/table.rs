//! Histories of what is read whole, and the feed's tables.

use std::time::Duration;

use ccsync::domain::stream::{StreamId, StreamKey};
use ccsync::engine::port::retention::{Retention as _, RetentionOrder};
use ccsync::engine::port::store::Scope;
use sqlx::AssertSqlSafe;
use uuid::Uuid;

use crate::data::store::support::*;
use crate::support::counted::{assert_rows_are_counted, count_anew};

const TERM: Duration = Duration::from_secs(60);

async fn expire(fresh: &Fresh, key: StreamKey, hour: i64) -> usize {
    let order = RetentionOrder { key, cut: at(hour) };
    let fence = fresh.store.retention_lease(&order.key, Uuid::new_v4(), TERM).await.unwrap().unwrap();
    let mut steps = 0;
    while !fresh.store.expire_step(&order, fence, TERM, 1).await.unwrap().is_empty() {
        steps += 1;
    }
    fresh.store.expire_end(&order, fence, at(hour)).await.unwrap();
    steps
}

#[tokio::test]
async fn old_versions_of_a_snapshot_go_and_what_the_vendor_reports_stays() {
    let fresh = fresh_store().await;
    let read = async |rows, hour| fresh.read(&queues(), Scope::Snapshot, rows, hour).await;
    read(vec![queue("1", "a"), queue("2", "x"), queue("3", "gone")], 1).await;
    read(vec![queue("1", "b"), queue("2", "x")], 2).await;
    read(vec![queue("1", "c"), queue("2", "x")], 50).await;
    assert_eq!(fresh.count("select count(*) from moor.queue_history").await, 3);
    assert_eq!(expire(&fresh, queues(), 24).await, 2, "one row of each table at a time");
    let names = "select string_agg(display_name, ',' order by exten) from moor.queue";
    assert_eq!(fresh.value::<String>(names).await, "c,x", "unchanged for long, and current");
    let versions = "select string_agg(display_name, ',') from moor.queue_history";
    assert_eq!(fresh.value::<String>(versions).await, "b", "it was current until hour 50");
    assert_rows_are_counted(&fresh.db).await;
    let counts = fresh.read(&queues(), Scope::Snapshot, vec![queue("1", "c"), queue("2", "x")], 60).await;
    assert_eq!((counts.inserted, counts.updated, counts.unchanged), (0, 0, 2));
}

#[tokio::test]
async fn of_a_feed_what_ended_or_came_long_ago_goes_and_what_lasts_stays() {
    let fresh = fresh_store().await;
    let run = "'00000000-0000-0000-0000-000000000001', 1";
    for sql in [
        format!(
            "insert into workbench.agent_status (source, extno, since, until, status_name, connection_id, message_no,
                revision, first_seen_at, changed_at, run_id)
            select 'workbench', '1001', since::timestamptz, until::timestamptz, 'idle', {run}, 1, now(), now(), 1
            from (values ('2026-01-01T01:00Z', '2026-01-01T02:00Z'), ('2026-01-01T02:00Z', '2026-01-02T02:00Z'),
                ('2026-01-02T02:00Z', null)) as v(since, until)"
        ),
        "insert into workbench.feed_gap (source, extno, since, until, reason, first_seen_at, changed_at, run_id)
        values ('workbench', '1001', '2026-01-01T00:00Z', '2026-01-01T01:00Z', 'closed', now(), now(), 1)"
            .to_owned(),
        format!(
            "insert into workbench.announcement (source, extno, connection_id, message_no, received_at, revision,
                first_seen_at, changed_at, run_id)
            select 'workbench', '1001', {run} + n, now() - interval '1 day' * n, 1, now(), now(), 1
            from generate_series(0, 1) n"
        ),
    ] {
        sqlx::query(AssertSqlSafe(sql)).execute(&fresh.db).await.unwrap();
    }
    sqlx::query("update workbench.announcement set received_at = '2026-01-01T05:00Z' where message_no = 1")
        .execute(&fresh.db)
        .await
        .unwrap();
    let feed = StreamKey { source: "workbench".into(), stream: StreamId::WORKBENCH_AGENT_MONITOR };
    let anew = count_anew("(values ('workbench', 'workbench.agent_monitor')) v (source, stream)");
    sqlx::raw_sql(AssertSqlSafe(anew)).execute(&fresh.db).await.unwrap();
    assert_eq!(expire(&fresh, feed, 24).await, 3);
    assert_rows_are_counted(&fresh.db).await;
    assert_eq!(fresh.count("select count(*) from workbench.agent_status").await, 2);
    assert_eq!(fresh.count("select count(*) from workbench.feed_gap").await, 0);
    assert_eq!(fresh.count("select count(*) from workbench.announcement").await, 1);
}
