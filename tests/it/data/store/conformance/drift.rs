//! Departures from the vendors' documents: recorded once, with the read that showed them first.

use ccsync::domain::vendor::drift::{DRIFTS_MAX, DriftKind, SchemaDrift};

use super::{Ground, hours};
use crate::data::store::support::*;

fn new_field(name: &str, example: &str) -> SchemaDrift {
    SchemaDrift {
        kind: DriftKind::NewField,
        field: name.to_owned(),
        observed: String::new(),
        expected: "no such field".to_owned(),
        example: example.to_owned(),
    }
}

async fn read_with(ground: &dyn Ground, drifts: Vec<SchemaDrift>, now: i64) -> i64 {
    let mut commit = ground.commit(&calls(), day(), vec![call("a", 1, 1)], now).await;
    let run = commit.run.0;
    commit.drifts = drifts;
    ground.store().commit(commit).await.unwrap();
    run
}

pub async fn a_departure_is_recorded_by_the_commit_that_shows_it_first_and_never_written_again(
    ground: &dyn Ground,
) {
    let code = SchemaDrift {
        kind: DriftKind::UnknownCode,
        observed: "skill_first".to_owned(),
        ..new_field("assignRule", "skill_first")
    };
    let first = read_with(ground, vec![new_field("a", "text of 3 characters"), code.clone()], 48).await;
    let before = ground.picture().await.drifts;
    assert_eq!(before.len(), 2);
    for line in &before {
        assert_eq!((line.first_seen_at, line.run, line.window), (at(48), first, Some(window(0, 24))));
    }
    // Another example of the same is nothing new; another code of the same field is.
    let other = SchemaDrift { observed: "turns".to_owned(), ..code.clone() };
    let second = read_with(ground, vec![new_field("a", "boolean"), code, other], 72).await;
    let after = ground.picture().await.drifts;
    assert_eq!(after.len(), 3);
    assert!(before.iter().all(|line| after.contains(line)), "{after:?}");
    let fresh: Vec<_> = after.iter().filter(|line| !before.contains(line)).collect();
    assert_eq!((fresh[0].observed.as_str(), fresh[0].run), ("turns", second));
    // What is not shown any more stays recorded.
    read_with(ground, Vec::new(), 96).await;
    assert_eq!(ground.picture().await.drifts, after);
}

pub async fn each_stream_of_each_source_has_its_own_departures(ground: &dyn Ground) {
    read_with(ground, vec![new_field("a", "null")], 48).await;
    let other = ccsync::domain::stream::StreamKey { source: "other".to_owned(), ..calls() };
    for stream in [other, queues()] {
        let scope = if stream == queues() { ccsync::engine::port::store::Scope::Snapshot } else { day() };
        let mut commit = ground.commit(&stream, scope, Vec::new(), 50).await;
        commit.drifts = vec![new_field("a", "null")];
        ground.store().commit(commit).await.unwrap();
    }
    let drifts = ground.picture().await.drifts;
    assert_eq!(drifts.len(), 3);
    assert!(drifts.iter().filter(|line| line.first_seen_at - at(50) == hours(0)).count() == 2);
    assert_eq!(drifts.iter().filter(|line| line.window.is_none()).count(), 1, "the snapshot's");
}

pub async fn beyond_two_hundred_departures_of_a_stream_one_entry_stands_for_the_rest(ground: &dyn Ground) {
    let many = |from: usize, to: usize| -> Vec<_> {
        (from..to).map(|number| new_field(&format!("field_{number:04}"), "null")).collect()
    };
    read_with(ground, many(0, 150), 48).await;
    assert_eq!(ground.picture().await.drifts.len(), 150);
    read_with(ground, many(100, 300), 49).await;
    let full = ground.picture().await.drifts;
    assert_eq!(full.len(), DRIFTS_MAX + 1);
    assert_eq!(full.iter().filter(|line| line.kind == "too_many").count(), 1);
    assert!(full.iter().any(|line| line.field == "field_0199"));
    read_with(ground, many(200, 400), 50).await;
    assert_eq!(ground.picture().await.drifts, full);
}

pub async fn a_commit_whose_lease_was_lost_records_no_departure(ground: &dyn Ground) {
    let mut commit = ground.commit(&calls(), day(), Vec::new(), 48).await;
    commit.drifts = vec![new_field("a", "null")];
    ground.expire_leases().await;
    ground.lease(&calls(), day()).await;
    ground.store().commit(commit).await.unwrap_err();
    assert_eq!(ground.picture().await.drifts, []);
}
