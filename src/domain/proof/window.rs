//! Half-open time windows and the grid on which a stream is read.

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, Duration, NaiveDate, NaiveTime, TimeZone, Utc};
use chrono_tz::Tz;
use serde::Serialize;

/// `[start, end)`: instants, never empty.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
pub struct TimeWindow {
    /// First instant inside.
    pub start: DateTime<Utc>,
    /// First instant after.
    pub end: DateTime<Utc>,
}

impl TimeWindow {
    /// The window, or `None` where nothing lies between the two instants.
    pub fn new(start: DateTime<Utc>, end: DateTime<Utc>) -> Option<TimeWindow> {
        (start < end).then_some(TimeWindow { start, end })
    }

    /// The window between two bounds that are both known; `None` where one is not, as of a snapshot.
    pub fn from_bounds(start: Option<DateTime<Utc>>, end: Option<DateTime<Utc>>) -> Option<TimeWindow> {
        start.zip(end).and_then(|(start, end)| TimeWindow::new(start, end))
    }

    /// Whether the two share an instant.
    pub fn overlaps(&self, other: &TimeWindow) -> bool {
        self.start < other.end && other.start < self.end
    }

    /// The part of this window inside `other`.
    pub fn clip(&self, other: &TimeWindow) -> Option<TimeWindow> {
        TimeWindow::new(self.start.max(other.start), self.end.min(other.end))
    }

    /// What remains of this window when `taken` (in any order) is cut out, oldest first.
    pub fn subtract(&self, taken: &[TimeWindow]) -> Vec<TimeWindow> {
        let mut taken: Vec<_> = taken.iter().filter_map(|window| window.clip(self)).collect();
        taken.sort();
        let mut rest = Vec::new();
        let mut from = self.start;
        for window in taken {
            rest.extend(TimeWindow::new(from, window.start));
            from = from.max(window.end);
        }
        rest.extend(TimeWindow::new(from, self.end));
        rest
    }

    /// The two halves, cut at a whole second because no vendor filters finer; `None` below two seconds.
    pub fn split(&self) -> Option<(TimeWindow, TimeWindow)> {
        let half = (self.end - self.start).num_seconds() / 2;
        let middle = self.start + Duration::seconds(half);
        (half >= 1).then_some((
            TimeWindow { start: self.start, end: middle },
            TimeWindow { start: middle, end: self.end },
        ))
    }
}

impl TimeWindow {
    /// As people of a zone call it: a whole day by its date; else from when to when, the end excluded.
    pub fn in_zone(&self, zone: Tz) -> String {
        let (start, end) = (self.start.with_timezone(&zone), self.end.with_timezone(&zone));
        let whole = [start.time(), end.time()] == [NaiveTime::MIN; 2];
        match whole && start.date_naive().succ_opt() == Some(end.date_naive()) {
            true => start.date_naive().to_string(),
            false => format!("{} .. {}", minute(self.start, zone), minute(self.end, zone)),
        }
    }
}

/// Date and time of day in a zone; with the seconds where there are any.
pub fn minute(at: DateTime<Utc>, zone: Tz) -> String {
    let format = if at.timestamp() % 60 == 0 { "%Y-%m-%d %H:%M" } else { "%Y-%m-%d %H:%M:%S" };
    at.with_timezone(&zone).format(format).to_string()
}

impl fmt::Display for TimeWindow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let format = "%Y-%m-%dT%H:%M:%SZ";
        write!(f, "[{}, {})", self.start.format(format), self.end.format(format))
    }
}

/// What is not a window as it is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a window: [start, end) is expected")]
pub struct NoWindow;

impl FromStr for TimeWindow {
    type Err = NoWindow;

    /// Reads what `Display` writes.
    fn from_str(text: &str) -> Result<TimeWindow, NoWindow> {
        let inner = text.strip_prefix('[').and_then(|text| text.strip_suffix(')')).ok_or(NoWindow)?;
        let (start, end) = inner.split_once(", ").ok_or(NoWindow)?;
        let instant = |text: &str| text.parse::<DateTime<Utc>>().map_err(|_| NoWindow);
        TimeWindow::new(instant(start)?, instant(end)?).ok_or(NoWindow)
    }
}

