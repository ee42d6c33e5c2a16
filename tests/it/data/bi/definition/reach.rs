//! How far behind its contact a window brings a result, and what changes after it was final: written with the rows.

use ccsync::domain::proof::certificate::Verdict;
use ccsync::engine::port::status::StatusRead as _;
use ccsync::engine::port::store::Store as _;

use super::case::{contact, days, declared, of_day, read};
use crate::data::store::support::*;

const REACH: &str = "select extract(epoch from reach)::bigint / 3600 from sync.finality";
const CHANGED: &str = "select coalesce((select changed_after_final from bi.freshness), -1)";

/// Twenty days that were read past their closing age, each with a result of that day and one of the day before.
async fn twenty_days(fresh: &Fresh) {
    fresh.store.declare(&[declared(0)]).await.unwrap();
    for day in 0..20 {
        let rows = [3, 20].map(|lag| contact(&format!("{day}-{lag}"), day * 24 + 15 - lag, day * 24 + 15));
        read(fresh, of_day(day), rows.to_vec(), 2_000, Verdict::Proven).await;
    }
}

#[tokio::test]
async fn the_longest_distance_from_a_contact_to_its_window_is_kept_with_the_rows() {
    let fresh = fresh_store().await;
    fresh.store.declare(&[declared(0)]).await.unwrap();
    // A vendor that filters by the contact's time leaves no distance.
    read(&fresh, of_day(5), vec![contact("a", 125, 300)], 400, Verdict::Proven).await;
    assert_eq!(fresh.count("select count(*) from sync.finality").await, 0);
    read(&fresh, of_day(6), vec![contact("b", 133, 150)], 401, Verdict::Unverified).await;
    assert_eq!(fresh.count(REACH).await, 11);
    let version = "select xmin::text || ctid::text from sync.finality";
    let before: String = fresh.value(version).await;
    read(&fresh, of_day(6), vec![contact("b", 133, 150)], 402, Verdict::Proven).await;
    read(&fresh, of_day(7), vec![contact("c", 160, 175)], 403, Verdict::Proven).await;
    assert_eq!(fresh.value::<String>(version).await, before, "nothing longer, nothing written");
    let mut late = fresh.commit(&calls(), of_day(8), vec![contact("d", 100, 195)], 404).await;
    late.lease.fence -= 1;
    fresh.store.commit(late).await.unwrap_err();
    assert_eq!(fresh.count(REACH).await, 11, "a commit that is refused leaves no distance");
}

#[tokio::test]
async fn a_day_waits_for_every_window_within_reach_and_no_longer() {
    let fresh = fresh_store().await;
    twenty_days(&fresh).await;
    assert_eq!(fresh.count(REACH).await, 5);
    let last = async |view: &str| days(&fresh, view).await.split_off(17);
    let expected = ["2026-01-18 final", "2026-01-19 final", "2026-01-20 provisional"];
    for view in ["agent_quality_daily", "quality_result"] {
        let told = last(view).await;
        // 31 December, before the first window, has a result too.
        assert_eq!(told[1..], expected, "{view}");
    }
    // The next day's window is read, but may still change: it may bring results of the day before.
    read(&fresh, of_day(20), vec![contact("late", 470, 490)], 510, Verdict::Proven).await;
    assert!(last("agent_quality_daily").await.contains(&"2026-01-20 provisional".to_owned()));
    read(&fresh, of_day(20), vec![contact("late", 470, 490)], 2_001, Verdict::Proven).await;
    assert!(last("agent_quality_daily").await.contains(&"2026-01-20 final".to_owned()));
    assert_eq!(fresh.count(CHANGED).await, 0, "what was said stayed so");
}

#[tokio::test]
async fn until_fourteen_windows_were_watched_reach_is_the_look_back_and_never_more() {
    let fresh = fresh_store().await;
    fresh.store.declare(&[declared(0)]).await.unwrap();
    let reach = "select extract(epoch from reach)::bigint / 3600 from bi.freshness";
    for day in 0..13 {
        read(
            &fresh,
            of_day(day),
            vec![contact(&day.to_string(), day * 24 + 5, day * 24 + 6)],
            2_000,
            Verdict::Proven,
        )
        .await;
    }
    assert_eq!(fresh.count(reach).await, 48);
    read(&fresh, of_day(13), vec![contact("n", 317, 320)], 2_000, Verdict::Unverified).await;
    read(&fresh, of_day(14), Vec::new(), 2_000, Verdict::Proven).await;
    assert_eq!(fresh.count(reach).await, 48, "neither an unverified nor an empty window shows anything");
    read(&fresh, of_day(13), vec![contact("n", 317, 320)], 2_000, Verdict::Proven).await;
    assert_eq!(fresh.count(reach).await, 0);
    read(&fresh, of_day(15), vec![contact("o", 0, 370)], 2_000, Verdict::Proven).await;
    assert_eq!((fresh.count(REACH).await, fresh.count(reach).await), (360, 48));
}

#[tokio::test]
async fn each_change_after_final_is_counted() {
    let fresh = fresh_store().await;
    twenty_days(&fresh).await;
    let rows = |score| {
        let mut late = vec![contact("3-3", 84, 87), contact("3-20", 67, 87)];
        if score {
            late.push(contact("3-new", 84, 88));
        }
        late
    };
    read(&fresh, of_day(3), rows(false), 2_001, Verdict::Proven).await;
    assert_eq!(fresh.count(CHANGED).await, 0, "nothing changed");
    read(&fresh, of_day(3), rows(true), 2_002, Verdict::Proven).await;
    assert_eq!(fresh.count(CHANGED).await, 1, "a new result in a final window");
    // A result of 2 January in the window of the 21st: no window that was thought to bring any.
    read(&fresh, of_day(20), vec![contact("x", 30, 490)], 490, Verdict::Proven).await;
    assert_eq!(fresh.count(CHANGED).await, 2, "a final day changed through a window that was not");
    // Its distance is known now: the same again is no change.
    read(&fresh, of_day(20), vec![contact("x", 30, 490)], 491, Verdict::Proven).await;
    assert_eq!(fresh.count(CHANGED).await, 2);
    let report = fresh.store.status(at(3_000)).await.unwrap();
    assert_eq!(report.streams[0].changed_after_final, 2);
}
