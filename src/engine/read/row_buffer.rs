//! Memory for rows that were read and are not committed yet, shared by all passes of the process.
//!
//! A read waits before its next page unless it fits, whole, beside the older ones of its stream and what other streams
//! hold: two windows that can end are worth more than four of which each holds half of what it needs, and no stream
//! waits for what a slow one has still to read. The oldest never waits, or all might wait for one another; it alone can
//! exceed the limit, and where its window can be split it is.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::Notify;

use crate::domain::stream::StreamKey;

/// The memory that all reads share. Clones are the same one.
#[derive(Debug, Clone)]
pub struct RowBuffer(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    limit: u64,
    held: Mutex<Held>,
    freed: Notify,
}

#[derive(Debug, Default)]
struct Held {
    /// By the number under which the read came in.
    by_read: BTreeMap<u64, Read>,
    latest: u64,
}

#[derive(Debug)]
struct Read {
    stream: StreamKey,
    /// Bytes.
    held: u64,
    /// Bytes when it has come whole, as far as the vendor says.
    expected: u64,
}

impl Held {
    /// What this read and the older ones of its stream take in the end, and what other streams hold.
    fn beside(&self, number: u64) -> u64 {
        let Some(own) = self.by_read.get(&number) else { return 0 };
        let counted = self.by_read.iter().map(|(other, read)| match read.stream == own.stream {
            true if *other <= number => read.held.max(read.expected),
            true => 0,
            false => read.held,
        });
        counted.fold(0, u64::saturating_add)
    }
}

impl RowBuffer {
    /// A buffer of so many bytes.
    pub fn new(limit: u64) -> RowBuffer {
        RowBuffer(Arc::new(Shared { limit, held: Mutex::default(), freed: Notify::new() }))
    }

    /// A place for one read of a stream; it holds nothing yet.
    pub(in crate::engine) fn enter(&self, stream: &StreamKey) -> RowPermit {
        let number = self.0.with(|held| {
            held.latest += 1;
            held.by_read.insert(held.latest, Read { stream: stream.clone(), held: 0, expected: 0 });
            held.latest
        });
        RowPermit { buffer: self.0.clone(), number }
    }
}

impl Shared {
    fn with<T>(&self, work: impl FnOnce(&mut Held) -> T) -> T {
        work(&mut self.held.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// What one read holds. It is free again when this is dropped.
#[derive(Debug)]
pub(in crate::engine) struct RowPermit {
    buffer: Arc<Shared>,
    number: u64,
}

impl RowPermit {
    /// Notes that so many bytes more are held.
    pub(in crate::engine) fn hold(&self, bytes: u64) {
        self.with(|read| read.held += bytes);
    }

    /// Notes how many bytes it will hold when it has come whole.
    pub(in crate::engine) fn expect(&self, bytes: u64) {
        self.with(|read| read.expected = bytes);
        self.buffer.freed.notify_waiters();
    }

    /// What was held is gone, for the read starts over.
    pub(in crate::engine) fn clear(&self) {
        self.with(|read| (read.held, read.expected) = (0, 0));
        self.buffer.freed.notify_waiters();
    }

    /// Waits until there is room for all of this read, or all that came before it are gone.
    pub(in crate::engine) async fn wait(&self) {
        loop {
            let freed = self.buffer.freed.notified();
            tokio::pin!(freed);
            // From here on nothing is missed.
            freed.as_mut().enable();
            let may_go_on = self.buffer.with(|held| {
                let is_oldest =
                    held.by_read.first_key_value().is_some_and(|(oldest, _)| *oldest == self.number);
                is_oldest || held.beside(self.number) <= self.buffer.limit
            });
            if may_go_on {
                return;
            }
            freed.await;
        }
    }

    /// Whether this read alone holds more than there is room for.
    pub(in crate::engine) fn is_too_large(&self) -> bool {
        self.with(|read| self.buffer.limit < read.held).unwrap_or_default()
    }

    fn with<T>(&self, work: impl FnOnce(&mut Read) -> T) -> Option<T> {
        self.buffer.with(|held| held.by_read.get_mut(&self.number).map(work))
    }
}

impl Drop for RowPermit {
    fn drop(&mut self) {
        self.buffer.with(|held| held.by_read.remove(&self.number));
        self.buffer.freed.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt as _;

    use super::*;
    use crate::domain::stream::StreamId;

    fn calls() -> StreamKey {
        StreamKey { source: "s".into(), stream: StreamId::SOBOT_CALL_RESULT }
    }

    #[test]
    fn the_oldest_read_goes_on_whatever_is_held_and_the_others_wait_until_something_is_freed() {
        let row_buffer = RowBuffer::new(100);
        let (first, second, third) =
            (row_buffer.enter(&calls()), row_buffer.enter(&calls()), row_buffer.enter(&calls()));
        second.hold(99);
        assert!(third.wait().now_or_never().is_some(), "there is room");
        third.hold(2);
        assert!(second.wait().now_or_never().is_some(), "with what is older it fits");
        assert!(first.wait().now_or_never().is_some(), "it is the oldest");
        let mut waiting = Box::pin(third.wait());
        assert!((&mut waiting).now_or_never().is_none());
        drop(second);
        assert!(waiting.now_or_never().is_some(), "what was held is free");
    }

    #[test]
    fn a_read_waits_until_it_fits_whole_beside_the_older_ones() {
        let row_buffer = RowBuffer::new(100);
        let (first, second, third) =
            (row_buffer.enter(&calls()), row_buffer.enter(&calls()), row_buffer.enter(&calls()));
        for read in [&first, &second, &third] {
            read.hold(5);
            read.expect(45);
        }
        assert!(first.wait().now_or_never().is_some() && second.wait().now_or_never().is_some());
        let mut waiting = Box::pin(third.wait());
        assert!((&mut waiting).now_or_never().is_none(), "the two older ones take what there is");
        drop(first);
        assert!(waiting.now_or_never().is_some());
    }

    #[test]
    fn what_a_slow_stream_has_still_to_read_keeps_no_other_stream_waiting() {
        let row_buffer = RowBuffer::new(100);
        let (slow, other) =
            (row_buffer.enter(&calls()), row_buffer.enter(&StreamKey { source: "t".into(), ..calls() }));
        slow.hold(10);
        slow.expect(100);
        other.expect(80);
        assert!(other.wait().now_or_never().is_some());
        slow.hold(11);
        assert!(other.wait().now_or_never().is_none(), "what is held counts");
    }

    #[test]
    fn a_read_that_becomes_the_oldest_goes_on() {
        let row_buffer = RowBuffer::new(10);
        let (first, second) = (row_buffer.enter(&calls()), row_buffer.enter(&calls()));
        second.hold(11);
        assert!(second.is_too_large() && !first.is_too_large());
        let mut waiting = Box::pin(second.wait());
        assert!((&mut waiting).now_or_never().is_none());
        drop(first);
        assert!(waiting.now_or_never().is_some());
    }

    #[test]
    fn a_read_that_starts_over_holds_nothing() {
        let row_buffer = RowBuffer::new(10);
        let read = row_buffer.enter(&calls());
        read.hold(11);
        read.clear();
        assert!(!read.is_too_large());
    }
}
