//! Rows that are no longer there, and records that cannot be read.

use ccsync::domain::certificate::Verdict;
use ccsync::engine::port::store::Scope;
use ccsync::engine::port::store::Store as _;

use crate::store::support::*;

const LIVE: &str = "select count(*) from sobot.call_result where deleted_at is null";
const ABSENT: &str = "select count(*) from sync.absence";

#[tokio::test]
async fn a_row_missing_from_two_reads_far_enough_apart_is_marked_deleted() {
    let fresh = fresh_store().await;
    fresh.read(&calls(), day(), vec![call("a", 1, 1), call("b", 1, 1)], 48).await;
    let counts = fresh.read(&calls(), day(), vec![call("a", 1, 1)], 50).await;
    assert_eq!((counts.deleted, fresh.count(ABSENT).await, fresh.count(LIVE).await), (0, 1, 2));
    // One hour is asked for; the same instant is not far enough.
    let counts = fresh.read(&calls(), day(), vec![call("a", 1, 1)], 50).await;
    assert_eq!((counts.deleted, fresh.count(LIVE).await), (0, 2));
    let counts = fresh.read(&calls(), day(), vec![call("a", 1, 1)], 51).await;
    assert_eq!((counts.deleted, fresh.count(LIVE).await, fresh.count(ABSENT).await), (1, 1, 0));
    assert_eq!(
        fresh.count("select count(*) from sobot.call_result where call_log_jestid = 'b' and revision = 2 and deleted_at = changed_at").await,
        1
    );
    assert_eq!(fresh.count("select count(*) from sobot.call_result_history where call_log_jestid = 'b' and revision = 1 and deleted_at is null").await, 1);
    // It stays as it is.
    let counts = fresh.read(&calls(), day(), vec![call("a", 1, 1)], 60).await;
    assert_eq!((counts.deleted, counts.unchanged), (0, 1));
}

#[tokio::test]
async fn a_row_that_comes_back_is_revived_and_the_history_keeps_its_absence() {
    let fresh = fresh_store().await;
    fresh.read(&calls(), day(), vec![call("a", 1, 5)], 48).await;
    fresh.read(&calls(), day(), Vec::new(), 50).await;
    fresh.read(&calls(), day(), Vec::new(), 52).await;
    assert_eq!(fresh.count(LIVE).await, 0);
    // Even in an earlier version: what the vendor reports exists.
    let counts = fresh.read(&calls(), day(), vec![call("a", 2, 1)], 54).await;
    assert_eq!((counts.inserted, counts.updated), (0, 1));
    assert_eq!(fresh.count("select count(*) from sobot.call_result where revision = 3 and deleted_at is null and total_score = 2").await, 1);
    assert_eq!(
        fresh
            .count(
                "select count(*) from sobot.call_result_history where revision = 2 and deleted_at is not null"
            )
            .await,
        1
    );
}

#[tokio::test]
async fn a_row_seen_again_is_absent_no_more_and_the_count_begins_anew() {
    let fresh = fresh_store().await;
    fresh.read(&calls(), day(), vec![call("a", 1, 1)], 48).await;
    fresh.read(&calls(), day(), Vec::new(), 50).await;
    assert_eq!(fresh.count(ABSENT).await, 1);
    fresh.read(&calls(), day(), vec![call("a", 1, 1)], 52).await;
    assert_eq!(fresh.count(ABSENT).await, 0);
    let counts = fresh.read(&calls(), day(), Vec::new(), 54).await;
    assert_eq!((counts.deleted, fresh.count(ABSENT).await), (0, 1));
}

#[tokio::test]
async fn a_row_is_not_marked_deleted_while_a_later_window_that_may_hold_it_was_not_read_since() {
    let fresh = fresh_store().await;
    let next = Scope::Window(window(24, 48));
    fresh.read(&calls(), day(), vec![call("a", 1, 1)], 30).await;
    fresh.read(&calls(), next, Vec::new(), 30).await;
    // Scored again in the other window, which cannot be read for a while.
    for now in [32, 34, 36] {
        fresh.read(&calls(), day(), Vec::new(), now).await;
        assert_eq!((fresh.count(ABSENT).await, fresh.count(LIVE).await), (1, 1), "at {now}");
    }
    // Read, and it is not there either: now it is gone.
    fresh.read(&calls(), next, Vec::new(), 38).await;
    let counts = fresh.read(&calls(), day(), Vec::new(), 40).await;
    assert_eq!((counts.deleted, fresh.count(LIVE).await), (1, 0));
}

#[tokio::test]
async fn a_row_that_moved_to_another_window_is_at_home_there_and_not_deleted() {
    let fresh = fresh_store().await;
    let next = Scope::Window(window(24, 48));
    fresh.read(&calls(), day(), vec![call("a", 1, 1)], 72).await;
    fresh.read(&calls(), day(), Vec::new(), 74).await;
    let counts = fresh.read(&calls(), next, vec![call("a", 1, 1)], 75).await;
    assert_eq!((counts.unchanged, fresh.count(ABSENT).await), (1, 0));
    let counts = fresh.read(&calls(), day(), Vec::new(), 80).await;
    assert_eq!((counts.deleted, fresh.count(ABSENT).await, fresh.count(LIVE).await), (0, 0, 1));
    assert_eq!(fresh.count("select count(*) from sobot.call_result where revision = 1 and window_start = '2026-01-02T00:00:00Z'").await, 1);
    // Its new home misses it in turn.
    fresh.read(&calls(), next, Vec::new(), 90).await;
    assert_eq!(fresh.read(&calls(), next, Vec::new(), 92).await.deleted, 1);
}

