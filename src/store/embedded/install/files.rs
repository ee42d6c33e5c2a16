//! Small files that are either there whole or not at all, and a log that does not grow for ever.

use std::fs::{File, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::Path;
use std::time::Duration;

use crate::store::embedded::EmbeddedError;

/// The log and the one before it take at most twice this, and a minute's growth.
const LOG_LIMIT: u64 = 16 << 20;

/// Writes a file under another name, flushes it, and renames it.
pub(in crate::store::embedded) fn write_whole(
    path: &Path,
    text: &str,
    mode: u32,
) -> Result<(), EmbeddedError> {
    let new = path.with_extension("new");
    let write = || -> std::io::Result<()> {
        let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(mode).open(&new)?;
        // The mode above is narrowed by the umask and ignored for a file that is there already.
        file.set_permissions(PermissionsExt::from_mode(mode))?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        std::fs::rename(&new, path)
    };
    write().map_err(EmbeddedError::file("write", path))
}

/// Opens the server's log for appending and says where its next line will be.
pub(in crate::store::embedded) fn open_log(path: &Path) -> Result<(File, u64), EmbeddedError> {
    let file = OpenOptions::new()
        .create(true)
        .append(true)
        .mode(0o600)
        .open(path)
        .map_err(EmbeddedError::file("open the log", path))?;
    let length = file.metadata().map(|m| m.len()).unwrap_or(0);
    Ok((file, length))
}

/// What was logged from a place on, at most its last 64 KiB.
pub(in crate::store::embedded) fn read_log(path: &Path, from: u64) -> String {
    let read = || -> std::io::Result<Vec<u8>> {
        let mut file = File::open(path)?;
        let length = file.metadata()?.len();
        file.seek(SeekFrom::Start(from.max(length.saturating_sub(64 << 10))))?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)?;
        Ok(bytes)
    };
    match read() {
        Ok(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
        Err(error) => format!("(cannot be read: {error})"),
    }
}

/// Moves the log aside when it has grown. The server keeps appending to the same file, so its
/// text is copied and the file emptied; a line written in between is lost, which is bearable.
pub(in crate::store::embedded) fn bound_log(path: &Path) {
    let grown = std::fs::metadata(path).is_ok_and(|m| m.len() > LOG_LIMIT);
    if !grown {
        return;
    }
    let moved = std::fs::copy(path, path.with_extension("log.1"))
        .and_then(|_| OpenOptions::new().write(true).open(path)?.set_len(0));
    if let Err(error) = moved {
        tracing::warn!(log = %path.display(), %error, "could not cut the server's log");
    }
}

/// Keeps the log bounded until the task is aborted.
pub(in crate::store::embedded) async fn keep_log_bounded(path: std::path::PathBuf) {
    let mut minute = tokio::time::interval(Duration::from_secs(60));
    loop {
        minute.tick().await;
        bound_log(&path);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_that_has_grown_is_moved_aside_and_emptied() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("server.log");
        let (mut file, at) = open_log(&path).unwrap();
        assert_eq!(at, 0);
        file.write_all(&vec![b'x'; LOG_LIMIT as usize + 1]).unwrap();
        bound_log(&path);
        file.write_all(b"after\n").unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "after\n");
        let kept = std::fs::metadata(dir.path().join("server.log.1")).unwrap();
        assert_eq!(kept.len(), LOG_LIMIT + 1);
    }
}
