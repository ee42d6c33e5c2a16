//! One read of one window or snapshot: walks until one is confirmed, then one row for each key and a certificate.
//!
//! A read is proven where the vendor states a total and the elements equal it. It is stable where no total is stated
//! and a second walk contains every row of the first. Anything else is unverified, with a reason, and deletes nothing.

mod agreement;
mod close;
pub mod fetch;
mod halves;
mod judge;
pub mod resume;
pub mod row_buffer;
pub mod walk;

use chrono::{DateTime, Utc};

use crate::domain::fault::Fault;
use crate::domain::proof::certificate::{Certificate, UnverifiedReason};
use crate::domain::proof::window::TimeWindow;
use crate::engine::read::fetch::Fetcher;
use crate::engine::read::judge::{Judge, Step, were_parts_in_vain};
use crate::engine::read::walk::{Stated, WalkConfig, WalkEnd, walk};
use crate::telemetry::event;
use crate::telemetry::failpoint::{Failpoint, failpoint};

pub use self::close::ClosedRead;
pub(in crate::engine) use self::halves::halves_differ;

/// How the reads of a stream are judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReadRules {
    /// Walks over one scope until it must have closed.
    pub walks_max: u32,
    /// Where no total is stated, a second walk is made in the same pass.
    pub reread_at_once: bool,
    /// Two reads agree where their keys do: the rows are states of a moment.
    pub keys_only: bool,
}

/// What is known of the scope before it is read.
#[derive(Debug, Clone, Copy, Default)]
pub struct Before {
    /// Elements of the last committed read; 0 where there is none.
    pub rows: i64,
    /// Digest of the last committed read.
    pub digest: Option<u128>,
    /// When the last committed read began, if the scope was complete then.
    pub complete_at: Option<DateTime<Utc>>,
    /// Nothing confirmed the last committed read.
    pub unverified: bool,
    /// Why not.
    pub reason: Option<UnverifiedReason>,
    /// The vendor's total contradicted the last read of some window of the stream: one answer that agrees with its own
    /// total proves nothing here either, for a slip may have emptied the list of a window that is counted as empty.
    pub is_stream_contradicted: bool,
}

impl Before {
    /// What is known of a part of the scope that was never read by itself.
    pub(in crate::engine) fn part(self) -> Before {
        Before { is_stream_contradicted: self.is_stream_contradicted, ..Before::default() }
    }
}

/// How a read ended.
#[derive(Debug)]
pub enum ReadEnd {
    /// It closed.
    Closed(Box<ClosedRead>),
    /// The window should be read in parts.
    Split(Split),
}

/// Why a window should be read in parts, and what is left where that does not help.
#[derive(Debug)]
pub struct Split {
    /// Elements that were seen or stated.
    pub elements: u64,
    /// The vendor lists no more than these, whatever it states; `None` where the window is only too large.
    pub depth: Option<u64>,
    /// What is left where parts do not help.
    pub otherwise: Otherwise,
}

/// What is left of a read where its window cannot be read in parts.
#[derive(Debug)]
pub enum Otherwise {
    /// It is read whole all the same.
    ReadWhole,
    /// It closed, unverified.
    Keep(Box<ClosedRead>),
    /// The vendor refuses what lies deeper.
    Fail(Fault),
}

impl Otherwise {
    /// What was judged of the read that is left.
    pub(in crate::engine) fn certificate(&self) -> Option<&Certificate> {
        match self {
            Otherwise::Keep(closed) => Some(&closed.certificate),
            Otherwise::ReadWhole | Otherwise::Fail(_) => None,
        }
    }
}

/// Reads `window` (or the snapshot), walking at most `rules.walks_max` times.
///
/// # Errors
/// `WalkUnsettled` when no walk closed, and what [`walk()`] gave up on.
pub async fn read(
    fetcher: &mut Fetcher<'_>,
    rules: &ReadRules,
    config: &mut WalkConfig,
    window: Option<TimeWindow>,
    before: Before,
) -> Result<ReadEnd, Fault> {
    let scope = window.map_or_else(|| "snapshot".to_owned(), |window| window.to_string());
    let mut judge = Judge::new(rules, config, before);
    let was_split = before.reason.is_some_and(were_parts_in_vain);
    let mut stated = Stated::new();
    for number in 1..=rules.walks_max {
        // Exact doubles at the vendor look like drift in every walk; once half of them failed, they are
        // allowed for, at the price of a second equal walk.
        let doubles = rules.walks_max < 2 * number;
        // A total at the cap is not worth a walk, unless parts were found not to help.
        let result_cap = config.result_cap.filter(|_| !was_split);
        let to_the_end = judge.contradicts_itself();
        let follow = judge.saw_rows_move();
        let mut this_config = WalkConfig { doubles, follow, result_cap, to_the_end, ..*config };
        if 1 < number {
            fetcher.start_over();
        }
        let began = fetcher.clock.now();
        let end = walk(fetcher, &mut this_config, window, &mut stated).await?;
        // Where rows move, so does their number.
        if matches!(end, WalkEnd::Drifted(_) | WalkEnd::Moved(_)) {
            stated.clear();
        }
        // Where the total is wrong, a list that ends looks like a small page: the next walk asks for a whole one.
        if !matches!(end, WalkEnd::Disagreeing(_)) {
            config.page_size = this_config.page_size;
        }
        if matches!(end, WalkEnd::Closed(_) | WalkEnd::Disagreeing(_)) {
            failpoint(Failpoint::WalkClosed).await?;
        }
        match judge.next(end, began, doubles, fetcher.requests()) {
            Step::End(end) => return Ok(end),
            Step::Again(reason) => {
                event::WalkRestarted { key: fetcher.key, scope: &scope, walk: number, reason: &reason }
                    .emit();
            }
        }
    }
    Err(judge.out_of_walks())
}
