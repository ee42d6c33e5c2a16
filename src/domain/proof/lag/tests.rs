use super::*;

fn hour(hours: i64) -> Duration {
    Duration::hours(hours)
}

fn reread(from: i64, to: i64, rows: u64, dated: &[i64], undated: u64) -> Reread {
    let dated = dated.iter().map(|age| hour(*age)).collect();
    Reread { from: hour(from), to: hour(to), rows, dated, undated }
}

/// Windows of a hundred rows, watched day by day for `days`; `dated` are the ages of each one's changes.
fn watched(windows: usize, days: i64, dated: &[i64]) -> LagTable {
    let mut table = LagTable::default();
    for _ in 0..windows {
        for day in 0..days {
            let (from, to) = (day * 24, day * 24 + 24);
            let now: Vec<i64> = dated.iter().copied().filter(|age| from < *age && *age <= to).collect();
            table.observe(&reread(from, to, 100, &now, 0));
        }
    }
    table
}

#[test]
fn a_change_with_a_time_of_its_own_counts_at_its_age_and_the_others_are_spread() {
    let mut table = LagTable::default();
    table.observe(&reread(24, 48, 10, &[30, 200], 1));
    let changes = |age: i64| table.bins[AGES.iter().position(|begin| *begin == age).unwrap()].changes;
    // One at 30 hours; one undated and one whose time lies outside, half of each in each half.
    assert!((changes(24) - 2.0).abs() < 1e-9, "{}", changes(24));
    assert!((changes(36) - 1.0).abs() < 1e-9, "{}", changes(36));
    assert!((table.bins.iter().map(|bin| bin.changes).sum::<f64>() - 3.0).abs() < 1e-9);
}

#[test]
fn reads_at_any_ages_add_up_to_the_same_exposure() {
    let (mut often, mut once) = (LagTable::default(), LagTable::default());
    for from in 0..100 {
        often.observe(&reread(from, from + 1, 7, &[], 0));
    }
    once.observe(&reread(0, 100, 7, &[], 0));
    for (left, right) in often.bins.iter().zip(&once.bins) {
        assert!((left.rows - right.rows).abs() < 1e-6 && (left.windows - right.windows).abs() < 1e-6);
    }
}

#[test]
fn nothing_is_believed_before_two_weeks_of_windows_were_watched_and_only_as_far() {
    assert_eq!(watched(13, 31, &[30]).curve(hour(31 * 24)), None);
    let curve = watched(14, 10, &[30]).curve(hour(31 * 24)).unwrap();
    assert!(curve.knows(hour(9 * 24)) && !curve.knows(hour(10 * 24)));
    assert_eq!(curve.closing_age(100, 0.5, 1e9), None, "the rest of the look-back is not known");
}

#[test]
fn the_curve_gives_back_what_was_put_in() {
    let curve = watched(1_000, 31, &[5, 5, 30, 100]).curve(hour(31 * 24)).unwrap();
    assert!((curve.total() - 0.04).abs() < 1e-9);
    assert!((curve.between(hour(0), hour(12)) - 0.02).abs() < 1e-9);
    assert!((curve.between(hour(200), hour(700))).abs() < 1e-9);
    assert!(curve.after_at_most(hour(200)) > 0.0, "that none was seen does not mean that none will be");
    assert!(curve.after_at_most(hour(200)) < 0.04 * 0.001);
}

#[test]
fn a_window_closes_later_the_more_rows_it_has_and_the_less_may_be_missed() {
    let curve = watched(200, 31, &[5, 5, 30, 100]).curve(hour(31 * 24)).unwrap();
    let close = |rows, missed| curve.closing_age(rows, missed, 0.01);
    assert!(close(1, 0.6).unwrap() < close(1, 0.01).unwrap());
    assert!(close(1, 0.6).unwrap() <= close(60, 0.6).unwrap());
    assert_eq!(close(1_000_000, 0.6), None, "too many rows to be sure of");
    assert_eq!(close(1, 0.000_001), None, "too little seen to promise so much");
}

#[test]
fn the_upper_limit_is_that_of_the_tables() {
    // Exact 95 % limits: 3.00, 4.74, 16.96.
    for (count, exact) in [(0.0, 2.996), (1.0, 4.744), (10.0, 16.962)] {
        assert!((upper_limit(count) / exact - 1.0).abs() < 0.06, "{count}: {}", upper_limit(count));
    }
}
