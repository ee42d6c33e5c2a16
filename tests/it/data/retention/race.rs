//! What a read that is under way may still bring, and what it may not.

use std::time::Duration;

use ccsync::domain::fault::FaultKind;
use ccsync::engine::port::retention::{Retention as _, RetentionOrder};
use ccsync::engine::port::store::{Scope, Store as _};
use uuid::Uuid;

use crate::data::store::support::*;

const TERM: Duration = Duration::from_secs(60);

/// Removes all calls of windows that ended by this hour.
async fn expire(fresh: &Fresh, hour: i64) {
    let order = RetentionOrder { key: calls(), cut: at(hour) };
    let fence = fresh.store.retention_lease(&calls(), Uuid::new_v4(), TERM).await.unwrap().unwrap();
    while !fresh.store.expire_step(&order, fence, TERM, 2).await.unwrap().is_empty() {}
    fresh.store.expire_end(&order, fence, at(hour)).await.unwrap();
}

#[tokio::test]
async fn a_read_of_a_window_that_expired_meanwhile_is_refused() {
    let fresh = fresh_store().await;
    let late = fresh.commit(&calls(), day(), many_calls(5, 80), 30).await;
    expire(&fresh, 24).await;
    let refused = fresh.store.commit(late).await.unwrap_err();
    assert_eq!(refused.kind, FaultKind::Outdated);
    assert_eq!(fresh.count("select count(*) from sobot.call_result").await, 0);
    assert_eq!(fresh.count("select count(*) from sync.time_window").await, 0);
    let next = Scope::Window(window(24, 48));
    fresh.read(&calls(), next, many_calls(5, 80), 50).await;
    assert_eq!(fresh.count("select count(*) from sobot.call_result").await, 5);
}

#[tokio::test]
async fn a_row_on_the_bound_of_a_kept_window_stays_there_with_its_history() {
    let fresh = fresh_store().await;
    let next = Scope::Window(window(24, 48));
    fresh.read(&calls(), day(), vec![call("bound", 80, 24), call("old", 80, 3)], 30).await;
    fresh.read(&calls(), next, vec![call("bound", 80, 24)], 50).await;
    fresh.read(&calls(), day(), vec![call("bound", 90, 25), call("old", 80, 3)], 60).await;
    expire(&fresh, 24).await;
    let home: Vec<(String, i32, bool)> = sqlx::query_as(
        "select call_log_jestid, revision, window_start = '2026-01-02T00:00:00Z' from sobot.call_result",
    )
    .fetch_all(&fresh.db)
    .await
    .unwrap();
    assert_eq!(home, [("bound".to_owned(), 2, true)]);
    let counts = fresh.read(&calls(), next, vec![call("bound", 90, 25)], 70).await;
    assert_eq!((counts.inserted, counts.updated, counts.unchanged), (0, 0, 1));
    assert_eq!(fresh.count("select count(*) from sync.observation").await, 0);
}
