//! Wakes the loop of one stream.

use std::sync::atomic::{AtomicU64, Ordering};

use tokio::sync::Notify;

use crate::domain::stream::StreamKey;

/// Rings for one stream. Rings that nobody heard collapse into one; only their number is kept, to be
/// told. One listener.
#[derive(Debug)]
pub struct Trigger {
    key: StreamKey,
    fired: AtomicU64,
    notify: Notify,
}

impl Trigger {
    /// A trigger for this stream.
    pub fn new(key: StreamKey) -> Trigger {
        Trigger { key, fired: AtomicU64::new(0), notify: Notify::new() }
    }

    /// The stream.
    pub fn key(&self) -> &StreamKey {
        &self.key
    }

    /// Rings.
    pub fn fire(&self) {
        self.fired.fetch_add(1, Ordering::SeqCst);
        self.notify.notify_one();
    }

    /// Waits for a ring, at once if there were some, and returns how many. Nothing is lost if the wait is
    /// dropped.
    pub async fn fired(&self) -> u64 {
        loop {
            // It may still hold a notification that was counted before, so the number decides.
            match self.fired.swap(0, Ordering::SeqCst) {
                0 => self.notify.notified().await,
                count => return count,
            }
        }
    }
}
