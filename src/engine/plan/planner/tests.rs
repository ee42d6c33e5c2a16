use chrono::NaiveDate;
use chrono_tz::Asia::Shanghai;
use proptest::prelude::*;

use super::*;
use crate::domain::proof::window::local_midnight;
use crate::engine::port::store::Failure;

mod rereading;

fn date(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn midnight(text: &str) -> DateTime<Utc> {
    local_midnight(date(text), Shanghai)
}

fn day(text: &str) -> TimeWindow {
    TimeWindow::new(midnight(text), midnight(text) + Duration::days(1)).unwrap()
}

fn policy() -> WindowPolicy {
    WindowPolicy {
        start: midnight("2026-03-01"),
        grid: WindowGrid::new(date("2026-03-01"), Duration::days(1), Shanghai),
        lookback: Duration::days(3),
        settle: Duration::minutes(10),
        reread_every: None,
        missed_revisions_max: 0.001,
        reread_requests_per_day: None,
        retention: None,
    }
}

/// Nothing was learned.
const NOTHING: &Learned = &Learned { curve: None, requests_today: 0 };

fn at(now: DateTime<Utc>) -> PlanInput<'static> {
    PlanInput { now, due_since: now, range: None, within: None, pauses: true, learned: NOTHING }
}

fn read(window: TimeWindow, read_at: DateTime<Utc>, state: ReadState) -> ReadRecord {
    ReadRecord {
        window: Some(window),
        state,
        read_at: (state != ReadState::Failed).then_some(read_at),
        complete_to: None,
        reads: 1,
        verdict: Some(Verdict::Proven),
        unverified_reason: None,
        unverified_reads: 0,
        digest: None,
        rows: 0,
        vendor_total: None,
        requests: 1,
        missing: false,
        failure: None,
    }
}

fn reasons(planned: &[PlannedWindow]) -> Vec<(TimeWindow, Reason)> {
    planned.iter().map(|planned| (planned.window, planned.reason)).collect()
}

#[test]
fn an_empty_ledger_asks_for_every_day_since_the_start_oldest_first() {
    let now = midnight("2026-03-03") + Duration::hours(9);
    let planned = plan(&[], &at(now), &policy());
    assert_eq!(
        reasons(&planned),
        [
            (day("2026-03-01"), Reason::Missing),
            (day("2026-03-02"), Reason::Missing),
            (day("2026-03-03"), Reason::Missing),
        ]
    );
    assert_eq!(planned[2].ask.end, now, "the future is not asked for");
}

#[test]
fn nothing_is_due_twice_for_one_tick() {
    let tick = midnight("2026-03-02") + Duration::hours(9);
    let now = tick + Duration::seconds(30);
    let ledger = [
        read(day("2026-03-01"), tick + Duration::seconds(2), ReadState::Complete),
        read(day("2026-03-02"), tick + Duration::seconds(5), ReadState::Open),
    ];
    assert_eq!(plan(&ledger, &PlanInput { due_since: tick, ..at(now) }, &policy()), []);
}

#[test]
fn growing_windows_come_first_then_gaps_then_failures_then_the_look_back_newest_first() {
    let now = midnight("2026-03-08") + Duration::hours(1);
    let before = now - Duration::hours(1);
    let ledger = [
        read(day("2026-03-01"), before, ReadState::Complete),
        read(day("2026-03-02"), before, ReadState::Failed),
        read(day("2026-03-04"), before, ReadState::Complete),
        read(day("2026-03-05"), before, ReadState::Complete),
        read(day("2026-03-06"), before, ReadState::Complete),
        read(day("2026-03-08"), before, ReadState::Open),
    ];
    assert_eq!(
        reasons(&plan(&ledger, &at(now), &policy())),
        [
            (day("2026-03-08"), Reason::Open),
            (day("2026-03-03"), Reason::Missing),
            (day("2026-03-07"), Reason::Missing),
            (day("2026-03-02"), Reason::Failed),
            (day("2026-03-06"), Reason::Lookback),
            (day("2026-03-05"), Reason::Lookback),
        ]
    );
}

#[test]
fn a_read_that_proved_nothing_is_due_again_however_old_its_window() {
    let now = midnight("2026-03-20");
    let mut record = read(day("2026-03-01"), now - Duration::days(1), ReadState::Complete);
    record.verdict = Some(Verdict::Unverified);
    let planned = plan(&[record], &at(now), &policy());
    assert!(reasons(&planned).contains(&(day("2026-03-01"), Reason::Unverified)));
}

#[test]
fn older_windows_rest_between_two_readings_when_the_operator_says_so() {
    let now = midnight("2026-03-04") + Duration::hours(12);
    let policy = WindowPolicy { reread_every: Some(Duration::hours(6)), ..policy() };
    let ledger = |hours| {
        [
            read(day("2026-03-01"), now, ReadState::Complete),
            read(day("2026-03-02"), now - Duration::hours(hours), ReadState::Complete),
            read(day("2026-03-03"), now - Duration::hours(hours), ReadState::Complete),
            read(day("2026-03-04"), now, ReadState::Open),
        ]
    };
    assert_eq!(reasons(&plan(&ledger(5), &at(now), &policy)), [(day("2026-03-03"), Reason::Lookback)]);
    assert_eq!(plan(&ledger(6), &at(now), &policy).len(), 2);
}

#[test]
fn a_range_asks_for_everything_within_it_read_or_not() {
    let now = midnight("2026-03-20");
    let ledger = [read(day("2026-03-02"), now - Duration::days(9), ReadState::Complete)];
    let range = TimeWindow::new(midnight("2026-03-02"), midnight("2026-03-04"));
    let input = PlanInput { range, ..at(now) };
    assert_eq!(
        reasons(&plan(&ledger, &input, &policy())),
        [(day("2026-03-02"), Reason::Requested), (day("2026-03-03"), Reason::Requested)]
    );
}

