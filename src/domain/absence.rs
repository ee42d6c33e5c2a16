//! Rows that a vendor reports no more, and when that is too many to be true.

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, Utc};
use serde::Serialize;

use crate::domain::stream::StreamId;
use crate::domain::window::TimeWindow;

/// Fewer rows than this may always vanish at once.
pub const MASS_ROWS: u64 = 20;

/// A share of something in hundredths of a percent, from 0 to 10 000; written `5%` or `0.5%`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Share(u16);

impl Share {
    /// A twentieth.
    pub const FIVE_PERCENT: Share = Share(500);

    /// Whether `missing` rows of `live` are more than may vanish at once: more than this share, and at least
    /// [`MASS_ROWS`].
    pub fn is_exceeded(self, missing: u64, live: u64) -> bool {
        MASS_ROWS <= missing && live.saturating_mul(u64::from(self.0)) < missing.saturating_mul(10_000)
    }
}

impl fmt::Display for Share {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = format!("{}.{:02}", self.0 / 100, self.0 % 100);
        write!(f, "{}%", digits.trim_end_matches('0').trim_end_matches('.'))
    }
}

impl FromStr for Share {
    type Err = String;

    fn from_str(text: &str) -> Result<Share, String> {
        let wrong = || format!("expects a share such as 5% or 0.5%, from 0% to 100%, not {text:?}");
        let number = text.trim().strip_suffix('%').ok_or_else(wrong)?.trim_end();
        let (whole, fraction) = number.split_once('.').unwrap_or((number, "0"));
        let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        if !digits(whole) || !digits(fraction) || 2 < fraction.len() || 3 < whole.len() {
            return Err(wrong());
        }
        let hundredths = format!("{whole}{fraction:0<2}").parse::<u32>().map_err(|_| wrong())?;
        u16::try_from(hundredths).ok().filter(|share| *share <= 10_000).map(Share).ok_or_else(wrong)
    }
}

/// So many rows missing from a window or snapshot at once that a person is to decide.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct AbsenceAlarm {
    /// Its number, by which it is decided.
    pub id: i64,
    /// The operator's name for the account.
    pub source: String,
    /// The stream.
    pub stream: StreamId,
    /// The table whose rows are missing.
    pub table: String,
    /// The window; `None` for a snapshot.
    pub window: Option<TimeWindow>,
    /// Rows missing at the last look.
    pub missing: i64,
    /// Rows that were live before.
    pub live: i64,
    /// When it was raised.
    pub raised_at: DateTime<Utc>,
    /// The run that raised it.
    pub run: i64,
    /// Keys of some of the rows, in the order of the table's key columns, without `source`.
    pub examples: Vec<Vec<String>>,
}

/// What became of an alarm that a person accepted.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct AcceptedAbsence {
    /// The alarm.
    #[serde(flatten)]
    pub alarm: AbsenceAlarm,
    /// Rows marked deleted.
    pub deleted: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_is_read_as_it_is_shown() {
        for text in ["5%", "0%", "0.5%", "12.25%", "100%"] {
            assert_eq!(text.parse::<Share>().unwrap().to_string(), text);
        }
        assert_eq!("5.00 %".parse(), Ok(Share::FIVE_PERCENT));
        for text in ["5", "", "%", "-1%", "100.01%", "101%", "0.125%", ".5%", "5.%", "99999999999%", "five%"]
        {
            assert!(text.parse::<Share>().unwrap_err().contains("such as 5%"), "{text}");
        }
    }

    #[test]
    fn nineteen_rows_may_always_go_and_twenty_up_to_the_share() {
        let share = Share::FIVE_PERCENT;
        assert!(!share.is_exceeded(19, 19));
        assert!(share.is_exceeded(20, 20) && share.is_exceeded(20, 399));
        assert!(!share.is_exceeded(20, 400) && share.is_exceeded(21, 400));
        assert!("0%".parse::<Share>().unwrap().is_exceeded(20, u64::MAX));
        assert!(!"100%".parse::<Share>().unwrap().is_exceeded(500, 500));
    }
}
