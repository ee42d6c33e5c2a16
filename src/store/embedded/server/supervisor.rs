//! Takes the server down when the last process that uses it is gone.
//!
//! Every user holds the writing end of a named pipe. The kernel closes it however a process
//! ends, so a small shell at the reading end sees the end of the pipe exactly when nobody is
//! left. The shell is started before the server: there is no instant at which a kill leaves a
//! server that nobody watches.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::store::embedded::EmbeddedError;
use crate::store::embedded::install::account;
use crate::store::embedded::install::binaries::Binaries;
use crate::store::embedded::paths::ClusterPaths;

/// A line on the pipe means that the server is being stopped in the ordinary way.
///
/// At the end of the pipe the name goes first, before the reading end closes: whoever finds the
/// name gone knows that this server is on its way down. The server may be so young that it has
/// not written its pid file yet, hence the loop; and a new server, seen by its new pipe, is not
/// ours to stop.
const SCRIPT: &str = r#"
pipe=$1 pg_ctl=$2 cluster=$3
exec 3<"$pipe" || exit 0
if read -r _ <&3; then exit 0; fi
[ -p "$pipe" ] || exit 0
rm -f "$pipe"
exec 3<&-
tries=0
while [ "$tries" -lt 50 ]; do
    for other in "${pipe%/*}"/alive-*; do
        [ -p "$other" ] && exit 0
    done
    "$pg_ctl" stop -D "$cluster" -m fast -t 20 && exit 0
    tries=$((tries + 1))
    sleep 0.1
done
exec "$pg_ctl" stop -D "$cluster" -m immediate
"#;

/// Our hold on the pipe.
#[derive(Debug)]
pub(in crate::store::embedded) struct Hold {
    pipe: File,
    path: PathBuf,
}

impl Hold {
    /// Starts a supervisor for the server that is about to be launched.
    pub(in crate::store::embedded) async fn post(
        paths: &ClusterPaths,
        binaries: &Binaries,
    ) -> Result<Hold, EmbeddedError> {
        forget_all(paths);
        let path = paths.server_dir().join(format!("alive-{:08x}", rand::random::<u32>()));
        let mut make = paths.account.command("mkfifo");
        make.args(["-m", "600"]).arg(&path);
        account::run(
            make,
            "making a pipe with `mkfifo`",
            Duration::from_secs(10),
            "the file system below `database.data_dir` must allow named pipes",
        )
        .await?;
        // Reading as well, or opening would wait for the shell, and the shell waits for us.
        let pipe = OpenOptions::new()
            .read(true)
            .write(true)
            .open(&path)
            .map_err(EmbeddedError::file("open the pipe", &path))?;
        let hold = Hold { pipe, path };
        let mut shell = paths.account.command("/bin/sh");
        shell
            .args(["-c", SCRIPT, "ccsync-supervisor"])
            .arg(&hold.path)
            .arg(binaries.program("pg_ctl"))
            .arg(&paths.cluster);
        // Tokio collects the shell when it ends, or init does when we are gone.
        tokio::process::Command::from(shell)
            .spawn()
            .map_err(EmbeddedError::file("start a shell to watch", &paths.cluster))?;
        Ok(hold)
    }

    /// Joins the users of a running server, if a supervisor looks after it.
    pub(in crate::store::embedded) fn join(paths: &ClusterPaths) -> Option<Hold> {
        pipes(&paths.server_dir()).into_iter().find_map(|path| {
            // Fails at once if nobody reads, instead of waiting for a reader.
            let pipe = OpenOptions::new()
                .write(true)
                .custom_flags(rustix::fs::OFlags::NONBLOCK.bits().cast_signed())
                .open(&path)
                .ok()?;
            Some(Hold { pipe, path })
        })
    }

    /// Whether the supervisor has seen the end of the pipe, before we held it.
    pub(in crate::store::embedded) fn came_too_late(&self) -> bool {
        !self.path.exists()
    }

    /// Sends the supervisor home, because the server is stopped in the ordinary way.
    pub(in crate::store::embedded) fn release(mut self) {
        let _ = std::fs::remove_file(&self.path);
        // If nobody reads any more there is nobody to send home.
        let _ = self.pipe.write_all(b"done\n");
    }
}

/// The pipes below a directory.
fn pipes(dir: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(dir) else {
        return Vec::new();
    };
    entries
        .flatten()
        .filter(|entry| entry.file_name().to_string_lossy().starts_with("alive-"))
        .map(|entry| entry.path())
        .collect()
}

/// Removes the pipes of servers that are gone.
fn forget_all(paths: &ClusterPaths) {
    for path in pipes(&paths.server_dir()) {
        let _ = std::fs::remove_file(path);
    }
}