/// The instants at which the windows of a stream begin: every `step` from `origin`.
///
/// A step of whole days follows the calendar of `zone`, so that a window of `1d` is a business day
/// whatever the clocks do; any other step is a fixed length of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WindowGrid {
    origin: NaiveDate,
    zone: Tz,
    step: Step,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    Days(i64),
    Seconds(i64),
}

impl WindowGrid {
    /// A grid whose first boundary is midnight of `origin` in `zone`; a `step` under a second counts as one.
    pub fn new(origin: NaiveDate, step: Duration, zone: Tz) -> WindowGrid {
        let seconds = step.num_seconds().max(1);
        let step = if seconds % 86_400 == 0 { Step::Days(seconds / 86_400) } else { Step::Seconds(seconds) };
        WindowGrid { origin, zone, step }
    }

    /// The calendar date of an instant in the grid's zone.
    pub fn date_of(&self, instant: DateTime<Utc>) -> NaiveDate {
        instant.with_timezone(&self.zone).date_naive()
    }

    /// The cells that overlap `[start, end)`, whole, oldest first. Cells before the origin do not exist.
    pub fn cells(&self, start: DateTime<Utc>, end: DateTime<Utc>) -> Vec<TimeWindow> {
        let mut cells = Vec::new();
        let mut index = self.index_before(start);
        loop {
            let cell_start = self.boundary(index);
            if end <= cell_start {
                return cells;
            }
            let cell_end = self.boundary(index + 1);
            if start < cell_end {
                cells.extend(TimeWindow::new(cell_start, cell_end));
            }
            index += 1;
        }
    }

    /// The newest cells, `most` of them, that overlap `[start, end)`, oldest first.
    pub fn newest_cells(&self, start: DateTime<Utc>, end: DateTime<Utc>, most: usize) -> Vec<TimeWindow> {
        // A little more than enough, whatever the clocks did.
        let reach = self.step().checked_mul(i32::try_from(most).unwrap_or(i32::MAX).saturating_add(3));
        let from =
            reach.and_then(|reach| end.checked_sub_signed(reach)).map_or(start, |from| from.max(start));
        let cells = self.cells(from, end);
        cells[cells.len().saturating_sub(most)..].to_vec()
    }

    /// How long a cell is; a day counts as 24 hours.
    pub fn step(&self) -> Duration {
        match self.step {
            Step::Days(days) => Duration::days(days),
            Step::Seconds(seconds) => Duration::seconds(seconds),
        }
    }

    /// The beginning of the cell that holds `instant`; the instant itself where it lies before the origin.
    pub fn floor(&self, instant: DateTime<Utc>) -> DateTime<Utc> {
        let cells = self.cells(instant, instant + Duration::microseconds(1));
        cells.first().map_or(instant, |cell| cell.start.min(instant))
    }

    /// An index whose boundary is at or before `instant` (or 0), close to it.
    fn index_before(&self, instant: DateTime<Utc>) -> i64 {
        let elapsed = (instant - self.boundary(0)).num_seconds();
        let index = match self.step {
            // Two days of slack cover any change of the clocks.
            Step::Days(days) => (elapsed / 86_400 - 2) / days,
            Step::Seconds(seconds) => elapsed / seconds - 1,
        };
        index.max(0)
    }

    fn boundary(&self, index: i64) -> DateTime<Utc> {
        match self.step {
            Step::Days(days) => local_midnight(self.origin + Duration::days(index * days), self.zone),
            Step::Seconds(seconds) => {
                local_midnight(self.origin, self.zone) + Duration::seconds(index * seconds)
            }
        }
    }
}

