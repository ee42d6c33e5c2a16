//! What the caller decides about an embedded server.

use std::path::PathBuf;

use super::EmbeddedError;

/// How and where to run an embedded PostgreSQL.
#[derive(Debug, Clone)]
pub struct EmbeddedConfig {
    /// The product's data directory. Everything of the server lives in `postgres/` below it.
    ///
    /// A server never runs as root. When the caller is root and the server's account may not
    /// enter this directory, starting fails and says which parent is closed: data that must last
    /// are never put somewhere the operator did not name, because backups and mounted volumes
    /// would miss them. Data that need not last (`durable` is false) go below the system's
    /// temporary directory instead, and a log line says where.
    pub data_dir: PathBuf,
    /// The TCP port on 127.0.0.1. With 0 a free one is chosen, and chosen again next time if it
    /// is still free, so that a BI tool's connection keeps working.
    pub port: u16,
    /// The database that is created and connected to. Lower-case letters, digits and underscores.
    pub database: String,
    /// The server goes down by itself soon after the last process using it is gone, even if that
    /// was killed. For demonstrations and tests: a daemon's server should outlive an accident.
    /// It takes effect when this start launches the server, not when it adopts a running one.
    pub stop_with_parent: bool,
    /// Download server binaries when none are installed.
    pub fetch: bool,
    /// Make a cluster where there is none.
    pub create: bool,
    /// Where the server binaries are. Absent: they are searched for.
    pub bin_dir: Option<PathBuf>,
    /// False only for tests and demonstrations: nothing is flushed to disk (`fsync = off`), so a
    /// power cut can leave a database that cannot be repaired. A killed process does no harm.
    pub durable: bool,
}

impl EmbeddedConfig {
    /// The settings of a daemon: durable, any free port, database `ccsync`, nothing downloaded.
    #[must_use]
    pub fn new(data_dir: impl Into<PathBuf>) -> Self {
        Self {
            data_dir: data_dir.into(),
            port: 0,
            database: "ccsync".to_owned(),
            stop_with_parent: false,
            fetch: false,
            create: true,
            bin_dir: None,
            durable: true,
        }
    }

    /// Where the cluster is, or would be.
    pub(super) fn cluster(&self) -> PathBuf {
        self.data_dir.join("postgres/server/cluster")
    }

    /// The database name is pasted into URLs and commands, so it is kept to what needs no quoting.
    pub(super) fn check(&self) -> Result<(), EmbeddedError> {
        let name = self.database.as_bytes();
        let plain =
            name.iter().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || *byte == b'_');
        if !plain || name.is_empty() || name.len() > 63 || name[0].is_ascii_digit() {
            return Err(EmbeddedError::DatabaseName { name: self.database.clone() });
        }
        Ok(())
    }
}
