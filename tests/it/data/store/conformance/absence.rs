//! Rows that are no longer there.

use ccsync::domain::proof::certificate::Verdict;
use ccsync::engine::port::store::{Commit, Scope};

use super::Ground;
use crate::data::store::support::*;

pub async fn a_row_missing_from_two_reads_far_enough_apart_is_marked_deleted(ground: &dyn Ground) {
    ground.read(&calls(), day(), vec![call("a", 1, 1), call("b", 1, 1)], 48).await;
    let counts = ground.read(&calls(), day(), vec![call("a", 1, 1)], 50).await;
    assert_eq!((counts.deleted, ground.sizes().await), (0, (2, 0, 1)));
    // One hour is asked for; the same instant is not far enough.
    let counts = ground.read(&calls(), day(), vec![call("a", 1, 1)], 50).await;
    assert_eq!((counts.deleted, ground.sizes().await.0), (0, 2));
    let counts = ground.read(&calls(), day(), vec![call("a", 1, 1)], 51).await;
    assert_eq!((counts.deleted, ground.sizes().await), (1, (1, 1, 0)));
    let gone = ground.call("b").await.unwrap();
    assert_eq!((gone.revision, gone.deleted_at, gone.changed_at), (2, Some(at(51)), at(51)));
    let before = &ground.picture().await.history[0];
    assert_eq!((before.key.as_str(), before.revision, before.deleted_at), ("b/agent", 1, None));
    // It stays as it is.
    let counts = ground.read(&calls(), day(), vec![call("a", 1, 1)], 60).await;
    assert_eq!((counts.deleted, counts.unchanged), (0, 1));
}

pub async fn a_row_that_comes_back_is_revived_and_the_history_keeps_its_absence(ground: &dyn Ground) {
    ground.read(&calls(), day(), vec![call("a", 1, 5)], 48).await;
    ground.read(&calls(), day(), Vec::new(), 50).await;
    ground.read(&calls(), day(), Vec::new(), 52).await;
    assert_eq!(ground.sizes().await.0, 0);
    // Even in an earlier version: what the vendor reports exists.
    let counts = ground.read(&calls(), day(), vec![call("a", 2, 1)], 54).await;
    assert_eq!((counts.inserted, counts.updated), (0, 1));
    let back = ground.call("a").await.unwrap();
    assert_eq!((back.revision, back.deleted_at, back.hash), (3, None, call("a", 2, 1).hash.0));
    let history = ground.picture().await.history;
    let gone: Vec<_> = history.iter().map(|line| (line.revision, line.deleted_at)).collect();
    assert_eq!(gone, [(1, None), (2, Some(at(52)))]);
}

pub async fn a_row_seen_again_is_absent_no_more_and_the_count_begins_anew(ground: &dyn Ground) {
    ground.read(&calls(), day(), vec![call("a", 1, 1)], 48).await;
    ground.read(&calls(), day(), Vec::new(), 50).await;
    assert_eq!(ground.sizes().await.2, 1);
    ground.read(&calls(), day(), vec![call("a", 1, 1)], 52).await;
    assert_eq!(ground.sizes().await.2, 0);
    let counts = ground.read(&calls(), day(), Vec::new(), 54).await;
    assert_eq!((counts.deleted, ground.sizes().await.2), (0, 1));
}

pub async fn a_row_is_not_marked_deleted_while_a_later_window_that_may_hold_it_was_not_read_since(
    ground: &dyn Ground,
) {
    let next = Scope::Window(window(24, 48));
    ground.read(&calls(), day(), vec![call("a", 1, 1)], 30).await;
    ground.read(&calls(), next, Vec::new(), 30).await;
    // Scored again in the other window, which cannot be read for a while.
    for now in [32, 34, 36] {
        ground.read(&calls(), day(), Vec::new(), now).await;
        assert_eq!(ground.sizes().await, (1, 0, 1), "at {now}");
    }
    // Read, and it is not there either: now it is gone.
    ground.read(&calls(), next, Vec::new(), 38).await;
    let counts = ground.read(&calls(), day(), Vec::new(), 40).await;
    assert_eq!((counts.deleted, ground.sizes().await.0), (1, 0));
}

pub async fn a_row_that_moved_to_another_window_is_owned_there_and_not_deleted(ground: &dyn Ground) {
    let next = Scope::Window(window(24, 48));
    ground.read(&calls(), day(), vec![call("a", 1, 1)], 72).await;
    ground.read(&calls(), day(), Vec::new(), 74).await;
    let counts = ground.read(&calls(), next, vec![call("a", 1, 1)], 75).await;
    assert_eq!((counts.unchanged, ground.sizes().await.2), (1, 0));
    let counts = ground.read(&calls(), day(), Vec::new(), 80).await;
    assert_eq!((counts.deleted, ground.sizes().await), (0, (1, 0, 0)));
    let row = ground.call("a").await.unwrap();
    assert_eq!((row.revision, row.owner), (1, Some(window(24, 48))));
    // Its new owning window misses it in turn.
    ground.read(&calls(), next, Vec::new(), 90).await;
    assert_eq!(ground.read(&calls(), next, Vec::new(), 92).await.deleted, 1);
}

