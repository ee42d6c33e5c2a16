//! The walk over the pages of one window or snapshot, and whether it closed.
//!
//! Vendors page by offset over data that moves, clamp page sizes without a word, and now and then answer
//! with a wrong total or a page of another size. So each page is held against what the walk has seen so
//! far. A page that does not fit is asked for again at once: if the second answer fits, the first was a
//! slip and cost one request; if it comes out the same twice, something really changed, and either the
//! expectation is corrected (on the first page) or the walk has drifted. Near its beginning it then starts
//! over; further on it goes on with pages that overlap what is known (`walk::follow`).

use std::collections::{HashMap, HashSet};

use crate::domain::fault::{Fault, FaultKind};
use crate::domain::proof::window::TimeWindow;
use crate::domain::row::record::Record;
use crate::domain::row::text::counted;
use crate::domain::vendor::observation::Observation;
use crate::domain::vendor::page::{Closing, Page, PageRequest, Totals};
use crate::engine::read::fetch::Fetcher;
use crate::engine::read::walk::follow::{FOLLOW_SIZE_MIN, OVERLAP_SIZE_MIN};
use crate::engine::read::walk::refusal::Refusal;
use crate::telemetry::event;

/// Bounds of a walk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WalkConfig {
    /// Rows asked for on a page.
    pub page_size: u32,
    /// Rows that may be asked for on a page where rows move: the fewer the pages, the less they move.
    pub page_size_max: u32,
    /// Pages after which a walk is given up: a vendor that never sends an empty page.
    pub pages_max: u32,
    /// Elements above which a window is split in time rather than read at once; `None`: never split.
    pub rows_max: Option<u64>,
    /// Single elements may stand on several pages (the vendor holds exact doubles); a page that consists
    /// of nothing else still counts as repeated. For another walk after walks that drifted.
    pub doubles: bool,
    /// Where rows move, go on at once rather than start over.
    pub follow: bool,
    /// Whether the totals that the vendor states count for anything.
    pub totals: Totals,
    /// Two walks ended alike, on pages that contradict one another: walk to the end of the list whatever they state,
    /// and hold what they state against the elements there. A page that is just the one before it is the end, too.
    pub to_the_end: bool,
    /// Elements that the endpoint's search states or lists at most, whatever there are; `None`: no such bound. A
    /// total of just this number is not believed where the window can be split.
    pub result_cap: Option<u64>,
}

/// How a walk ended.
#[derive(Debug)]
pub enum WalkEnd {
    /// It closed by the endpoint's rule.
    Closed(Walk),
    /// The empty page came, but the total that the vendor states is another number, page after page.
    Disagreeing(Walk),
    /// Rows moved while it went on, and it followed them: most likely all there, and nothing proven.
    Moved(Walk),
    /// Rows moved between pages while it went on.
    Drifted(Drift),
    /// More elements than one transaction should hold, or than the vendor can state.
    TooLarge(u64),
    /// The vendor gives the first page, and refuses what lies behind so many elements.
    Refused(u64, Fault),
}

/// How a walk failed to close. Of a vendor that stands still, two walks drift alike.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Drift {
    /// What was noticed.
    pub why: String,
    /// The smallest and the largest total that an answer stated.
    pub totals: Option<(u64, u64)>,
    /// The vendor does not take to pages that overlap: sizes are not honoured, or one that reaches too far is refused.
    pub overlapping: bool,
}

/// How many answers stated each total, in the walks of a read that did not drift.
pub type Stated = HashMap<u64, u32>;

/// What a walk brought home.
#[derive(Debug, Default)]
pub struct Walk {
    /// The elements in the vendor's order.
    pub records: Vec<Record>,
    /// The vendor's total, where it states one.
    pub total: Option<u64>,
    /// Pages with at least one element.
    pub pages: u32,
    /// How the elements kept to what is documented of them.
    pub observation: Observation,
    /// An answer that is no page of the walk (given up for another one, or asked for to see what lies there) had elements
    /// that are not here.
    pub lacking: bool,
    /// A total that an answer stated besides, and that is not the number of elements.
    pub disputed: Option<u64>,
    /// A page was one that had come before, and others lay behind it: what belongs in its place is not here.
    pub stuck: bool,
    /// An element stands on two pages, so that another one may stand on none: a sort with ties looks like that, the same
    /// at each read.
    pub on_two_pages: bool,
    /// That the list ends here was shown by a refusal alone. There may be more behind it.
    pub refused: bool,
}

/// Times that one page is asked for again before its answers, never twice the same, are called drift.
const DOUBTS_MAX: u32 = 4;

/// Pages after which a walk that drifts goes on rather than starts over.
const RESTART_PAGES_MAX: u32 = 3;

