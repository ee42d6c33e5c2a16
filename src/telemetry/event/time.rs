//! What time it is, and what a wrong clock has left behind.

use chrono::{DateTime, Duration, SecondsFormat, Utc};

use crate::domain::stream::StreamKey;
use crate::report::language::Language;
use crate::report::phrase::status::span;

/// Two clocks differ by more than a minute.
#[derive(Debug)]
pub struct ClockOff<'a> {
    /// Whose clock it is that this host's differs from; `None`: the database's.
    pub source: Option<&'a str>,
    /// By how much that is ahead of this host's; negative: behind.
    pub ahead: Duration,
    /// The vendor's header does not move on.
    pub stands_still: bool,
}

impl ClockOff<'_> {
    /// Writes it down.
    pub fn emit(self) {
        let (source, seconds) = (self.source.unwrap_or("the database"), self.ahead.num_seconds());
        if self.stands_still {
            tracing::warn!(
                target: "ccsync",
                source,
                "the Date header of {source}'s answers stands still and is left out of account: nobody but the database \
                 (an embedded one: this host) says what time it is; see docs/runbook.md#clock_off",
            );
            return;
        }
        let side = if self.ahead < Duration::zero() { "ahead of" } else { "behind" };
        tracing::warn!(
            target: "ccsync",
            source,
            ahead_seconds = seconds,
            "this host's clock is {} {side} that of {source}; nothing is called complete after the earlier of the \
             witnesses; see docs/runbook.md#clock_off",
            span(self.ahead.abs(), Language::En),
        );
    }
}

/// The ledger claimed to know of the future.
#[derive(Debug)]
pub struct LedgerMended<'a> {
    /// The stream.
    pub key: &'a StreamKey,
    /// Windows, or the snapshot, that are due again or were dropped.
    pub entries: u64,
    /// The present.
    pub now: DateTime<Utc>,
}

impl LedgerMended<'_> {
    /// Writes it down.
    pub fn emit(self) {
        tracing::warn!(
            target: "ccsync",
            source = %self.key.source,
            stream = %self.key.stream,
            entries = self.entries,
            "{}: {} of the ledger claimed to know more than there was at {}: a clock was ahead when they were \
             written; they are due again",
            self.key,
            if self.entries == 1 { "1 entry".to_owned() } else { format!("{} entries", self.entries) },
            self.now.to_rfc3339_opts(SecondsFormat::Secs, true),
        );
    }
}
