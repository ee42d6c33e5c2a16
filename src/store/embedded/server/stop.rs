//! Stopping the server, unless another process uses it.

use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use tokio::time::Instant;

use crate::store::embedded::server::launch::start_error;
use crate::store::embedded::server::lock;
use crate::store::embedded::server::pidfile::{self, Process};
use crate::store::embedded::{EmbeddedError, EmbeddedPostgres, LOCK_LIMIT};

/// A fast stop writes a checkpoint first, which takes as long as the disk needs.
const FAST_LIMIT: Duration = Duration::from_secs(90);

/// An immediate stop writes nothing.
const IMMEDIATE_LIMIT: Duration = Duration::from_secs(10);

/// What [`EmbeddedPostgres::stop`] did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stopped {
    /// The server is down.
    Down,
    /// Another process uses it, so it was left running. The last one to stop takes it down.
    LeftToAnother,
}

impl EmbeddedPostgres {
    /// Takes the server down in PostgreSQL's fast mode: open transactions are rolled back, open
    /// connections are closed, a checkpoint is written.
    ///
    /// Other ccsync processes count, other programs do not: with one of the first the server
    /// stays up, a BI tool or `psql` is disconnected.
    ///
    /// # Errors
    /// The server does not end, or its directory is no longer accessible.
    pub async fn stop(mut self) -> Result<Stopped, EmbeddedError> {
        let _stopping = lock::alone(&self.paths.file("start.lock"), LOCK_LIMIT).await?;
        let owners = self.paths.file("owners.lock");
        self.owner.unlock().map_err(EmbeddedError::file("unlock", &owners))?;
        let Some(_sole) = lock::try_alone(&owners)? else {
            return Ok(Stopped::LeftToAnother);
        };
        for (signal, limit) in [(Signal::INT, FAST_LIMIT), (Signal::QUIT, IMMEDIATE_LIMIT)] {
            if self.end(signal, limit).await? {
                if let Some(hold) = self.running.hold.take() {
                    hold.release();
                }
                return Ok(Stopped::Down);
            }
            tracing::warn!(?signal, seconds = limit.as_secs(), "the server did not stop in time");
        }
        Err(start_error(&self.paths, "does not stop", 0))
    }

    /// Signals the server and waits; true when it is gone.
    async fn end(&mut self, signal: Signal, limit: Duration) -> Result<bool, EmbeddedError> {
        let cluster = self.paths.cluster.clone();
        let deadline = Instant::now() + limit;
        let mut signalled = false;
        loop {
            if let Some(child) = &mut self.running.child {
                // Collects it; a dead child that is not collected still has a process id.
                let _ = child.try_wait();
            }
            let Some(found) = pidfile::read(&cluster) else {
                return Ok(true);
            };
            if pidfile::look_at(found.pid, &cluster) != Process::Ours {
                pidfile::remove_stale(&cluster, Some(&found), &self.paths.socket_dir);
                return Ok(true);
            }
            if let Some(pid) = Pid::from_raw(found.pid)
                && !signalled
            {
                kill_process(pid, signal)
                    .map_err(std::io::Error::from)
                    .map_err(EmbeddedError::file("signal the server of", &cluster))?;
                signalled = true;
            }
            if Instant::now() >= deadline {
                return Ok(false);
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}
