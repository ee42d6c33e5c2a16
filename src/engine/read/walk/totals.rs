//! What the totals say that the answers of a walk state.

use crate::domain::fault::Fault;
use crate::domain::vendor::page::{Closing, Page, Totals};
use crate::engine::read::walk::{OrDrift, Walk, Walker, are_same};

/// Requests that are spent on which of two totals is right.
const SETTLE_MAX: u32 = 12;

impl Walker<'_, '_> {
    /// The page, its total noted.
    pub(super) fn note_total(&mut self, page_no: u32, mut page: Page) -> Page {
        // Behind the end, 0 may be the number of what is there.
        let is_behind = page_no != 1 && page.records.is_empty() && page.total == Some(0);
        if let Some(total) = page.total.filter(|_| self.totals_rule == Totals::Trust && !is_behind) {
            let (least, most) = self.totals.unwrap_or((total, total));
            self.totals = Some((least.min(total), most.max(total)));
            *self.stated.entry(total).or_default() += 1;
        }
        if self.closing == Closing::EmptyPage {
            page.total = None;
        }
        page
    }

    /// Whether page 1 states another total than it did, and now the one of this page: then its first answer was wrong.
    pub(super) async fn is_total_of_first_page(&mut self, page: &Page) -> Result<bool, Fault> {
        if page.total.is_none() || self.walk.total == page.total {
            return Ok(false);
        }
        let first = self.ask(1, self.size).await?;
        Ok(first.total == page.total && are_same(&first.records, &self.walk.records))
    }

    /// A moved total may mean that page 1's was wrong, that rows moved, or that the vendor's pages contradict one
    /// another: one more look at page 1 tells. Behind page 2, the pages between cannot be confirmed in any case, and
    /// the walk starts over.
    pub(super) async fn adopt_total(
        &mut self,
        page_no: u32,
        page: Page,
        anomaly: String,
    ) -> Result<OrDrift<Page>, Fault> {
        let first = self.ask(1, self.size).await?;
        let on_first = self.walk.records.len().min(self.size as usize);
        let is_first = are_same(&self.walk.records[..on_first], &first.records);
        if is_first && first.total == self.walk.total {
            self.moving = false;
        }
        let expected = page.total.unwrap_or_default().saturating_sub(self.walk.records.len() as u64);
        let is_adopted = page_no == 2 && is_first && first.total == page.total;
        if !is_adopted || page.records.len() as u64 != expected.min(u64::from(self.size)) {
            return Ok(Err(anomaly));
        }
        self.walk.total = page.total;
        self.moving = false;
        Ok(Ok(page))
    }

    /// What came. A total that played no part in the walk is held against the elements all the same; of several, one
    /// that contradicts them.
    pub(super) fn take_walk(&mut self) -> Walk {
        let mut walk = std::mem::take(&mut self.walk);
        walk.lacking = self.came_besides.iter().any(|element| !self.page_of.contains_key(element));
        let elements = walk.records.len() as u64;
        walk.disputed = self.stated.keys().copied().filter(|total| *total != elements).max();
        if self.closing == Closing::EmptyPage {
            walk.total = self.totals.map(|(least, most)| if most == elements { least } else { most });
        }
        walk
    }

    /// A total that was stated once, among many answers that state another one, is a slip. Totals that come by turns are
    /// not: more than three of four answers have to agree, and then two.
    pub(super) async fn settle(&mut self, mut walk: Walk) -> Result<Walk, Fault> {
        let elements = walk.records.len() as u64;
        for _ in 0..=SETTLE_MAX {
            let agree = self.stated.get(&elements).copied().unwrap_or_default();
            let all: u32 = self.stated.values().sum();
            if (all - agree) * 3 + 2 <= agree {
                walk.disputed = None;
                break;
            }
            self.ask(1, self.size).await?;
        }
        Ok(walk)
    }
}
