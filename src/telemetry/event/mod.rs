//! Things that happen. Each is a struct; `emit` writes its log line and moves its metrics.
//!
//! What the levels mean: *error*, something that was due was not done; *warn*, it was done in part, or
//! will be tried again, or somebody
//! should look; *info*, the data or the process changed; *debug*, work went as it should. A healthy
//! daemon says little at info: a pass that changed nothing is not news, and neither are pages.

mod daemon;
mod feed;
mod hangup;
mod notice;
mod pass;
mod progress;
mod request;
mod retention;
mod schema_drift;
mod time;
mod window;

pub use daemon::{
    DaemonStarted, DaemonStopping, DatabaseSecretReplaced, DatabaseUnreachable, SourceUnconfigured,
    TaskFailed, TokenRenewed,
};
pub use feed::{FeedConnected, FeedInterrupted, FeedLost, FeedSpooled, FeedStored};
pub use hangup::HangupIgnored;
pub use notice::{NoticeFailed, NoticeSent};
pub use pass::{PassFinished, PassPanicked, PassStarted, PassesSummedUp, TickMissed};
pub use progress::{MoreWorkProgressed, WorkProgressed};
pub use request::{BudgetWaited, PageFetched, PageReread, RequestFailed, WalkRestarted, WalkResumed};
pub use retention::RetentionApplied;
pub use schema_drift::SchemaDrifted;
pub use time::{ClockOff, LedgerMended};
pub use window::{
    AbsenceAlarmRaised, LeaseLost, RecordsQuarantined, WindowCommitted, WindowFailed, WindowVerified,
};

use std::time::Duration;

use metrics::Label;

use crate::domain::stream::StreamKey;
use crate::telemetry::metric;

/// The labels of a stream's metric, and one more for each pair given.
fn labels(key: &StreamKey, more: &[(&'static str, &'static str)]) -> Vec<Label> {
    let mut labels = vec![
        Label::new(metric::SOURCE, key.source.clone()),
        Label::from_static_parts(metric::STREAM, key.stream.as_str()),
    ];
    labels.extend(more.iter().map(|(name, value)| Label::from_static_parts(name, value)));
    labels
}

/// Milliseconds for a log field. Saturates, because half a billion years need no exact number.
fn millis(length: Duration) -> u64 {
    u64::try_from(length.as_millis()).unwrap_or(u64::MAX)
}

/// A log line at one of two levels; tracing wants the level known at compile time.
macro_rules! log {
    (if $condition:expr, $this:ident else $that:ident, $($fields:tt)*) => {
        if $condition {
            tracing::$this!(target: "ccsync", $($fields)*);
        } else {
            tracing::$that!(target: "ccsync", $($fields)*);
        }
    };
}
use log;

#[cfg(test)]
mod tests;
