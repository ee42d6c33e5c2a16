//! What happened, in order. A trial that goes well keeps a number only; replayed, it keeps the words.

use std::sync::Mutex;

use chrono::{DateTime, Utc};

pub struct Trace {
    words: bool,
    inner: Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    lines: Vec<String>,
    digest: u64,
}

impl Trace {
    pub fn new(words: bool) -> Trace {
        Trace { words, inner: Mutex::default() }
    }

    pub fn note(&self, at: DateTime<Utc>, text: impl FnOnce() -> String) {
        let mut inner = self.inner.lock().unwrap();
        let at_micros = at.timestamp_micros().cast_unsigned();
        inner.digest = (inner.digest.rotate_left(5) ^ at_micros).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        if self.words {
            inner.lines.push(format!("{} {}", at.format("%m-%d %H:%M:%S%.3f"), text()));
        }
    }

    /// Of all instants at which something happened.
    pub fn digest(&self) -> u64 {
        self.inner.lock().unwrap().digest
    }

    pub fn lines(&self) -> Vec<String> {
        self.inner.lock().unwrap().lines.clone()
    }
}
