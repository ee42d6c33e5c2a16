//! What a commit writes, and what it leaves alone.

use std::time::Duration;

use ccsync::domain::fault::FaultKind;
use ccsync::domain::run::Counts;
use ccsync::domain::window::TimeWindow;
use ccsync::engine::port::store::{ReadState, Scope, Store as _};
use uuid::Uuid;

use crate::store::support::*;

#[tokio::test]
async fn a_first_commit_writes_rows_checkpoint_and_counts_and_ends_the_lease() {
    let fresh = fresh_store().await;
    let counts = fresh.read(&calls(), day(), vec![call("a", 90, 1), call("b", 80, 2)], 48).await;
    assert_eq!(counts, Counts { windows: 1, requests: 2, rows_read: 2, inserted: 2, ..Counts::default() });
    assert_eq!(
        fresh.count("select count(*) from sobot.call_result where revision = 1 and deleted_at is null").await,
        2
    );
    let ledger = fresh.store.reads(&calls()).await.unwrap();
    assert_eq!(ledger.len(), 1);
    assert_eq!(ledger[0].window, Some(window(0, 24)));
    assert_eq!((ledger[0].state, ledger[0].reads, ledger[0].rows), (ReadState::Complete, 1, 2));
    assert_eq!(ledger[0].complete_to, Some(at(24)));
    assert_eq!(fresh.count("select inserted + requests from sync.run").await, 4);
    assert_eq!(fresh.count("select count(*) from sync.lease").await, 0);
}

#[tokio::test]
async fn the_digest_in_the_ledger_is_the_one_of_the_certificate() {
    let fresh = fresh_store().await;
    let commit = fresh.commit(&calls(), day(), vec![call("a", 90, 1)], 48).await;
    let digest = commit.certificate.digest.0;
    fresh.store.commit(commit).await.unwrap();
    assert_eq!(fresh.store.reads(&calls()).await.unwrap()[0].digest, Some(digest));
}

/// Everything that PostgreSQL counts as a write to the tables of the vendors.
const WRITES: &str = r#"
select coalesce(sum(n_tup_ins + n_tup_upd + n_tup_del + n_dead_tup), 0)::bigint
from pg_stat_user_tables where schemaname in ('sobot', 'moor')
"#;

/// Each row version and its place, locks included.
const VERSIONS: &str = r#"
select coalesce(string_agg(ctid::text || xmin::text || xmax::text, ',' order by call_log_jestid), '')
from sobot.call_result
"#;

#[tokio::test]
async fn committing_the_same_rows_again_writes_nothing_to_the_fact_tables() {
    let fresh = fresh_store().await;
    let rows = many_calls(500, 90);
    fresh.read(&calls(), day(), rows.clone(), 48).await;
    let versions: String = fresh.value(VERSIONS).await;
    tokio::time::sleep(Duration::from_millis(1100)).await;
    fresh.store.close().await;
    let again = fresh.again().await;
    let before = again.count(WRITES).await;
    assert_eq!(before, 500);
    let counts = again.read(&calls(), day(), rows, 72).await;
    assert_eq!((counts.inserted, counts.updated, counts.unchanged), (0, 0, 500));
    again.store.close().await;
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert_eq!(again.count(WRITES).await, before);
    assert_eq!(again.value::<String>(VERSIONS).await, versions);
    assert_eq!(again.count("select reads::bigint from sync.time_window").await, 2);
}

#[tokio::test]
async fn a_neighbouring_window_that_shares_rows_writes_them_once_and_leaves_them_at_home() {
    let fresh = fresh_store().await;
    fresh.read(&calls(), day(), vec![call("a", 90, 1), call("edge", 80, 24)], 72).await;
    let versions: String = fresh.value(VERSIONS).await;
    let next = Scope::Window(window(24, 48));
    for _ in 0..2 {
        let counts = fresh.read(&calls(), next, vec![call("edge", 80, 24)], 72).await;
        assert_eq!((counts.inserted, counts.updated, counts.unchanged, counts.deleted), (0, 0, 1, 0));
        let counts = fresh.read(&calls(), day(), vec![call("a", 90, 1), call("edge", 80, 24)], 73).await;
        assert_eq!((counts.unchanged, counts.deleted), (2, 0));
    }
    assert_eq!(fresh.value::<String>(VERSIONS).await, versions);
    assert_eq!(fresh.count("select count(*) from sync.absence").await, 0);
}

