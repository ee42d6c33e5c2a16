//! What follows from the walks of one read.

use chrono::{DateTime, Utc};

use crate::domain::fault::{Fault, FaultKind};
use crate::domain::proof::certificate::{SetDigest, UnverifiedReason, Verdict};
use crate::domain::row::text::counted;
use crate::engine::read::agreement::{self, ReadSummary};
use crate::engine::read::close::close;
use crate::engine::read::walk::{Drift, Walk, WalkConfig, WalkEnd};
use crate::engine::read::{Before, ClosedRead, Otherwise, ReadEnd, ReadRules, Split};

/// Pages up to which a walk with duplicates is made again at once; a longer one is left unverified.
const REPEAT_PAGES_MAX: u32 = 8;

/// Closed walks of one read after which reads that do not agree are left unverified.
const CONFIRM_WALKS_MAX: u32 = 3;

/// The same where no total is stated: of two answers that are wrong once each, two right reads may be left.
const UNSTATED_WALKS_MAX: u32 = 4;

/// What follows from a walk.
pub(super) enum Step {
    End(ReadEnd),
    /// Walk again; why.
    Again(String),
}

/// Judges the walks of one read, one after another.
pub(super) struct Judge<'r> {
    rules: &'r ReadRules,
    before: Before,
    /// Elements that the endpoint's search can state or list at most.
    cap: Option<u64>,
    /// The window can be read in parts.
    splits: bool,
    closed_walks: u32,
    /// The vendor's total contradicted a walk of this read, its last committed one, or that of another window: a slip may
    /// meet such a total.
    contradicted: bool,
    /// The last walk that closed, without its rows.
    digest: Option<SetDigest>,
    /// The walks that closed and stated no total, in their order.
    summaries: Vec<ReadSummary>,
    /// How the last walks that did not close drifted.
    drifts: Vec<Drift>,
    /// Rows moved in a walk that closed.
    has_moved: bool,
    /// Why the last walk was not enough.
    reason: String,
}

