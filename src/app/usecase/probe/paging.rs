//! How an account pages through a list, and what its totals say.

use super::prober::{Prober, Reply, Stop};
use crate::domain::proof::window::TimeWindow;
use crate::domain::row::text::counted;
use crate::domain::vendor::fact::Question;

/// Requests by which the depth of a list is narrowed down.
const DEPTH_REQUESTS: u32 = 7;
/// Times that a window is halved until two pages hold it.
const NARROWED_MAX: u32 = 5;

/// What one large page of a list brought.
struct FirstPage {
    asked: u32,
    elements: u32,
    total: Option<u64>,
    /// As the vendor says.
    page_size: Option<u32>,
}

impl Prober<'_> {
    /// How large pages are, what totals count, what comes behind the last page, and how deep pages go.
    pub(super) async fn paging(&mut self, window: Option<TimeWindow>) -> Result<(), Stop> {
        let largest = self.stream().page_size_max;
        let (asked, page) = match self.ask(window, 1, largest).await? {
            Reply::Page(page) if !page.records.is_empty() || page.total == Some(0) => (largest, page),
            // Larger than it may be, or than the list is deep.
            _ => {
                let usual = self.endpoint.settings.page_size;
                (usual, self.ask(window, 1, usual).await?.page())
            }
        };
        let elements = page.records.len() as u32;
        let first = FirstPage { asked, elements, total: page.total, page_size: page.page_size };
        if elements == 0 {
            for question in [Question::PageSize, Question::Total, Question::Depth, Question::BehindEnd] {
                self.unknown(question, "the list is empty");
            }
            return Ok(());
        }
        self.fields(page.observation);
        let is_whole = self.page_size(window, &first).await?;
        self.total(window, &first, is_whole).await?;
        self.depth(window, &first, is_whole).await
    }

    /// Whether the page is all there is; where it is not, how large pages are.
    async fn page_size(&mut self, window: Option<TimeWindow>, first: &FirstPage) -> Result<bool, Stop> {
        let FirstPage { asked, elements, total, page_size } = *first;
        let is_whole = match total {
            Some(total) => total <= u64::from(elements),
            None => elements < asked && self.ask(window, 2, asked).await?.page().records.is_empty(),
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
                    format!("{elements}+"),
                    "one of the largest size is not given",
                );
            }
            None if elements == asked => {
                self.found(Question::PageSize, asked.to_string(), "the largest that is asked for came whole");
            }
            None if is_whole => {
                self.found(Question::PageSize, format!("{elements}+"), format!("{seen}: all there are"))
            }
            None => {
                self.found(Question::PageSize, elements.to_string(), format!("{seen}, and there are more"))
            }
        }
        Ok(is_whole)
    }

    /// Two pages that hold the list, or a part of its time: their elements, and the totals of both.
    async fn total(
        &mut self,
        window: Option<TimeWindow>,
        first: &FirstPage,
        is_whole: bool,
    ) -> Result<(), Stop> {
        let question = Question::Total;
        if !question.concerns(self.stream()) {
            return Ok(());
        }
        let Some(mut total) = first.total else {
            self.found(question, "absent", "no total is stated");
            return Ok(());
        };
        let (mut window, mut size) = (window, first.elements);
        if is_whole {
            size = size.div_ceil(2);
        }
        for _ in 0..NARROWED_MAX {
            let Some(whole) = window.filter(|_| 2 * u64::from(size) < total) else { break };
            let start = whole.start + (whole.end - whole.start) / 2;
            window = TimeWindow::new(start, whole.end);
            total = self.ask(window, 1, size).await?.page().total.unwrap_or_default();
        }
        let (one, two) = (self.ask(window, 1, size).await?.page(), self.ask(window, 2, size).await?.page());
        let listed = (one.records.len() + two.records.len()) as u64;
        let stated = |total: Option<u64>| total.map_or("none".to_owned(), |total| total.to_string());
        let expected = total.min(2 * u64::from(size));
        if [one.total, two.total].iter().any(|stated| *stated != Some(total)) {
            let told =
                format!("pages of one list state {total}, {} and {}", stated(one.total), stated(two.total));
            self.found(question, "differs", told);
        } else if listed != expected {
            self.found(question, "differs", format!("it states {total}; two pages of {size} have {listed}"));
        } else if listed == total {
            self.found(question, "listed", format!("it states {total}, and so many came"));
        } else {
            self.unknown(question, format!("it states {total} on each page, more than two pages hold"));
        }
        Ok(())
    }

    /// What comes behind the last page; where it is not reached, how far pages go.
    async fn depth(
        &mut self,
        window: Option<TimeWindow>,
        first: &FirstPage,
        is_whole: bool,
    ) -> Result<(), Stop> {
        let size = first.elements;
        let pages = match first.total {
            Some(total) if !is_whole => u32::try_from(total.div_ceil(u64::from(size))).unwrap_or(u32::MAX),
            None if !is_whole => {
                let why = "without a total only a walk over all pages would tell";
                self.unknown(Question::Depth, why);
                self.unknown(Question::BehindEnd, why);
                return Ok(());
            }
            _ => 1,
        };
        let (mut reached, mut missed) = (1, pages + 1);
        let mut tries = 0;
        let mut page_no = pages;
        while 1 < page_no && tries < DEPTH_REQUESTS {
            tries += 1;
            let came = self.ask(window, page_no, size).await?.page().records.len() as u32;
            let expected = first.total.map_or(size, |total| {
                u32::try_from(total.saturating_sub(u64::from(page_no - 1) * u64::from(size)))
                    .unwrap_or(size)
                    .min(size)
            });
            if came < expected {
                missed = page_no
            } else {
                reached = page_no
            }
            if reached + 1 >= missed || reached == pages {
                break;
            }
            page_no = u32::midpoint(reached, missed);
        }
        let to = u64::from(reached) * u64::from(size);
        if reached == pages {
            self.found(Question::Depth, "none", format!("up to {}", first.total.unwrap_or(to)));
            self.behind_end(window, pages + 1, size).await
        } else {
            let seen = format!("page {reached} of {size} came whole, page {missed} did not");
            self.found(Question::Depth, to.to_string(), seen);
            self.unknown(Question::BehindEnd, "the last page is not given");
            Ok(())
        }
    }

    async fn behind_end(&mut self, window: Option<TimeWindow>, page_no: u32, size: u32) -> Result<(), Stop> {
        let question = Question::BehindEnd;
        let reply = self.ask(window, page_no, size).await?;
        let status = self.answers.last().map_or(0, |answer| answer.status);
        match reply {
            Reply::Page(page) if page.records.is_empty() => {
                self.found(question, "empty", format!("page {page_no} of {size} has no elements"));
            }
            Reply::Page(_) => {
                self.found(question, "repeats", format!("page {page_no} of {size} has elements"))
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
        Ok(())
    }
}
