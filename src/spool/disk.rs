//! [`DiskSpool`], the [`Spool`] of production.

use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use rustix::fs::{FlockOperation, flock};
use uuid::Uuid;

use crate::domain::fault::{Fault, FaultKind};
use crate::domain::vendor::feed::FeedEvent;
use crate::engine::port::spool::{Spool, SpoolHead};
use crate::spool::segment::{PRIVATE_FILE, Segments, private_directory};

/// Processes that may share a directory.
const PROCESSES_MAX: u32 = 64;

/// A directory of its own for each process: `<directory>/0` for the first, `<directory>/1` for another that
/// runs at the same time. Disk work is done on threads that may wait.
pub struct DiskSpool {
    directory: PathBuf,
    opened: Mutex<Option<Arc<Mutex<Held>>>>,
    bytes_max: u64,
}

/// The directory and the lock on it.
struct Held {
    segments: Segments,
    place: PathBuf,
    _lock: File,
}

/// The file that says whose the place is, or was.
const OWNER: &str = "owner";

impl Held {
    /// Writes down whose the place is now; answers whose it was. Whoever that is has no lock on it any more.
    fn hand_over(&self, owner: Uuid) -> io::Result<Option<Uuid>> {
        let file = self.place.join(OWNER);
        let before = std::fs::read_to_string(&file).ok().and_then(|text| text.trim().parse().ok());
        let mut file =
            OpenOptions::new().write(true).create(true).truncate(true).mode(PRIVATE_FILE).open(file)?;
        file.write_all(owner.to_string().as_bytes())?;
        Ok(before.filter(|before| *before != owner))
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn claim(directory: &Path, bytes_max: u64) -> io::Result<Held> {
    for number in 0..PROCESSES_MAX {
        let place = directory.join(number.to_string());
        private_directory(directory)?;
        private_directory(&place)?;
        let file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(PRIVATE_FILE)
            .open(place.join("lock"))?;
        if flock(&file, FlockOperation::NonBlockingLockExclusive).is_ok() {
            return Ok(Held { segments: Segments::open(&place, bytes_max)?, place, _lock: file });
        }
    }
    Err(io::Error::other("all places are in use by other processes"))
}

impl DiskSpool {
    /// A spool under `directory`, which is made and locked when it is first needed.
    pub fn new(directory: PathBuf, bytes_max: u64) -> DiskSpool {
        DiskSpool { directory, opened: Mutex::new(None), bytes_max }
    }

    async fn work<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Held) -> io::Result<T> + Send + 'static,
    ) -> Result<T, Fault> {
        let (opened, directory, bytes_max) =
            (lock(&self.opened).clone(), self.directory.clone(), self.bytes_max);
        let done = tokio::task::spawn_blocking(move || {
            let held = match opened {
                Some(held) => held,
                None => Arc::new(Mutex::new(claim(&directory, bytes_max)?)),
            };
            let done = work(&mut lock(&held))?;
            Ok::<_, io::Error>((held, done))
        });
        let outcome = done.await.unwrap_or_else(|stopped| Err(io::Error::other(stopped)));
        match outcome {
            Ok((held, done)) => {
                *lock(&self.opened) = Some(held);
                Ok(done)
            }
            Err(error) => {
                let message = format!("the spool {}", self.directory.display());
                Err(Fault::new(FaultKind::DatabaseUnreachable, message).with_cause(error))
            }
        }
    }
}

#[async_trait]
impl Spool for DiskSpool {
    async fn open(&self, owner: Uuid) -> Result<Option<Uuid>, Fault> {
        self.work(move |held| held.hand_over(owner)).await
    }

    async fn append(&self, events: &[FeedEvent]) -> Result<usize, Fault> {
        let events = events.to_vec();
        self.work(move |held| held.segments.append(&events)).await
    }

    async fn head(&self, count: usize) -> Result<SpoolHead, Fault> {
        self.work(move |held| held.segments.head(count)).await
    }

    async fn advance(&self) -> Result<(), Fault> {
        self.work(|held| held.segments.advance()).await
    }

    fn is_empty(&self) -> bool {
        lock(&self.opened).as_ref().is_none_or(|held| lock(held).segments.is_empty())
    }
}

#[cfg(test)]
mod tests;