#[tokio::test]
async fn a_doubtful_read_and_one_with_rejects_delete_nothing() {
    let fresh = fresh_store().await;
    fresh.read(&calls(), day(), vec![call("a", 1, 1)], 48).await;
    for hour in [50, 52, 54] {
        let mut doubtful = fresh.commit(&calls(), day(), Vec::new(), hour).await;
        doubtful.certificate.verdict = Verdict::Unverified;
        assert_eq!(fresh.store.commit(doubtful).await.unwrap().deleted, 0);
        let mut rejecting = fresh.commit(&calls(), day(), Vec::new(), hour).await;
        rejecting.rejects.push(reject("{}"));
        assert_eq!(fresh.store.commit(rejecting).await.unwrap().deleted, 0);
    }
    assert_eq!((fresh.count(LIVE).await, fresh.count(ABSENT).await), (1, 0));

    fresh.read(&queues(), Scope::Snapshot, vec![queue("1", "一组")], 1).await;
    let mut doubtful = fresh.commit(&queues(), Scope::Snapshot, Vec::new(), 2).await;
    doubtful.certificate.verdict = Verdict::Unverified;
    assert_eq!(fresh.store.commit(doubtful).await.unwrap().deleted, 0);
    let mut rejecting = fresh.commit(&queues(), Scope::Snapshot, Vec::new(), 3).await;
    rejecting.rejects.push(reject("{}"));
    assert_eq!(fresh.store.commit(rejecting).await.unwrap().deleted, 0);
}

#[tokio::test]
async fn when_too_much_of_a_window_vanishes_at_once_nothing_is_marked_deleted() {
    let fresh = fresh_store().await;
    fresh.read(&calls(), day(), many_calls(200, 1), 48).await;
    let few: Vec<_> = many_calls(200, 1).into_iter().skip(21).collect();
    fresh.read(&calls(), day(), few.clone(), 50).await;
    let counts = fresh.read(&calls(), day(), few, 60).await;
    assert_eq!((counts.deleted, fresh.count(ABSENT).await, fresh.count(LIVE).await), (0, 21, 200));
    // Nineteen may go.
    let most: Vec<_> = many_calls(200, 1).into_iter().skip(19).collect();
    let counts = fresh.read(&calls(), day(), most, 70).await;
    assert_eq!((counts.deleted, fresh.count(ABSENT).await), (19, 0));
}

#[tokio::test]
async fn what_a_closed_snapshot_does_not_contain_is_marked_deleted_at_once_in_each_table() {
    let fresh = fresh_store().await;
    let all = vec![
        queue("1", "一组"),
        queue("2", "二组"),
        member("1", "8000"),
        member("2", "8000"),
        member("2", "8001"),
    ];
    let counts = fresh.read(&queues(), Scope::Snapshot, all, 1).await;
    assert_eq!(counts.inserted, 5);
    let counts =
        fresh.read(&queues(), Scope::Snapshot, vec![queue("1", "一组"), member("1", "8000")], 2).await;
    assert_eq!((counts.deleted, counts.unchanged), (3, 2));
    assert_eq!(fresh.count("select count(*) from moor.queue_member where deleted_at is null").await, 1);
    assert_eq!(fresh.count("select count(*) from moor.queue_member_history").await, 2);
    let counts = fresh
        .read(
            &queues(),
            Scope::Snapshot,
            vec![queue("1", "一组"), queue("2", "二组"), member("1", "8000")],
            3,
        )
        .await;
    assert_eq!((counts.deleted, counts.updated), (0, 1));
    let records = fresh.store.reads(&queues()).await.unwrap();
    assert_eq!((records.len(), records[0].reads, records[0].window), (1, 3, None));
}

#[tokio::test]
async fn a_record_that_cannot_be_read_is_kept_once_counted_and_resolved_when_it_is_gone() {
    let fresh = fresh_store().await;
    for hour in [48, 49] {
        let mut commit = fresh.commit(&calls(), day(), vec![call("a", 1, 1)], hour).await;
        commit.rejects = vec![reject("{\"x\": \"\0\"}"), reject("{\"y\": 2}")];
        assert_eq!(fresh.store.commit(commit).await.unwrap().quarantined, 2);
    }
    assert_eq!(fresh.count("select count(*) from sync.quarantine where state = 'open' and seen = 2 and first_seen_at < last_seen_at").await, 2);
    // Another window says nothing about this one's.
    fresh.read(&calls(), Scope::Window(window(24, 48)), Vec::new(), 50).await;
    assert_eq!(fresh.count("select count(*) from sync.quarantine where state = 'open'").await, 2);
    let mut commit = fresh.commit(&calls(), day(), vec![call("a", 1, 1)], 51).await;
    commit.rejects = vec![reject("{\"y\": 2}")];
    fresh.store.commit(commit).await.unwrap();
    assert_eq!(
        fresh
            .count(
                "select count(*) from sync.quarantine where state = 'resolved' and resolved_at is not null"
            )
            .await,
        1
    );
    assert_eq!(fresh.count("select count(*) from sync.quarantine where state = 'open'").await, 1);
    // It comes back.
    let mut commit = fresh.commit(&calls(), day(), vec![call("a", 1, 1)], 52).await;
    commit.rejects = vec![reject("{\"x\": \"\0\"}")];
    fresh.store.commit(commit).await.unwrap();
    assert_eq!(fresh.count("select count(*) from sync.quarantine where state = 'open' and resolved_at is null and seen = 3").await, 1);
}
