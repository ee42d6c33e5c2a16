use chrono_tz::{America::New_York, Asia::Shanghai, Europe::London};
use tokio_cron_scheduler::Job;

use super::*;

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

fn schedule(expression: &str, zone: Tz) -> CronSchedule {
    CronSchedule::parse(expression, zone).unwrap()
}

/// All ticks in `[from, to)`.
fn ticks(schedule: &CronSchedule, from: &str, to: &str) -> Vec<DateTime<Utc>> {
    let mut now = at(from) - Duration::seconds(1);
    let mut found = Vec::new();
    while let Some(tick) = schedule.next_tick(now).filter(|tick| *tick < at(to)) {
        found.push(tick);
        now = tick;
    }
    found
}

#[test]
fn shanghai_ticks_at_beijing_times() {
    let daily = schedule("0 30 2 * * *", Shanghai);
    assert_eq!(daily.next_tick(at("2026-03-01T00:00:00Z")), Some(at("2026-03-01T18:30:00Z")));
    assert_eq!(daily.last_tick(at("2026-03-01T00:00:00Z")), Some(at("2026-02-28T18:30:00Z")));
}

#[test]
fn a_tick_is_the_last_one_at_its_own_instant_and_not_the_next() {
    let tens = schedule("0 */10 * * * *", Shanghai);
    let tick = at("2026-03-01T00:10:00Z");
    assert_eq!(tens.last_tick(tick), Some(tick));
    assert_eq!(tens.next_tick(tick), Some(at("2026-03-01T00:20:00Z")));
    assert_eq!(tens.last_tick(at("2026-03-01T00:19:59.999Z")), Some(tick));
    assert_eq!(tens.next_tick(at("2026-03-01T00:09:59.999Z")), Some(tick));
}

#[test]
fn a_fixed_time_in_the_missing_hour_ticks_when_that_hour_is_over() {
    let night = schedule("0 30 2 * * *", New_York);
    assert_eq!(
        ticks(&night, "2026-03-07T00:00:00Z", "2026-03-10T00:00:00Z"),
        [at("2026-03-07T07:30:00Z"), at("2026-03-08T07:00:00Z"), at("2026-03-09T06:30:00Z")],
    );
    assert_eq!(night.last_tick(at("2026-03-08T12:00:00Z")), Some(at("2026-03-08T07:00:00Z")));
}

#[test]
fn a_fixed_time_in_the_doubled_hour_ticks_once() {
    let night = schedule("0 30 1 * * *", London);
    assert_eq!(
        ticks(&night, "2026-10-24T00:00:00Z", "2026-10-27T00:00:00Z"),
        [at("2026-10-24T00:30:00Z"), at("2026-10-25T00:30:00Z"), at("2026-10-26T01:30:00Z")],
    );
}

#[test]
fn repeating_schedules_tick_in_each_hour_that_there_is() {
    for (zone, from, to) in [
        (New_York, "2026-03-07T12:00:00Z", "2026-03-09T12:00:00Z"),
        (New_York, "2026-10-31T12:00:00Z", "2026-11-02T12:00:00Z"),
        (London, "2026-03-28T12:00:00Z", "2026-03-30T12:00:00Z"),
        (London, "2026-10-24T12:00:00Z", "2026-10-26T12:00:00Z"),
        (Shanghai, "2026-03-28T12:00:00Z", "2026-03-30T12:00:00Z"),
    ] {
        for expression in ["0 */10 * * * *", "0 15,45 0-3 * * *", "0 0 * * * SUN", "0 7 */2 * * *"] {
            let schedule = schedule(expression, zone);
            let minutes = (0..).map(|minute| at(from) + Duration::minutes(minute));
            let expected: Vec<_> = minutes
                .take_while(|minute| *minute < at(to))
                .filter(|minute| schedule.cron.is_time_matching(&minute.with_timezone(&zone)).unwrap())
                .collect();
            assert_eq!(ticks(&schedule, from, to), expected, "{expression} in {zone}, forwards");

            let mut backwards = Vec::new();
            let mut now = at(to) - Duration::seconds(1);
            while let Some(tick) = schedule.last_tick(now).filter(|tick| *tick >= at(from)) {
                backwards.insert(0, tick);
                now = tick - Duration::seconds(1);
            }
            assert_eq!(backwards, expected, "{expression} in {zone}, backwards");
        }
    }
}

