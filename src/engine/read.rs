//! One read of one window or snapshot: walks until one is confirmed, then one row for each key and a certificate.
//!
//! A read is proven where the vendor states a total and the elements equal it. It is stable where no total is stated
//! and a second walk contains every row of the first. Anything else is unverified, with a reason, and deletes nothing.

mod agreement;
mod close;
mod halves;

use chrono::{DateTime, Utc};

use crate::domain::certificate::{Certificate, SetDigest, UnverifiedReason, Verdict};
use crate::domain::fault::{Fault, FaultKind};
use crate::domain::text::counted;
use crate::domain::window::TimeWindow;
use crate::engine::fetch::Fetcher;
use crate::engine::read::agreement::ReadSummary;
use crate::engine::read::close::close;
use crate::engine::walk::{Drift, Stated, Walk, WalkConfig, WalkEnd, walk};
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

/// Pages up to which a walk with duplicates is made again at once; a longer one is left unverified.
const REPEAT_PAGES_MAX: u32 = 8;

/// Closed walks of one read after which reads that do not agree are left unverified.
const CONFIRM_WALKS_MAX: u32 = 3;

/// The same where no total is stated: of two answers that are wrong once each, two right reads may be left.
const UNSTATED_WALKS_MAX: u32 = 4;

/// Reads `window` (or the snapshot), walking at most `rules.walks_max` times.
///
/// # Errors
/// `WalkUnsettled` when no walk closed, and what [`walk`] gave up on.
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
        let mut this_config = WalkConfig { doubles, follow: 1 < number, result_cap, to_the_end, ..*config };
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

/// What follows from a walk.
enum Step {
    End(ReadEnd),
    /// Walk again; why.
    Again(String),
}

/// Judges the walks of one read, one after another.
struct Judge<'r> {
    rules: &'r ReadRules,
    before: Before,
    /// Elements that the endpoint's search can state or list at most.
    cap: Option<u64>,
    /// The window can be read in parts.
    splits: bool,
    closed_walks: u32,
    /// The vendor's total contradicted a walk of this read, or the last committed one: a slip may meet such a total.
    contradicted: bool,
    /// The last walk that closed, without its rows.
    digest: Option<SetDigest>,
    /// The walks that closed and stated no total, in their order.
    summaries: Vec<ReadSummary>,
    /// How the last walks that did not close drifted.
    drifts: Vec<Drift>,
    /// Why the last walk was not enough.
    reason: String,
}

