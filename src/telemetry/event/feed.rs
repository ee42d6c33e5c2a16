//! The live feeds.

use metrics::counter;

use crate::domain::row::text::counted;
use crate::domain::stream::StreamKey;
use crate::telemetry::event::labels;
use crate::telemetry::metric;

/// A connection of a feed stands.
#[derive(Debug)]
pub struct FeedConnected<'a> {
    /// The feed.
    pub key: &'a StreamKey,
    /// The agent.
    pub extno: &'a str,
}

impl FeedConnected<'_> {
    /// Writes it down.
    pub fn emit(self) {
        counter!(metric::FEED_CONNECTIONS, labels(self.key, &[])).increment(1);
        tracing::debug!(
            target: "ccsync",
            source = %self.key.source,
            stream = %self.key.stream,
            extno = self.extno,
            "{}: agent {} is heard",
            self.key,
            self.extno,
        );
    }
}

/// A connection of a feed ended, or did not come about.
#[derive(Debug)]
pub struct FeedInterrupted<'a> {
    /// The feed.
    pub key: &'a StreamKey,
    /// The agent.
    pub extno: &'a str,
    /// `closed`, `broken`, `silent`, `shutdown`, or the kind of a fault.
    pub reason: &'static str,
    /// What was said, without secrets.
    pub message: &'a str,
    /// Whether it stood before.
    pub stood: bool,
}

impl FeedInterrupted<'_> {
    /// Writes it down.
    pub fn emit(self) {
        counter!(metric::FEED_INTERRUPTIONS, labels(self.key, &[(metric::KIND, self.reason)])).increment(1);
        let what = if self.stood { "is not heard any more" } else { "cannot be heard" };
        tracing::warn!(
            target: "ccsync",
            source = %self.key.source,
            stream = %self.key.stream,
            extno = self.extno,
            kind = self.reason,
            error = self.message,
            "{}: agent {} {what}: {}",
            self.key,
            self.extno,
            self.message,
        );
    }
}

/// Messages of a feed were stored.
#[derive(Debug)]
pub struct FeedStored<'a> {
    /// The feed.
    pub key: &'a StreamKey,
    /// Messages, those quarantined included.
    pub messages: u64,
    /// Of these, quarantined.
    pub quarantined: u64,
}

impl FeedStored<'_> {
    /// Writes it down.
    pub fn emit(self) {
        counter!(metric::FEED_MESSAGES, labels(self.key, &[])).increment(self.messages);
        counter!(metric::RECORDS_QUARANTINED, labels(self.key, &[])).increment(self.quarantined);
        tracing::debug!(
            target: "ccsync",
            source = %self.key.source,
            stream = %self.key.stream,
            messages = self.messages,
            quarantined = self.quarantined,
            "{}: {} stored",
            self.key,
            counted(self.messages, "message"),
        );
    }
}

/// Events of a feed wait on disk.
#[derive(Debug)]
pub struct FeedSpooled<'a> {
    /// The feed.
    pub key: &'a StreamKey,
    /// Events.
    pub events: u64,
}

impl FeedSpooled<'_> {
    /// Writes it down.
    pub fn emit(self) {
        counter!(metric::FEED_SPOOLED, labels(self.key, &[])).increment(self.events);
        tracing::debug!(
            target: "ccsync",
            source = %self.key.source,
            stream = %self.key.stream,
            events = self.events,
            "{}: waiting on disk: {}",
            self.key,
            counted(self.events, "event"),
        );
    }
}

/// Events of a feed had no room on disk, or were another process's to store.
#[derive(Debug)]
pub struct FeedLost<'a> {
    /// The feed.
    pub key: &'a StreamKey,
    /// Events.
    pub events: u64,
    /// Why.
    pub message: &'a str,
}

impl FeedLost<'_> {
    /// Writes it down.
    pub fn emit(self) {
        counter!(metric::FEED_LOST, labels(self.key, &[])).increment(self.events);
        tracing::error!(
            target: "ccsync",
            source = %self.key.source,
            stream = %self.key.stream,
            events = self.events,
            error = self.message,
            "{}: {} lost, and recorded as a gap: {}",
            self.key,
            counted(self.events, "event"),
            self.message,
        );
    }
}