#[test]
fn the_next_tick_agrees_with_tokio_cron_scheduler() {
    for zone in [New_York, London, Shanghai] {
        for expression in ["0 */10 * * * *", "0 0 3 * * *", "0 0 12 13 * FRI", "30 0 0 1 1 *", "0 0 9 L * *"]
        {
            // Between the two readings of the clock a tick may pass; then one of the two still agrees.
            let schedule = schedule(expression, zone);
            let before = schedule.next_tick(Utc::now());
            let mut theirs = Job::new_async_tz(expression, zone, |_, _| Box::pin(async {})).unwrap();
            let theirs = theirs.job_data().unwrap().next_tick;
            let after = schedule.next_tick(Utc::now());
            let ours: Vec<_> = [before, after].into_iter().flatten().map(|tick| tick.timestamp()).collect();
            assert!(ours.contains(&i64::try_from(theirs).unwrap()), "{expression} in {zone}: {theirs}");
        }
    }
}

#[test]
fn what_is_refused_is_refused_by_both() {
    for expression in ["", "soon", "0 61 * * * *", "0 0 24 * * *", "*/5 * * * *", "0 0 0 * JANUARY *"] {
        assert!(CronSchedule::parse(expression, Shanghai).is_err(), "{expression}");
        let theirs = Job::new_async_tz(expression, Shanghai, |_, _| Box::pin(async {}));
        assert!(theirs.is_err(), "{expression}");
    }
}

#[test]
fn a_refusal_says_what_and_why() {
    assert_eq!(
        CronSchedule::parse("*/5 * * * *", Shanghai).unwrap_err().to_string(),
        "`*/5 * * * *` is not a schedule: it has 5 fields instead of six: second minute hour day month weekday",
    );
    let never = CronSchedule::parse("0 0 0 30 2 *", Shanghai).unwrap_err();
    assert_eq!(never.reason, "no day matches it");
    // croner takes it, and then looks for a second in an empty list for minutes.
    let empty = CronSchedule::parse(", */5 * * * *", Shanghai).unwrap_err();
    assert_eq!(empty.reason, "the list \",\" has an empty place");
}

#[test]
fn ticks_are_counted_up_to_a_limit() {
    let tens = schedule("0 */10 * * * *", Shanghai);
    let (from, to) = (at("2026-03-01T00:00:00Z"), at("2026-03-01T01:00:00Z"));
    assert_eq!(tens.ticks_between(from, to, 100), 6);
    assert_eq!(tens.ticks_between(from, to, 4), 4);
    assert_eq!(tens.ticks_between(to, from, 100), 0);
}

#[test]
fn the_longest_pause_is_the_night_or_the_week_end() {
    for (expression, pause) in [
        ("0 */10 * * * *", Duration::minutes(10)),
        ("*/2 * * * * *", Duration::seconds(2)),
        ("*/2 0-29 * * * *", Duration::seconds(1_802)),
        ("0 0,5 * * * *", Duration::minutes(55)),
        ("0 0 3 * * *", Duration::days(1)),
        ("0 */10 9-17 * * *", Duration::minutes(15 * 60 + 10)),
        ("0 * 9-17 * * 1-5", Duration::minutes((2 * 24 + 15) * 60 + 1)),
        ("0 0 0 1 * *", Duration::days(31)),
    ] {
        let found = schedule(expression, Shanghai).longest_pause(at("2026-03-02T03:07:09Z"));
        assert_eq!(found, pause, "{expression}");
    }
    let yearly = schedule("0 0 0 1 1 *", Shanghai).longest_pause(at("2026-03-02T03:07:09Z"));
    assert_eq!(yearly, Duration::days(366));
}
