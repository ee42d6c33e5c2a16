//! A walk over rows that move while it goes on: each page overlaps what is known.
//!
//! A row that is inserted before the cursor pushes a known row onto the next page, which is harmless. A row
//! that is removed there pulls an unread row onto a page that was read, and it would be missed. So the next
//! page is asked for by a page size, at most the usual one, whose grid puts its beginning a few rows before
//! the end of what is known. If it contains a known row, all rows between that one and its own end are on
//! it: rows that were there throughout and did not change their place are seen, page after page. If it
//! contains none, the walk steps back. Rows that jumped to the front meanwhile are fetched at the end.
//!
//! Fewer pages see fewer changes: once rows were seen to move, pages are as large as the configuration
//! allows, up to four times the usual size, and where that is at least twice as large, what was read before
//! without an overlap is read again.
//!
//! What jumped from the unread part to the middle of the read part leaves no trace. So this walk proves
//! nothing: what it brings is unverified, and the window is due again.

use crate::domain::fault::Fault;
use crate::domain::row::text::counted;
use crate::domain::vendor::page::{Closing, Page};
use crate::engine::read::walk::ending::Repetition;
use crate::engine::read::walk::{Drift, Walk, WalkConfig, WalkEnd, Walker, are_same, no_end, same_answer};

/// Rows by which a page overlaps what is known, at least.
const OVERLAP: usize = 3;
/// Smallest page size whose grids can overlap.
pub(super) const FOLLOW_SIZE_MIN: u32 = 20;
/// Page size from which on the overlap costs little (a twentieth at this size).
pub(super) const OVERLAP_SIZE_MIN: u32 = 500;
/// How much larger than usual the pages of a moving vendor may be.
const GROWTH_MAX: u32 = 4;
/// Pages in a row that may meet nothing known.
const STEPS_BACK_MAX: u32 = 8;
/// Times that a page which is shorter than it should be is asked for again.
const SHORT_MAX: u32 = 3;

/// How far a walk has come whose pages overlap.
struct Progress {
    /// Rows were seen to move.
    moved: bool,
    /// Rows to a page at most.
    size: u32,
    /// Places in the vendor's order up to which it was read.
    reach: usize,
    /// Pages in a row that met nothing known.
    steps_back: u32,
}

/// A page as it was asked for.
#[derive(Clone, Copy)]
struct AskedPage {
    page_no: u32,
    page_size: u32,
    /// Rows in front of it.
    offset: usize,
    /// Rows at its beginning that were read before.
    overlap: usize,
}

impl Walker<'_, '_> {
    /// Goes on from what is known to the end.
    pub(super) async fn follow(&mut self, config: &WalkConfig) -> Result<WalkEnd, Fault> {
        let moved = self.moving;
        let size = if moved { self.largest(config) } else { self.size };
        if self.size * 2 <= size {
            // So many fewer pages that what was read without an overlap is better read again.
            self.walk = Walk::default();
            self.page_of.clear();
        }
        let mut progress = Progress { moved, size, reach: self.walk.records.len(), steps_back: 0 };
        for _ in 0..config.pages_max {
            if let Some(end) = self.follow_on(&mut progress, config).await? {
                return Ok(end);
            }
        }
        Err(no_end(config))
    }

    /// One page further; the end, where this is it.
    async fn follow_on(
        &mut self,
        progress: &mut Progress,
        config: &WalkConfig,
    ) -> Result<Option<WalkEnd>, Fault> {
        let place = progress.next();
        let AskedPage { page_no, page_size, offset, .. } = place;
        let Some(page) = self.whole(page_no, page_size).await? else {
            // Larger pages are not to be had.
            if self.size < progress.size {
                progress.size = self.size;
                return Ok(None);
            }
            return Ok(Some(self.drifted(format!("page {page_no} of {page_size} never came whole"))));
        };
        let (page, has_doubles) = self.confirm(progress, place, page).await?;
        let came = page.records.len();
        if came > page_size as usize {
            let why = format!("page {page_no} of {page_size} has {}", counted(came as u64, "element"));
            return Ok(Some(WalkEnd::Drifted(Drift { why, totals: self.totals, overlapping: true })));
        }
        let is_old = 0 < came && self.walk.records.len() < offset + came && self.known(&page) == came;
        // Where a total counts them, doubles may be all that is left.
        if is_old && !(has_doubles && self.closing == Closing::Total) {
            if self.repetition(&page).await? == Repetition::End {
                return self.arrive(progress, config).await.map(Some);
            }
            let why = format!("page {page_no} of {page_size} repeats what came before");
            return Ok(Some(self.drifted(why)));
        }
        let is_behind = came == 0 && self.to_the_end;
        if 0 < offset && self.known(&page) == 0 && !is_behind {
            progress.steps_back += 1;
            progress.reach = offset.saturating_sub(OVERLAP);
            let is_lost = STEPS_BACK_MAX < progress.steps_back;
            let why = || format!("page {page_no} of {page_size} met nothing known");
            return Ok(is_lost.then(|| self.drifted(why())));
        }
        (progress.steps_back, progress.reach) = (0, offset + came);
        self.learn(page_no, page, has_doubles.then_some(place.overlap));
        let rows = self.walk.records.len() as u64;
        if self.is_too_large(rows, config) {
            return Ok(Some(WalkEnd::TooLarge(rows)));
        }
        match came < page_size as usize {
            true => self.arrive(progress, config).await.map(Some),
            false => Ok(None),
        }
    }

