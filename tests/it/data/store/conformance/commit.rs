//! What a commit writes, and what it leaves alone.

use ccsync::domain::fault::FaultKind;
use ccsync::domain::proof::certificate::Verdict;
use ccsync::domain::proof::run::Counts;
use ccsync::domain::proof::window::TimeWindow;
use ccsync::engine::port::store::{ReadState, Scope};

use super::{Ground, hours};
use crate::data::store::support::*;

pub async fn a_first_commit_writes_rows_checkpoint_and_counts_and_ends_the_lease(ground: &dyn Ground) {
    let counts = ground.read(&calls(), day(), vec![call("a", 90, 1), call("b", 80, 2)], 48).await;
    assert_eq!(counts, Counts { windows: 1, requests: 2, rows_read: 2, inserted: 2, ..Counts::default() });
    let ledger = ground.store().reads(&calls(), None).await.unwrap();
    assert_eq!(ledger.len(), 1);
    assert_eq!(ledger[0].window, Some(window(0, 24)));
    assert_eq!((ledger[0].state, ledger[0].reads, ledger[0].rows), (ReadState::Complete, 1, 2));
    assert_eq!(ledger[0].complete_to, Some(at(24)));
    let picture = ground.picture().await;
    assert!(picture.rows.iter().all(|line| (line.revision, line.deleted_at) == (1, None)));
    assert_eq!((picture.rows.len(), picture.leases), (2, 0));
    assert_eq!(picture.runs, [(1, vec![1, 2, 2, 2, 0, 0, 0, 0, 0])]);
}

pub async fn the_digest_in_the_ledger_is_the_one_of_the_certificate(ground: &dyn Ground) {
    let commit = ground.commit(&calls(), day(), vec![call("a", 90, 1)], 48).await;
    let digest = commit.certificate.digest.0;
    ground.store().commit(commit).await.unwrap();
    assert_eq!(ground.store().reads(&calls(), None).await.unwrap()[0].digest, Some(digest));
}

pub async fn a_neighbouring_window_that_shares_rows_leaves_them_to_their_owner(ground: &dyn Ground) {
    ground.read(&calls(), day(), vec![call("a", 90, 1), call("edge", 80, 24)], 72).await;
    let before = ground.picture().await.rows;
    let next = Scope::Window(window(24, 48));
    for _ in 0..2 {
        let counts = ground.read(&calls(), next, vec![call("edge", 80, 24)], 72).await;
        assert_eq!((counts.inserted, counts.updated, counts.unchanged, counts.deleted), (0, 0, 1, 0));
        let counts = ground.read(&calls(), day(), vec![call("a", 90, 1), call("edge", 80, 24)], 73).await;
        assert_eq!((counts.unchanged, counts.deleted), (2, 0));
    }
    let picture = ground.picture().await;
    assert_eq!((picture.rows, picture.absences), (before, Vec::new()));
}

pub async fn a_changed_row_becomes_revision_two_and_its_first_version_goes_to_the_history(
    ground: &dyn Ground,
) {
    ground.read(&calls(), day(), vec![call("a", 90, 1), call("b", 80, 1)], 48).await;
    let counts =
        ground.read(&calls(), day(), vec![call("a", 95, 3), call("b", 80, 1), call("c", 1, 1)], 72).await;
    assert_eq!((counts.inserted, counts.updated, counts.unchanged), (1, 1, 1));
    let now = ground.call("a").await.unwrap();
    assert_eq!((now.revision, now.hash), (2, call("a", 95, 3).hash.0));
    assert_eq!((now.first_seen_at, now.changed_at), (at(48), at(72)));
    let history = ground.picture().await.history;
    assert_eq!(history.len(), 1);
    assert_eq!((history[0].revision, history[0].hash), (1, call("a", 90, 1).hash.0));
    assert_eq!((history[0].changed_at, history[0].valid), (at(48), Some((at(48), at(72)))));
}

pub async fn a_commit_that_comes_late_does_not_turn_time_back(ground: &dyn Ground) {
    ground.read(&calls(), day(), vec![call("a", 1, 1)], 48).await;
    // Made at hour 50, and committed after one of hour 60.
    let late = ground.commit(&calls(), Scope::Window(window(24, 48)), vec![call("a", 3, 24)], 50).await;
    ground.read(&calls(), day(), vec![call("a", 2, 2)], 60).await;
    ground.store().commit(late).await.unwrap();
    assert_eq!(ground.call("a").await.unwrap().changed_at, at(60));
    let history = ground.picture().await.history;
    let valid: Vec<_> = history.iter().map(|line| line.valid.unwrap()).collect();
    assert_eq!(valid, [(at(48), at(60)), (at(60), at(60))]);
}

