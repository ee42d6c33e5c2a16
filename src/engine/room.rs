//! Memory for rows that were read and are not committed yet, shared by all passes of the process.
//!
//! A read waits for room before its next page while others hold too much. The oldest never waits, or all might wait
//! for one another; it alone can exceed the limit, and where its window can be split it is.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::Notify;

/// The room. Clones are the same one.
#[derive(Debug, Clone)]
pub struct RowRoom(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    limit: u64,
    held: Mutex<Held>,
    freed: Notify,
}

#[derive(Debug, Default)]
struct Held {
    /// Bytes of each read, by the number under which it came in.
    by_read: BTreeMap<u64, u64>,
    latest: u64,
}

impl RowRoom {
    /// A room of so many bytes.
    pub fn new(limit: u64) -> RowRoom {
        RowRoom(Arc::new(Shared { limit, held: Mutex::default(), freed: Notify::new() }))
    }

    /// A place for one read; it holds nothing yet.
    pub(in crate::engine) fn enter(&self) -> Place {
        let number = self.0.with(|held| {
            held.latest += 1;
            held.by_read.insert(held.latest, 0);
            held.latest
        });
        Place { room: self.0.clone(), number }
    }
}

impl Shared {
    fn with<T>(&self, work: impl FnOnce(&mut Held) -> T) -> T {
        work(&mut self.held.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// What one read holds. It is free again when this is dropped.
#[derive(Debug)]
pub(in crate::engine) struct Place {
    room: Arc<Shared>,
    number: u64,
}

impl Place {
    /// Notes that so many bytes more are held.
    pub(in crate::engine) fn hold(&self, bytes: u64) {
        self.room.with(|held| *held.by_read.entry(self.number).or_default() += bytes);
    }

    /// What was held is gone, for the read starts over.
    pub(in crate::engine) fn clear(&self) {
        self.room.with(|held| held.by_read.insert(self.number, 0));
        self.room.freed.notify_waiters();
    }

    /// Waits until there is room for more, or all that came before this read are gone.
    pub(in crate::engine) async fn wait(&self) {
        loop {
            let freed = self.room.freed.notified();
            tokio::pin!(freed);
            // From here on nothing is missed.
            freed.as_mut().enable();
            let may_go_on = self.room.with(|held| {
                let is_oldest =
                    held.by_read.first_key_value().is_some_and(|(oldest, _)| *oldest == self.number);
                is_oldest || held.by_read.values().sum::<u64>() < self.room.limit
            });
            if may_go_on {
                return;
            }
            freed.await;
        }
    }

    /// Whether this read alone holds more than there is room for.
    pub(in crate::engine) fn is_too_large(&self) -> bool {
        self.room.with(|held| self.room.limit < held.by_read.get(&self.number).copied().unwrap_or_default())
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.room.with(|held| held.by_read.remove(&self.number));
        self.room.freed.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt as _;

    use super::*;

    #[test]
    fn the_oldest_read_goes_on_whatever_is_held_and_the_others_wait_until_something_is_freed() {
        let room = RowRoom::new(100);
        let (first, second, third) = (room.enter(), room.enter(), room.enter());
        second.hold(99);
        assert!(third.wait().now_or_never().is_some(), "there is room");
        third.hold(2);
        assert!(first.wait().now_or_never().is_some(), "it is the oldest");
        let mut waiting = Box::pin(third.wait());
        assert!((&mut waiting).now_or_never().is_none());
        drop(second);
        assert!(waiting.now_or_never().is_some(), "what was held is free");
    }

    #[test]
    fn a_read_that_becomes_the_oldest_goes_on() {
        let room = RowRoom::new(10);
        let (first, second) = (room.enter(), room.enter());
        second.hold(11);
        assert!(second.is_too_large() && !first.is_too_large());
        let mut waiting = Box::pin(second.wait());
        assert!((&mut waiting).now_or_never().is_none());
        drop(first);
        assert!(waiting.now_or_never().is_some());
    }

    #[test]
    fn a_read_that_starts_over_holds_nothing() {
        let room = RowRoom::new(10);
        let read = room.enter();
        read.hold(11);
        read.clear();
        assert!(!read.is_too_large());
    }
}
