//! What was proven about one read.

use md5::{Digest as _, Md5};
use serde::Serialize;

use crate::domain::record::Row;

/// How far a read can be trusted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// The vendor's totals agree with what came, before and after.
    Proven,
    /// The vendor states no total, or one that does not hold, and two reads gave the same rows.
    Stable,
    /// The walk closed by the endpoint's rule, and nothing more is known.
    Unverified,
}

impl Verdict {
    /// The name stored in the ledger.
    pub const fn as_str(self) -> &'static str {
        match self {
            Verdict::Proven => "proven",
            Verdict::Stable => "stable",
            Verdict::Unverified => "unverified",
        }
    }
}

/// A digest of a set of rows that does not depend on their order: the sum, modulo 2^128, of the MD5 of
/// each row's table, key and content hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SetDigest(pub u128);

impl SetDigest {
    /// Adds one row.
    pub fn add(&mut self, row: &Row) {
        let mut hasher = Md5::new();
        hasher.update(row.table.name.as_bytes());
        for part in row.key() {
            hasher.update([0x1f]);
            hasher.update(part.as_bytes());
        }
        hasher.update([0x1e]);
        hasher.update(row.hash.0);
        self.0 = self.0.wrapping_add(u128::from_be_bytes(hasher.finalize().into()));
    }
}

/// What one read of a window or snapshot showed, stored with its rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Certificate {
    /// The vendor's own total, where it states one.
    pub vendor_total: Option<u64>,
    /// Pages of the walk that counted.
    pub pages: u32,
    /// Requests spent, repeated and failed ones included.
    pub requests: u32,
    /// Elements that came (before equal keys were made one).
    pub rows: u64,
    /// Of the rows as they were handed to the store.
    pub digest: SetDigest,
    /// How far it can be trusted.
    pub verdict: Verdict,
}