pub async fn an_older_version_does_not_replace_a_later_one(ground: &dyn Ground) {
    ground.read(&calls(), day(), vec![call("a", 95, 9)], 48).await;
    for scope in [day(), Scope::Window(window(24, 48))] {
        let counts = ground.read(&calls(), scope, vec![call("a", 90, 1)], 72).await;
        assert_eq!((counts.updated, counts.superseded, counts.deleted), (0, 1, 0));
    }
    assert_eq!(ground.call("a").await.unwrap().hash, call("a", 95, 9).hash.0);
}

pub async fn of_two_equal_keys_in_one_read_the_later_version_wins_and_the_other_is_counted(
    ground: &dyn Ground,
) {
    let rows = vec![call("a", 95, 9), call("a", 90, 1), call("b", 1, 1), call("b", 2, 1)];
    let counts = ground.read(&calls(), day(), rows, 48).await;
    assert_eq!((counts.inserted, counts.superseded), (2, 2));
    assert_eq!(ground.call("a").await.unwrap().hash, call("a", 95, 9).hash.0);
    assert_eq!(ground.call("b").await.unwrap().hash, call("b", 2, 1).hash.0);
}

pub async fn two_sources_share_a_table_and_not_their_rows(ground: &dyn Ground) {
    let mut other = calls();
    other.source = "second".into();
    ground.read(&calls(), day(), vec![call("a", 90, 1)], 48).await;
    let counts = ground.read(&other, day(), vec![call("a", 70, 1)], 48).await;
    assert_eq!((counts.inserted, counts.updated), (1, 0));
    let sources: Vec<_> = ground.picture().await.rows.into_iter().map(|line| line.source).collect();
    assert_eq!(sources, ["second", "sobot"]);
}

pub async fn a_window_whose_end_is_too_young_stays_open(ground: &dyn Ground) {
    ground.read(&calls(), day(), Vec::new(), 20).await;
    let ledger = ground.store().reads(&calls(), None).await.unwrap();
    assert_eq!((ledger[0].state, ledger[0].complete_to), (ReadState::Open, Some(at(20))));
}

async fn fail(ground: &dyn Ground) {
    let run = open_run(ground.store(), &calls()).await;
    let lease = ground.lease(&calls(), day()).await;
    let store = ground.store();
    store.record_failure(&lease, run, FaultKind::Unreachable, "no answer", 3, at(50)).await.unwrap();
}

pub async fn a_failure_changes_no_earlier_checkpoint_and_the_next_commit_clears_it(ground: &dyn Ground) {
    ground.read(&calls(), day(), vec![call("a", 90, 1)], 48).await;
    for attempt in 1..=2 {
        fail(ground).await;
        let record = &ground.store().reads(&calls(), None).await.unwrap()[0];
        assert_eq!((record.state, record.reads, record.read_at), (ReadState::Complete, 1, Some(at(48))));
        let failure = record.failure.as_ref().unwrap();
        assert_eq!((failure.attempts, failure.kind.as_str()), (attempt, "unreachable"));
    }
    let requests: i64 = ground.picture().await.runs.iter().map(|(_, counts)| counts[1]).sum();
    assert_eq!(requests, 8);
    ground.read(&calls(), day(), vec![call("a", 90, 1)], 72).await;
    assert_eq!(ground.store().reads(&calls(), None).await.unwrap()[0].failure, None);
}

pub async fn a_window_that_was_never_read_is_failed_and_then_complete(ground: &dyn Ground) {
    fail(ground).await;
    assert_eq!(ground.store().reads(&calls(), None).await.unwrap()[0].state, ReadState::Failed);
    ground.read(&calls(), day(), Vec::new(), 72).await;
    let record = &ground.store().reads(&calls(), None).await.unwrap()[0];
    assert_eq!((record.state, record.reads), (ReadState::Complete, 1));
}

async fn windows(ground: &dyn Ground) -> Vec<TimeWindow> {
    ground
        .store()
        .reads(&calls(), None)
        .await
        .unwrap()
        .into_iter()
        .filter_map(|record| record.window)
        .collect()
}

