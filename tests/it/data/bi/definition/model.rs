//! The definitions once more, in plain loops: it shares nothing with the SQL.

use chrono::{DateTime, Duration, NaiveDate, TimeZone as _, Utc};
use chrono_tz::Tz;

/// The first instant of a day: the earlier of two midnights, or when clocks go on where there is none.
pub fn first_instant(zone: Tz, day: NaiveDate) -> DateTime<Utc> {
    let midnight = day.and_hms_opt(0, 0, 0).unwrap();
    let begins = |minutes| zone.from_local_datetime(&(midnight + Duration::minutes(minutes))).earliest();
    (0..240).find_map(begins).unwrap().with_timezone(&Utc)
}

/// What is said of a day, a week or a month.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum State {
    Final,
    Provisional,
    Partial,
}

impl State {
    pub const fn as_str(self) -> &'static str {
        match self {
            State::Final => "final",
            State::Provisional => "provisional",
            State::Partial => "partial",
        }
    }
}

/// An entry of `sync.time_window`.
#[derive(Debug, Clone)]
pub struct Window {
    pub start: DateTime<Utc>,
    pub end: DateTime<Utc>,
    /// complete, open or failed.
    pub state: &'static str,
    pub verdict: Option<&'static str>,
    pub rows: i64,
    pub read_at: Option<DateTime<Utc>>,
    pub complete_to: Option<DateTime<Utc>>,
    pub final_at: Option<DateTime<Utc>>,
    pub failed_at: Option<DateTime<Utc>>,
    /// Its reads: when, and how far each could be trusted. The last one is the window's.
    pub reads: Vec<(DateTime<Utc>, &'static str)>,
}

impl Window {
    fn is_read(&self) -> bool {
        self.state != "failed"
    }

    fn is_verified(&self) -> bool {
        matches!(self.verdict, Some("proven" | "stable"))
    }

    fn is_final(&self) -> bool {
        let late_enough = self.final_at.zip(self.read_at).is_some_and(|(at, read)| at <= read);
        self.state == "complete" && self.is_verified() && late_enough
    }

    /// Unverified reads in a row since it was closed for so long.
    fn closed_reads(&self, settle: Duration) -> usize {
        let unverified = self.reads.iter().rev().take_while(|(_, verdict)| *verdict == "unverified");
        unverified.filter(|(at, _)| self.end + settle <= *at).count()
    }
}

/// What a stream's windows show.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Tally {
    pub finals: i64,
    pub provisional: i64,
    pub unverified: i64,
    pub moving: i64,
}

/// All that the ledger knows of one stream.
#[derive(Debug, Clone)]
pub struct Ledger {
    pub zone: Tz,
    /// The first instant wanted; `None` of a stream that is not configured any more.
    pub start: Option<DateTime<Utc>>,
    /// What was removed because its time was over.
    pub expired_to: Option<DateTime<Utc>>,
    pub lookback: Duration,
    pub settle: Duration,
    /// The longest distance seen.
    pub seen: Option<Duration>,
    pub paused: bool,
    /// Oldest first.
    pub windows: Vec<Window>,
}

impl Ledger {
    pub fn wanted_from(&self) -> DateTime<Utc> {
        self.start.max(self.expired_to).unwrap_or(self.windows[0].start)
    }

    pub fn reach(&self) -> Duration {
        let watched =
            |window: &&Window| window.state == "complete" && window.is_verified() && 0 < window.rows;
        match self.windows.iter().filter(watched).count() {
            14.. => self.seen.unwrap_or_default().min(self.lookback),
            _ => self.lookback,
        }
    }

    /// Step by step from the first instant wanted, as far as windows are verified.
    pub fn complete_to(&self) -> Option<DateTime<Utc>> {
        let from = self.wanted_from();
        let mut at = from;
        while let Some(window) = self.windows.iter().find(|window| window.start <= at && at < window.end) {
            if !window.is_read() || !window.is_verified() {
                break;
            }
            match window.state {
                "complete" => at = window.end,
                _ => {
                    at = at.max(window.complete_to.unwrap());
                    break;
                }
            }
        }
        // An open window may be known to its end although it was not called complete.
        Some(at).filter(|at| from < *at)
    }

    pub fn final_to(&self) -> Option<DateTime<Utc>> {
        let from = self.wanted_from();
        let mut at = from;
        while let Some(window) = self.windows.iter().find(|window| window.start <= at && at < window.end) {
            if !window.is_final() {
                break;
            }
            at = window.end;
        }
        Some(at - self.reach()).filter(|at| from < *at)
    }

    fn midnight(&self, day: NaiveDate) -> DateTime<Utc> {
        first_instant(self.zone, day)
    }

    /// Whether windows that were read leave no instant out.
    fn covers(&self, from: DateTime<Utc>, to: DateTime<Utc>) -> bool {
        let mut at = from;
        for window in self.windows.iter().filter(|window| window.is_read()) {
            if window.start <= at && at < window.end {
                at = window.end;
            }
        }
        to <= at
    }

    /// Of the days from `first` to the one before `end`.
    pub fn state(&self, first: NaiveDate, end: NaiveDate) -> State {
        let (from, to) = (self.midnight(first), self.midnight(end));
        if !self.covers(from, to) {
            return State::Partial;
        }
        let until = to + self.reach();
        let may_bring = |window: &&Window| {
            let overlaps = window.start < to && from < window.end;
            overlaps || to <= window.start && window.start < until
        };
        let all_final = self.windows.iter().filter(may_bring).all(Window::is_final);
        if all_final && self.covers(from, until) { State::Final } else { State::Provisional }
    }

    /// Windows that are asked for.
    pub fn wanted(&self) -> impl Iterator<Item = &Window> {
        let from = self.wanted_from();
        self.windows.iter().filter(move |window| from < window.end)
    }

    pub fn tally(&self) -> Tally {
        let count = |is: fn(&Window) -> bool| self.wanted().filter(|window| is(window)).count() as i64;
        Tally {
            finals: count(Window::is_final),
            provisional: count(|window| window.state == "complete" && !window.is_final()),
            unverified: count(|window| window.verdict == Some("unverified")),
            moving: count(|window| window.state == "open" && window.verdict == Some("unverified")),
        }
    }

    /// A closed window was unverified twice running.
    pub fn unsettled(&self) -> bool {
        let mut read = self.wanted().filter(|window| window.is_read() && !window.is_verified());
        read.any(|window| 2 <= window.closed_reads(self.settle))
    }

    /// The first and the last business day that may have results.
    pub fn days_listed(&self) -> (NaiveDate, NaiveDate) {
        let seen = self.seen.unwrap_or_default().min(self.lookback);
        let first = (self.windows[0].start - seen).with_timezone(&self.zone).date_naive();
        (first, self.days_touched().1)
    }

    /// The first and the last business day that windows touch.
    pub fn days_touched(&self) -> (NaiveDate, NaiveDate) {
        let day = |at: DateTime<Utc>| at.with_timezone(&self.zone).date_naive();
        let last = self.windows[self.windows.len() - 1].end - Duration::microseconds(1);
        (day(self.windows[0].start), day(last))
    }
}
