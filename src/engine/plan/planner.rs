//! Which windows are due. A pure function of the ledger, the time and the policy: a cron tick, a command
//! and a restart all ask it, and none of them carries data, so a missed tick costs nothing.

use std::collections::HashSet;

use chrono::{DateTime, Duration, Timelike, Utc};
use serde::Serialize;

use crate::domain::proof::certificate::{UnverifiedReason, Verdict};
use crate::domain::proof::window::{TimeWindow, WindowGrid};
use crate::engine::plan::present::CLOCK_TOLERANCE;
use crate::engine::plan::reread::{Learned, Unseen, reread, within_budget};
use crate::engine::port::store::{ReadRecord, ReadState};

/// The rest after the second contradicted read of a window; it doubles from read to read.
const PAUSE_FIRST: Duration = Duration::minutes(5);
/// The longest such rest.
const PAUSE_MAX: Duration = Duration::hours(6);

/// How a windowed stream is to be read.
#[derive(Debug, Clone, Copy)]
pub struct WindowPolicy {
    /// The first instant wanted.
    pub start: DateTime<Utc>,
    /// Where windows begin and end.
    pub grid: WindowGrid,
    /// Until enough was learned of late results, complete windows that ended less than this ago are read
    /// again; at all times, none that was read at this age or later.
    pub lookback: Duration,
    /// What is younger than this is never called complete.
    pub settle: Duration,
    /// Until enough was learned, complete windows older than a day are read again at most this often;
    /// `None`: on every tick.
    pub reread_every: Option<Duration>,
    /// Share of all late and revised results that may come after a window's last read.
    pub missed_revisions_max: f64,
    /// Requests that rereads may cost in one business day; `None`: any number.
    pub reread_requests_per_day: Option<u64>,
    /// Windows that ended longer ago are not wanted any more; `None`: all are.
    pub retention: Option<Duration>,
}

impl WindowPolicy {
    /// Windows that ended by then are not kept any more. Always where a window of the grid begins, so that
    /// windows expire whole.
    pub fn cut(&self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let oldest = now.checked_sub_signed(self.retention?)?;
        Some(self.grid.floor(oldest))
    }

    /// The first instant wanted now.
    pub fn wanted_from(&self, now: DateTime<Utc>) -> DateTime<Utc> {
        self.cut(now).map_or(self.start, |cut| cut.max(self.start))
    }
}

/// Why a window is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// It was still growing when it was last read.
    Open,
    /// It was never read.
    Missing,
    /// It was never read because each attempt failed.
    Failed,
    /// Its one read proved nothing yet.
    Unverified,
    /// Its last read missed rows that were there before: a second read decides whether they are gone.
    Absent,
    /// The last read that it needs: hardly anything is expected to change after it.
    Closing,
    /// By what was learned of this stream, enough has changed in it unseen.
    Revisions,
    /// Nothing was learned yet, and it is within the constant look-back; or it has not been looked at for
    /// most of its age.
    Lookback,
    /// A person asked for it.
    Requested,
}

/// A window to be read.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct PlannedWindow {
    /// The window's identity in the ledger.
    pub window: TimeWindow,
    /// The part of it that already lies in the past: what the vendor is asked for.
    pub ask: TimeWindow,
    /// Why.
    pub reason: Reason,
    /// When its last read began.
    pub read_at: Option<DateTime<Utc>>,
    /// What is expected to have changed since, where that was learned.
    pub unseen: Option<Unseen>,
    /// Requests that its last read took; 0 where there was none.
    pub requests: u64,
}

/// What is asked of the planner.
#[derive(Debug, Clone, Copy)]
pub struct PlanInput<'a> {
    /// The present.
    pub now: DateTime<Utc>,
    /// A window whose last read began at or after this instant is not due: the last tick, or the start of
    /// the command. That is what keeps two workers from reading one window twice for one tick.
    pub due_since: DateTime<Utc>,
    /// Read everything within, whatever its state.
    pub range: Option<TimeWindow>,
    /// Only what lies within is asked about; whole cells of the grid.
    pub within: Option<TimeWindow>,
    /// Windows of which the vendor's own number contradicts what it sends rest between their reads, longer each time.
    /// A person's command does not wait.
    pub pauses: bool,
    /// What is known of late and revised results.
    pub learned: &'a Learned,
}

