//! Beijing wall-clock time, in which both vendors speak.

use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime, Utc};

/// UTC+8, without summer time since 1991: no data here is older.
const OFFSET_MS: i64 = 8 * 3_600_000;

/// The instant of a Beijing wall clock.
pub(crate) fn beijing_ms(wall: NaiveDateTime) -> i64 {
    wall.and_utc().timestamp_millis() - OFFSET_MS
}

/// The instant at which a Beijing day begins.
pub(crate) fn beijing_day_ms(day: NaiveDate) -> i64 {
    beijing_ms(day.and_time(NaiveTime::MIN))
}

/// The Beijing wall clock of an instant, `2022-01-04 16:17:27`.
pub(crate) fn beijing_text(ms: i64) -> String {
    DateTime::<Utc>::from_timestamp_millis(ms.saturating_add(OFFSET_MS))
        .map(|wall| wall.format("%Y-%m-%d %H:%M:%S").to_string())
        .unwrap_or_default()
}
