//! Rows that a vendor reports no more, and when that is too many to be true.

use chrono::{DateTime, Utc};
use serde::Serialize;

use crate::domain::proof::window::TimeWindow;
use crate::domain::row::share::Share;
use crate::domain::stream::StreamId;

/// Fewer rows than this may always vanish at once.
pub const MASS_ROWS: u64 = 20;

/// Whether `missing` rows of `live` are more than may vanish at once: more than the share `max`, and at least
/// [`MASS_ROWS`].
pub fn is_mass_absence(max: Share, missing: u64, live: u64) -> bool {
    MASS_ROWS <= missing && max.is_exceeded_by(missing, live)
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
}

/// An alarm with what a person decides by.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct AbsenceCase {
    /// The alarm.
    #[serde(flatten)]
    pub alarm: AbsenceAlarm,
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
    pub case: AbsenceCase,
    /// Rows marked deleted.
    pub deleted: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nineteen_rows_may_always_go_and_twenty_up_to_the_share() {
        let exceeded = |missing, live| is_mass_absence(Share::percent(5), missing, live);
        assert!(!exceeded(19, 19));
        assert!(exceeded(20, 20) && exceeded(20, 399));
        assert!(!exceeded(20, 400) && exceeded(21, 400));
        assert!(is_mass_absence(Share::percent(0), 20, u64::MAX));
        assert!(!is_mass_absence(Share::percent(100), 500, 500));
    }
}
