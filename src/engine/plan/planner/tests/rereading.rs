//! Rereads by what was learned.

use super::*;
use crate::domain::proof::lag::{LagTable, Reread};
use crate::engine::plan::reread::{closing_age, is_reread};

/// A stream whose windows of a hundred rows have ten changes each: half of them after 14 hours, the rest
/// after 66, none later.
fn learned() -> Learned {
    let mut table = LagTable::default();
    for _ in 0..2_000 {
        for day in 0..20 {
            let (from, to) = (Duration::days(day), Duration::days(day + 1));
            let dated = match day {
                0 => vec![Duration::hours(14); 5],
                2 => vec![Duration::hours(66); 5],
                _ => Vec::new(),
            };
            table.observe(&Reread { from, to, rows: 100, dated, undated: 0 });
        }
    }
    Learned { curve: table.curve(Duration::days(20)), requests_today: 0 }
}

/// The first window of its own that is not one of those that are watched to the end.
fn ordinary(policy: &WindowPolicy, learned: &Learned) -> TimeWindow {
    let days = policy.grid.cells(policy.start, policy.start + Duration::days(31));
    days.into_iter().find(|day| closing_age(*day, 100, learned, policy) < policy.lookback).unwrap()
}

#[test]
fn what_was_learned_decides_when_a_window_is_looked_at_again_and_when_it_is_final() {
    let policy = WindowPolicy { lookback: Duration::days(20), ..policy() };
    let learned = learned();
    let window = ordinary(&policy, &learned);
    let reason = |seen: i64, age: i64| {
        let mut record = read(window, window.end + Duration::hours(seen), ReadState::Complete);
        record.rows = 100;
        let input = PlanInput { learned: &learned, ..at(window.end + Duration::hours(age)) };
        plan(&[record], &input, &policy).iter().find(|due| due.window == window).map(|due| due.reason)
    };
    assert_eq!(reason(1, 11), None, "hardly anything has changed");
    assert_eq!(reason(1, 15), Some(Reason::Revisions));
    assert_eq!(reason(15, 23), None);
    assert_eq!(reason(15, 46), Some(Reason::Lookback), "three times as old as when it was seen");
    assert_eq!(reason(46, 66), Some(Reason::Revisions));
    assert_eq!(reason(66, 100), Some(Reason::Closing));
    assert_eq!(reason(100, 2_000), None, "final");
}

#[test]
fn one_window_in_sixteen_is_watched_to_the_end_so_that_the_tail_stays_measured() {
    let policy = WindowPolicy { lookback: Duration::days(20), ..policy() };
    let learned = learned();
    let days = policy.grid.cells(policy.start, policy.start + Duration::days(3_200));
    let watched = days.iter().filter(|day| closing_age(**day, 100, &learned, &policy) == policy.lookback);
    let share = days.len() as f64 / watched.count() as f64;
    assert!((12.0..20.0).contains(&share), "one in {share}");
}

#[test]
fn a_days_budget_goes_to_the_windows_that_promise_most_and_never_holds_back_new_data() {
    let now = midnight("2026-03-08") + Duration::hours(1);
    let mut policy = WindowPolicy { reread_requests_per_day: Some(4), ..policy() };
    policy.lookback = Duration::days(20);
    let learned = Learned { requests_today: 1, ..learned() };
    let looked = |date: &str, age: i64, requests: i64| {
        let mut record = read(day(date), day(date).end + Duration::hours(age), ReadState::Complete);
        (record.rows, record.requests) = (100, requests);
        record
    };
    let ledger = [
        looked("2026-03-04", 1, 2),
        looked("2026-03-05", 1, 2),
        looked("2026-03-06", 1, 1),
        read(day("2026-03-08"), now - Duration::hours(1), ReadState::Open),
    ];
    let input = PlanInput { learned: &learned, ..at(now) };
    let planned = reasons(&plan(&ledger, &input, &policy));
    let second: Vec<_> =
        planned.iter().filter(|(_, reason)| is_reread(*reason)).map(|(window, _)| *window).collect();
    assert_eq!(second, [day("2026-03-04"), day("2026-03-06")], "three requests are left");
    for window in ["2026-03-01", "2026-03-02", "2026-03-03", "2026-03-07", "2026-03-08"] {
        assert!(planned.iter().any(|(planned, _)| *planned == day(window)), "{window}");
    }
}
