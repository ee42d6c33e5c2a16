//! How an account pages through a list, and what its totals say.

use super::prober::{Prober, Reply, Stop};
use crate::domain::proof::window::TimeWindow;
use crate::domain::row::text::counted;
use crate::domain::vendor::fact::{Question, VendorFact};

/// Requests by which the depth of a list is narrowed down.
const DEPTH_REQUESTS: u32 = 7;
/// Elements asked for where the largest page is not given.
const SMALLER: u32 = 100;
/// Times that a window is halved until two pages hold it.
const NARROWED_MAX: u32 = 7;

/// What one large page of a list brought.
struct FirstPage {
    asked: u32,
    elements: u32,
    total: Option<u64>,
    /// As the vendor says.
    page_size: Option<u32>,
}

/// What two pages have of a stated total.
enum Count {
    /// All of it.
    Listed(String),
    /// Fewer than they should: some may be hidden.
    Lacks(String),
    /// They contradict one another, or have more than is stated.
    Contradicts(String),
    /// Nothing follows.
    Unclear(String),
}

impl Count {
    fn seen(self) -> String {
        match self {
            Count::Listed(seen) | Count::Lacks(seen) | Count::Contradicts(seen) | Count::Unclear(seen) => {
                seen
            }
        }
    }
}

impl Prober<'_> {
    /// How large pages are, what totals count, what comes behind the last page, and how deep pages go. Where totals stop at a
    /// number (`is_capped`), nothing says where a list ends.
    pub(super) async fn paging(&mut self, window: Option<TimeWindow>, is_capped: bool) -> Result<(), Stop> {
        let largest = self.stream().page_size_max;
        let (asked, page) = match self.ask(window, 1, largest).await? {
            Reply::Page(page) if !page.records.is_empty() => (largest, page),
            // Larger than it may be, or than the list is deep.
            _ => match self.ask(window, 1, SMALLER).await? {
                Reply::Page(page) if !page.records.is_empty() => (SMALLER, page),
                _ => {
                    let usual = self.endpoint.settings.page_size;
                    (usual, self.ask(window, 1, usual).await?.page())
                }
            },
        };
        let elements = page.records.len() as u32;
        let first = FirstPage { asked, elements, total: page.total, page_size: page.page_size };
        if elements == 0 {
            for question in [Question::PageSize, Question::Total, Question::Depth, Question::BehindEnd] {
                self.unknown(question, format!("pages of {largest} and of {asked} have no elements"));
            }
            return Ok(());
        }
        self.fields(page.observation);
        let is_whole = self.page_size(window, &first).await?;
        let is_listed = self.total(window, &first, is_whole).await?;
        if is_capped {
            let why = "the stated total stops at a number, so that the end of the list is not known";
            self.unknown(Question::Depth, why);
            self.unknown(Question::BehindEnd, why);
            return Ok(());
        }
        self.depth(window, &first, (is_whole, is_listed)).await
    }

    /// Whether the page is all there is; where it is not, how large pages are.
    async fn page_size(&mut self, window: Option<TimeWindow>, first: &FirstPage) -> Result<bool, Stop> {
        let FirstPage { asked, elements, total, page_size } = *first;
        let more = match total {
            Some(total) => u64::from(elements) < total,
            None => true,
        };
        let is_full = elements == asked;
        // Only what comes behind it says that the page was cut.
        let behind = match more && !is_full {
            true => self.ask(window, 2, elements).await?.page().records.len(),
            false => 0,
        };
        let seen = format!("{asked} were asked for, {} came", counted(u64::from(elements), "element"));
        match page_size.filter(|used| *used < asked) {
            Some(used) => {
                self.found(
                    Question::PageSize,
                    used.to_string(),
                    format!("the answer says so; {asked} were asked for"),
                );
            }
            None if asked < self.stream().page_size_max => {
                self.found(
                    Question::PageSize,
                    VendorFact::page_size_answer((elements, false)),
                    "one of the largest size is not given",
                );
            }
            None if is_full => {
                self.found(Question::PageSize, asked.to_string(), "the largest that is asked for came whole");
            }
            None if 0 < behind => {
                self.found(Question::PageSize, elements.to_string(), format!("{seen}, and more on page 2"))
            }
            None => self.found(
                Question::PageSize,
                VendorFact::page_size_answer((elements, false)),
                format!("{seen}, and none on page 2"),
            ),
        }
        Ok(!is_full && behind == 0 || !more)
    }

    /// Whether what is stated is what is listed. What differs must differ in a narrower window, too, where no depth hides
    /// anything; without a window, a list that is longer than stated or whose pages contradict one another twice.
    async fn total(
        &mut self,
        window: Option<TimeWindow>,
        first: &FirstPage,
        is_whole: bool,
    ) -> Result<bool, Stop> {
        let question = Question::Total;
        if !question.concerns(self.stream()) {
            return Ok(true);
        }
        let Some(total) = first.total else {
            self.found(question, "absent", "no total is stated");
            return Ok(false);
        };
        let half = u32::try_from(total.div_ceil(2)).unwrap_or(first.elements);
        let size = if is_whole { half } else { first.elements };
        let whole = self.count(window, total, size).await?;
        if let Count::Listed(seen) = whole {
            self.found(question, "listed", seen);
            return Ok(true);
        }
        let narrow = match window {
            Some(window) => self.count_narrow(window, first.elements).await?,
            None => self.count(window, total, size).await?,
        };
        match (whole, narrow) {
            (_, Count::Listed(seen)) => {
                self.found(question, "listed", seen);
                Ok(true)
            }
            (Count::Contradicts(one), Count::Contradicts(other)) => {
                self.found(question, "differs", format!("{one}; and asked again, {other}"));
                Ok(false)
            }
            (Count::Lacks(one), Count::Lacks(other)) if window.is_some() => {
                self.found(question, "differs", format!("{one}; and in a narrower window, {other}"));
                Ok(false)
            }
            (whole, narrow) => {
                let seen = if window.is_some() { narrow } else { whole };
                self.unknown(question, seen.seen());
                Ok(false)
            }
        }
    }

    /// The same in a part of the window that half a page should hold: as late as there are elements.
    async fn count_narrow(&mut self, window: TimeWindow, elements: u32) -> Result<Count, Stop> {
        let mut window = window;
        for _ in 0..NARROWED_MAX {
            let Some((earlier, later)) = window.split() else { break };
            let mut total = 0;
            for part in [later, earlier] {
                total = self.ask(Some(part), 1, elements).await?.page().total.unwrap_or_default();
                window = part;
                if 0 < total {
                    break;
                }
            }
            if total == 0 {
                break;
            }
            // So many were seen on one page: no depth hides any.
            if total <= u64::from(elements) {
                let half = u32::try_from(total.div_ceil(2)).unwrap_or(elements);
                return self.count(Some(window), total, half).await;
            }
        }
        Ok(Count::Unclear("no part of the window is small enough for two pages".to_owned()))
    }

    /// Two pages of this size: do they have what is stated?
    async fn count(&mut self, window: Option<TimeWindow>, total: u64, size: u32) -> Result<Count, Stop> {
        let (one, two) = (self.ask(window, 1, size).await?, self.ask(window, 2, size).await?);
        let (Reply::Page(one), Reply::Page(two)) = (one, two) else {
            return Ok(Count::Unclear(format!("it states {total}; one of two pages is refused")));
        };
        let listed = (one.records.len() + two.records.len()) as u64;
        let expected = total.min(2 * u64::from(size));
        let stated = |total: Option<u64>| total.map_or("none".to_owned(), |total| total.to_string());
        Ok(if [one.total, two.total].iter().any(|stated| *stated != Some(total)) {
            let (one, two) = (stated(one.total), stated(two.total));
            Count::Contradicts(format!("pages of one list state {total}, {one} and {two}"))
        } else if total < listed || one.records.is_empty() && total == 0 {
            Count::Contradicts(format!("it states {total}, and {listed} came"))
        } else if listed < expected {
            Count::Lacks(format!("it states {total}; two pages of {size} have {listed}"))
        } else if listed == total && 0 < total {
            Count::Listed(format!("it states {total}, and so many came"))
        } else {
            Count::Unclear(format!("it states {total} on each page, more than two pages hold"))
        })
    }

    /// What comes behind the last page; where it is not reached, how far pages go.
    async fn depth(
        &mut self,
        window: Option<TimeWindow>,
        first: &FirstPage,
        (is_whole, is_listed): (bool, bool),
    ) -> Result<(), Stop> {
        let size = first.elements;
        let Some(total) = first.total.or(is_whole.then_some(u64::from(size))) else {
            let why = "without a total only a walk over all pages would tell";
            self.unknown(Question::Depth, why);
            self.unknown(Question::BehindEnd, why);
            return Ok(());
        };
        let pages = u32::try_from(total.div_ceil(u64::from(size))).unwrap_or(u32::MAX).max(1);
        let (mut reached, mut missed, mut page_no) = (1, pages + 1, pages);
        for _ in 0..DEPTH_REQUESTS {
            if page_no <= 1 || reached == pages || missed <= reached + 1 {
                break;
            }
            let came = self.ask(window, page_no, size).await?.page().records.len() as u64;
            let before = u64::from(page_no - 1) * u64::from(size);
            let expected = total.saturating_sub(before).min(u64::from(size));
            if came < expected {
                missed = page_no
            } else {
                reached = page_no
            }
            page_no = u32::midpoint(reached, missed);
        }
        if reached == pages {
            return self.behind_end(window, pages + 1, (size, total)).await;
        }
        let seen = format!("page {reached} of {size} came whole, page {missed} did not");
        if is_listed && window.is_some() {
            let to = u64::from(reached) * u64::from(size);
            self.found(Question::Depth, to.to_string(), seen);
        } else {
            self.unknown(Question::Depth, format!("{seen}: what is missing may lie deep, or not be listed"));
        }
        self.unknown(Question::BehindEnd, "the last page is not given");
        Ok(())
    }

    async fn behind_end(
        &mut self,
        window: Option<TimeWindow>,
        page_no: u32,
        (size, total): (u32, u64),
    ) -> Result<(), Stop> {
        let question = Question::BehindEnd;
        let reply = self.ask(window, page_no, size).await?;
        let status = self.answers.last().map_or(0, |answer| answer.status);
        match reply {
            Reply::Page(page) if page.records.is_empty() => {
                self.found(question, "empty", format!("page {page_no} of {size} has no elements"));
            }
            Reply::Page(_) => {
                let why =
                    format!("page {page_no} of {size}, behind the {total} that are stated, has elements");
                self.unknown(Question::Depth, why.as_str());
                self.unknown(question, why);
            }
            Reply::Refused(_) if status == 404 => self.found(question, "not_found", "HTTP 404"),
            Reply::Refused(fault) => {
                self.found(
                    question,
                    "refused",
                    format!("HTTP {status}, code {}", fault.code.unwrap_or_default()),
                );
            }
        }
        self.found(Question::Depth, "none", format!("up to {total}"));
        Ok(())
    }
}
