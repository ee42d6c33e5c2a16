//! How far passes and comparisons of this process have come, for whoever waits for them.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use chrono::{DateTime, Utc};

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

/// How fast it goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pace {
    /// Rows in a second.
    pub rate: u64,
    /// How long it may take still; `None` before the first window is done.
    pub left: Option<Duration>,
}

impl Progress {
    /// The pace at which it came so far within `elapsed`.
    pub fn pace(&self, elapsed: chrono::Duration) -> Pace {
        let millis = u64::try_from(elapsed.num_milliseconds()).unwrap_or_default();
        let left = Duration::from_millis(millis).as_secs_f64() * self.windows_left as f64;
        Pace {
            rate: self.rows * 1000 / millis.max(1),
            left: Duration::try_from_secs_f64(left / self.windows as f64).ok(),
        }
    }
}

/// What is quick needs no progress: its end is told soon.
const LONG: chrono::Duration = chrono::Duration::seconds(30);

/// Tells long passes from short ones, for who looks at a board once in a while.
#[derive(Debug, Default)]
pub struct PassWatch(BTreeMap<StreamKey, Watched>);

#[derive(Debug)]
struct Watched {
    since: DateTime<Utc>,
    first: Progress,
    last: Progress,
}

impl PassWatch {
    /// The streams whose pass is under way for long and has come further since the last look, each with its pace.
    pub fn look(
        &mut self,
        streams: Vec<(StreamKey, Progress)>,
        now: DateTime<Utc>,
    ) -> Vec<(StreamKey, Progress, Pace)> {
        streams.into_iter().filter_map(|(key, progress)| self.look_at(key, progress, now)).collect()
    }

    fn look_at(
        &mut self,
        key: StreamKey,
        progress: Progress,
        now: DateTime<Utc>,
    ) -> Option<(StreamKey, Progress, Pace)> {
        if progress.windows_left == 0 {
            self.0.remove(&key);
            return None;
        }
        let begun = || Watched { since: now, first: progress, last: progress };
        let watched = self.0.entry(key.clone()).or_insert_with(begun);
        if progress.windows < watched.last.windows {
            *watched = begun();
        }
        let news = watched.last != progress;
        watched.last = progress;
        let seen = Progress {
            windows: progress.windows - watched.first.windows,
            rows: progress.rows.saturating_sub(watched.first.rows),
            ..progress
        };
        (news && LONG <= now - watched.since).then(|| (key, progress, seen.pace(now - watched.since)))
    }
}

/// The progress of all streams. Clones are the same board.
#[derive(Debug, Clone, Default)]
pub struct ProgressTable(Arc<Mutex<BTreeMap<StreamKey, Progress>>>);

impl ProgressTable {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::stream::StreamId;

    #[test]
    fn a_long_pass_is_told_of_while_it_comes_further_and_a_short_one_is_not() {
        let key = StreamKey { source: "sobot".into(), stream: StreamId::SOBOT_CALL_RESULT };
        let mut watch = PassWatch::default();
        let mut look = |second: i64, windows, windows_left| {
            let progress = Progress { windows, windows_left, rows: windows * 100 };
            let now = DateTime::UNIX_EPOCH + chrono::Duration::seconds(second);
            let moved = watch.look(vec![(key.clone(), progress)], now);
            moved.first().map(|(_, _, Pace { rate, left })| (*rate, left.map(|left| left.as_secs())))
        };
        assert_eq!((look(0, 2, 8), look(10, 4, 6), look(20, 5, 0)), (None, None, None), "short");
        assert_eq!((look(30, 0, 100), look(40, 10, 90), look(50, 20, 80)), (None, None, None), "who knows");
        assert_eq!(look(60, 30, 70), Some((100, Some(70))));
        assert_eq!(look(70, 30, 70), None, "no news");
        assert_eq!(look(80, 50, 50), Some((100, Some(50))));
        assert_eq!(look(90, 1, 99), None, "another pass");
    }
}
