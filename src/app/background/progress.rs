//! How far long passes of the daemon have come, for its log.

use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::engine::pass::progress::{Pace, PassWatch, Progress, ProgressTable};
use crate::engine::port::clock::Clock;
use crate::telemetry::event;

/// How often it is looked at.
const PERIOD: Duration = Duration::from_secs(10);

/// Streams whose long work is told of at one look.
const TOLD_MAX: usize = 5;

/// Of so many looks, one tells what passes brought that were not told one by one: one a minute.
const SUMMED_UP_EACH: u32 = 6;

/// Tells of them until `stop`.
pub(in crate::app) async fn log_progress(
    table: ProgressTable,
    clock: Arc<dyn Clock>,
    stop: CancellationToken,
) {
    let mut watch = PassWatch::default();
    let mut looks = 0_u32;
    event::PassesSummedUp.emit();
    while stop.run_until_cancelled(clock.sleep(PERIOD)).await.is_some() {
        looks = looks.wrapping_add(1);
        if looks.is_multiple_of(SUMMED_UP_EACH) {
            event::PassesSummedUp.emit();
        }
        let mut moved = watch.look(table.all(), clock.now());
        let more = moved.split_off(moved.len().min(TOLD_MAX));
        for (key, Progress { windows, windows_left, rows }, Pace { rate, left }) in moved {
            event::WorkProgressed { key: &key, windows, windows_left, rows, rate, left }.emit();
        }
        event::MoreWorkProgressed { streams: more.len() }.emit();
    }
}
