//! Whether a page fits the walk, and what follows when it does not.

use crate::domain::fault::Fault;
use crate::domain::row::text::counted;
use crate::domain::vendor::page::{Closing, Page};
use crate::engine::read::walk::ending::Repetition;
use crate::engine::read::walk::{OrDrift, Walker};

impl Walker<'_, '_> {
    /// Why the page does not fit what the walk has seen so far, if it does not.
    pub(super) fn anomaly(&self, page_no: u32, page: &Page) -> Option<String> {
        // Clamped, but all of it came: nothing to ask again for.
        let whole = page_no == 1 && page.total == Some(page.records.len() as u64);
        if whole && page.page_size.is_some_and(|used| used < self.size) {
            return None;
        }
        // A vendor that states its own maximum gave what was asked for all the same.
        if let Some(used) = page.page_size.filter(|used| *used < self.size) {
            return Some(format!("page {page_no} has page size {used}, not {}", self.size));
        }
        if let Some(earlier) = self.repeats(page_no, page) {
            return Some(format!("page {page_no} repeats elements of page {earlier}"));
        }
        if let Some(short) = self.short.filter(|_| !page.records.is_empty()) {
            return Some(format!("page {short} is short and not the last"));
        }
        if self.closing == Closing::EmptyPage || self.disagreeing {
            return None;
        }
        let Some(total) = page.total else {
            return Some(format!("page {page_no} states no total"));
        };
        let is_behind = total == 0 && page.records.is_empty() && self.is_complete();
        if let Some(known) = self.walk.total.filter(|known| *known != total && !is_behind) {
            return Some(format!("the total went from {known} to {total} on page {page_no}"));
        }
        let expected = total.saturating_sub(self.walk.records.len() as u64).min(u64::from(self.size));
        let came = page.records.len() as u64;
        (came != expected)
            .then(|| format!("page {page_no} has {}, not {expected} of {total}", counted(came, "element")))
    }

    /// The earlier page whose elements this one repeats.
    pub(super) fn repeats(&self, page_no: u32, page: &Page) -> Option<u32> {
        let mut seen = page.records.iter().filter_map(|record| {
            self.page_of.get(&record.identity).copied().filter(|earlier| *earlier != page_no)
        });
        if !self.doubles {
            return seen.next();
        }
        let earlier: Vec<u32> = seen.collect();
        (earlier.len() == page.records.len()).then(|| earlier.first().copied()).flatten()
    }

    /// What follows from a page that does not fit but came out the same twice.
    pub(super) async fn accept(
        &mut self,
        page_no: u32,
        mut page: Page,
        anomaly: String,
    ) -> Result<OrDrift<Page>, Fault> {
        if 1 < page_no {
            match self.repetition(&page).await? {
                Repetition::Ambiguous => {}
                Repetition::End => {
                    page.records.clear();
                    return Ok(Ok(page));
                }
                Repetition::Stuck => {
                    self.walk.stuck = true;
                    return Ok(Ok(page));
                }
            }
        }
        let came = u32::try_from(page.records.len()).unwrap_or(u32::MAX);
        // Exact doubles stand where they stand; rows that were pushed on begin with the last known one.
        let last = self.walk.records.last().map(|record| record.identity);
        let pushed = page.records.first().is_some_and(|first| Some(first.identity) == last);
        self.moving |=
            1 < page_no && (pushed || self.walk.total.is_some_and(|total| page.total != Some(total)));
        if self.repeats(page_no, &page).is_some() || self.short.is_some() {
            return Ok(Err(anomaly));
        }
        if page_no == 1 {
            let stated = page.page_size.unwrap_or(self.size).min(self.size);
            let short = u64::from(came) < page.total.unwrap_or_default().min(u64::from(stated));
            // The vendor gives smaller pages than were asked for, and says so or not.
            self.size = if short && came > 0 { came } else { stated.max(1) };
            self.disagreeing = page.total.is_some_and(|total| came == 0 || total < u64::from(came));
            return Ok(Ok(page));
        }
        if page.total.is_none() || page.page_size.is_some_and(|used| used < self.size) {
            return Ok(Err(anomaly));
        }
        if self.walk.total != page.total {
            return self.adopt_total(page_no, page, anomaly).await;
        }
        self.disagreeing = true;
        self.short = (came < self.size).then_some(page_no);
        Ok(Ok(page))
    }
}
