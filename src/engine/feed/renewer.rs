//! Holds the leases that say which agents this process follows. While the database is away they stand as
//! they stood: nobody else can take one either.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::domain::stream::StreamKey;
use crate::engine::pass::fault_policy::log_failure;
use crate::engine::port::clock::Clock;
use crate::engine::port::feed_store::{Failures, FeedStore, Fences};

/// Keeps the leases of one feed.
pub(super) struct Renewer {
    pub(super) key: StreamKey,
    pub(super) agents: Vec<String>,
    pub(super) store: Arc<dyn FeedStore>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) worker: Uuid,
    pub(super) term: Duration,
    pub(super) fences: watch::Sender<Fences>,
    /// Why agents cannot be followed, as their sessions find out.
    pub(super) failures: watch::Receiver<Failures>,
}

/// Without a single lease nobody is heard: the database is asked again this soon.
const FIRST_RETRY: Duration = Duration::from_secs(1);

/// What sessions find out is told the ledger this often at most.
const TELL: Duration = Duration::from_secs(2);

impl Renewer {
    pub(super) async fn run(mut self, stop: CancellationToken) {
        loop {
            let mut wait = self.term / 3;
            match self.store.feed_hold(&self.key, &self.agents, self.worker, self.term).await {
                Ok(held) => {
                    let changed = self.fences.send_if_modified(|fences| {
                        let changed = *fences != held;
                        *fences = held;
                        changed
                    });
                    if changed {
                        // What an earlier holder noted of them counts no more.
                        self.failures.mark_changed();
                    }
                }
                Err(fault) => {
                    log_failure(&format!("holding the agents of {}", self.key), &fault);
                    if self.fences.borrow().is_empty() {
                        wait = wait.min(FIRST_RETRY);
                    }
                }
            }
            let (clock, until) = (self.clock.clone(), self.clock.monotonic() + wait);
            while let Some(left) = until.checked_sub(clock.monotonic()) {
                tokio::select! {
                    () = stop.cancelled() => return,
                    () = clock.sleep(left) => break,
                    changed = self.failures.changed() => match changed {
                        Ok(()) => self.tell().await,
                        Err(_) => return,
                    },
                }
                tokio::select! {
                    () = stop.cancelled() => return,
                    () = clock.sleep(TELL.min(left)) => {}
                }
            }
        }
    }

    /// Notes why agents cannot be followed.
    async fn tell(&mut self) {
        let failures = self.failures.borrow_and_update().clone();
        let agents: Vec<String> = self.fences.borrow().keys().cloned().collect();
        // While the database is away it is told by the next change, or at the next start.
        if let Err(fault) = self.store.feed_failures(&self.key, &agents, &failures).await {
            self.failures.mark_changed();
            log_failure(&format!("noting which agents of {} cannot be followed", self.key), &fault);
        }
    }
}
