//! What was proven about one read.

use md5::{Digest as _, Md5};
use serde::Serialize;

use crate::domain::row::record::Row;

/// How far a read can be trusted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// The vendor states a total, and the elements as it sent them equal it.
    Proven,
    /// The vendor states no total, or it is to be ignored, and a second whole read contains every row of the first.
    Stable,
    /// Anything else; [`UnverifiedReason`] says what.
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

/// Why a committed read is neither proven nor stable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum UnverifiedReason {
    /// The vendor states one total and sends another number of elements, each time.
    TotalDiffers,
    /// As many elements as the endpoint's search can state or list: there may be more.
    ResultCap,
    /// The number is wrong or at the cap, and a part of the window returns what the whole does: the vendor ignores
    /// the time of day, so no smaller window can help.
    BoundsIgnored,
    /// The number is wrong or at the cap, and the window is one second, which cannot be split.
    OneSecond,
    /// Rows moved from page to page while they were read.
    RowsMoved,
    /// Elements came more than once, and no second read was equal.
    Duplicates,
    /// The reads of one pass did not agree.
    ReadsDiffer,
    /// No total is stated, and the stream is configured to be read only once in a pass.
    NotReread,
}

impl UnverifiedReason {
    /// Every reason.
    pub const ALL: [UnverifiedReason; 8] = [
        UnverifiedReason::TotalDiffers,
        UnverifiedReason::ResultCap,
        UnverifiedReason::BoundsIgnored,
        UnverifiedReason::OneSecond,
        UnverifiedReason::RowsMoved,
        UnverifiedReason::Duplicates,
        UnverifiedReason::ReadsDiffer,
        UnverifiedReason::NotReread,
    ];

    /// The name stored in the ledger.
    pub const fn as_str(self) -> &'static str {
        match self {
            UnverifiedReason::TotalDiffers => "total_differs",
            UnverifiedReason::ResultCap => "result_cap",
            UnverifiedReason::BoundsIgnored => "bounds_ignored",
            UnverifiedReason::OneSecond => "one_second",
            UnverifiedReason::RowsMoved => "rows_moved",
            UnverifiedReason::Duplicates => "duplicates",
            UnverifiedReason::ReadsDiffer => "reads_differ",
            UnverifiedReason::NotReread => "not_reread",
        }
    }

    /// The reason of this name.
    pub fn from_name(name: &str) -> Option<UnverifiedReason> {
        UnverifiedReason::ALL.into_iter().find(|reason| reason.as_str() == name)
    }

    /// Whether the vendor's own number contradicts what it sends: reading again at once does not mend that.
    pub const fn contradicts(self) -> bool {
        matches!(
            self,
            UnverifiedReason::TotalDiffers
                | UnverifiedReason::ResultCap
                | UnverifiedReason::BoundsIgnored
                | UnverifiedReason::OneSecond
        )
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
    /// Why it is unverified; `None` where it is not, and of reads before this was recorded.
    pub reason: Option<UnverifiedReason>,
}

impl Certificate {
    /// The same read, judged.
    #[must_use]
    pub fn judged(self, judgement: Result<Verdict, UnverifiedReason>) -> Certificate {
        match judgement {
            Ok(verdict) => Certificate { verdict, reason: None, ..self },
            Err(reason) => Certificate { verdict: Verdict::Unverified, reason: Some(reason), ..self },
        }
    }
}
