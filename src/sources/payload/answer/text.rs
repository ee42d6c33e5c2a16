//! Buffers for the bodies of answers, used again and again: a large block that is taken and given back for each page
//! leaves holes in which rows settle, so that the next body needs new memory.

use std::fmt;
use std::ops::Deref;
use std::sync::{Arc, Mutex, PoisonError};

/// Buffers that wait to be used again. As many answers come at once at most.
const SPARES_MAX: usize = 8;

/// Larger ones are given back to the system.
const SPARE_BYTES_MAX: usize = 1 << 20;

/// Buffers are a multiple of this, so that one that was large enough is large enough for the next page.
const STEP: usize = 64 << 10;

/// The spare buffers of a client. Clones share them.
#[derive(Debug, Clone, Default)]
pub(in crate::sources) struct Spares(Arc<Mutex<Vec<Vec<u8>>>>);

impl Spares {
    /// An empty buffer with room for so many bytes.
    pub(in crate::sources) fn take(&self, bytes: usize) -> Vec<u8> {
        let spare = self.0.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let mut buffer = spare.unwrap_or_default();
        buffer.reserve(bytes.next_multiple_of(STEP));
        buffer
    }

    fn give(&self, mut buffer: Vec<u8>) {
        let mut spares = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if 0 < buffer.capacity() && buffer.capacity() <= SPARE_BYTES_MAX && spares.len() < SPARES_MAX {
            buffer.clear();
            spares.push(buffer);
        }
    }
}

/// A body as text. What it was read into is a spare again when it is dropped.
#[derive(Default)]
pub(crate) struct AnswerText {
    text: String,
    spares: Spares,
}

impl AnswerText {
    pub(in crate::sources) fn new(text: String, spares: &Spares) -> AnswerText {
        AnswerText { text, spares: spares.clone() }
    }
}

impl Deref for AnswerText {
    type Target = str;

    fn deref(&self) -> &str {
        &self.text
    }
}

impl fmt::Debug for AnswerText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // It may hold personal data.
        f.debug_struct("AnswerText").field("bytes", &self.text.len()).finish_non_exhaustive()
    }
}

impl Drop for AnswerText {
    fn drop(&mut self) {
        self.spares.give(std::mem::take(&mut self.text).into_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_buffer_is_used_again_and_a_huge_one_is_not_kept() {
        let spares = Spares::default();
        let first = spares.take(1000);
        let (place, room) = (first.as_ptr(), first.capacity());
        assert!(STEP <= room);
        drop(AnswerText::new(String::from_utf8(first).unwrap(), &spares));
        let second = spares.take(2000);
        assert_eq!((second.as_ptr(), second.len(), second.capacity()), (place, 0, room));
        drop(AnswerText::new(String::with_capacity(SPARE_BYTES_MAX + 1), &spares));
        assert!(spares.0.lock().unwrap().is_empty());
    }
}
