//! What is to be verified, and what came of it.

use md5::{Digest as _, Md5};
use serde::Serialize;

use crate::domain::proof::window::TimeWindow;
use crate::domain::row::share::Share;
use crate::domain::stream::{StreamKey, StreamKind};
use crate::domain::vendor::page::Totals;
use crate::engine::pass::reader::{ScopeFailure, UnverifiedScope};
use crate::engine::port::compare::Difference;
use crate::engine::port::store::{ReadRecord, Scope};

/// What is to be verified.
#[derive(Debug, Clone, Default)]
pub struct VerifyOrder {
    /// Windows that share an instant with it, whole; `None`: all. A snapshot has no time and is always read.
    pub range: Option<TimeWindow>,
    /// A share of the windows, at least one.
    pub sample: Option<Sample>,
    /// Only these scopes.
    pub scopes: Option<Vec<Scope>>,
}

/// A share of all windows, the same ones for the same seed.
#[derive(Debug, Clone, Copy)]
pub struct Sample {
    /// How many.
    pub share: Share,
    /// Which ones.
    pub seed: u64,
}

/// What verifying one stream showed.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Verification {
    /// The stream.
    #[serde(flatten)]
    pub key: StreamKey,
    /// Windows or snapshots compared.
    pub windows: u64,
    /// Rows that the vendor returned for them.
    pub rows: u64,
    /// Records among them that cannot be read, and so were not compared.
    pub unreadable: u64,
    /// Records that cannot be read either, and that an operator dropped from quarantine.
    pub dropped: u64,
    /// Requests that it took.
    pub requests: u64,
    /// What differs.
    pub differences: Vec<Difference>,
    /// Stretches of time within the range that were never read: their rows are missing from the tables.
    pub unread: Vec<TimeWindow>,
    /// What the verification itself could not confirm: windows that are over, and snapshots, whose reading was neither
    /// proven nor stable. Where the tables equal it, they may lack the same rows.
    pub unverified: Vec<UnverifiedScope>,
    /// Whether the totals that the vendor states were held against what it sent.
    pub totals: Totals,
    /// A snapshot that was never read: all of it is missing.
    pub never_read: bool,
    /// What the vendor or the database did not let us compare.
    pub failures: Vec<ScopeFailure>,
    /// What mends the differences, in English; empty where it agrees.
    pub remedies: Vec<String>,
}

impl Verification {
    /// Whether the tables are as the vendor has it, as far as could be compared.
    pub fn agrees(&self) -> bool {
        let is_confirmed = self.unverified.is_empty();
        self.differences.is_empty() && self.unread.is_empty() && !self.never_read && is_confirmed
    }

    /// The windows or the snapshot in which something differs, each once.
    pub fn damaged(&self) -> Vec<Scope> {
        let is_snapshot = self.key.stream.kind() == StreamKind::Snapshot;
        let mut scopes: Vec<Scope> = self.never_read.then_some(Scope::Snapshot).into_iter().collect();
        for difference in &self.differences {
            let scope = match difference.window {
                Some(window) => Scope::Window(window),
                None if is_snapshot => Scope::Snapshot,
                None => continue,
            };
            if !scopes.contains(&scope) {
                scopes.push(scope);
            }
        }
        scopes
    }
}

/// The reads that the order is about.
pub(super) fn chosen<'l>(
    ledger: &'l [ReadRecord],
    order: &VerifyOrder,
    key: &StreamKey,
) -> Vec<&'l ReadRecord> {
    let within = |record: &&ReadRecord| {
        let scope = scope_of(record);
        record.read_at.is_some()
            && order.scopes.as_ref().is_none_or(|scopes| scopes.contains(&scope))
            && order.range.zip(record.window).is_none_or(|(range, window)| window.overlaps(&range))
    };
    let mut records: Vec<_> = ledger.iter().filter(within).collect();
    if let Some(sample) = order.sample {
        let wanted = (records.len() as f64 * sample.share.as_f64()).ceil().max(1.0) as usize;
        records.sort_by_key(|record| lot(sample.seed, key, record));
        records.truncate(wanted);
        records.sort_by_key(|record| record.window);
    }
    records
}

/// Drawn for a window by the seed.
fn lot(seed: u64, key: &StreamKey, record: &ReadRecord) -> u64 {
    let start = record.window.map_or(0, |window| window.start.timestamp());
    let digest: [u8; 16] = Md5::digest(format!("{seed} {key} {start}")).into();
    (u128::from_be_bytes(digest) >> 64) as u64
}

pub(super) fn scope_of(record: &ReadRecord) -> Scope {
    record.window.map_or(Scope::Snapshot, Scope::Window)
}
