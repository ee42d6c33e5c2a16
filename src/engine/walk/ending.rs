//! Whether a walk has come to the end of the list, where no total says so.

use std::collections::HashSet;

use crate::domain::fault::Fault;
use crate::domain::page::Page;
use crate::engine::walk::refusal::is_answer;
use crate::engine::walk::{OrDrift, Walker, are_same};

impl Walker<'_, '_> {
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
        if came == 0 || self.size <= short {
            return Ok(Ok(came == 0));
        }
        let rows = u32::try_from(self.walk.records.len()).unwrap_or(u32::MAX);
        let (probe_no, probe_size) = if page_no == 1 { (2, short) } else { (rows.saturating_add(1), 1) };
        let behind = self.ask(probe_no, probe_size).await?;
        // A vendor that does not honour so small a size answers from far behind its end.
        let next = page_no.saturating_add(1);
        if behind.records.is_empty() && (page_no == 1 || self.is_nothing_on(next, self.size).await?) {
            return Ok(Ok(true));
        }
        let again = self.ask(page_no, self.size).await?;
        let grown = came < again.records.len();
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

    /// Whether the page is empty, or refused for its depth: then nothing can be had there.
    pub(super) async fn is_nothing_on(&mut self, page_no: u32, size: u32) -> Result<bool, Fault> {
        match self.ask(page_no, size).await {
            Ok(page) => Ok(page.records.is_empty()),
            Err(fault) if is_answer(fault.kind) => Ok(true),
            Err(fault) => Err(fault),
        }
    }

    /// Whether the vendor gives its last page again for what lies behind it. A vendor that may ignore page numbers, and
    /// states no total, does not count: then the second half of the first page cannot be had as page 2.
    pub(super) async fn is_last_again(&mut self, page: &Page) -> Result<bool, Fault> {
        if !self.to_the_end || self.known(page) < page.records.len() {
            return Ok(false);
        }
        // Pages that are wrong at each read have others behind them.
        let (page_no, size) = self.asked;
        if !self.is_repeated(page, page_no, size).await? {
            return Ok(false);
        }
        let elements = self.walk.records.len();
        if 1 < self.walk.pages || self.totals.is_some() || elements < 2 {
            return Ok(true);
        }
        let half = elements.div_ceil(2);
        let second = self.ask(2, u32::try_from(half).unwrap_or(u32::MAX)).await?;
        Ok(are_same(&second.records, &self.walk.records[half..]))
    }

    /// Whether the two pages behind this one, of the same size, have nothing that is not on it or known.
    pub(super) async fn is_repeated(&mut self, page: &Page, page_no: u32, size: u32) -> Result<bool, Fault> {
        let on_page: HashSet<u128> = page.records.iter().map(|record| record.identity).collect();
        for next in 1..=2 {
            let behind = self.ask(page_no.saturating_add(next), size).await?;
            let is_known =
                |identity: &u128| on_page.contains(identity) || self.page_of.contains_key(identity);
            if !behind.records.iter().all(|record| is_known(&record.identity)) {
                return Ok(false);
            }
        }
        Ok(true)
    }
}
