//! When a complete window is read again: by a constant look-back until enough was seen of late and revised
//! results, then by what was learned of them, under the operator's bound and daily budget.
//!
//! A window is read again when a sixth of all that will ever change in it is expected to have changed
//! unseen, so that looks follow the changes: close together at first, far apart later. Its last look comes
//! at its closing age, after which no more than the operator's share of all changes is still to come and
//! the window as a whole changes with a probability of at most 1 %. Both are 95 % limits. The constant
//! look-back remains the outer bound of it all.

use chrono::{DateTime, Duration, Utc};
use serde::Serialize;

use crate::domain::proof::lag::LagCurve;
use crate::domain::proof::window::TimeWindow;
use crate::engine::plan::planner::{PlanInput, PlannedWindow, Reason, WindowPolicy};
use crate::engine::port::store::{LagLedger, ReadRecord};

/// A look is worth its requests when this share of a window's changes is expected to be unseen.
const SHARE_UNSEEN: f64 = 1.0 / 6.0;
/// Probability that a window called final changes later.
const CHANGE_MAX: f64 = 0.01;
/// A window is looked at at least each time its age has grown by this factor: what was learned may end to
/// be true, and a stream that never revises would never be looked at.
const AGE_FACTOR: i32 = 3;
/// One window in this many is looked at up to the outer bound, so that the tail stays measured.
const WATCHED_ONE_IN: u64 = 16;

/// What is known of a stream's late and revised results when a pass begins.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Learned {
    /// Expected changes by age; `None` while the constant look-back rules.
    pub curve: Option<LagCurve>,
    /// Requests that rereads have cost today.
    pub requests_today: u64,
}

impl Learned {
    /// By this ledger, under this policy.
    pub fn from_ledger(ledger: &LagLedger, policy: &WindowPolicy) -> Learned {
        Learned { curve: ledger.table.curve(policy.lookback), requests_today: ledger.requests_today }
    }
}

/// What is expected to have changed in a window since its last read.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Unseen {
    /// Expected number of rows that changed.
    pub changes: f64,
    /// Share of all changes that are expected in the window's life, 0 to 1.
    pub share: f64,
}

/// The age at which a window of `rows` rows needs its last look.
pub fn closing_age(window: TimeWindow, rows: u64, learned: &Learned, policy: &WindowPolicy) -> Duration {
    if is_watched(window) { policy.lookback } else { closing_age_of(rows, learned, policy) }
}

/// The same for windows that are not watched to the end.
pub fn closing_age_of(rows: u64, learned: &Learned, policy: &WindowPolicy) -> Duration {
    let curve = learned.curve.as_ref();
    let age = curve.and_then(|curve| curve.closing_age(rows, policy.missed_revisions_max, CHANGE_MAX));
    age.map_or(policy.lookback, |age| age.min(policy.lookback))
}

/// Whether and why a complete, trusted window is due again.
pub(in crate::engine) fn reread(
    record: &ReadRecord,
    window: TimeWindow,
    read_at: DateTime<Utc>,
    input: &PlanInput<'_>,
    policy: &WindowPolicy,
) -> Option<(Reason, Option<Unseen>)> {
    let (seen, age) = (read_at - window.end, input.now - window.end);
    let rows = record.rows.unsigned_abs();
    let closing = closing_age(window, rows, input.learned, policy);
    if closing <= seen {
        // A look that failed is still owed: nothing else would ever clear the failure.
        return record.failure.as_ref().map(|_| (Reason::Lookback, None));
    }
    let curve = input.learned.curve.as_ref().filter(|curve| curve.knows(age));
    let unseen = curve.map(|curve| {
        let change = curve.between(seen, age);
        let total = curve.total();
        let share = if 0.0 < total { change / total } else { 0.0 };
        Unseen { changes: change * rows as f64, share }
    });
    let reason = match unseen {
        _ if closing <= age => Reason::Closing,
        Some(unseen) if SHARE_UNSEEN <= unseen.share => Reason::Revisions,
        Some(_) if seen.max(Duration::hours(8)) * AGE_FACTOR <= age => Reason::Lookback,
        Some(_) => return None,
        None => {
            let recent = age < Duration::days(1);
            let rested = recent || policy.reread_every.is_none_or(|every| every <= input.now - read_at);
            return rested.then_some((Reason::Lookback, None));
        }
    };
    Some((reason, unseen))
}

/// A stable choice of windows, the same in every process.
fn is_watched(window: TimeWindow) -> bool {
    // Fibonacci hashing: neighbouring windows do not fall together.
    let mixed = window.start.timestamp().unsigned_abs().wrapping_mul(0x9E37_79B9_7F4A_7C15);
    (mixed >> 32).is_multiple_of(WATCHED_ONE_IN)
}

/// Leaves out rereads beyond today's budget: those that promise least for a request.
pub(in crate::engine) fn within_budget(
    due: Vec<PlannedWindow>,
    learned: &Learned,
    policy: &WindowPolicy,
) -> Vec<PlannedWindow> {
    let Some(budget) = policy.reread_requests_per_day else { return due };
    let mut left = budget.saturating_sub(learned.requests_today);
    let price = |due: &PlannedWindow| due.requests.max(1);
    let promise = |due: &PlannedWindow| due.unseen.map_or(0.0, |unseen| unseen.changes) / price(due) as f64;
    let mut looks: Vec<usize> = (0..due.len()).filter(|index| is_reread(due[*index].reason)).collect();
    looks.sort_by(|left, right| promise(&due[*right]).total_cmp(&promise(&due[*left])));
    let mut kept = vec![true; due.len()];
    for index in looks {
        // The first look of a day is never too slow, or a large window would wait for ever.
        kept[index] = price(&due[index]) <= left || left == budget;
        if kept[index] {
            left = left.saturating_sub(price(&due[index]));
        }
    }
    due.into_iter().zip(kept).filter_map(|(due, kept)| kept.then_some(due)).collect()
}

/// Whether a read for this reason counts against the daily budget of rereads.
pub fn is_reread(reason: Reason) -> bool {
    matches!(reason, Reason::Closing | Reason::Revisions | Reason::Lookback)
}