#[tokio::test]
async fn a_changed_row_becomes_revision_two_and_its_first_version_goes_to_the_history() {
    let fresh = fresh_store().await;
    fresh.read(&calls(), day(), vec![call("a", 90, 1), call("b", 80, 1)], 48).await;
    let counts =
        fresh.read(&calls(), day(), vec![call("a", 95, 3), call("b", 80, 1), call("c", 1, 1)], 72).await;
    assert_eq!((counts.inserted, counts.updated, counts.unchanged), (1, 1, 1));
    assert_eq!(
        fresh.count("select count(*) from sobot.call_result where call_log_jestid = 'a' and revision = 2 and total_score = 95 and first_seen_at < changed_at").await,
        1
    );
    assert_eq!(
        fresh.count("select count(*) from sobot.call_result_history h join sobot.call_result t using (source, call_log_jestid) where h.revision = 1 and h.total_score = 90 and h.valid_from = h.changed_at and h.valid_to = t.changed_at").await,
        1
    );
    assert_eq!(fresh.count("select count(*) from sobot.call_result_history").await, 1);
}

#[tokio::test]
async fn an_older_version_does_not_replace_a_later_one() {
    let fresh = fresh_store().await;
    fresh.read(&calls(), day(), vec![call("a", 95, 9)], 48).await;
    for scope in [day(), Scope::Window(window(24, 48))] {
        let counts = fresh.read(&calls(), scope, vec![call("a", 90, 1)], 72).await;
        assert_eq!((counts.updated, counts.superseded, counts.deleted), (0, 1, 0));
    }
    assert_eq!(fresh.count("select total_score::bigint from sobot.call_result").await, 95);
}

#[tokio::test]
async fn of_two_equal_keys_in_one_read_the_later_version_wins_and_the_other_is_counted() {
    let fresh = fresh_store().await;
    let counts = fresh
        .read(&calls(), day(), vec![call("a", 95, 9), call("a", 90, 1), call("b", 1, 1), call("b", 2, 1)], 48)
        .await;
    assert_eq!((counts.inserted, counts.superseded), (2, 2));
    assert_eq!(
        fresh.count("select total_score::bigint from sobot.call_result where call_log_jestid = 'a'").await,
        95
    );
    assert_eq!(
        fresh.count("select total_score::bigint from sobot.call_result where call_log_jestid = 'b'").await,
        2
    );
}

#[tokio::test]
async fn two_sources_share_a_table_and_not_their_rows() {
    let fresh = fresh_store().await;
    let mut other = calls();
    other.source = "second".into();
    fresh.read(&calls(), day(), vec![call("a", 90, 1)], 48).await;
    let counts = fresh.read(&other, day(), vec![call("a", 70, 1)], 48).await;
    assert_eq!((counts.inserted, counts.updated), (1, 0));
    assert_eq!(fresh.count("select sum(total_score)::bigint from sobot.call_result").await, 160);
}

#[tokio::test]
async fn a_window_whose_end_is_too_young_stays_open() {
    let fresh = fresh_store().await;
    fresh.read(&calls(), day(), Vec::new(), 20).await;
    let ledger = fresh.store.reads(&calls()).await.unwrap();
    assert_eq!((ledger[0].state, ledger[0].complete_to), (ReadState::Open, Some(at(20))));
}