/// The first instant of `date` in `zone`. Where the clocks skip midnight, the first instant after the gap.
pub fn local_midnight(date: NaiveDate, zone: Tz) -> DateTime<Utc> {
    let mut wall = date.and_time(NaiveTime::MIN);
    loop {
        match zone.from_local_datetime(&wall).earliest() {
            Some(instant) => return instant.to_utc(),
            None => wall += Duration::minutes(15),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        DateTime::parse_from_rfc3339(text).unwrap().to_utc()
    }

    fn window(start: &str, end: &str) -> TimeWindow {
        TimeWindow::new(at(start), at(end)).unwrap()
    }

    fn date(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    #[test]
    fn a_day_window_begins_at_beijing_midnight() {
        let grid = WindowGrid::new(date("2026-01-01"), Duration::days(1), chrono_tz::Asia::Shanghai);
        let cells = grid.cells(at("2026-01-01T00:00:00Z"), at("2026-01-02T16:00:00Z"));
        assert_eq!(
            cells,
            [
                window("2025-12-31T16:00:00Z", "2026-01-01T16:00:00Z"),
                window("2026-01-01T16:00:00Z", "2026-01-02T16:00:00Z"),
            ]
        );
    }

    #[test]
    fn day_windows_stay_on_local_midnight_across_a_change_of_the_clocks() {
        let zone = chrono_tz::America::New_York;
        let grid = WindowGrid::new(date("2026-01-01"), Duration::days(1), zone);
        let cells = grid.cells(at("2026-03-07T12:00:00Z"), at("2026-03-10T12:00:00Z"));
        for cell in &cells {
            let local = cell.start.with_timezone(&zone);
            assert_eq!(local.time(), NaiveTime::MIN, "{local}");
        }
        let hours: Vec<_> = cells.iter().map(|cell| (cell.end - cell.start).num_hours()).collect();
        assert_eq!(hours, [24, 23, 24, 24]);
    }

    #[test]
    fn cells_touch_and_leave_no_gap_for_any_step() {
        for step in [Duration::minutes(7), Duration::hours(6), Duration::days(1), Duration::days(7)] {
            let grid = WindowGrid::new(date("2026-02-01"), step, chrono_tz::Asia::Shanghai);
            let cells = grid.cells(at("2026-03-01T05:00:00Z"), at("2026-03-20T07:00:00Z"));
            assert!(cells[0].start <= at("2026-03-01T05:00:00Z"));
            assert!(at("2026-03-20T07:00:00Z") <= cells[cells.len() - 1].end);
            assert!(cells.windows(2).all(|pair| pair[0].end == pair[1].start));
        }
    }

    #[test]
    fn nothing_lies_before_the_origin() {
        let grid = WindowGrid::new(date("2026-01-10"), Duration::days(1), chrono_tz::UTC);
        let cells = grid.cells(at("2025-12-01T00:00:00Z"), at("2026-01-10T01:00:00Z"));
        assert_eq!(cells, [window("2026-01-10T00:00:00Z", "2026-01-11T00:00:00Z")]);
    }

    #[test]
    fn subtracting_windows_leaves_exactly_the_gaps() {
        let day = window("2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z");
        let taken = [
            window("2026-01-01T12:00:00Z", "2026-01-01T18:00:00Z"),
            window("2025-12-31T00:00:00Z", "2026-01-01T06:00:00Z"),
        ];
        assert_eq!(
            day.subtract(&taken),
            [
                window("2026-01-01T06:00:00Z", "2026-01-01T12:00:00Z"),
                window("2026-01-01T18:00:00Z", "2026-01-02T00:00:00Z"),
            ]
        );
        assert!(day.subtract(&[day]).is_empty());
    }

    #[test]
    fn a_window_is_read_as_it_is_written_and_nothing_else_is_one() {
        let day = window("2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z");
        assert_eq!(day.to_string().parse(), Ok(day));
        for wrong in ["snapshot", "[2026-01-02T00:00:00Z, 2026-01-01T00:00:00Z)", "[, )", "[)"] {
            assert_eq!(wrong.parse::<TimeWindow>(), Err(NoWindow), "{wrong}");
        }
    }

    #[test]
    fn halves_meet_in_the_middle_and_a_second_cannot_be_split() {
        let (left, right) = window("2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z").split().unwrap();
        assert_eq!(left.end, right.start);
        assert_eq!(left.end, at("2026-01-01T12:00:00Z"));
        assert_eq!(window("2026-01-01T00:00:00Z", "2026-01-01T00:00:01Z").split(), None);
    }
}