impl<'r> Judge<'r> {
    pub(super) fn new(rules: &'r ReadRules, config: &WalkConfig, before: Before) -> Judge<'r> {
        Judge {
            rules,
            before,
            cap: config.result_cap,
            splits: config.rows_max.is_some(),
            closed_walks: 0,
            contradicted: before.is_stream_contradicted
                || before.reason.is_some_and(UnverifiedReason::contradicts),
            digest: None,
            summaries: Vec::new(),
            drifts: Vec::new(),
            has_moved: false,
            reason: String::new(),
        }
    }

    pub(super) fn next(&mut self, end: WalkEnd, began: DateTime<Utc>, doubles: bool, requests: u64) -> Step {
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
                self.has_moved = true;
                let anomalies =
                    Anomalies { moved: true, irregular: true, disputed: None, ..Anomalies::of(&walk) };
                let mut closed = close(walk, requests);
                closed.moved = true;
                self.judge(closed, began, anomalies)
            }
            WalkEnd::Closed(walk) => self.judge_closed(walk, began, doubles, requests),
            WalkEnd::Disagreeing(walk) => self.judge_closed(walk, began, true, requests),
        }
    }

    fn judge_closed(&mut self, walk: Walk, began: DateTime<Utc>, irregular: bool, requests: u64) -> Step {
        // Nothing where there was something before is possible, and worth a second walk.
        let emptied = walk.records.is_empty() && self.before.rows > 0;
        let anomalies = Anomalies { irregular: irregular || emptied || walk.lacking, ..Anomalies::of(&walk) };
        self.judge(close(walk, requests), began, anomalies)
    }

    fn judge(&mut self, closed: ClosedRead, began: DateTime<Utc>, anomalies: Anomalies) -> Step {
        self.closed_walks += 1;
        let digest = closed.certificate.digest;
        let is_repeated = self.digest.replace(digest) == Some(digest);
        let is_known = self.before.digest == Some(digest.0) && !anomalies.lacking;
        let step = match closed.certificate.vendor_total {
            Some(total) if !anomalies.stuck || total != closed.certificate.rows => {
                self.judge_stated(closed, total, anomalies, (is_repeated, is_known))
            }
            _ if anomalies.stuck => Ok(ended(closed, Err(UnverifiedReason::Duplicates))),
            _ if anomalies.on_two_pages => self.judge_on_two_pages(closed, is_known),
            _ if anomalies.refused => Ok(self.at_cap(closed)),
            _ => self.judge_unstated(closed, began, anomalies, is_known),
        };
        match step {
            Ok(end) => Step::End(end),
            Err(reason) => self.again(reason),
        }
    }

    /// A total is stated. `is_repeated`: as the last walk; `is_known`: as the last committed read.
    fn judge_stated(
        &mut self,
        closed: ClosedRead,
        total: u64,
        anomalies: Anomalies,
        (is_repeated, is_known): (bool, bool),
    ) -> Result<ReadEnd, String> {
        let is_equal = total == closed.certificate.rows;
        if is_equal && self.cap == Some(total) {
            return Ok(self.at_cap(closed));
        }
        let tried = self.before.reason.filter(|reason| !is_equal && is_known && reason.contradicts());
        if let Some(reason) = tried {
            return Ok(ended(closed, Err(reason)));
        }
        // However often it comes out the same: pages that disagreed with one another prove nothing. But where the rows
        // are those of the last read, it is the number that is wrong.
        if anomalies.moved && (is_equal || !is_known) {
            return Ok(ended(closed, Err(UnverifiedReason::RowsMoved)));
        }
        // Where another answer stated another total, only a walk in which all answers agree proves anything.
        match if is_equal { anomalies.disputed } else { Some(total) } {
            Some(other) => self.judge_contradicted(closed, other, anomalies, is_repeated),
            None if anomalies.on_two_pages => self.judge_on_two_pages(closed, is_known),
            None => self.judge_equal(
                closed,
                total,
                anomalies,
                !anomalies.lacking && (is_repeated || is_known && !self.contradicted),
            ),
        }
    }

    /// An element stands on two pages: another one may stand on none, however often it comes out the same.
    fn judge_on_two_pages(&self, closed: ClosedRead, is_known: bool) -> Result<ReadEnd, String> {
        let is_old = is_known && self.before.reason == Some(UnverifiedReason::Duplicates);
        match is_old || REPEAT_PAGES_MAX < closed.certificate.pages || self.is_last_try() {
            true => Ok(ended(closed, Err(UnverifiedReason::Duplicates))),
            false => Err(format!("{} came on more than one page", counted(closed.duplicates, "row"))),
        }
    }

    /// The elements equal the vendor's total.
    fn judge_equal(
        &mut self,
        closed: ClosedRead,
        total: u64,
        anomalies: Anomalies,
        is_confirmed: bool,
    ) -> Result<ReadEnd, String> {
        let is_single = !anomalies.irregular && !self.contradicted && closed.duplicates == 0;
        if is_single || is_confirmed {
            return Ok(ended(closed, Ok(Verdict::Proven)));
        }
        let is_long = closed.duplicates > 0 && REPEAT_PAGES_MAX < closed.certificate.pages;
        // The first walk that a right total confirms may come third, behind two that were contradicted.
        let is_last = match self.contradicted {
            true => CONFIRM_WALKS_MAX < self.closed_walks,
            false => self.is_last_try(),
        };
        if is_long || is_last {
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

    /// The elements do not equal a total that the vendor states: never proven or stable, however often it is read.
    fn judge_contradicted(
        &mut self,
        mut closed: ClosedRead,
        total: u64,
        anomalies: Anomalies,
        is_repeated: bool,
    ) -> Result<ReadEnd, String> {
        let elements = closed.certificate.rows;
        // Answers that state another total besides the right one may yet be outvoted by those of another walk.
        let is_disputed = closed.certificate.vendor_total == Some(elements);
        self.contradicted = true;
        let is_settled = anomalies.moved || is_repeated && !is_disputed || self.is_last_try();
        if !is_settled {
            return Err(format!("the vendor states {} and gives {elements}", counted(total, "element")));
        }
        closed.certificate.vendor_total = Some(total);
        // Where rows move, not all that stand twice can be told from what came again.
        let may_lack_doubles = anomalies.moved && 0 < closed.duplicates;
        if may_lack_doubles {
            return Ok(ended(closed, Err(UnverifiedReason::Duplicates)));
        }
        let closed = judged(closed, Err(UnverifiedReason::TotalDiffers));
        if !self.splits || anomalies.moved || is_disputed || total <= elements {
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
        anomalies: Anomalies,
        is_known: bool,
    ) -> Result<ReadEnd, String> {
        if self.cap == Some(closed.certificate.rows) {
            return Ok(self.at_cap(closed));
        }
        // Only the first walk: another one of this pass may have brought what this one and the last read lack.
        // Nor where the last read was one of several that did not agree: it might be the same wrong one again.
        let is_witness = !self.before.unverified || self.before.reason == Some(UnverifiedReason::NotReread);
        // All empty answers are equal: one that is empty by mistake would count as the second read without any row.
        let is_unconfirmed = closed.certificate.rows == 0 && self.rules.reread_at_once;
        if is_known && is_witness && !is_unconfirmed && self.summaries.is_empty() {
            return Ok(ended(closed, Ok(Verdict::Stable)));
        }
        if !self.rules.reread_at_once {
            return Ok(ended(closed, Err(UnverifiedReason::NotReread)));
        }
        let summary = ReadSummary::new(&closed, began, self.rules.keys_only);
        // The vendor gave an element in this walk that is on none of its pages: the same at each read, that is a hole.
        if !anomalies.lacking && agreement::confirms(&self.summaries, &summary) {
            return Ok(ended(closed, Ok(Verdict::Stable)));
        }
        let (elements, is_first) = (closed.certificate.rows, self.summaries.is_empty());
        if UNSTATED_WALKS_MAX <= self.closed_walks {
            return Ok(ended(closed, Err(UnverifiedReason::ReadsDiffer)));
        }
        self.summaries.push(summary);
        let came = counted(elements, "element");
        Err(match is_first {
            _ if anomalies.lacking => format!("{came} came, and another one that is on none of the pages"),
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
    pub(super) fn contradicts_itself(&mut self) -> bool {
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

    /// Whether a walk of this read drifted, or followed rows that moved: they are moving, and the next walk may follow them
    /// at once. A total that was wrong once says nothing of that.
    pub(super) fn saw_rows_move(&self) -> bool {
        self.has_moved || !self.drifts.is_empty()
    }

    fn is_last_try(&self) -> bool {
        CONFIRM_WALKS_MAX <= self.closed_walks
    }

    fn again(&mut self, reason: String) -> Step {
        self.reason.clone_from(&reason);
        Step::Again(reason)
    }

    pub(super) fn out_of_walks(self) -> Fault {
        let (walks, reason) = (self.rules.walks_max, self.reason);
        let message = format!("{walks} walks over the pages did not agree; the last one: {reason}");
        Fault::new(FaultKind::WalkUnsettled, message)
    }
}

/// Whether the window was to be read in parts and they did not help. Another contradiction says nothing of parts.
pub(super) fn were_parts_in_vain(reason: UnverifiedReason) -> bool {
    matches!(reason, UnverifiedReason::BoundsIgnored | UnverifiedReason::OneSecond)
}

/// What speaks against a walk although it closed.
#[derive(Clone, Copy)]
struct Anomalies {
    /// Rows moved meanwhile.
    moved: bool,
    /// Its pages, or the number of its elements, were not what was expected: an equal read has to confirm it.
    irregular: bool,
    /// An answer of it had an element that none of its pages has: it confirms nothing.
    lacking: bool,
    /// A total that was stated meanwhile and is not the number of its elements.
    disputed: Option<u64>,
    /// A page was one that had come before.
    stuck: bool,
    /// An element stands on two pages.
    on_two_pages: bool,
    /// Only a refusal showed where the list ends.
    refused: bool,
}

impl Anomalies {
    /// What the walk itself says.
    fn of(walk: &Walk) -> Anomalies {
        let Walk { lacking, disputed, stuck, on_two_pages, refused, .. } = *walk;
        Anomalies { moved: false, irregular: false, lacking, disputed, stuck, on_two_pages, refused }
    }
}

fn judged(mut closed: ClosedRead, judgement: Result<Verdict, UnverifiedReason>) -> Box<ClosedRead> {
    closed.certificate = closed.certificate.judged(judgement);
    Box::new(closed)
}

fn ended(closed: ClosedRead, judgement: Result<Verdict, UnverifiedReason>) -> ReadEnd {
    ReadEnd::Closed(judged(closed, judgement))
}
