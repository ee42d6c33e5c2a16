//! What one walk brought, as one row for each key with a certificate that is still to be judged.

use crate::domain::proof::certificate::{Certificate, SetDigest, Verdict};
use crate::domain::row::record::{Reject, Row};
use crate::domain::vendor::drift::SchemaDrift;
use crate::engine::read::walk::Walk;

/// A closed read, ready to be committed.
#[derive(Debug)]
pub struct ClosedRead {
    /// One row for each key.
    pub rows: Vec<Row>,
    /// What could not be read.
    pub rejects: Vec<Reject>,
    /// Identities of the elements that `rejects` come from.
    pub rejected: Vec<u128>,
    /// Rows dropped because an equal key came with a later version.
    pub superseded: u64,
    /// Rows dropped because their key came before, equal or not.
    pub duplicates: u64,
    /// The vendor's rows moved while they were read, or one came in two versions.
    pub moved: bool,
    /// An element came without the list that it should hold.
    pub lacks_list: bool,
    /// How the elements depart from what is documented of them.
    pub drifts: Vec<SchemaDrift>,
    /// What was proven.
    pub certificate: Certificate,
}

/// One row for each key: of equal keys the later version stays, of equal versions the one that came later.
pub(super) fn close(walk: Walk, requests: u64) -> ClosedRead {
    let drifts = walk.observation.into_drifts();
    let elements = walk.records.len() as u64;
    let mut came: Vec<(Row, u128)> = Vec::with_capacity(walk.records.len());
    let (mut rejects, mut rejected) = (Vec::new(), Vec::new());
    let lacks_list = walk.records.iter().any(|record| record.lacks_list);
    for record in walk.records {
        if !record.rejects.is_empty() {
            rejected.push(record.identity);
        }
        rejects.extend(record.rejects);
        came.extend(record.rows.into_iter().map(|row| (row, record.identity)));
    }
    let order = key_order(&came);
    let mut came: Vec<Option<(Row, u128)>> = came.into_iter().map(Some).collect();
    let mut rows: Vec<Row> = Vec::with_capacity(came.len());
    let (mut superseded, mut duplicates, mut moved, mut came_in) = (0, 0, false, 0);
    for place in order {
        let Some((row, identity)) = came.get_mut(place).and_then(Option::take) else { continue };
        match rows.last_mut().filter(|kept| is_same_key(kept, &row)) {
            Some(kept) => {
                duplicates += 1;
                superseded += u64::from(kept.hash != row.hash);
                // What changed of the element may be in none of this row's columns.
                moved |= came_in != identity;
                if kept.version_at() <= row.version_at() {
                    *kept = row;
                }
            }
            None => {
                rows.push(row);
                came_in = identity;
            }
        }
    }
    let mut digest = SetDigest::default();
    rows.iter().for_each(|row| digest.add(row));
    let certificate = Certificate {
        vendor_total: walk.total,
        pages: walk.pages,
        requests: u32::try_from(requests).unwrap_or(u32::MAX),
        rows: elements,
        digest,
        verdict: Verdict::Unverified,
        reason: None,
    };
    ClosedRead { rows, rejects, rejected, superseded, duplicates, moved, lacks_list, drifts, certificate }
}

/// The places of the rows by their tables and keys; rows of one key stay in the order in which they came. The
/// beginnings of the keys, which tell most apart, are compared side by side in memory, where the keys are not.
fn key_order(came: &[(Row, u128)]) -> impl Iterator<Item = usize> + use<> {
    let start = |row: &Row| (std::ptr::from_ref(row.table).addr(), row.key_start());
    let mut order: Vec<((usize, u128), usize)> =
        came.iter().enumerate().map(|(place, (row, _))| (start(row), place)).collect();
    order.sort_unstable_by(|(one, at), (other, beside)| {
        let keys = || came[*at].0.key().cmp(came[*beside].0.key());
        one.cmp(other).then_with(keys).then(at.cmp(beside))
    });
    order.into_iter().map(|(_, place)| place)
}

fn is_same_key(one: &Row, other: &Row) -> bool {
    std::ptr::eq(one.table, other.table) && one.key().eq(other.key())
}
