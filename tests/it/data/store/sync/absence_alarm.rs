//! Rows that vanish in masses wait for a person, or for their return.

use ccsync::domain::fault::FaultKind;
use ccsync::domain::proof::absence::AbsenceCase;
use ccsync::domain::row::record::Row;
use ccsync::domain::stream::StreamKey;
use ccsync::engine::port::status::StatusRead as _;
use ccsync::engine::port::store::Scope;

use crate::data::store::support::*;
use crate::support::counted::assert_rows_are_counted;

const LIVE: &str = "select count(*) from sobot.call_result where deleted_at is null";
const OPEN: &str = "select count(*) from sync.absence_alarm where state = 'open'";

/// 200 calls of which the first 21 vanish, at hours 50 and 60.
async fn alarmed() -> Fresh {
    let fresh = fresh_store().await;
    fresh.read(&calls(), day(), many_calls(200, 1), 48).await;
    for hour in [50, 60] {
        let counts = fresh.read(&calls(), day(), many_calls(200, 1).split_off(21), hour).await;
        assert_eq!((counts.deleted, fresh.count(LIVE).await), (0, 200));
    }
    fresh
}

#[tokio::test]
async fn a_mass_absence_raises_one_alarm_that_says_what_is_missing() {
    let fresh = alarmed().await;
    fresh.read(&calls(), day(), many_calls(200, 1).split_off(22), 70).await;
    let cases = fresh.store.alarms().await.unwrap();
    assert_eq!(cases.len(), 1);
    let AbsenceCase { alarm, examples, .. } = &cases[0];
    assert_eq!((alarm.table.as_str(), alarm.missing, alarm.live), ("sobot.call_result", 22, 200));
    assert_eq!((alarm.window, alarm.raised_at), (Some(window(0, 24)), at(60)));
    assert_eq!((examples.len(), examples[0].join(" ")), (10, "call-000000 agent".to_owned()));
    let report = fresh.store.status(at(100)).await.unwrap();
    assert_eq!((report.absence_alarms_open, report.healthy), (1, false));
}

#[tokio::test]
async fn what_a_person_accepts_is_marked_deleted_with_history_and_once() {
    let fresh = alarmed().await;
    let id = fresh.store.alarms().await.unwrap()[0].alarm.id;
    for (ids, what) in [(vec![id, id + 1], "no alarm"), (vec![0], "no alarm")] {
        let fault = fresh.store.accept(&ids, at(70)).await.unwrap_err();
        assert!(fault.kind == FaultKind::RequestRefused && fault.message.contains(what), "{fault}");
        assert_eq!((fresh.count(LIVE).await, fresh.count(OPEN).await), (200, 1), "all or nothing");
    }
    let accepted = fresh.store.accept(&[id, id], at(70)).await.unwrap();
    assert_eq!((accepted.len(), accepted[0].deleted), (1, 21));
    assert_eq!((fresh.count(LIVE).await, fresh.count(OPEN).await), (179, 0));
    assert_rows_are_counted(&fresh.db).await;
    let kept = "select count(*) from sobot.call_result_history where deleted_at is null and revision = 1";
    assert_eq!(fresh.count(kept).await, 21);
    assert_eq!(fresh.count("select count(*) from sync.absence").await, 0);
    let decided = "select count(*) from sync.absence_alarm where state = 'accepted' and deleted = 21 and decided_at is not null";
    assert_eq!(fresh.count(decided).await, 1);
    let fault = fresh.store.accept(&[id], at(71)).await.unwrap_err();
    assert!(fault.message.contains("is accepted already"), "{fault}");
    // Reads without them are no news, and what comes back is revived with its history.
    assert_eq!(fresh.read(&calls(), day(), many_calls(200, 1).split_off(21), 80).await.deleted, 0);
    let counts = fresh.read(&calls(), day(), many_calls(200, 1), 90).await;
    assert_eq!((counts.updated, fresh.count(LIVE).await, fresh.count(OPEN).await), (21, 200, 0));
    assert_rows_are_counted(&fresh.db).await;
    let absent =
        "select count(*) from sobot.call_result_history where deleted_at is not null and revision = 2";
    assert_eq!(fresh.count(absent).await, 21);
}

#[tokio::test]
async fn an_alarm_ends_by_itself_when_the_rows_are_back_and_nothing_was_lost() {
    let fresh = alarmed().await;
    let id = fresh.store.alarms().await.unwrap()[0].alarm.id;
    let counts = fresh.read(&calls(), day(), many_calls(200, 1), 70).await;
    assert_eq!((counts.unchanged, counts.deleted), (200, 0));
    assert_eq!((fresh.count(LIVE).await, fresh.count(OPEN).await), (200, 0));
    let fault = fresh.store.accept(&[id], at(71)).await.unwrap_err();
    assert!(fault.message.contains("is resolved already"), "{fault}");
}

