//! Rows that a window contains although another one owns them.

use ccsync::domain::proof::certificate::Verdict;
use ccsync::engine::port::store::{Scope, Store as _};

use crate::data::store::support::*;

const LIVE: &str = "select count(*) from sobot.call_result where deleted_at is null";
const SIGHTINGS: &str = "select count(*) from sync.observation";
const ABSENT: &str = "select count(*) from sync.absence";
const OWNED_BY_NEXT: &str =
    "select count(*) from sobot.call_result where revision = 1 and window_start = '2026-01-02T00:00:00Z'";

fn next() -> Scope {
    Scope::Window(window(24, 48))
}

#[tokio::test]
async fn a_row_seen_next_door_before_its_home_misses_it_is_never_marked_deleted() {
    let fresh = fresh_store().await;
    fresh.read(&calls(), day(), vec![call("a", 1, 1)], 72).await;
    fresh.read(&calls(), next(), vec![call("a", 1, 1)], 73).await;
    // The neighbour is never read again; its owning window misses the row as often as it likes.
    for hour in [74, 76, 78] {
        assert_eq!(fresh.read(&calls(), day(), Vec::new(), hour).await.deleted, 0);
    }
    let found = (fresh.count(LIVE).await, fresh.count(OWNED_BY_NEXT).await);
    assert_eq!((found, fresh.count(ABSENT).await, fresh.count(SIGHTINGS).await), ((1, 1), 0, 0));
    // Its new owning window has to confirm it: it is due again whatever its age.
    let verdict = fresh.store.reads(&calls(), None).await.unwrap()[1].verdict;
    assert_eq!(verdict, Some(Verdict::Unverified));
}

#[tokio::test]
async fn a_row_on_a_common_bound_is_noted_once_and_a_re_read_writes_nothing() {
    let fresh = fresh_store().await;
    let rows = || vec![call("bound", 1, 1)];
    let versions = "select string_agg(xmin::text || ctid::text, ',') from sync.observation";
    fresh.read(&calls(), day(), rows(), 72).await;
    fresh.read(&calls(), next(), rows(), 72).await;
    let before: String = fresh.value(versions).await;
    for hour in 73..76 {
        for scope in [day(), next()] {
            let counts = fresh.read(&calls(), scope, rows(), hour).await;
            assert_eq!((counts.unchanged, counts.updated), (1, 0));
        }
    }
    assert_eq!(fresh.value::<String>(versions).await, before);
    assert_eq!(fresh.count("select count(*) from sobot.call_result where window_start = '2026-01-01T00:00:00Z' and revision = 1").await, 1);
}

#[tokio::test]
async fn a_row_on_a_common_bound_that_is_deleted_is_found_within_two_rounds() {
    for order in [[day(), next()], [next(), day()]] {
        let fresh = fresh_store().await;
        for scope in order {
            fresh.read(&calls(), scope, vec![call("bound", 1, 1)], 72).await;
        }
        let mut deleted = 0;
        for hour in [74, 76] {
            for scope in order {
                deleted += fresh.read(&calls(), scope, Vec::new(), hour).await.deleted;
            }
        }
        let left = (fresh.count(LIVE).await, fresh.count(SIGHTINGS).await, fresh.count(ABSENT).await);
        assert_eq!((deleted, left), (1, (0, 0, 0)), "{order:?}");
    }
}

#[tokio::test]
async fn a_sighting_ends_with_a_closed_read_without_the_row_and_stands_through_a_doubtful_one() {
    let fresh = fresh_store().await;
    fresh.read(&calls(), day(), vec![call("a", 1, 1)], 72).await;
    fresh.read(&calls(), next(), vec![call("a", 1, 1)], 73).await;
    let mut doubtful = fresh.commit(&calls(), next(), Vec::new(), 74).await;
    doubtful.certificate.verdict = Verdict::Unverified;
    fresh.store.commit(doubtful).await.unwrap();
    assert_eq!(fresh.count(SIGHTINGS).await, 1);
    fresh.read(&calls(), next(), Vec::new(), 75).await;
    assert_eq!(fresh.count(SIGHTINGS).await, 0);
    fresh.read(&calls(), day(), Vec::new(), 76).await;
    assert_eq!(fresh.read(&calls(), day(), Vec::new(), 78).await.deleted, 1);
}

#[tokio::test]
async fn a_window_that_misses_rows_is_due_again_until_that_is_decided() {
    let fresh = fresh_store().await;
    let missing = || async { fresh.store.reads(&calls(), None).await.unwrap()[0].missing };
    fresh.read(&calls(), day(), vec![call("a", 1, 1)], 48).await;
    assert!(!missing().await);
    fresh.read(&calls(), day(), Vec::new(), 50).await;
    assert!(missing().await);
    fresh.read(&calls(), day(), Vec::new(), 52).await;
    assert!(!missing().await);
}

#[tokio::test]
async fn a_row_that_moves_to_where_it_was_seen_before_that_window_was_split_is_still_found_missing() {
    for parts in [[(24, 36), (36, 48)], [(36, 48), (24, 36)]] {
        let fresh = fresh_store().await;
        fresh.read(&calls(), day(), vec![call("a", 1, 1)], 72).await;
        fresh.read(&calls(), next(), vec![call("a", 1, 1)], 73).await;
        let scopes = parts.map(|(start, end)| Scope::Window(window(start, end)));
        // Doubtful reads of its parts leave what was seen in the whole; those that follow do not bring the row.
        for (scope, hour) in scopes.into_iter().zip([74, 75]) {
            let mut doubtful = fresh.commit(&calls(), scope, Vec::new(), hour).await;
            doubtful.certificate.verdict = Verdict::Unverified;
            fresh.store.commit(doubtful).await.unwrap();
        }
        for scope in scopes {
            fresh.read(&calls(), scope, Vec::new(), 76).await;
        }
        fresh.read(&calls(), day(), Vec::new(), 78).await;
        let mut rounds = Vec::new();
        for hour in (80..).step_by(2) {
            let ledger = fresh.store.reads(&calls(), None).await.unwrap();
            let due = ledger.iter().filter(|read| read.missing || read.verdict == Some(Verdict::Unverified));
            let due: Vec<Scope> = due.map(|read| Scope::Window(read.window.unwrap())).collect();
            if due.is_empty() {
                break;
            }
            rounds.push(due.len());
            assert!(rounds.len() < 8, "{parts:?}: {rounds:?}");
            for scope in due {
                fresh.read(&calls(), scope, Vec::new(), hour).await;
            }
        }
        assert_eq!(fresh.count(LIVE).await, 0, "{parts:?}: {rounds:?}");
    }
}
