//! Which processes use this server, kept by the kernel so that a killed one is forgotten.
//!
//! `start.lock` is held alone by whoever starts or stops the server. `owners.lock` is shared by
//! every process that uses it: only who can have it alone may stop the server.

use std::fs::{File, OpenOptions, TryLockError};
use std::path::Path;
use std::time::Duration;

use crate::store::embedded::EmbeddedError;

/// Waits for a lock that nobody else may hold.
pub(in crate::store::embedded) async fn alone(path: &Path, limit: Duration) -> Result<File, EmbeddedError> {
    let deadline = tokio::time::Instant::now() + limit;
    loop {
        if let Some(file) = try_alone(path)? {
            return Ok(file);
        }
        if tokio::time::Instant::now() >= deadline {
            return Err(EmbeddedError::Busy { path: path.to_owned(), seconds: limit.as_secs() });
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// Takes the lock if nobody holds it.
pub(in crate::store::embedded) fn try_alone(path: &Path) -> Result<Option<File>, EmbeddedError> {
    let file = open(path)?;
    match file.try_lock() {
        Ok(()) => Ok(Some(file)),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(error)) => Err(EmbeddedError::file("lock", path)(error)),
    }
}

/// Joins those who hold the lock. Only called under `start.lock`, where nobody holds it alone.
pub(in crate::store::embedded) fn shared(path: &Path) -> Result<File, EmbeddedError> {
    let file = open(path)?;
    file.lock_shared().map_err(EmbeddedError::file("lock", path))?;
    Ok(file)
}

fn open(path: &Path) -> Result<File, EmbeddedError> {
    OpenOptions::new().create(true).append(true).open(path).map_err(EmbeddedError::file("open", path))
}
