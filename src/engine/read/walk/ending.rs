//! Whether a walk has come to the end of the list, where no total says so.

use std::collections::HashSet;

use crate::domain::fault::Fault;
use crate::domain::vendor::page::{Page, PageRequest};
use crate::engine::read::walk::refusal::is_answer;
use crate::engine::read::walk::{OrDrift, WalkConfig, Walker, are_same};

/// Which of the pages behind one that repeats what came are looked at: of a run of repeated pages, and of what follows it,
/// one is met unless the run is as long as the rest of the list.
const REPEATS_LOOKED_AT: [u32; 5] = [1, 2, 4, 8, 16];

/// A page that brings nothing but what came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Repetition {
    /// It is not such a page, or the vendor may ignore page numbers.
    Ambiguous,
    /// The vendor gives its last page again for what lies behind it.
    End,
    /// Others lie behind it.
    Stuck,
}

impl Walker<'_, '_> {
    /// A page that reaches behind the depth of its list comes without elements, too, as from an empty list; and one whose list
    /// was emptied on its way equals a total that is wrong by all there is. What is there shows on a page of one element, and
    /// the read lacks it.
    pub(super) async fn look_at_first_element(&mut self) -> Result<(), Fault> {
        if self.size == 1 {
            return Ok(());
        }
        match self.probe(1, 1).await {
            Err(fault) if !is_answer(fault.kind) => Err(fault),
            _ => Ok(()),
        }
    }

    /// Whether a walk without totals has ended after page `page_no`.
    ///
    /// An empty page ends it. A short page may be the last one or a clamped one: the element just behind
    /// it is asked for, by a page size that puts it first on a page of its own. Nothing there: the end.
    pub(super) async fn close_without_total(
        &mut self,
        page_no: u32,
        size_before: usize,
        came: usize,
    ) -> Result<OrDrift<bool>, Fault> {
        let short = u32::try_from(came).unwrap_or(u32::MAX);
        if came == 0 && page_no == 1 {
            self.look_at_first_element().await?;
        }
        if came == 0 || self.size <= short {
            return Ok(Ok(came == 0));
        }
        let is_end = match page_no {
            1 => match self.probe(2, short).await {
                Ok(behind) => behind.records.is_empty(),
                // Whether it was refused for its size or for its place, the next page of the usual size shows.
                Err(fault) if is_answer(fault.kind) => self.is_nothing_on(2, self.size).await?,
                Err(fault) => return Err(fault),
            },
            _ => {
                self.is_nothing_behind(self.walk.records.len(), page_no.saturating_add(1), self.size).await?
            }
        };
        if is_end {
            return Ok(Ok(true));
        }
        let again = self.ask(page_no, self.size).await?;
        let grown = came < again.records.len();
        self.note_elements(&again);
        if !grown && page_no != 1 {
            // Two walks found it so: perhaps some elements are held back, or it is the last page again.
            if self.to_the_end {
                return Ok(Ok(false));
            }
            return Ok(Err(format!("page {page_no} is short and not the last")));
        }
        if grown {
            // The short page was a slip: put the whole one in its place, and look behind that.
            self.walk.records.truncate(size_before);
            self.walk.pages -= 1;
            let came = again.records.len();
            if self.repeats(page_no, &again).is_some() {
                return Ok(Err(format!("page {page_no} repeats elements of an earlier page")));
            }
            self.keep(page_no, again);
            return Box::pin(self.close_without_total(page_no, size_before, came)).await;
        }
        self.size = short;
        Ok(Ok(false))
    }

    /// Whether nothing lies behind a short page: neither just behind so many elements, nor on the next page. A vendor
    /// that does not honour the size of one answers from far behind its end.
    pub(super) async fn is_nothing_behind(
        &mut self,
        elements: usize,
        next: u32,
        size: u32,
    ) -> Result<bool, Fault> {
        let place = u32::try_from(elements).unwrap_or(u32::MAX).saturating_add(1);
        self.asked = (place, 1);
        let request = PageRequest { window: self.window, page_no: place, page_size: 1 };
        let is_one = match self.fetcher.fetch_until_refused(&request).await {
            Ok(one) => {
                self.note_elements(&one);
                !self.note_total(place, one).records.is_empty()
            }
            // Whether it was refused for its size or for its place, the next page shows.
            Err(fault) if is_answer(fault.kind) => false,
            Err(fault) => return Err(fault),
        };
        Ok(!is_one && self.is_nothing_on(next, size).await?)
    }

