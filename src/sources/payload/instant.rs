//! Instants as vendors write them.

use chrono::{
    DateTime, Datelike as _, NaiveDate, NaiveDateTime, NaiveTime, SubsecRound as _, TimeZone as _, Utc,
};
use chrono_tz::Asia::Shanghai;

use crate::domain::row::decimal::Decimal;

/// Milliseconds (thirteen digits, as both Sobot samples have them) or seconds (ten digits).
pub(crate) fn epoch(number: &Decimal) -> Option<DateTime<Utc>> {
    let power = match number.whole_digits() {
        _ if number.is_negative() => return None,
        10 => 6,
        13 => 3,
        _ => return None,
    };
    DateTime::from_timestamp_micros(number.scaled_and_cut(power)?)
}

/// RFC 3339, or a time or date without zone, which is Beijing time (`docs/vendors.md#time`).
pub(crate) fn wall_clock(text: &str) -> Option<DateTime<Utc>> {
    if let Ok(instant) = DateTime::parse_from_rfc3339(text) {
        return Some(instant.to_utc().trunc_subsecs(6)).filter(is_storable);
    }
    let naive = ["%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%d %H:%M"]
        .iter()
        .find_map(|format| NaiveDateTime::parse_from_str(text, format).ok())
        .or_else(|| Some(NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()?.and_time(NaiveTime::MIN)))?;
    // Between 1986 and 1991 clocks were moved; an hour that does not exist is read as the one after it.
    let instant = Shanghai
        .from_local_datetime(&naive)
        .earliest()
        .or_else(|| Shanghai.from_local_datetime(&(naive + chrono::Duration::hours(1))).earliest())?;
    Some(instant.to_utc().trunc_subsecs(6)).filter(is_storable)
}

/// A year that PostgreSQL could not hold would stop its whole window at the commit.
fn is_storable(instant: &DateTime<Utc>) -> bool {
    (1..=9999).contains(&instant.year())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wall_clock_time_that_daylight_saving_skipped_is_the_one_an_hour_later() {
        let at = |text: &str| DateTime::parse_from_rfc3339(text).unwrap().to_utc();
        assert_eq!(wall_clock("1988-04-17 02:30:00"), Some(at("1988-04-17T03:30:00+09:00")));
        assert_eq!(wall_clock("1988-07-01 12:00:00"), Some(at("1988-07-01T12:00:00+09:00")));
        assert_eq!(wall_clock("2026-07-01 12:00"), Some(at("2026-07-01T12:00:00+08:00")));
    }

    proptest::proptest! {
        #[test]
        fn every_millisecond_of_our_time_is_read_as_itself(millis in 1_000_000_000_000i64..9_999_999_999_999) {
            assert_eq!(epoch(&Decimal::from(millis)), DateTime::from_timestamp_millis(millis));
        }
    }
}
