//! Which rows a page holds, and what faults make of it.

use serde_json::Value;

use crate::answer::exchange::Chance;
use crate::disturbance::fault::Fault;
use crate::service::evidence::Listing;
use crate::vendor::rng::Rng;

/// A page as it will be answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Page {
    /// Rows to leave out before it.
    pub(crate) skip: usize,
    /// Rows on it at most.
    pub(crate) take: usize,
    /// The page number that is told.
    pub(crate) number: u64,
    /// The page size that is told.
    pub(crate) size: u64,
    /// The total that the vendor believes in.
    counted: u64,
    /// The total that is told, as it is written; `None`: no field.
    pub(crate) total: Option<Value>,
    /// Why there is no page, where it reaches behind the depth of the list.
    pub(crate) refused: Option<String>,
}

impl Page {
    /// The page `number` (from 1) of `size` rows out of `total`.
    pub(crate) fn plan(number: u64, size: u64, total: usize, listing: &Listing, chance: &mut Chance) -> Self {
        let number = number.max(1);
        let mut size = size.max(1);
        let mut told = listing.count(total as u64, number, size);
        let mut served = number;
        let fault = chance.step.map(|step| step.fault);
        match fault {
            Some(Fault::ClampedPageSize) => size = size.min(chance.amount().unwrap_or(size / 2).max(1)),
            Some(Fault::RepeatPage) => served = number.saturating_sub(1).max(1),
            Some(Fault::DropPage) => served = number.saturating_add(1),
            Some(Fault::LyingTotal) => told = lie(told, chance),
            _ => {}
        }
        let skip = (served - 1).saturating_mul(size);
        let (reach, refused) = match listing.reach(skip, size) {
            Ok(reach) => (reach, None),
            Err(refusal) => (0, Some(refusal)),
        };
        let reach = if served == 2 { listing.second_page.apply(reach) } else { reach };
        let take = if fault == Some(Fault::EmptyPage) { 0 } else { reach };
        Self {
            skip: usize::try_from(skip).unwrap_or(usize::MAX),
            take: usize::try_from(take).unwrap_or(usize::MAX),
            number,
            size,
            counted: told,
            total: listing.write(told),
            refused,
        }
    }

    /// The number of pages that is told.
    pub(crate) const fn count(&self) -> u64 {
        self.counted.div_ceil(self.size)
    }
}

fn lie(total: u64, chance: &mut Chance) -> u64 {
    let drawn = chance.rng.pick(&[-3_i64, -2, -1, 1, 2, 3]);
    let by = chance.step.and_then(|step| step.amount).unwrap_or(drawn);
    match total.checked_add_signed(by) {
        Some(told) if told != total => told,
        _ => total.saturating_add(by.unsigned_abs().max(1)),
    }
}

/// Does to the rows of a page what its fault says. `score` and `time` name a
/// field of each sort, `key` a part of the row's key.
pub(crate) fn spoil(rows: &mut Vec<Value>, chance: &mut Chance, [key, score, time]: [&str; 3]) {
    if rows.is_empty() {
        return;
    }
    let victim = chance.rng.index(rows.len());
    if chance.is(Fault::DropRow) {
        rows.remove(victim);
    } else if chance.is(Fault::MalformedRecord) {
        let how = chance.amount();
        if let Some(row) = rows.get_mut(victim) {
            break_row(row, how, &mut chance.rng, [key, score, time]);
        }
    }
}

fn break_row(row: &mut Value, how: Option<u64>, rng: &mut Rng, [key, score, time]: [&str; 3]) {
    let how = how.unwrap_or_else(|| rng.below(4));
    let Some(fields) = row.as_object_mut() else { return };
    match how {
        0 => drop(fields.insert(score.to_owned(), "abc".into())),
        1 => drop(fields.remove(key)),
        2 => *row = "not a record".into(),
        _ => drop(fields.insert(time.to_owned(), "yesterday".into())),
    }
}