    /// The page, or the answer to a second request where it does not overlap what is known: that is a slip, or the first
    /// change that is seen. Without totals nothing is proven either way. The same answer again, in its place, whose new
    /// elements stood before: the vendor lists them twice. The second value says so.
    async fn confirm(
        &mut self,
        progress: &mut Progress,
        place: AskedPage,
        page: Page,
    ) -> Result<(Page, bool), Fault> {
        if progress.moved || self.fits(&page, place.overlap) {
            return Ok((page, false));
        }
        progress.moved = true;
        let is_in_place = self.is_in_place(&page, place);
        if self.closing == Closing::EmptyPage && !is_in_place {
            return Ok((page, false));
        }
        let Some(again) = self.whole(place.page_no, place.page_size).await? else {
            return Ok((page, false));
        };
        if self.walk.pages == 1 && page.total == again.total && self.is_total_of_first_page(&again).await? {
            self.walk.total = again.total;
        }
        let has_doubles = is_in_place && same_answer(&page, &again);
        progress.moved = !has_doubles && !self.fits(&again, place.overlap);
        self.note_elements(&page);
        Ok((again, has_doubles))
    }

    /// Whether the page begins with just what stood in its place before, and goes on behind that.
    fn is_in_place(&self, page: &Page, place: AskedPage) -> bool {
        let known = self.walk.records.get(place.offset..place.offset + place.overlap);
        let (known, begins) = (known.unwrap_or_default(), page.records.get(..place.overlap));
        let is_same_total = self.walk.total.is_none_or(|total| page.total == Some(total));
        0 < place.overlap && is_same_total && begins.is_some_and(|begins| are_same(begins, known))
    }

    /// The end of the list was reached.
    async fn arrive(&mut self, progress: &Progress, config: &WalkConfig) -> Result<WalkEnd, Fault> {
        if progress.moved { self.catch_up(config).await } else { Ok(self.end()) }
    }

    fn largest(&self, config: &WalkConfig) -> u32 {
        self.size.saturating_mul(GROWTH_MAX).min(config.page_size_max).max(self.size)
    }

    /// Elements of the page that were seen before.
    pub(super) fn known(&self, page: &Page) -> usize {
        page.records.iter().filter(|record| self.page_of.contains_key(&record.identity)).count()
    }

    /// Whether the page overlaps what is known by just so many elements, and the total is what it was.
    fn fits(&self, page: &Page, overlap: usize) -> bool {
        self.known(page) == overlap.min(page.records.len())
            && self.walk.total.is_none_or(|total| page.total == Some(total))
    }

    /// The page, full or the last one; `None` where it is neither, time after time.
    async fn whole(&mut self, page_no: u32, size: u32) -> Result<Option<Page>, Fault> {
        let last = (page_no as usize - 1) * size as usize;
        let tries = if self.size < size { 1 } else { SHORT_MAX };
        for _ in 0..=tries {
            let page = self.ask(page_no, size).await?;
            let (came, reach) = (page.records.len(), last + page.records.len());
            let is_last = match self.closing {
                _ if page.page_size.is_some_and(|used| used < size) => continue,
                _ if came == size as usize => return Ok(Some(page)),
                Closing::Total => page.total.is_some_and(|total| total <= reach as u64),
                Closing::EmptyPage => {
                    // A page of which only the beginning may be had can come empty, and what is known goes on.
                    let reach = if self.to_the_end { reach.max(self.walk.records.len()) } else { reach };
                    self.is_nothing_behind(reach, page_no.saturating_add(1), size).await?
                        || self.to_the_end && self.is_repeated(&page, page_no, size).await?
                }
            };
            if is_last {
                return Ok(Some(page));
            }
        }
        Ok(None)
    }

    /// What jumped to the front while the walk was further on.
    async fn catch_up(&mut self, config: &WalkConfig) -> Result<WalkEnd, Fault> {
        for page_no in 1..=config.pages_max {
            let page = self.ask(page_no, self.size).await?;
            // What jumped stands in front of what did not.
            let from = page.records.len() * 3 / 4;
            let behind = page.records[from..].iter().all(|r| self.page_of.contains_key(&r.identity));
            self.learn(page_no, page, None);
            if behind {
                break;
            }
        }
        Ok(WalkEnd::Moved(self.take_walk()))
    }

    /// Keeps what is not known yet, and the vendor's latest total. What one answer holds twice, the vendor lists twice.
    /// Where new elements may be known (doubles), all count but so many at the beginning.
    fn learn(&mut self, page_no: u32, mut page: Page, overlap: Option<usize>) {
        match overlap {
            Some(overlap) => drop(page.records.drain(..overlap.min(page.records.len()))),
            None => page.records.retain(|record| !self.page_of.contains_key(&record.identity)),
        }
        self.place(&page, page_no);
        let Walk { records, total, pages, observation, .. } = &mut self.walk;
        *pages += 1;
        *total = page.total.or(*total);
        records.extend(page.records);
        observation.merge(page.observation);
    }
}

impl Progress {
    fn next(&self) -> AskedPage {
        let (page_no, page_size) = grid(self.reach, self.size);
        let offset = (page_no as usize - 1) * page_size as usize;
        AskedPage { page_no, page_size, offset, overlap: self.reach.saturating_sub(offset) }
    }
}

/// Page number and size that bring most beyond `reach` rows and begin at least [`OVERLAP`] before it.
fn grid(reach: usize, size_max: u32) -> (u32, u32) {
    let from = reach.saturating_sub(OVERLAP);
    let end = |size: u32| (from / size as usize + 1) * size as usize;
    let size = (size_max / 2 + 1..=size_max).max_by_key(|size| end(*size)).unwrap_or(size_max);
    (u32::try_from(from / size as usize + 1).unwrap_or(u32::MAX), size)
}
