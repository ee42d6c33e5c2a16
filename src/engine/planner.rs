//! Which windows are due. A pure function of the ledger, the time and the policy: a cron tick, a command
//! and a restart all ask it, and none of them carries data, so a missed tick costs nothing.

use chrono::{DateTime, Duration, Timelike, Utc};
use serde::Serialize;

use crate::domain::certificate::Verdict;
use crate::domain::window::{TimeWindow, WindowGrid};
use crate::engine::port::store::{ReadRecord, ReadState};

/// How a windowed stream is to be read.
#[derive(Debug, Clone, Copy)]
pub struct WindowPolicy {
    /// The first instant wanted.
    pub start: DateTime<Utc>,
    /// Where windows begin and end.
    pub grid: WindowGrid,
    /// Complete windows that ended less than this ago are read again.
    pub lookback: Duration,
    /// What is younger than this is never called complete.
    pub settle: Duration,
    /// Complete windows older than a day are read again at most this often; `None`: on every tick.
    pub reread_every: Option<Duration>,
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
    /// Rows are missing from it, and a second look decides whether they are gone.
    Absent,
    /// Late and revised results are still expected.
    Lookback,
    /// A person asked for it.
    Requested,
}

/// A window to be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct PlannedWindow {
    /// The window's identity in the ledger.
    pub window: TimeWindow,
    /// The part of it that already lies in the past: what the vendor is asked for.
    pub ask: TimeWindow,
    /// Why.
    pub reason: Reason,
}

/// What is asked of the planner.
#[derive(Debug, Clone, Copy)]
pub struct PlanInput {
    /// The present.
    pub now: DateTime<Utc>,
    /// A window whose last read began at or after this instant is not due: the last tick, or the start of
    /// the command. That is what keeps two workers from reading one window twice for one tick.
    pub due_since: DateTime<Utc>,
    /// Read everything within, whatever its state.
    pub range: Option<TimeWindow>,
}

/// The windows that are due, in the order in which they should be read: what grows, then gaps from the
/// oldest on so that completeness advances, then second looks from the longest unread on, so that a pass
/// that is cut short by the next tick never starves a window.
pub fn plan(ledger: &[ReadRecord], input: &PlanInput, policy: &WindowPolicy) -> Vec<PlannedWindow> {
    let Some(span) = span(input, policy) else { return Vec::new() };
    let mut due = Vec::new();
    let mut committed = Vec::new();
    for record in ledger {
        let (Some(window), Some(read_at)) = (record.window, record.read_at) else { continue };
        committed.push(window);
        if window.overlaps(&span) && read_at < input.due_since {
            let reason = reread_reason(record, window, read_at, input, policy);
            due.extend(reason.map(|reason| Due { window, reason, read_at: Some(read_at) }));
        }
    }
    let failed: Vec<_> =
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
            due.push(Due { window: gap, reason, read_at: None });
        }
    }
    in_reading_order(due, ceil_to_second(input.now))
}

/// The whole stretch of time that this plan is about.
fn span(input: &PlanInput, policy: &WindowPolicy) -> Option<TimeWindow> {
    match input.range {
        Some(range) => TimeWindow::new(range.start, range.end.min(input.now)),
        None => TimeWindow::new(policy.start, input.now),
    }
}

fn reread_reason(
    record: &ReadRecord,
    window: TimeWindow,
    read_at: DateTime<Utc>,
    input: &PlanInput,
    policy: &WindowPolicy,
) -> Option<Reason> {
    if input.range.is_some() {
        return Some(Reason::Requested);
    }
    if record.state == ReadState::Open {
        return Some(Reason::Open);
    }
    if record.verdict == Some(Verdict::Unverified) {
        return Some(Reason::Unverified);
    }
    if record.missing {
        return Some(Reason::Absent);
    }
    let recent = input.now - window.end < Duration::days(1);
    let rested = recent || policy.reread_every.is_none_or(|every| every <= input.now - read_at);
    // A second look that failed is still owed when the window has left the lookback meanwhile; nothing else
    // would ever clear the failure.
    let owed = input.now - policy.lookback < window.end || record.failure.is_some();
    (owed && rested).then_some(Reason::Lookback)
}

/// Windows of `sorted` (oldest first, not overlapping each other) that may overlap `cell`.
fn slice_around<'a>(sorted: &'a [TimeWindow], cell: &'a TimeWindow) -> impl Iterator<Item = &'a TimeWindow> {
    let from = sorted.partition_point(|window| window.end <= cell.start);
    sorted[from..].iter().take_while(|window| window.start < cell.end)
}

struct Due {
    window: TimeWindow,
    reason: Reason,
    read_at: Option<DateTime<Utc>>,
}

fn in_reading_order(mut due: Vec<Due>, now: DateTime<Utc>) -> Vec<PlannedWindow> {
    due.sort_by_key(|due| match due.reason {
        Reason::Open | Reason::Missing | Reason::Failed | Reason::Requested => {
            (due.reason, None, due.window.start.timestamp())
        }
        Reason::Unverified | Reason::Absent | Reason::Lookback => {
            (due.reason, due.read_at, -due.window.start.timestamp())
        }
    });
    due.into_iter()
        .filter_map(|Due { window, reason, .. }| {
            let ask = TimeWindow::new(window.start, window.end.min(now))?;
            Some(PlannedWindow { window, ask, reason })
        })
        .collect()
}

/// No vendor takes fractions of a second; asking for a little more than the past asks for nothing else.
fn ceil_to_second(instant: DateTime<Utc>) -> DateTime<Utc> {
    if instant.nanosecond() == 0 {
        return instant;
    }
    instant.with_nanosecond(0).unwrap_or(instant) + Duration::seconds(1)
}

#[cfg(test)]
mod tests;
