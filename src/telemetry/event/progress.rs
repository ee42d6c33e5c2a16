//! How far long work has come.

use std::time::Duration;

use crate::domain::stream::StreamKey;

/// A command that a person waits for is still at work on a stream.
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
    /// Rows in a second, since the command began.
    pub rate: u64,
    /// How long it may take still, where that can be said.
    pub left: Option<Duration>,
}

impl WorkProgressed<'_> {
    /// Writes it down.
    pub fn emit(self) {
        let WorkProgressed { key, windows, windows_left, rows, rate, left } = self;
        let due = windows + windows_left;
        tracing::info!(
            target: "ccsync",
            source = %key.source,
            stream = %key.stream,
            windows,
            windows_due = due,
            rows,
            seconds_left = left.map(|left| left.as_secs()),
            "{key}: {windows} of {due} windows, {rows} rows, {rate} rows/s",
        );
    }
}
