//! Where everything of one embedded server lives.
//!
//! ```text
//! data_dir/postgres/            ours: what the server's account must not be able to change
//!   postgres.conf  hba.conf     written anew before each launch
//!   password  port  server.log  start.lock  owners.lock
//!   server/                     the server's account's, mode 0700
//!     cluster/  run/  alive-*
//! ```
//!
//! The split matters when we are root: a root process that opens or chowns files inside a
//! directory of another account can be led elsewhere by a symbolic link.

use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::install::account::{self, Account};
use super::{EmbeddedConfig, EmbeddedError};

/// The longest path of a Unix socket that every system accepts (Linux 107, macOS 103).
const SOCKET_PATH_LIMIT: usize = 103;

/// The prepared directories, and who runs the server in them.
#[derive(Debug)]
pub(super) struct ClusterPaths {
    pub(super) account: Account,
    /// `data_dir/postgres`.
    pub(super) home: PathBuf,
    /// `data_dir/postgres/server/cluster`.
    pub(super) cluster: PathBuf,
    /// Where the Unix socket is made; not below `home` if that path is too long.
    pub(super) socket_dir: PathBuf,
}

impl ClusterPaths {
    /// Makes the directories, or says why they cannot be made.
    pub(super) async fn prepare(config: &EmbeddedConfig) -> Result<ClusterPaths, EmbeddedError> {
        let mut root = make_dir(&config.data_dir, 0o700)?;
        let cluster_below = |root: &Path| root.join("postgres/server/cluster");
        let mut account = Account::choose(&cluster_below(&root))?;
        if account.switch().is_some() {
            open_to_others(&root)?;
        }
        if let Some(blocked) = account.blocked_at(&root).await? {
            if config.durable {
                return Err(EmbeddedError::Unreachable { account: account.name().to_owned(), blocked });
            }
            root = Self::elsewhere(&root, &account, blocked).await?;
            account = Account::choose(&cluster_below(&root))?;
        }
        let home = make_dir(&root.join("postgres"), 0o700)?;
        let server = home.join("server");
        if let Some((uid, gid)) = account.switch() {
            open_to_others(&home)?;
            if !server.exists() {
                make_dir_of(&server, uid, gid)?;
            }
        } else {
            make_dir(&server, 0o700)?;
        }
        let mut paths =
            ClusterPaths { cluster: server.join("cluster"), socket_dir: server.join("run"), account, home };
        paths.make_socket_dir().await?;
        Ok(paths)
    }

    /// What [`prepare`](Self::prepare) would come to; makes nothing.
    pub(super) async fn foreseen(config: &EmbeddedConfig) -> Result<ClusterPaths, EmbeddedError> {
        let data_dir = std::path::absolute(&config.data_dir)
            .map_err(EmbeddedError::file("find the place of", &config.data_dir))?;
        let cluster = config.cluster();
        let account = Account::choose(&cluster)?;
        let there = data_dir.ancestors().find(|step| step.exists()).unwrap_or(Path::new("/"));
        // The data directory itself is opened to the server's account where it is ours.
        let there = if there == data_dir { there.parent().unwrap_or(there) } else { there };
        if let Some(blocked) = account.blocked_at(there).await? {
            return Err(EmbeddedError::Unreachable { account: account.name().to_owned(), blocked });
        }
        let home = data_dir.join("postgres");
        Ok(ClusterPaths { account, socket_dir: home.join("server/run"), home, cluster })
    }

    /// A file that we keep beside the server.
    pub(super) fn file(&self, name: &str) -> PathBuf {
        self.home.join(name)
    }

    /// The directory that belongs to the server's account.
    pub(super) fn server_dir(&self) -> PathBuf {
        self.home.join("server")
    }

