//! How far long work has come.

use std::time::Duration;

use crate::domain::row::text::counted;
use crate::domain::stream::StreamKey;
use crate::report::language::Language;
use crate::report::phrase::status::span;

/// Long work on a stream goes on.
#[derive(Debug)]
pub struct WorkProgressed<'a> {
    /// The stream.
    pub key: &'a StreamKey,
    /// Windows done.
    pub windows: u64,
    /// Windows still due.
    pub windows_left: u64,
    /// Rows so far.
    pub rows: u64,
    /// Rows in a second.
    pub rate: u64,
    /// How long it may take still, where that can be said.
    pub left: Option<Duration>,
}

impl WorkProgressed<'_> {
    /// Writes it down.
    pub fn emit(self) {
        let WorkProgressed { key, windows, windows_left, rows, rate, left } = self;
        let due = windows + windows_left;
        let end = left.and_then(|left| chrono::Duration::from_std(left).ok());
        let end = end.map(|left| format!(", {} left", span(left, Language::En))).unwrap_or_default();
        tracing::info!(
            target: "ccsync",
            source = %key.source,
            stream = %key.stream,
            windows,
            windows_due = due,
            rows,
            seconds_left = left.map(|left| left.as_secs()),
            "{key}: {windows} of {}, {}, {rate} rows/s{end}",
            counted(due, "window"),
            counted(rows, "row"),
        );
    }
}

/// Long work on further streams goes on.
#[derive(Debug)]
pub struct MoreWorkProgressed {
    /// How many they are.
    pub streams: usize,
}

impl MoreWorkProgressed {
    /// Writes it down, if there are any.
    pub fn emit(self) {
        if 0 < self.streams {
            let streams = counted(self.streams, "further stream");
            tracing::info!(target: "ccsync", streams = self.streams, "long work on {streams} goes on; `ccsync status` tells of each");
        }
    }
}