#[tokio::test]
async fn rows_of_an_alarm_that_another_window_shows_are_moved_there_and_not_deleted() {
    let fresh = alarmed().await;
    let id = fresh.store.alarms().await.unwrap()[0].alarm.id;
    let first: Vec<Row> = many_calls(5, 1);
    fresh.read(&calls(), Scope::Window(window(24, 48)), first, 65).await;
    let accepted = fresh.store.accept(&[id], at(70)).await.unwrap();
    assert_eq!((accepted[0].deleted, fresh.count(LIVE).await), (16, 184));
}

#[tokio::test]
async fn a_whole_window_that_vanishes_is_an_alarm_and_a_handful_is_not() {
    let fresh = fresh_store().await;
    let next = Scope::Window(window(24, 48));
    fresh.read(&calls(), day(), many_calls(60, 1), 72).await;
    fresh.read(&calls(), next, vec![call("other", 1, 1)], 72).await;
    for hour in [74, 76] {
        fresh.read(&calls(), day(), Vec::new(), hour).await;
        fresh.read(&calls(), next, Vec::new(), hour).await;
    }
    assert_eq!((fresh.count(LIVE).await, fresh.count(OPEN).await), (60, 1));
}

async fn members(fresh: &Fresh, rows: Vec<Row>, hour: i64) -> u64 {
    let key: StreamKey = queues();
    fresh.read(&key, Scope::Snapshot, rows, hour).await.deleted
}

#[tokio::test]
async fn a_snapshot_that_shrinks_too_much_is_an_alarm_too() {
    let fresh = fresh_store().await;
    let all =
        |from: usize| (from..100).map(|number| member("1", &format!("{number:04}"))).collect::<Vec<_>>();
    let live = "select count(*) from moor.queue_member where deleted_at is null";
    members(&fresh, all(0), 1).await;
    assert_eq!(members(&fresh, all(19), 2).await, 19, "fewer than twenty may always go");
    assert_eq!((members(&fresh, all(50), 3).await, fresh.count(live).await), (0, 81));
    assert_eq!(fresh.count(OPEN).await, 1);
    // They are back.
    assert_eq!((members(&fresh, all(19), 4).await, fresh.count(OPEN).await), (0, 0));
    assert_eq!(fresh.count("select count(*) from sync.absence").await, 0);
    // And gone again, for good.
    members(&fresh, all(50), 5).await;
    let alarm = fresh.store.alarms().await.unwrap().remove(0).alarm;
    assert_eq!((alarm.window, alarm.missing, alarm.live), (None, 31, 81));
    assert_eq!(fresh.store.accept(&[alarm.id], at(6)).await.unwrap()[0].deleted, 31);
    assert_eq!((members(&fresh, all(50), 7).await, fresh.count(live).await), (0, 50));
}

#[tokio::test]
async fn where_thousands_are_missing_elsewhere_rows_are_missed_deleted_and_welcomed_back_as_ever() {
    for strangers in [0, 5_000] {
        let fresh = fresh_store().await;
        let strange = format!(
            "insert into sync.absence (source, table_name, key, first_absent_at, window_start, window_end)
             select s, t, array['stranger', n::text], '2025-01-01Z', '2025-01-01Z', '2025-01-02Z'
             from generate_series(1, {strangers}) n,
                 (values ('{}', 'sobot.call_result'), ('{}', 'moor.queue_member')) v (s, t)",
            calls().source,
            queues().source
        );
        sqlx::raw_sql(sqlx::AssertSqlSafe(strange)).execute(&fresh.db).await.unwrap();
        let noted = "select count(*) from sync.absence where key[1] <> 'stranger'";
        let next = Scope::Window(window(24, 48));
        fresh.read(&calls(), day(), many_calls(30, 1), 48).await;
        fresh.read(&calls(), day(), many_calls(30, 1).split_off(4), 50).await;
        assert_eq!(fresh.count(noted).await, 4, "noted, with {strangers} others");
        // One is back, one is next door, one has changed, and one is missed again.
        let mut rows = many_calls(30, 1).split_off(4);
        rows.extend(many_calls(1, 1));
        rows.extend(many_calls(3, 2).split_off(2));
        fresh.read(&calls(), next, many_calls(2, 1).split_off(1), 52).await;
        let counts = fresh.read(&calls(), day(), rows, 54).await;
        assert_eq!((counts.updated, counts.deleted), (1, 1), "with {strangers} others");
        assert_eq!((fresh.count(LIVE).await, fresh.count(noted).await), (29, 0), "with {strangers} others");
        let ward = |count: usize| (0..count).map(|number| member("1", &number.to_string())).collect();
        members(&fresh, ward(100), 1).await;
        members(&fresh, ward(50), 2).await;
        assert_eq!((fresh.count(OPEN).await, fresh.count(noted).await), (1, 50), "with {strangers} others");
        assert_eq!(members(&fresh, ward(90), 3).await, 10, "with {strangers} others");
        assert_eq!((fresh.count(OPEN).await, fresh.count(noted).await), (0, 0), "with {strangers} others");
        assert_eq!(fresh.count("select count(*) from sync.absence").await, 2 * strangers);
    }
}