/// Walks over the pages of `window`. Where the vendor turns out to give smaller pages than
/// `config.page_size`, the size is lowered for the walks to come.
///
/// # Errors
/// Whatever [`Fetcher::fetch`] gave up on, and `WindowTooLarge` past the page cap.
pub async fn walk(
    fetcher: &mut Fetcher<'_>,
    config: &mut WalkConfig,
    window: Option<TimeWindow>,
    stated: &mut Stated,
) -> Result<WalkEnd, Fault> {
    let without_totals = config.totals == Totals::Ignore || config.to_the_end;
    let closing = if without_totals { Closing::EmptyPage } else { fetcher.source.closing() };
    let mut walker = Walker {
        fetcher,
        window,
        size: config.page_size,
        walk: Walk::default(),
        page_of: HashMap::new(),
        came_besides: HashSet::new(),
        disagreeing: false,
        short: None,
        doubles: config.doubles,
        moving: false,
        moving_fast: false,
        totals: None,
        stated,
        closing,
        totals_rule: config.totals,
        to_the_end: config.to_the_end,
        overlapping: false,
        asked: (1, config.page_size),
        refusal: None,
    };
    match walk_on(&mut walker, config).await {
        Err(fault) if config.rows_max.is_some() && walker.is_refused_at_depth(&fault).await => {
            Ok(WalkEnd::Refused(walker.walk.records.len() as u64, fault))
        }
        Err(fault) if walker.overlapping && walker.is_refused_at_depth(&fault).await => {
            let why = format!("a page that overlaps the one before it is refused: {}", fault.chain());
            Ok(WalkEnd::Drifted(Drift { why, totals: walker.totals, overlapping: true }))
        }
        Ok(WalkEnd::Closed(walk)) if walk.disputed.is_some() && closing == Closing::Total => {
            walker.settle(walk).await.map(WalkEnd::Closed)
        }
        ended => ended,
    }
}

async fn walk_on(walker: &mut Walker<'_, '_>, config: &mut WalkConfig) -> Result<WalkEnd, Fault> {
    for page_no in 1..=config.pages_max {
        let page = match walker.page(page_no).await {
            Ok(Ok(page)) => page,
            Err(fault) if walker.is_refused_behind_end(&fault, config).await => Page::default(),
            Err(fault) => return Err(fault),
            Ok(Err(drift)) => {
                let late = RESTART_PAGES_MAX < page_no;
                let able = walker.moving && FOLLOW_SIZE_MIN <= walker.size;
                let follows = able && (config.follow || walker.moving_fast || late);
                return if follows { walker.follow(config).await } else { Ok(walker.drifted(drift)) };
            }
        };
        if page_no == 1 && page.total.is_none() {
            // It owes a total and states none: its list is read as that of an endpoint without.
            walker.closing = Closing::EmptyPage;
        }
        let size_before = walker.walk.records.len();
        let came = page.records.len();
        // Clamped, and full as clamped: there may be more behind it.
        if let Some(used) = page.page_size.filter(|used| *used < walker.size && came == *used as usize) {
            walker.size = used;
        }
        config.page_size = walker.size;
        walker.keep(page_no, page);
        let rows = walker.walk.total.unwrap_or_default().max(walker.walk.records.len() as u64);
        if walker.is_too_large(rows, config) {
            return Ok(WalkEnd::TooLarge(rows));
        }
        // A removal that an insertion makes up for, or that no total betrays, shows in an overlap alone.
        // It counts exact doubles where an answer repeats alone, so that a walk that allows for them keeps to the usual
        // pages.
        let counts = config.to_the_end || config.doubles && walker.walk.total.is_some();
        if OVERLAP_SIZE_MIN <= walker.size && came == walker.size as usize && !counts {
            walker.overlapping = true;
            return walker.follow(config).await;
        }
        let step = match walker.closing {
            // A full last page is held against the one behind it: a total that slipped to just this number
            // would otherwise end the walk too soon.
            Closing::Total if came == 0 && page_no == 1 && !walker.disagreeing => {
                walker.look_at_first_element().await?;
                Ok(true)
            }
            Closing::Total => Ok(came == 0 || (walker.is_complete() && came < walker.size as usize)),
            Closing::EmptyPage => walker.close_without_total(page_no, size_before, came).await?,
        };
        match step {
            Ok(true) => return Ok(walker.end()),
            Ok(false) => {}
            Err(drift) => return Ok(walker.drifted(drift)),
        }
    }
    Err(no_end(config))
}

fn no_end(config: &WalkConfig) -> Fault {
    let pages = counted(config.pages_max, "page");
    Fault::new(FaultKind::WindowTooLarge, format!("no end after {pages} (engine.pages_max)"))
}

