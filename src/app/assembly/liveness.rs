//! Whether the daemon has come up, and whether it is still whole.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

/// The daemon's signs of life. Clones are the same.
#[derive(Debug, Clone, Default)]
pub struct Liveness {
    up: watch::Sender<bool>,
    degraded: Arc<AtomicBool>,
}

impl Liveness {
    /// Returns once the daemon follows its schedules.
    pub async fn up(&self) {
        let mut up = self.up.subscribe();
        if up.wait_for(|up| *up).await.is_err() {
            // The sender is ours, so it cannot be gone.
            std::future::pending::<()>().await;
        }
    }

    /// Whether every loop that was started is still there. One that panicked would be missed by nobody else.
    pub fn is_whole(&self) -> bool {
        !self.degraded.load(Ordering::Relaxed)
    }

    pub(in crate::app) fn come_up(&self) {
        self.up.send_replace(true);
    }

    /// Watches the daemon's loops until `stop`.
    pub(in crate::app) async fn watch(&self, loops: &mut JoinSet<()>, stop: &CancellationToken) {
        loop {
            tokio::select! {
                biased;
                () = stop.cancelled() => return,
                Some(ended) = loops.join_next() => {
                    if ended.is_err() {
                        self.degraded.store(true, Ordering::Relaxed);
                    }
                }
                else => return stop.cancelled().await,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_loop_that_panics_is_missed_and_one_that_ends_is_not() {
        let liveness = Liveness::default();
        let stop = CancellationToken::new();
        let mut loops = JoinSet::new();
        loops.spawn(async {});
        let watched = async |loops: &mut JoinSet<()>| {
            let watch = liveness.watch(loops, &stop);
            tokio::pin!(watch);
            for _ in 0..100 {
                tokio::select! {
                    biased;
                    () = &mut watch => return,
                    () = tokio::task::yield_now() => {}
                }
            }
        };
        watched(&mut loops).await;
        assert!(loops.is_empty() && liveness.is_whole());
        loops.spawn(async { panic!("a bug") });
        watched(&mut loops).await;
        assert!(!liveness.is_whole());
    }
}