#[tokio::test]
async fn a_failure_changes_no_earlier_checkpoint_and_the_next_commit_clears_it() {
    let fresh = fresh_store().await;
    fresh.read(&calls(), day(), vec![call("a", 90, 1)], 48).await;
    for attempt in 1..=2 {
        let run = fresh.run(&calls()).await;
        let lease = fresh.lease(&calls(), day()).await;
        fresh
            .store
            .record_failure(&lease, run, FaultKind::Unreachable, "no answer", 3, at(50))
            .await
            .unwrap();
        let record = &fresh.store.reads(&calls()).await.unwrap()[0];
        assert_eq!((record.state, record.reads, record.read_at), (ReadState::Complete, 1, Some(at(48))));
        let failure = record.failure.as_ref().unwrap();
        assert_eq!((failure.attempts, failure.kind.as_str()), (attempt, "unreachable"));
    }
    assert_eq!(fresh.count("select sum(requests)::bigint from sync.run").await, 8);
    fresh.read(&calls(), day(), vec![call("a", 90, 1)], 72).await;
    assert_eq!(fresh.store.reads(&calls()).await.unwrap()[0].failure, None);
}

#[tokio::test]
async fn a_window_that_was_never_read_is_failed_and_then_complete() {
    let fresh = fresh_store().await;
    let run = fresh.run(&calls()).await;
    let lease = fresh.lease(&calls(), day()).await;
    fresh.store.record_failure(&lease, run, FaultKind::Unreachable, "no answer", 3, at(50)).await.unwrap();
    assert_eq!(fresh.store.reads(&calls()).await.unwrap()[0].state, ReadState::Failed);
    fresh.read(&calls(), day(), Vec::new(), 72).await;
    let record = &fresh.store.reads(&calls()).await.unwrap()[0];
    assert_eq!((record.state, record.reads), (ReadState::Complete, 1));
}

#[tokio::test]
async fn a_commit_whose_lease_ended_or_was_taken_over_writes_nothing() {
    let fresh = fresh_store().await;
    let commit = fresh.commit(&calls(), day(), vec![call("a", 90, 1)], 48).await;
    sqlx::query("update sync.lease set expires_at = now() - interval '1 second'")
        .execute(&fresh.db)
        .await
        .unwrap();
    let fault = fresh.store.commit(commit).await.unwrap_err();
    assert_eq!(fault.kind, FaultKind::LeaseLost);

    let late = fresh.commit(&calls(), day(), vec![call("a", 90, 1)], 48).await;
    sqlx::query("update sync.lease set expires_at = now() - interval '1 second'")
        .execute(&fresh.db)
        .await
        .unwrap();
    let taken = fresh.lease(&calls(), day()).await;
    assert!(late.lease.fence < taken.fence);
    let lease = late.lease.clone();
    assert_eq!(
        fresh.store.renew(&lease, Duration::from_secs(9)).await.unwrap_err().kind,
        FaultKind::LeaseLost
    );
    assert_eq!(fresh.store.commit(late).await.unwrap_err().kind, FaultKind::LeaseLost);
    fresh.store.release(&lease).await.unwrap();
    fresh.store.renew(&taken, Duration::from_secs(9)).await.unwrap();
    assert_eq!(fresh.count("select count(*) from sobot.call_result").await, 0);
    assert!(fresh.store.reads(&calls()).await.unwrap().is_empty());
    assert_eq!(fresh.count("select sum(windows)::bigint from sync.run").await, 0);
}

#[tokio::test]
async fn a_lease_is_given_to_one_worker_at_a_time() {
    let fresh = fresh_store().await;
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..12 {
        let store = fresh.store.clone();
        tasks.spawn(async move {
            store.lease(&calls(), day(), Uuid::new_v4(), Duration::from_secs(60)).await.unwrap()
        });
    }
    let given: Vec<_> = tasks.join_all().await.into_iter().flatten().collect();
    assert_eq!(given.len(), 1);
    fresh.store.release(&given[0]).await.unwrap();
    fresh.lease(&calls(), day()).await;
}