pub async fn a_doubtful_read_and_one_with_rejects_delete_nothing(ground: &dyn Ground) {
    for (stream, scope, row) in
        [(calls(), day(), call("a", 1, 1)), (queues(), Scope::Snapshot, queue("1", "一组"))]
    {
        ground.read(&stream, scope, vec![row], 48).await;
        for hour in [50, 52, 54] {
            let mut doubtful = ground.commit(&stream, scope, Vec::new(), hour).await;
            doubtful.certificate.verdict = Verdict::Unverified;
            assert_eq!(ground.store().commit(doubtful).await.unwrap().deleted, 0);
            let mut rejecting = ground.commit(&stream, scope, Vec::new(), hour).await;
            rejecting.rejects.push(reject("{}"));
            assert_eq!(ground.store().commit(rejecting).await.unwrap().deleted, 0);
        }
    }
    assert_eq!(ground.sizes().await, (2, 0, 0));
}

pub async fn when_too_much_of_a_window_vanishes_at_once_nothing_is_marked_deleted(ground: &dyn Ground) {
    ground.read(&calls(), day(), many_calls(200, 1), 48).await;
    let few: Vec<_> = many_calls(200, 1).into_iter().skip(21).collect();
    ground.read(&calls(), day(), few.clone(), 50).await;
    let counts = ground.read(&calls(), day(), few, 60).await;
    assert_eq!((counts.deleted, ground.sizes().await), (0, (200, 0, 21)));
    // Nineteen may go.
    let most: Vec<_> = many_calls(200, 1).into_iter().skip(19).collect();
    let counts = ground.read(&calls(), day(), most, 70).await;
    assert_eq!((counts.deleted, ground.sizes().await.2), (19, 0));
}

pub async fn what_a_closed_snapshot_does_not_contain_is_marked_deleted_at_once_in_each_table(
    ground: &dyn Ground,
) {
    let (one, two) = (queue("1", "一组"), queue("2", "二组"));
    let stays = member("1", "8000");
    let all = vec![one.clone(), two.clone(), stays.clone(), member("2", "8000"), member("2", "8001")];
    assert_eq!(ground.read(&queues(), Scope::Snapshot, all, 1).await.inserted, 5);
    let counts = ground.read(&queues(), Scope::Snapshot, vec![one.clone(), stays.clone()], 2).await;
    assert_eq!((counts.deleted, counts.unchanged), (3, 2));
    assert_eq!(ground.sizes().await, (2, 3, 0));
    let counts = ground.read(&queues(), Scope::Snapshot, vec![one, two, stays], 3).await;
    assert_eq!((counts.deleted, counts.updated), (0, 1));
    let records = ground.store().reads(&queues(), None).await.unwrap();
    assert_eq!((records.len(), records[0].reads, records[0].window), (1, 3, None));
}

pub async fn members_of_groups_that_came_without_their_lists_are_deleted_after_a_second_read_alone(
    ground: &dyn Ground,
) {
    let (one, two) = (queue("1", "一组"), queue("2", "二组"));
    let all = vec![one.clone(), two.clone(), member("1", "8000"), member("2", "8000")];
    assert_eq!(ground.read(&queues(), Scope::Snapshot, all, 1).await.inserted, 4);
    let without = async |rows, now| {
        let commit = ground.commit(&queues(), Scope::Snapshot, rows, now).await;
        ground.store().commit(Commit { lacks_list: true, ..commit }).await.unwrap()
    };
    let counts = without(vec![one.clone(), two.clone(), member("1", "8000")], 2).await;
    assert_eq!((counts.deleted, ground.sizes().await), (0, (4, 0, 1)));
    // The groups themselves are all there.
    let counts = without(vec![one.clone(), member("1", "8000")], 3).await;
    assert_eq!((counts.deleted, ground.sizes().await), (2, (2, 2, 0)));
}

pub async fn rows_of_pseudonyms_that_no_read_brings_any_more_are_no_mass_absence(ground: &dyn Ground) {
    let pseudonyms: Vec<_> = (0..40).map(|row| call(&format!("forgotten-{row}"), 1, 1)).collect();
    let stays = call("a", 1, 1);
    ground.read(&calls(), day(), [pseudonyms, vec![stays.clone()]].concat(), 48).await;
    ground.read(&calls(), day(), vec![stays.clone()], 50).await;
    let counts = ground.read(&calls(), day(), vec![stays], 52).await;
    assert_eq!((counts.deleted, ground.sizes().await), (40, (1, 40, 0)));
}
