//! A schedule: refused, or its ticks are found in bounded time, before and after an instant, in zones with and without
//! daylight saving.
#![no_main]

use ccsync::scheduler::cron::CronSchedule;
use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use libfuzzer_sys::{Corpus, fuzz_target};

const ZONES: [Tz; 4] = [Tz::Asia__Shanghai, Tz::UTC, Tz::America__New_York, Tz::Australia__Lord_Howe];

fuzz_target!(|data: &[u8]| -> Corpus {
    let [zone, hours_high, hours_low, expression @ ..] = data else { return Corpus::Reject };
    let Ok(expression) = std::str::from_utf8(expression) else { return Corpus::Reject };
    let zone = ZONES[usize::from(zone % 4)];
    let hours = i64::from(u16::from_be_bytes([*hours_high, *hours_low]));
    let Some(now) = DateTime::<Utc>::from_timestamp(1_700_000_000 + hours * 3_599, 0) else {
        return Corpus::Reject;
    };
    let Ok(schedule) = CronSchedule::parse(expression, zone) else { return Corpus::Keep };
    let (last, next) = (schedule.last_tick(now), schedule.next_tick(now));
    assert!(last.is_none_or(|last| last <= now));
    if let Some(next) = next {
        assert!(now < next);
        assert_eq!(schedule.last_tick(next), Some(next), "a tick is its own last tick");
    }
    Corpus::Keep
});