pub async fn windows_of_another_length_replace_those_they_overlap_and_lose_no_row(ground: &dyn Ground) {
    let rows = vec![call("early", 1, 2), call("late", 1, 20), call("lost", 1, 20)];
    ground.read(&calls(), day(), rows, 48).await;
    // Two halves instead of the day.
    let (left, right) = window(0, 24).split().unwrap();
    ground.read(&calls(), Scope::Window(left), vec![call("early", 1, 2)], 72).await;
    assert_eq!(windows(ground).await, [left], "the rest of the day is a gap");
    assert_eq!(ground.sizes().await.2, 0, "the others may be in the rest");
    ground.read(&calls(), Scope::Window(right), vec![call("late", 1, 20)], 73).await;
    assert_eq!(windows(ground).await, [left, right]);
    let picture = ground.picture().await;
    assert_eq!((picture.absences.len(), picture.absences[0].2.as_str()), (1, "lost/agent"));
    let half = |line: &super::Line| line.owner.is_some_and(|owner| owner.end - owner.start == hours(12));
    assert!(picture.rows.iter().all(half));
    // And the day again.
    let counts = ground.read(&calls(), day(), vec![call("early", 1, 2), call("late", 1, 20)], 96).await;
    assert_eq!((counts.unchanged, counts.deleted), (2, 1));
    assert_eq!(windows(ground).await, [window(0, 24)]);
}

pub async fn a_row_is_missed_though_its_window_was_split_twice_or_in_doubt(ground: &dyn Ground) {
    for (number, doubtful) in [(0, false), (1, true)] {
        let begin = number * 24;
        let id = format!("lost-{number}");
        let part = |from: i64, to: i64| Scope::Window(window(begin + from, begin + to));
        ground.read(&calls(), part(0, 24), vec![call(&id, 1, begin + 23)], 100).await;
        for (number, scope) in [part(0, 12), part(12, 18), part(18, 24)].into_iter().enumerate() {
            let mut commit = ground.commit(&calls(), scope, Vec::new(), 101).await;
            if doubtful && number < 2 {
                commit.certificate.verdict = Verdict::Unverified;
            }
            ground.store().commit(commit).await.unwrap();
        }
        let mut deleted = 0;
        for hour in [110, 120, 130] {
            for scope in [part(0, 12), part(12, 18), part(18, 24)] {
                deleted += ground.read(&calls(), scope, Vec::new(), hour).await.deleted;
            }
        }
        assert_eq!(deleted, 1, "doubtful: {doubtful}");
    }
}

pub async fn a_record_that_cannot_be_read_is_kept_once_counted_and_resolved_when_it_is_gone(
    ground: &dyn Ground,
) {
    let open = async || -> Vec<(String, i32)> {
        let entries = ground.picture().await.quarantine.into_iter().filter(|entry| entry.3);
        entries.map(|entry| (entry.1, entry.2)).collect()
    };
    let (x, y) = ("{\"x\": \"\\u0000\"}".to_owned(), "{\"y\": 2}".to_owned());
    for hour in [48, 49] {
        let mut commit = ground.commit(&calls(), day(), vec![call("a", 1, 1)], hour).await;
        commit.rejects = vec![reject("{\"x\": \"\0\"}"), reject("{\"y\": 2}")];
        assert_eq!(ground.store().commit(commit).await.unwrap().quarantined, 2);
    }
    assert_eq!(open().await, [(x.clone(), 2), (y.clone(), 2)]);
    // Another window says nothing about this one's.
    ground.read(&calls(), Scope::Window(window(24, 48)), Vec::new(), 50).await;
    assert_eq!(open().await.len(), 2);
    let mut commit = ground.commit(&calls(), day(), vec![call("a", 1, 1)], 51).await;
    commit.rejects = vec![reject("{\"y\": 2}")];
    ground.store().commit(commit).await.unwrap();
    assert_eq!(open().await, [(y, 3)]);
    // It comes back.
    let mut commit = ground.commit(&calls(), day(), vec![call("a", 1, 1)], 52).await;
    commit.rejects = vec![reject("{\"x\": \"\0\"}")];
    ground.store().commit(commit).await.unwrap();
    assert_eq!(open().await, [(x, 3)]);
}
