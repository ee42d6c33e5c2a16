//! Whether two whole reads of one scope agree, where the vendor states no total that could confirm one.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use md5::{Digest as _, Md5};

use crate::domain::row::record::Row;
use crate::engine::read::close::ClosedRead;

/// What is kept of a read to hold the next one against it: 50 bytes or so for each row, not the rows.
pub(super) struct ReadSummary {
    /// When its walk began.
    began: DateTime<Utc>,
    rows: HashMap<u128, Version>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
struct Version {
    /// Of the content; zero where only keys are compared.
    hash: u128,
    /// The vendor's own time of the row, where it has one.
    dated: Option<DateTime<Utc>>,
}

impl ReadSummary {
    /// Of a read whose walk began then. `keys_only`: the rows are states of a moment, which differ from read to read.
    pub(super) fn new(closed: &ClosedRead, began: DateTime<Utc>, keys_only: bool) -> ReadSummary {
        let version = |row: &Row| Version {
            hash: if keys_only { 0 } else { u128::from_be_bytes(row.hash.0) },
            dated: row.version_at(),
        };
        let rows = closed.rows.iter().map(|row| (key_of(row), version(row)));
        // A record that cannot be read has no key; the whole of it must come again.
        let unread = closed.rejected.iter().map(|identity| (*identity, Version { hash: 0, dated: None }));
        ReadSummary { began, rows: rows.chain(unread).collect() }
    }

    /// Whether `second` contains every row of this read, and what it adds or changes is dated after this one began.
    fn is_confirmed_by(&self, second: &ReadSummary) -> bool {
        let is_news = |version: &Version| version.dated.is_some_and(|dated| self.began <= dated);
        let keeps = |(key, known): (&u128, &Version)| {
            second.rows.get(key).is_some_and(|now| now.hash == known.hash || is_news(now))
        };
        let adds_news = |(key, now): (&u128, &Version)| self.rows.contains_key(key) || is_news(now);
        self.rows.iter().all(keeps) && second.rows.iter().all(adds_news)
    }
}

/// Whether `last` confirms one of the reads before it in the pass. The walks of a pass are one read: what any of them had
/// is not absent, so that `last` has to have it.
pub(super) fn confirms(before: &[ReadSummary], last: &ReadSummary) -> bool {
    let has_all = |read: &ReadSummary| read.rows.keys().all(|key| last.rows.contains_key(key));
    before.iter().all(has_all) && before.iter().any(|read| read.is_confirmed_by(last))
}

fn key_of(row: &Row) -> u128 {
    let mut hasher = Md5::new();
    hasher.update(row.table.name.as_bytes());
    for part in row.key() {
        hasher.update([0x1f]);
        hasher.update(part.as_bytes());
    }
    u128::from_be_bytes(hasher.finalize().into())
}
