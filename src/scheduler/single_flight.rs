//! One pass at a time.

use std::future::Future;

use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

use crate::scheduler::trigger::Trigger;
use crate::telemetry::event::{PassPanicked, TickMissed};

/// Runs `work` once at the start, because the ledger may hold what became due while the process was away,
/// then once for each ring of the trigger, until `stop`.
///
/// Runs never overlap; rings during a run collapse into one run right after it. A panic in `work` ends
/// that run only. `stop` ends the wait for a ring at once; a run under way is awaited, for only it knows
/// how to stop between two commits, and should watch the same token. Dropping the future aborts the run.
pub async fn run_on_trigger<Work, Run>(trigger: &Trigger, stop: CancellationToken, mut work: Work)
where
    Work: FnMut() -> Run,
    Run: Future<Output = ()> + Send + 'static,
{
    while !stop.is_cancelled() {
        // In a task of its own: a panic ends the task and not the loop.
        let run = AbortOnDropHandle::new(tokio::spawn(work()));
        if run.await.is_err_and(|error| error.is_panic()) {
            PassPanicked { key: trigger.key() }.emit();
        }
        let rings = tokio::select! {
            biased;
            () = stop.cancelled() => return,
            rings = trigger.fired() => rings,
        };
        if rings > 1 {
            TickMissed { key: trigger.key(), missed: rings - 1 }.emit();
        }
    }
}
