//! The windows of a stream, one by one.

use chrono::{DateTime, Utc};
use serde::Serialize;

use crate::domain::proof::window::TimeWindow;

/// Windows of a stream that are told one by one; the older ones are counted.
const WINDOWS_LISTED: usize = 400;

/// The same of all streams together, but that each has a few.
const LISTED_IN_ALL: usize = 20_000;
const LISTED_MIN: usize = 20;

/// How many windows of each stream are told one by one where there are so many streams.
pub fn windows_listed(streams: usize) -> usize {
    (LISTED_IN_ALL / streams.max(1)).clamp(LISTED_MIN, WINDOWS_LISTED)
}

/// What is known of a window, in one word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum WindowState {
    /// Its totals agreed, and it is final.
    Proven,
    /// Two reads were equal, and it is final.
    Stable,
    /// Complete, and likely to change still.
    Provisional,
    /// Its read closed, and nothing more is known.
    Unverified,
    /// The last attempt failed.
    Failed,
    /// Read whole, and still growing.
    Open,
    /// Still growing, and its rows moved while they were read.
    Moving,
    /// Wanted, and never read.
    NotYet,
}

impl WindowState {
    /// All of them, in the order of a legend.
    pub const ALL: [WindowState; 8] = [
        WindowState::Proven,
        WindowState::Stable,
        WindowState::Provisional,
        WindowState::Unverified,
        WindowState::Open,
        WindowState::Moving,
        WindowState::Failed,
        WindowState::NotYet,
    ];

    /// One letter for it, for where colour says nothing.
    pub const fn mark(self) -> char {
        match self {
            WindowState::Proven => 'P',
            WindowState::Stable => 'S',
            WindowState::Provisional => 'p',
            WindowState::Unverified => '?',
            WindowState::Failed => '!',
            WindowState::Open => 'o',
            WindowState::Moving => 'm',
            WindowState::NotYet => '.',
        }
    }
}

/// One window.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct WindowStatus {
    /// From when to when.
    #[serde(flatten)]
    pub window: TimeWindow,
    /// What is known of it.
    pub state: WindowState,
    /// Elements in its last read.
    pub rows: i64,
    /// When its last committed read began.
    pub read_at: Option<DateTime<Utc>>,
}

/// The newest windows of a stream.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct Calendar {
    /// At most [`windows_listed`], the oldest first.
    pub windows: Vec<WindowStatus>,
    /// Windows of the ledger that are older than those.
    pub older: i64,
    /// Windows wanted and never read, older ones included, by the time that nothing covers.
    pub unread: i64,
    /// Seconds that committed reads cover, between the first instant wanted and the present.
    #[serde(skip)]
    pub covered_seconds: i64,
}

impl Calendar {
    /// Adds what `cells`, the newest that are wanted, have no window for, as not read yet, and keeps the `listed` newest.
    pub fn fill(&mut self, cells: &[TimeWindow], listed: usize) {
        let taken: Vec<TimeWindow> = self.windows.iter().map(|known| known.window).collect();
        // What lies before the windows listed may well have been read.
        let from = taken.first().filter(|_| 0 < self.older).map(|first| first.start);
        for cell in cells.iter().filter(|cell| from.is_none_or(|from| from <= cell.start)) {
            let near = taken.partition_point(|window| window.end <= cell.start);
            let touching: Vec<TimeWindow> =
                taken[near..].iter().take_while(|window| window.start < cell.end).copied().collect();
            self.windows.extend(cell.subtract(&touching).into_iter().map(|window| WindowStatus {
                window,
                state: WindowState::NotYet,
                rows: 0,
                read_at: None,
            }));
        }
        self.windows.sort_by_key(|known| known.window);
        let surplus = self.windows.len().saturating_sub(listed);
        let dropped = self.windows.drain(..surplus);
        self.older += dropped.filter(|known| known.state != WindowState::NotYet).count() as i64;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(number: i64) -> TimeWindow {
        let start = DateTime::UNIX_EPOCH + chrono::Duration::days(number);
        TimeWindow { start, end: start + chrono::Duration::days(1) }
    }

    fn proven(window: TimeWindow) -> WindowStatus {
        WindowStatus { window, state: WindowState::Proven, rows: 1, read_at: Some(window.end) }
    }

    #[test]
    fn what_was_never_read_stands_between_what_was() {
        let half = day(2).split().unwrap().0;
        let mut calendar = Calendar { windows: vec![proven(day(0)), proven(half)], ..Calendar::default() };
        calendar.fill(&[day(0), day(1), day(2), day(3)], WINDOWS_LISTED);
        let marks: String = calendar.windows.iter().map(|known| known.state.mark()).collect();
        assert_eq!(marks, "P.P..");
        assert_eq!(calendar.windows[3].window.start, half.end);
    }

    #[test]
    fn the_newest_are_told_and_the_older_counted() {
        let windows = (1..=WINDOWS_LISTED as i64).map(day).map(proven).collect();
        let mut calendar = Calendar { windows, older: 1, ..Calendar::default() };
        let cells: Vec<_> = (0..WINDOWS_LISTED as i64 + 3).map(day).collect();
        calendar.fill(&cells, WINDOWS_LISTED);
        assert_eq!((calendar.windows.len(), calendar.older), (WINDOWS_LISTED, 3));
        assert_eq!(
            calendar.windows[0].window,
            day(3),
            "what may have been read before is not told as unread"
        );
    }
}
