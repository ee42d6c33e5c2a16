//! How far passes and comparisons of this process have come, for whoever waits for them.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use crate::domain::stream::StreamKey;

/// How far one stream has come.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Progress {
    /// Windows read and committed, or compared. A snapshot counts as one.
    pub windows: u64,
    /// Windows that are still due, as far as is known.
    pub windows_left: u64,
    /// Rows that these windows brought.
    pub rows: u64,
}

/// The progress of all streams. Clones are the same board.
#[derive(Debug, Clone, Default)]
pub struct ProgressBoard(Arc<Mutex<BTreeMap<StreamKey, Progress>>>);

impl ProgressBoard {
    /// Replaces what is known of a stream.
    pub fn note(&self, key: &StreamKey, progress: Progress) {
        let mut streams = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        streams.insert(key.clone(), progress);
    }

    /// What is known now, by source and stream.
    pub fn all(&self) -> Vec<(StreamKey, Progress)> {
        let streams = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        streams.iter().map(|(key, progress)| (key.clone(), *progress)).collect()
    }
}