struct Walker<'w, 'f> {
    fetcher: &'w mut Fetcher<'f>,
    window: Option<TimeWindow>,
    /// Rows to a page: what was asked for, or less where the vendor clamps.
    size: u32,
    walk: Walk,
    /// On which page each element was seen.
    page_of: HashMap<u128, u32>,
    /// Elements of answers that are no page of the walk: it has to have each of them all the same.
    came_besides: HashSet<u128>,
    /// The vendor's total and its rows do not agree, confirmed: only an empty page can end the walk.
    disagreeing: bool,
    /// The page that was short though the total promised more, confirmed; it must be the last.
    short: Option<u32>,
    doubles: bool,
    /// The vendor's rows were seen to change during the walk.
    moving: bool,
    /// They change so fast that a new beginning would fare no better.
    moving_fast: bool,
    /// The smallest and the largest total that an answer stated.
    totals: Option<(u64, u64)>,
    stated: &'w mut Stated,
    /// What ends it: the empty page where the endpoint states no total, or where its totals are not to be relied on.
    closing: Closing,
    totals_rule: Totals,
    /// [`WalkConfig::to_the_end`]
    to_the_end: bool,
    /// Pages overlap what is known.
    overlapping: bool,
    /// Number and size of the page that was asked for last.
    asked: (u32, u32),
    /// What the vendor answers to pages that it refuses for where they lie.
    refusal: Option<Refusal>,
}

/// Drift, in words, where a page could be had but cannot belong to this walk.
type OrDrift<T> = Result<T, String>;

impl Walker<'_, '_> {
    /// A page that fits, or one that came out the same twice and changes what is expected.
    async fn page(&mut self, page_no: u32) -> Result<OrDrift<Page>, Fault> {
        let mut page = self.ask(page_no, self.size).await?;
        for _ in 0..DOUBTS_MAX {
            let Some(anomaly) = self.anomaly(page_no, &page) else { return Ok(Ok(page)) };
            event::PageReread { key: self.fetcher.key, reason: &anomaly }.emit();
            let again = self.ask(page_no, self.size).await?;
            if same_answer(&page, &again) {
                return self.accept(page_no, again, anomaly).await;
            }
            // Neither page has the total that was known: the rows change faster than pages come.
            let known = self.walk.total.is_some();
            if known && [&page, &again].iter().all(|page| page.total != self.walk.total) {
                self.moving = true;
                self.moving_fast = true;
                return Ok(Err(anomaly));
            }
            self.note_elements(&page);
            page = again;
        }
        self.moving = true;
        Ok(Err(format!("page {page_no} came out differently each time")))
    }

    async fn ask(&mut self, page_no: u32, page_size: u32) -> Result<Page, Fault> {
        self.asked = (page_no, page_size);
        let request = PageRequest { window: self.window, page_no, page_size };
        let page = match page_no {
            1 => self.fetcher.fetch(&request).await?,
            _ => self.fetch_behind(&request).await?,
        };
        Ok(self.note_total(page_no, page))
    }

    /// The page, which is asked for to see what lies where, and is no page of the walk.
    async fn probe(&mut self, page_no: u32, page_size: u32) -> Result<Page, Fault> {
        let page = self.ask(page_no, page_size).await?;
        self.note_elements(&page);
        Ok(page)
    }

    /// Notes what an answer has that is no page of the walk.
    fn note_elements(&mut self, page: &Page) {
        self.came_besides.extend(page.records.iter().map(|record| record.identity));
    }

    fn keep(&mut self, page_no: u32, page: Page) {
        self.place(&page, page_no);
        self.walk.pages += u32::from(!page.records.is_empty());
        self.walk.total = self.walk.total.or(page.total);
        self.walk.records.extend(page.records);
        self.walk.observation.merge(page.observation);
    }

    /// Remembers on which page each element stands.
    fn place(&mut self, page: &Page, page_no: u32) {
        for record in &page.records {
            let earlier = self.page_of.insert(record.identity, page_no);
            self.walk.on_two_pages |= earlier.is_some_and(|earlier| earlier != page_no);
        }
    }

    /// Whether a window that can be split holds more than one transaction, or the memory, should.
    fn is_too_large(&self, rows: u64, config: &WalkConfig) -> bool {
        let is_at_cap = || self.walk.total.is_some() && self.walk.total == config.result_cap;
        config.rows_max.is_some_and(|max| max < rows || is_at_cap() || self.fetcher.is_too_large())
    }

    fn is_complete(&self) -> bool {
        !self.disagreeing && self.walk.total == Some(self.walk.records.len() as u64)
    }

    fn drifted(&self, why: String) -> WalkEnd {
        WalkEnd::Drifted(Drift { why, totals: self.totals, overlapping: false })
    }

    fn end(&mut self) -> WalkEnd {
        let walk = self.take_walk();
        let agrees = walk.total.is_none_or(|total| total == walk.records.len() as u64);
        if agrees && !self.disagreeing { WalkEnd::Closed(walk) } else { WalkEnd::Disagreeing(walk) }
    }
}

fn same_answer(one: &Page, other: &Page) -> bool {
    one.total == other.total && one.page_size == other.page_size && are_same(&one.records, &other.records)
}

fn are_same(some: &[Record], others: &[Record]) -> bool {
    some.iter().map(|record| record.identity).eq(others.iter().map(|record| record.identity))
}

mod anomaly;
mod ending;
mod follow;
mod refusal;
#[cfg(test)]
mod tests;
mod totals;