/// The windows that are due, in the order in which they should be read: what grows, then gaps from the
/// oldest on so that completeness advances, then rereads from the longest unread on, so that a pass
/// that is cut short by the next tick never starves a window.
pub fn plan(ledger: &[ReadRecord], input: &PlanInput<'_>, policy: &WindowPolicy) -> Vec<PlannedWindow> {
    let Some(span) = span(input, policy) else { return Vec::new() };
    let mut due = Vec::new();
    let mut committed = Vec::new();
    for record in ledger {
        let (Some(window), Some(read_at)) = (record.window, record.read_at) else { continue };
        committed.push(window);
        if window.overlaps(&span) && is_due(read_at, input.due_since, input.now) {
            due.extend(again(record, window, read_at, input, policy));
        }
    }
    let failed: HashSet<_> =
        ledger.iter().filter(|r| r.state == ReadState::Failed).filter_map(|r| r.window).collect();
    for cell in policy.grid.cells(span.start, span.end) {
        // The ledger may be large; only what touches the cell matters.
        let taken: Vec<_> = slice_around(&committed, &cell).copied().collect();
        for gap in cell.subtract(&taken) {
            let reason = if input.range.is_some() {
                Reason::Requested
            } else if failed.contains(&gap) {
                Reason::Failed
            } else {
                Reason::Missing
            };
            due.push(PlannedWindow {
                window: gap,
                ask: gap,
                reason,
                read_at: None,
                unseen: None,
                requests: 0,
            });
        }
    }
    in_reading_order(due, input, policy)
}

/// Whether what was last read then is due. A read that is dated ahead of the present says nothing of when it was: the
/// clock went back since, and waiting for it to come round again would be a pass without a request.
pub(in crate::engine) fn is_due(
    read_at: DateTime<Utc>,
    due_since: DateTime<Utc>,
    now: DateTime<Utc>,
) -> bool {
    read_at < due_since || now + CLOCK_TOLERANCE < read_at
}

/// The whole stretch of time that this plan is about.
fn span(input: &PlanInput<'_>, policy: &WindowPolicy) -> Option<TimeWindow> {
    let span = match input.range {
        Some(range) => {
            let start = policy.cut(input.now).map_or(range.start, |cut| cut.max(range.start));
            TimeWindow::new(start, range.end.min(input.now))
        }
        None => TimeWindow::new(policy.wanted_from(input.now), input.now),
    };
    match input.within {
        Some(within) => span?.clip(&within),
        None => span,
    }
}

/// A window that was read before, if it is due again.
fn again(
    record: &ReadRecord,
    window: TimeWindow,
    read_at: DateTime<Utc>,
    input: &PlanInput<'_>,
    policy: &WindowPolicy,
) -> Option<PlannedWindow> {
    let (reason, unseen) = if input.range.is_some() {
        (Reason::Requested, None)
    } else if record.state == ReadState::Open {
        (Reason::Open, None)
    } else if record.verdict == Some(Verdict::Unverified) {
        if input.pauses && input.now < read_at + pause(record) {
            return None;
        }
        (Reason::Unverified, None)
    } else if record.missing {
        (Reason::Absent, None)
    } else {
        reread(record, window, read_at, input, policy)?
    };
    let requests = record.requests.unsigned_abs();
    Some(PlannedWindow { window, ask: window, reason, read_at: Some(read_at), unseen, requests })
}

/// How long a window rests whose last reads the vendor's own number contradicted. Reading it again at once mends nothing,
/// and each try costs the vendor several walks.
fn pause(record: &ReadRecord) -> Duration {
    let contradicts = record.unverified_reason.is_some_and(UnverifiedReason::contradicts);
    let doublings = record.unverified_reads.saturating_sub(2);
    match contradicts && 0 <= doublings {
        true => (PAUSE_FIRST * 2_i32.saturating_pow(doublings.unsigned_abs().min(16))).min(PAUSE_MAX),
        false => Duration::zero(),
    }
}

/// Windows of `sorted` (oldest first, not overlapping each other) that may overlap `cell`.
fn slice_around<'a>(sorted: &'a [TimeWindow], cell: &'a TimeWindow) -> impl Iterator<Item = &'a TimeWindow> {
    let from = sorted.partition_point(|window| window.end <= cell.start);
    sorted[from..].iter().take_while(|window| window.start < cell.end)
}

fn in_reading_order(
    mut due: Vec<PlannedWindow>,
    input: &PlanInput<'_>,
    policy: &WindowPolicy,
) -> Vec<PlannedWindow> {
    due.sort_by_key(|due| match due.reason {
        Reason::Open | Reason::Missing | Reason::Failed | Reason::Requested => {
            (due.reason, None, due.window.start.timestamp())
        }
        Reason::Unverified | Reason::Absent | Reason::Lookback | Reason::Closing | Reason::Revisions => {
            (due.reason, due.read_at, -due.window.start.timestamp())
        }
    });
    within_budget(due, input.learned, policy)
        .into_iter()
        .filter_map(|due| {
            let ask = so_far(due.window, input.now)?;
            Some(PlannedWindow { ask, ..due })
        })
        .collect()
}

/// What a window can be asked for `now`: as far as it has come; `None` where it has not begun.
pub fn so_far(window: TimeWindow, now: DateTime<Utc>) -> Option<TimeWindow> {
    TimeWindow::new(window.start, window.end.min(ceil_to_second(now)))
}

/// No vendor takes fractions of a second; asking for a little more than the past asks for nothing else.
pub fn ceil_to_second(instant: DateTime<Utc>) -> DateTime<Utc> {
    if instant.nanosecond() == 0 {
        return instant;
    }
    instant.with_nanosecond(0).unwrap_or(instant) + Duration::seconds(1)
}

#[cfg(test)]
mod tests;