    /// Throw-away data may go where the server can reach them.
    async fn elsewhere(root: &Path, account: &Account, blocked: PathBuf) -> Result<PathBuf, EmbeddedError> {
        for base in [std::env::temp_dir(), "/var/tmp".into(), "/tmp".into()] {
            let dir = base.join(format!("ccsync-{:016x}", hash(root)));
            let Ok(dir) = make_dir(&dir, 0o700) else { continue };
            // In a directory that everyone may write, the name could be somebody else's.
            let ours = std::fs::symlink_metadata(&dir)
                .is_ok_and(|m| m.is_dir() && m.uid() == rustix::process::geteuid().as_raw());
            if !ours || open_to_others(&dir).is_err() {
                continue;
            }
            if account.blocked_at(&dir).await?.is_none() {
                tracing::warn!(
                    data_dir = %root.display(), instead = %dir.display(),
                    "the throw-away database is kept elsewhere: `{}` may not enter {}",
                    account.name(), blocked.display()
                );
                return Ok(dir);
            }
        }
        Err(EmbeddedError::Unreachable { account: account.name().to_owned(), blocked })
    }

    /// The socket grants access without a password, so its directory is the server's account's
    /// alone. The directory is made by that account: see the head of this file.
    async fn make_socket_dir(&mut self) -> Result<(), EmbeddedError> {
        let longest = self.socket_dir.join(".s.PGSQL.65535");
        if longest.as_os_str().len() > SOCKET_PATH_LIMIT {
            self.socket_dir = PathBuf::from(format!("/tmp/ccsync-run-{:016x}", hash(&self.cluster)));
        }
        let mut script = self.account.command("/bin/sh");
        script
            .args([
                "-c",
                "umask 077; mkdir -p \"$1\" && [ -O \"$1\" ] && [ ! -L \"$1\" ] && chmod 700 \"$1\"",
                "sh",
            ])
            .arg(&self.socket_dir);
        let tried = format!("making the socket directory {}", self.socket_dir.display());
        account::run(
            script,
            &tried,
            Duration::from_secs(10),
            "remove what is there if it belongs to another user, or choose another \
             `database.data_dir`",
        )
        .await?;
        Ok(())
    }
}

/// Makes a directory with its parents and gives back its absolute name without links.
fn make_dir(dir: &Path, mode: u32) -> Result<PathBuf, EmbeddedError> {
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(mode)
        .create(dir)
        .map_err(EmbeddedError::file("make the directory", dir))?;
    dir.canonicalize().map_err(EmbeddedError::file("resolve the directory", dir))
}

/// Makes a directory that is another account's from its first moment on: whoever starts beside us would find one
/// that its server may not enter.
fn make_dir_of(dir: &Path, uid: u32, gid: u32) -> Result<(), EmbeddedError> {
    let given = dir.with_extension(uuid::Uuid::new_v4().to_string());
    make_dir(&given, 0o700)?;
    std::os::unix::fs::chown(&given, Some(uid), Some(gid))
        .map_err(EmbeddedError::file("give to the server's account", &given))?;
    match std::fs::rename(&given, dir) {
        Ok(()) => Ok(()),
        // Somebody was faster.
        Err(_) if dir.exists() => {
            std::fs::remove_dir(&given).map_err(EmbeddedError::file("remove the directory", &given))
        }
        Err(error) => Err(EmbeddedError::file("name the directory", dir)(error)),
    }
}

/// Lets other accounts pass through a directory of ours, without letting them list it.
fn open_to_others(dir: &Path) -> Result<(), EmbeddedError> {
    let failed = || EmbeddedError::file("let the server's account enter", dir);
    let mode = std::fs::metadata(dir).map_err(failed())?.permissions().mode();
    if mode & 0o001 == 0 {
        std::fs::set_permissions(dir, PermissionsExt::from_mode(mode | 0o001)).map_err(failed())?;
    }
    Ok(())
}

/// A short name for a path, the same in every build (FNV-1a).
fn hash(path: &Path) -> u64 {
    path.as_os_str()
        .as_bytes()
        .iter()
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}