    /// Whether the page is empty, or refused for where it lies: then nothing can be had there.
    async fn is_nothing_on(&mut self, page_no: u32, size: u32) -> Result<bool, Fault> {
        match self.probe(page_no, size).await {
            Ok(page) => Ok(page.records.is_empty()),
            Err(fault) if self.is_refused_at_depth(&fault).await => {
                self.walk.refused |= self.comes_across_end().await != Some(true);
                Ok(true)
            }
            Err(fault) => Err(fault),
        }
    }

    /// Whether a page that was refused is as good as an empty one. Where a total says that all came, it is. Where the
    /// vendor counts more, and the window can be read in parts, parts are the better way.
    pub(super) async fn is_refused_behind_end(&mut self, fault: &Fault, config: &WalkConfig) -> bool {
        if self.is_complete() {
            return !self.overlapping && self.is_refused_at_depth(fault).await;
        }
        let has_all = self.walk.total.is_none_or(|total| total <= self.walk.records.len() as u64);
        (has_all || config.rows_max.is_none()) && self.ends_before(fault).await
    }

    /// Whether the page that was refused lies behind the end of the list: it is refused each time, and a page that begins
    /// before the end and reaches behind it brings just the last elements. A search that refuses pages for their depth
    /// refuses that one, too. One or two elements leave no room for such a page: they are kept, unverified.
    pub(super) async fn ends_before(&mut self, fault: &Fault) -> bool {
        if self.overlapping || !self.is_refused_at_depth(fault).await {
            return false;
        }
        match self.comes_across_end().await {
            Some(comes) => comes,
            None => {
                self.walk.refused = true;
                self.walk.records.len() < 3.min(self.size as usize)
            }
        }
    }

    /// Whether a page that begins before the end and reaches behind it brings just the last elements; `None` where there
    /// is no room for one.
    async fn comes_across_end(&mut self) -> Option<bool> {
        let (page_no, page_size) = across(self.walk.records.len(), self.size)?;
        let from = (page_no as usize - 1) * page_size as usize;
        let came = self.probe(page_no, page_size).await;
        Some(came.is_ok_and(|page| are_same(&page.records, &self.walk.records[from..])))
    }

    /// What a page is that may bring nothing but what came. A vendor that may ignore page numbers, and states no total,
    /// is not trusted: then the second half of the first page cannot be had as page 2.
    pub(super) async fn repetition(&mut self, page: &Page) -> Result<Repetition, Fault> {
        if !self.to_the_end || self.known(page) < page.records.len() {
            return Ok(Repetition::Ambiguous);
        }
        let (page_no, size) = self.asked;
        let elements = self.walk.records.len();
        if self.walk.pages < 2 && self.totals.is_none() && 1 < elements {
            let half = elements.div_ceil(2);
            let second = self.probe(2, u32::try_from(half).unwrap_or(u32::MAX)).await?;
            if !are_same(&second.records, &self.walk.records[half..]) {
                return Ok(Repetition::Ambiguous);
            }
        }
        let is_end = self.is_repeated(page, page_no, size).await?;
        Ok(if is_end { Repetition::End } else { Repetition::Stuck })
    }

    /// Whether the pages behind this one, of the same size, have nothing that is not on it or known: those next to it and
    /// some further on, for a vendor may repeat a page a few times before it goes on.
    pub(super) async fn is_repeated(&mut self, page: &Page, page_no: u32, size: u32) -> Result<bool, Fault> {
        let on_page: HashSet<u128> = page.records.iter().map(|record| record.identity).collect();
        for next in REPEATS_LOOKED_AT {
            let behind = match self.probe(page_no.saturating_add(next), size).await {
                Ok(behind) => behind,
                Err(fault) if self.is_refused_at_depth(&fault).await => {
                    self.walk.refused = true;
                    return Ok(true);
                }
                Err(fault) => return Err(fault),
            };
            let is_known =
                |identity: &u128| on_page.contains(identity) || self.page_of.contains_key(identity);
            if !behind.records.iter().all(|record| is_known(&record.identity)) {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

/// Number and size of a page that begins before the end of so many elements and reaches behind it, if there is one. It is
/// smaller than usual: a page of the usual size was read already, and says nothing new.
fn across(elements: usize, size_max: u32) -> Option<(u32, u32)> {
    let elements = u32::try_from(elements).ok()?;
    let size = (2..size_max.min(elements)).rev().find(|size| elements % size != 0)?;
    Some((elements / size + 1, size))
}
