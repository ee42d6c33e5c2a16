//! How much room there is on a disk.

use std::io;
use std::path::Path;

use crate::report::alert::DiskSpace;

/// Room on the disk under `directory`.
///
/// # Errors
/// Where there is no such directory, or where the system does not say.
pub fn free_space(directory: &Path) -> io::Result<DiskSpace> {
    let found = rustix::fs::statvfs(directory)?;
    Ok(DiskSpace {
        directory: directory.display().to_string(),
        free_bytes: found.f_bavail.saturating_mul(found.f_frsize),
        size_bytes: found.f_blocks.saturating_mul(found.f_frsize),
    })
}
