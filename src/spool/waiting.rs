//! Whether anything waits under a directory of spools, looked at from outside.

use std::io;
use std::path::Path;

use crate::domain::fault::{Fault, FaultKind};

/// Bytes that wait in the spools of all sources under `directory`; a directory that is not there holds none.
///
/// # Errors
/// When it cannot be read.
pub fn waiting(directory: &Path) -> Result<u64, Fault> {
    bytes(directory).map_err(|error| {
        let message = format!("looking for waiting events in {}", directory.display());
        Fault::new(FaultKind::DatabaseUnreachable, message).with_cause(error)
    })
}

fn bytes(directory: &Path) -> io::Result<u64> {
    let entries = match std::fs::read_dir(directory) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(0),
        Err(error) => return Err(error),
    };
    let mut waiting = 0;
    for entry in entries {
        let entry = entry?;
        let kind = match entry.metadata() {
            Ok(kind) => kind,
            // It was stored and removed just now.
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            Err(error) => return Err(error),
        };
        if kind.is_dir() {
            waiting += bytes(&entry.path())?;
        } else if entry.path().extension().is_some_and(|extension| extension == "log") {
            waiting += kind.len();
        }
    }
    Ok(waiting)
}
