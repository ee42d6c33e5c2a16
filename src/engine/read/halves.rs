//! Whether a window may be read in halves: not where a half returns what the whole does.

use std::collections::HashSet;

use chrono::Duration;

use crate::domain::fault::Fault;
use crate::domain::proof::window::TimeWindow;
use crate::domain::vendor::page::PageRequest;
use crate::engine::read::fetch::Fetcher;

/// Whether the two halves of a window are different to the vendor. Asks for the first page of each: where most of one
/// stands in the other, the vendor does not look at the time of day, and smaller windows would not be smaller.
///
/// # Errors
/// What the vendor's answers fail with.
pub(in crate::engine) async fn halves_differ(
    fetcher: &mut Fetcher<'_>,
    (left, right): (TimeWindow, TimeWindow),
    page_size: u32,
) -> Result<bool, Fault> {
    let mut first = async |window| {
        let page = fetcher.fetch(&PageRequest { window: Some(window), page_no: 1, page_size }).await?;
        Ok(page.records.iter().map(|record| record.identity).collect::<HashSet<_>>())
    };
    // Whether the vendor counts the end in is unknown, and a crowd on the common bound would stand in both.
    let end = (left.end - Duration::seconds(1)).max(left.start + Duration::microseconds(1));
    let (left, right) = (first(TimeWindow { end, ..left }).await?, first(right).await?);
    Ok(left.intersection(&right).count() * 2 <= left.len().min(right.len()))
}
