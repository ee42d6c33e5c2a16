//! Whatever is cut off in the middle leaves nothing half.

use std::time::Duration;

use ccsync::domain::fault::FaultKind;
use ccsync::domain::proof::quarantine::QuarantineFilter;
use ccsync::engine::port::store::Store as _;

use crate::data::store::support::*;
use crate::support::harness::eventually;

#[tokio::test]
async fn a_backend_killed_in_the_middle_of_a_commit_leaves_nothing_half_and_the_next_try_succeeds() {
    let fresh = fresh_store().await;
    fresh.read(&calls(), day(), many_calls(3000, 1), 48).await;
    let mut lost = 0;
    for round in 0..12u64 {
        let commit = fresh.commit(&calls(), day(), many_calls(3000, 2 + round as i64), 50).await;
        let store = fresh.store.clone();
        let task = tokio::spawn(async move { store.commit(commit).await });
        tokio::time::sleep(Duration::from_millis(10 + 20 * round)).await;
        sqlx::query("select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'ccsync' and datname = current_database()")
            .execute(&fresh.db)
            .await
            .unwrap();
        let outcome = task.await.unwrap();
        if let Err(fault) = &outcome {
            lost += 1;
            assert_eq!(fault.kind, FaultKind::DatabaseUnreachable, "{fault}");
        }
        let reads = fresh.count("select reads::bigint from sync.time_window").await;
        let scores = fresh.count("select count(distinct total_score) from sobot.call_result").await;
        assert_eq!(scores, 1, "old and new rows are mixed");
        let history = fresh.count("select count(*) from sobot.call_result_history").await;
        assert_eq!(history, (reads - 1) * 3000);
        assert_eq!(fresh.count("select sum(windows)::bigint from sync.run").await, reads);
        sqlx::query("delete from sync.lease").execute(&fresh.db).await.unwrap();
    }
    assert!(0 < lost, "no round hit the commit");
    let counts = fresh.read(&calls(), day(), many_calls(3000, 99), 60).await;
    assert_eq!(counts.updated, 3000);
}

#[tokio::test]
async fn a_commit_dropped_half_way_leaves_nothing_and_the_connection_serves_on() {
    let fresh = fresh_store().await;
    for round in 0..10u64 {
        let commit = fresh.commit(&calls(), day(), many_calls(3000, 1), 48).await;
        let cut =
            tokio::time::timeout(Duration::from_millis(5 + 8 * round), fresh.store.commit(commit)).await;
        let whole = cut.is_ok_and(|outcome| outcome.is_ok());
        tokio::time::sleep(Duration::from_millis(50)).await;
        let rows = fresh.count("select count(*) from sobot.call_result").await;
        assert!(rows == 0 || rows == 3000, "{rows}");
        assert!(!whole || rows == 3000);
        sqlx::query("delete from sync.lease").execute(&fresh.db).await.unwrap();
    }
    let counts = fresh.read(&calls(), day(), many_calls(3000, 1), 60).await;
    assert_eq!(counts.inserted + counts.unchanged, 3000);
}

#[tokio::test]
async fn a_retry_whose_caller_goes_away_half_way_ends_whole_and_the_connection_serves_on() {
    let fresh = fresh_store().await;
    let mut commit = fresh.commit(&calls(), day(), Vec::new(), 48).await;
    commit.rejects = vec![reject("{}")];
    fresh.store.commit(commit).await.unwrap();
    let entry = fresh.store.quarantined(&QuarantineFilter::default()).await.unwrap().remove(0);
    let run = fresh.run(&calls()).await;
    for round in 0..6u64 {
        sqlx::query("update sync.quarantine set state = 'open'").execute(&fresh.db).await.unwrap();
        let rows = many_calls(3000, 2 + round as i64);
        let retry = fresh.store.commit_retried(&entry, &rows, run, at(50));
        let _ = tokio::time::timeout(Duration::from_millis(5 + 8 * round), retry).await;
        eventually(Duration::from_secs(30), async || {
            match fresh.count("select count(*) from sync.quarantine where state = 'retried'").await {
                1 => Ok(()),
                _ => Err("the retry was dropped with its caller".to_owned()),
            }
        })
        .await;
        assert_eq!(fresh.count("select count(*) from sobot.call_result").await, 3000);
        let scores = "select count(distinct total_score) from sobot.call_result";
        assert_eq!(fresh.count(scores).await, 1, "old and new rows are mixed");
    }
    assert_eq!(fresh.read(&calls(), day(), many_calls(3000, 7), 60).await.unchanged, 3000);
}