#[tokio::test]
async fn windows_that_share_rows_commit_side_by_side() {
    let fresh = fresh_store().await;
    let mut tasks = tokio::task::JoinSet::new();
    for number in 0..8 {
        let scope = Scope::Window(window(number * 24, number * 24 + 24));
        let mut rows: Vec<_> = (0..300).map(|shared| call(&format!("shared-{shared:03}"), 90, 1)).collect();
        rows.extend((0..300).map(|own| call(&format!("own-{number}-{own:03}"), 90, 1)));
        let commit = fresh.commit(&calls(), scope, rows, 500).await;
        let store = fresh.store.clone();
        tasks.spawn(async move { store.commit(commit).await.unwrap() });
    }
    let mut total = Counts::default();
    tasks.join_all().await.into_iter().for_each(|counts| total += counts);
    assert_eq!((total.inserted, total.unchanged, total.updated), (300 + 8 * 300, 7 * 300, 0));
    assert_eq!(fresh.count("select count(*) from sobot.call_result_history").await, 0);
    assert_eq!(fresh.count("select count(*) from sync.time_window").await, 8);
}

#[tokio::test]
async fn windows_that_bring_different_versions_of_the_same_rows_side_by_side_end_with_the_latest() {
    let fresh = fresh_store().await;
    let rows =
        |version: i64| (0..300).map(|id| call(&format!("{id:03}"), version, version)).collect::<Vec<_>>();
    fresh.read(&calls(), day(), rows(0), 48).await;
    let mut tasks = tokio::task::JoinSet::new();
    for number in 1..=8 {
        let scope = Scope::Window(window(number * 24, number * 24 + 24));
        let commit = fresh.commit(&calls(), scope, rows(number), 500 + number).await;
        let store = fresh.store.clone();
        tasks.spawn(async move { store.commit(commit).await.unwrap() });
    }
    let mut total = Counts::default();
    tasks.join_all().await.into_iter().for_each(|counts| total += counts);
    assert_eq!(total.updated + total.superseded + total.unchanged, 8 * 300);
    assert_eq!(fresh.count("select count(*) from sobot.call_result where total_score = 8").await, 300);
    let history = fresh.count("select count(*) from sobot.call_result_history").await;
    assert_eq!(history as u64, total.updated);
    assert_eq!(fresh.count("select sum(revision - 1)::bigint from sobot.call_result").await, history);
}

#[tokio::test]
async fn windows_of_another_length_replace_those_they_overlap_and_lose_no_row() {
    let fresh = fresh_store().await;
    let rows = vec![call("early", 1, 2), call("late", 1, 20), call("lost", 1, 20)];
    fresh.read(&calls(), day(), rows, 48).await;
    // Two halves instead of the day.
    let (left, right) = window(0, 24).split().unwrap();
    fresh.read(&calls(), Scope::Window(left), vec![call("early", 1, 2)], 72).await;
    assert_eq!(windows(&fresh).await, [left], "the rest of the day is a gap");
    assert_eq!(fresh.count("select count(*) from sync.absence").await, 0, "the others may be in the rest");
    fresh.read(&calls(), Scope::Window(right), vec![call("late", 1, 20)], 73).await;
    assert_eq!(windows(&fresh).await, [left, right]);
    assert_eq!(fresh.count("select count(*) from sync.absence where key[1] = 'lost'").await, 1);
    assert_eq!(
        fresh
            .count(
                "select count(*) from sobot.call_result where window_end - window_start = interval '12 hours'"
            )
            .await,
        3
    );
    // And the day again.
    let counts = fresh.read(&calls(), day(), vec![call("early", 1, 2), call("late", 1, 20)], 96).await;
    assert_eq!((counts.unchanged, counts.deleted), (2, 1));
    assert_eq!(windows(&fresh).await, [window(0, 24)]);
}

async fn windows(fresh: &Fresh) -> Vec<TimeWindow> {
    fresh.store.reads(&calls()).await.unwrap().into_iter().filter_map(|record| record.window).collect()
}
