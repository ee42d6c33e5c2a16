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
use crate::engine::port::feed_store::{FeedStore, Fences};

/// Keeps the leases of one feed.
pub(super) struct Renewer {
    pub(super) key: StreamKey,
    pub(super) agents: Vec<String>,
    pub(super) store: Arc<dyn FeedStore>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) worker: Uuid,
    pub(super) term: Duration,
    pub(super) fences: watch::Sender<Fences>,
}

impl Renewer {
    pub(super) async fn run(self, stop: CancellationToken) {
        loop {
            match self.store.feed_hold(&self.key, &self.agents, self.worker, self.term).await {
                Ok(held) => {
                    self.fences.send_if_modified(|fences| {
                        let changed = *fences != held;
                        *fences = held;
                        changed
                    });
                }
                Err(fault) => log_failure(&format!("holding the agents of {}", self.key), &fault),
            }
            tokio::select! {
                () = stop.cancelled() => return,
                () = self.clock.sleep(self.term / 3) => {}
            }
        }
    }
}