impl<'r> Judge<'r> {
    fn new(rules: &'r ReadRules, config: &WalkConfig, before: Before) -> Judge<'r> {
        Judge {
            rules,
            before,
            cap: config.result_cap,
            splits: config.rows_max.is_some(),
            closed_walks: 0,
            contradicted: before.reason.is_some_and(UnverifiedReason::contradicts),
            digest: None,
            summaries: Vec::new(),
            drifts: Vec::new(),
            reason: String::new(),
        }
    }

    fn next(&mut self, end: WalkEnd, began: DateTime<Utc>, doubles: bool, requests: u64) -> Step {
        match end {
            WalkEnd::TooLarge(elements) => {
                Step::End(ReadEnd::Split(Split { elements, depth: None, otherwise: Otherwise::ReadWhole }))
            }
            WalkEnd::Refused(elements, fault) => {
                let otherwise = Otherwise::Fail(fault);
                Step::End(ReadEnd::Split(Split { elements, depth: Some(elements), otherwise }))
            }
            WalkEnd::Drifted(drift) => {
                let why = drift.why.clone();
                self.drifts.push(drift);
                self.again(why)
            }
            WalkEnd::Moved(walk) => {
                let doubt = Doubt { moved: true, odd: true, lacking: walk.lacking, disputed: None };
                let mut closed = close(walk, requests);
                closed.moved = true;
                self.judge(closed, began, doubt)
            }
            WalkEnd::Closed(walk) => self.judge_closed(walk, began, doubles, requests),
            WalkEnd::Disagreeing(walk) => self.judge_closed(walk, began, true, requests),
        }
    }

    fn judge_closed(&mut self, walk: Walk, began: DateTime<Utc>, odd: bool, requests: u64) -> Step {
        // Nothing where there was something before is possible, and worth a second walk.
        let vanished = walk.records.is_empty() && self.before.rows > 0;
        let Walk { lacking, disputed, .. } = walk;
        let doubt = Doubt { moved: false, odd: odd || vanished || lacking, lacking, disputed };
        self.judge(close(walk, requests), began, doubt)
    }

    fn judge(&mut self, closed: ClosedRead, began: DateTime<Utc>, doubt: Doubt) -> Step {
        self.closed_walks += 1;
        let digest = closed.certificate.digest;
        let is_repeated = self.digest.replace(digest) == Some(digest);
        let is_known = self.before.digest == Some(digest.0) && !doubt.lacking;
        let step = match closed.certificate.vendor_total {
            Some(total) if total == closed.certificate.rows => {
                self.judge_equal(closed, total, doubt, is_repeated || is_known && !self.contradicted)
            }
            Some(total) => self.judge_different(closed, total, doubt, is_repeated, is_known),
            None => self.judge_unstated(closed, began, is_known),
        };
        match step {
            Ok(end) => Step::End(end),
            Err(reason) => self.again(reason),
        }
    }

    /// The elements equal the vendor's total.
    fn judge_equal(
        &mut self,
        closed: ClosedRead,
        total: u64,
        doubt: Doubt,
        is_equal: bool,
    ) -> Result<ReadEnd, String> {
        if self.cap == Some(total) {
            return Ok(self.at_cap(closed));
        }
        // However often it comes out the same: pages that disagreed with one another prove nothing.
        if doubt.moved {
            return Ok(ended(closed, Err(UnverifiedReason::RowsMoved)));
        }
        // Another answer stated another total: only a walk in which all answers agree proves anything.
        if let Some(other) = doubt.disputed {
            self.contradicted = true;
            if !self.is_last_try() {
                return Err(format!("answers stated {other} and {total} in one walk"));
            }
            let mut closed = closed;
            closed.certificate.vendor_total = Some(other);
            return Ok(ended(closed, Err(UnverifiedReason::TotalDiffers)));
        }
        let is_single = !doubt.odd && !self.contradicted && closed.duplicates == 0;
        if is_single || is_equal {
            return Ok(ended(closed, Ok(Verdict::Proven)));
        }
        let is_long = closed.duplicates > 0 && REPEAT_PAGES_MAX < closed.certificate.pages;
        if is_long || self.is_last_try() {
            let has_duplicates = closed.duplicates > 0;
            let reason =
                if has_duplicates { UnverifiedReason::Duplicates } else { UnverifiedReason::ReadsDiffer };
            return Ok(ended(closed, Err(reason)));
        }
        Err(match closed.duplicates {
            0 if self.contradicted => {
                format!("{} came where the total had been wrong", counted(total, "element"))
            }
            0 => format!("{} came where there had been {}", counted(total, "element"), self.before.rows),
            duplicates => format!("{} came more than once", counted(duplicates, "row")),
        })
    }

    /// The elements do not equal the vendor's total: never proven or stable, however often it is read.
    fn judge_different(
        &mut self,
        closed: ClosedRead,
        total: u64,
        doubt: Doubt,
        is_repeated: bool,
        is_known: bool,
    ) -> Result<ReadEnd, String> {
        let elements = closed.certificate.rows;
        let tried = self.before.reason.filter(|reason| is_known && reason.contradicts());
        if let Some(reason) = tried {
            return Ok(ended(closed, Err(reason)));
        }
        if doubt.moved {
            // Where the rows are those of the last read, it is the number that is wrong.
            let reason = if is_known { UnverifiedReason::TotalDiffers } else { UnverifiedReason::RowsMoved };
            return Ok(ended(closed, Err(reason)));
        }
        self.contradicted = true;
        if !is_repeated && !self.is_last_try() {
            return Err(format!("the vendor states {} and gives {elements}", counted(total, "element")));
        }
        let closed = judged(closed, Err(UnverifiedReason::TotalDiffers));
        if !self.splits || total <= elements {
            return Ok(ReadEnd::Closed(closed));
        }
        let otherwise = Otherwise::Keep(closed);
        Ok(ReadEnd::Split(Split { elements, depth: Some(elements), otherwise }))
    }

    /// No total confirms the elements; another whole read may.
    fn judge_unstated(
        &mut self,
        closed: ClosedRead,
        began: DateTime<Utc>,
        is_known: bool,
    ) -> Result<ReadEnd, String> {
        if self.cap == Some(closed.certificate.rows) {
            return Ok(self.at_cap(closed));
        }
        // Only the first walk: another one of this pass may have brought what this one and the last read lack.
        // Nor where the last read was one of several that did not agree: it might be the same wrong one again.
        let is_witness = !self.before.unverified || self.before.reason == Some(UnverifiedReason::NotReread);
        if is_known && is_witness && self.summaries.is_empty() {
            return Ok(ended(closed, Ok(Verdict::Stable)));
        }
        if !self.rules.reread_at_once {
            return Ok(ended(closed, Err(UnverifiedReason::NotReread)));
        }
        let summary = ReadSummary::new(&closed, began, self.rules.keys_only);
        if agreement::confirms(&self.summaries, &summary) {
            return Ok(ended(closed, Ok(Verdict::Stable)));
        }
        let (elements, is_first) = (closed.certificate.rows, self.summaries.is_empty());
        if UNSTATED_WALKS_MAX <= self.closed_walks {
            return Ok(ended(closed, Err(UnverifiedReason::ReadsDiffer)));
        }
        self.summaries.push(summary);
        let came = counted(elements, "element");
        Err(match is_first {
            true => format!("no total is stated, so that a second read has to confirm the {came}"),
            false => format!("{came} came that are not those of an earlier read"),
        })
    }

    /// As many elements as the endpoint can state or list: there may be more.
    fn at_cap(&self, closed: ClosedRead) -> ReadEnd {
        let elements = closed.certificate.rows;
        let is_known = self.before.digest == Some(closed.certificate.digest.0);
        let tried = self.before.reason.filter(|reason| is_known && were_parts_in_vain(*reason));
        let closed = judged(closed, Err(tried.unwrap_or(UnverifiedReason::ResultCap)));
        match self.splits && tried.is_none() {
            true => {
                ReadEnd::Split(Split { elements, depth: Some(elements), otherwise: Otherwise::Keep(closed) })
            }
            false => ReadEnd::Closed(closed),
        }
    }

    /// Whether the next walk should go to the end whatever totals the pages state: two walks drifted alike, so that it
    /// is not rows that move, or one did and the last committed read met totals that were wrong.
    fn contradicts_itself(&mut self) -> bool {
        if self.drifts.last().is_some_and(|drift| drift.overlapping) {
            return true;
        }
        let alike = match self.drifts.as_slice() {
            [] => false,
            [.., one, other] if one == other => true,
            [.., last] => self.contradicted && last.totals.is_some(),
        };
        self.contradicted |= alike;
        alike
    }

    fn is_last_try(&self) -> bool {
        CONFIRM_WALKS_MAX <= self.closed_walks
    }

    fn again(&mut self, reason: String) -> Step {
        self.reason.clone_from(&reason);
        Step::Again(reason)
    }

    fn out_of_walks(self) -> Fault {
        let (walks, reason) = (self.rules.walks_max, self.reason);
        let message = format!("{walks} walks over the pages did not agree; the last one: {reason}");
        Fault::new(FaultKind::WalkUnsettled, message)
    }
}

/// Whether the window was to be read in parts and they did not help. Another contradiction says nothing of parts.
fn were_parts_in_vain(reason: UnverifiedReason) -> bool {
    matches!(reason, UnverifiedReason::BoundsIgnored | UnverifiedReason::OneSecond)
}

/// What speaks against a walk although it closed.
#[derive(Clone, Copy)]
struct Doubt {
    /// Rows moved meanwhile.
    moved: bool,
    /// Its pages, or the number of its elements, were not what was expected: an equal read has to confirm it.
    odd: bool,
    /// An element came meanwhile that it lacks.
    lacking: bool,
    /// A total that was stated meanwhile and is not the number of its elements.
    disputed: Option<u64>,
}

fn judged(mut closed: ClosedRead, judgement: Result<Verdict, UnverifiedReason>) -> Box<ClosedRead> {
    closed.certificate = closed.certificate.judged(judgement);
    Box::new(closed)
}

fn ended(closed: ClosedRead, judgement: Result<Verdict, UnverifiedReason>) -> ReadEnd {
    ReadEnd::Closed(judged(closed, judgement))
}