#[test]
fn a_new_window_length_reads_only_what_was_never_read() {
    let now = midnight("2026-03-03");
    let hours = WindowPolicy {
        grid: WindowGrid::new(date("2026-03-01"), Duration::hours(6), Shanghai),
        lookback: Duration::zero(),
        ..policy()
    };
    let planned = plan(&[read(day("2026-03-01"), now, ReadState::Complete)], &at(now), &hours);
    assert_eq!(planned.len(), 4);
    assert!(planned.iter().all(|planned| day("2026-03-02").overlaps(&planned.window)));
}

#[test]
fn a_start_in_the_future_asks_for_nothing() {
    assert_eq!(plan(&[], &at(midnight("2026-02-01")), &policy()), []);
}

proptest! {
    /// Whatever was read before, reading the plan covers everything up to now, without overlap.
    #[test]
    fn a_plan_and_the_ledger_together_cover_all_time_once(
        cuts in proptest::collection::btree_set(0i64..14 * 24, 0..12),
        keep in proptest::collection::vec(any::<bool>(), 12),
        step_hours in prop_oneof![Just(5i64), Just(24), Just(72)],
    ) {
        let start = midnight("2026-03-01");
        let now = start + Duration::days(14);
        let cuts: Vec<_> = cuts.into_iter().collect();
        let ledger: Vec<_> = cuts
            .windows(2)
            .zip(&keep)
            .filter(|(_, keep)| **keep)
            .filter_map(|(pair, _)| {
                TimeWindow::new(start + Duration::hours(pair[0]), start + Duration::hours(pair[1]))
            })
            .map(|window| read(window, now, ReadState::Complete))
            .collect();
        let policy = WindowPolicy {
            grid: WindowGrid::new(date("2026-03-01"), Duration::hours(step_hours), Shanghai),
            ..policy()
        };
        let mut all: Vec<_> = plan(&ledger, &at(now), &policy).iter().map(|planned| planned.ask).collect();
        all.extend(ledger.iter().filter_map(|record| record.window));
        all.sort();
        prop_assert_eq!(all[0].start, start);
        prop_assert!(all.windows(2).all(|pair| pair[0].end == pair[1].start));
        prop_assert_eq!(all[all.len() - 1].end, now);
    }
}

#[test]
fn a_reread_that_failed_is_owed_though_the_window_has_left_the_lookback() {
    let now = midnight("2026-03-20");
    let failure = Failure { at: now, kind: "unreachable".into(), message: "no answer".into(), attempts: 1 };
    let read_at = midnight("2026-03-04");
    let failed =
        ReadRecord { failure: Some(failure), ..read(day("2026-03-01"), read_at, ReadState::Complete) };
    let rest: Vec<_> =
        (2..20).map(|number| read(day(&format!("2026-03-{number:02}")), now, ReadState::Complete)).collect();
    let ledger: Vec<_> = std::iter::once(failed).chain(rest).collect();
    assert_eq!(reasons(&plan(&ledger, &at(now), &policy())), [(day("2026-03-01"), Reason::Closing)]);
}

#[test]
fn a_window_that_misses_rows_is_due_whatever_its_age() {
    let now = midnight("2026-08-03");
    let first = TimeWindow::new(midnight("2026-03-01"), midnight("2026-03-02")).unwrap();
    let old = read(first, midnight("2026-03-07"), ReadState::Complete);
    let of_first = |record: ReadRecord| {
        let planned = plan(&[record], &at(now), &policy());
        planned.into_iter().find(|planned| planned.window == first).map(|planned| planned.reason)
    };
    assert_eq!(of_first(old.clone()), None);
    assert_eq!(of_first(ReadRecord { missing: true, ..old }), Some(Reason::Absent));
}

#[test]
fn a_window_that_the_vendors_number_contradicts_is_due_after_pauses_that_double_up_to_six_hours() {
    let read_at = midnight("2026-03-02") + Duration::hours(8);
    let due_after = |reads: i32, minutes: i64, pauses: bool| {
        let record = ReadRecord {
            verdict: Some(Verdict::Unverified),
            unverified_reason: Some(UnverifiedReason::TotalDiffers),
            unverified_reads: reads,
            ..read(day("2026-03-01"), read_at, ReadState::Complete)
        };
        let now = read_at + Duration::minutes(minutes);
        let planned = plan(&[record], &PlanInput { pauses, ..at(now) }, &policy());
        planned.iter().any(|planned| planned.reason == Reason::Unverified)
    };
    for (reads, pause) in [(1, 0), (2, 5), (3, 10), (4, 20), (9, 360), (1_000, 360)] {
        assert!(due_after(reads, pause + 1, true), "{reads} reads: due after {pause} minutes");
        assert!(pause == 0 || !due_after(reads, pause - 1, true), "{reads} reads: not before");
        assert!(due_after(reads, 1, false), "{reads} reads: a person's command does not wait");
    }
}

#[test]
fn a_read_dated_ahead_of_the_present_is_due_again_and_keeps_no_window_waiting() {
    let now = midnight("2026-03-02") + Duration::hours(9);
    let ahead = |minutes| read(day("2026-03-02"), now + Duration::minutes(minutes), ReadState::Open);
    let is_due =
        |record| plan(&[record], &at(now), &policy()).iter().any(|planned| planned.reason == Reason::Open);
    assert!(is_due(ahead(10)), "the clock went back since");
    assert!(!is_due(ahead(0)), "it was read by this tick");
}
