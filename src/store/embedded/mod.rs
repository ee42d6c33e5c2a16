//! An embedded PostgreSQL: a real server that ccsync runs by itself, for those who have none.
//!
//! The programs are those installed on the machine (or downloaded, if that is asked for); the
//! cluster lives below the data directory. A server is shared by all processes that start it on
//! one data directory, it survives the kill of the daemon, and the next start adopts it.
//!
//! Connections of the product go through a Unix socket in a directory that is closed to other
//! accounts; BI tools use TCP on 127.0.0.1 with the password in `postgres/password`.

mod cluster;
mod config;
mod copy;
mod error;
mod install;
mod paths;
mod server;
mod settings;

use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use sqlx::postgres::PgConnectOptions;
use tokio::task::JoinHandle;

pub use config::EmbeddedConfig;
pub use error::EmbeddedError;
pub use server::stop::Stopped;

use crate::domain::row::text::shell_word;
use install::{bootstrap, files};
use paths::ClusterPaths;
use server::launch::{self, Running};
use server::{lock, supervisor};

/// Starting may include making a cluster and a long recovery, so waiting for another process
/// that starts or stops the same server may take as long.
const LOCK_LIMIT: Duration = Duration::from_secs(900);

/// A running server, and our share in it.
///
/// Dropping it without [`stop`](Self::stop) leaves the server running for the next start to
/// adopt, unless it was started with [`EmbeddedConfig::stop_with_parent`] and we were its last
/// user.
#[derive(Debug)]
pub struct EmbeddedPostgres {
    paths: ClusterPaths,
    running: Running,
    database: String,
    password: SecretString,
    /// Our place among the owners.
    owner: File,
    log_trimmer: JoinHandle<()>,
}

impl EmbeddedPostgres {
    /// Starts the server, or joins the one that runs on this data directory already.
    ///
    /// A cluster, a role, a password and the database are made if they are missing. A server
    /// left behind by a killed process is adopted with the port it has. If the server dies,
    /// starting again on the same configuration brings it back at the same port and socket, so
    /// that existing pools connect again.
    ///
    /// # Errors
    /// Everything that stands in the way, with what can be done about it: see [`EmbeddedError`].
    pub async fn start(config: &EmbeddedConfig) -> Result<EmbeddedPostgres, EmbeddedError> {
        config.check()?;
        if !config.create && !Self::is_made(config) {
            return Err(EmbeddedError::NotMade { data_dir: config.data_dir.clone() });
        }
        let paths = ClusterPaths::prepare(config).await?;
        let _starting = lock::alone(&paths.file("start.lock"), LOCK_LIMIT).await?;
        let owner = lock::shared(&paths.file("owners.lock"))?;
        let mut tries = 0;
        let (running, password) = loop {
            tries += 1;
            match Self::get_hold(&paths, config).await {
                // Adopted in the instant in which its last user went, or killed under our hands.
                Err(error) if error.is_server_gone() && tries < 5 => {
                    tracing::info!(%error, "the server went away while starting, trying again");
                    tokio::time::sleep(Duration::from_millis(300)).await;
                }
                Ok((running, _))
                    if running.hold.as_ref().is_some_and(supervisor::Hold::came_too_late) && tries < 5 =>
                {
                    tokio::time::sleep(Duration::from_millis(300)).await;
                }
                done => break done?,
            }
        };
        if config.port != 0 && config.port != running.port {
            tracing::warn!(
                configured = config.port,
                port = running.port,
                "the server that runs already has another port; it keeps it until it is stopped"
            );
        }
        let log_trimmer = tokio::spawn(files::keep_log_bounded(paths.file("server.log")));
        Ok(EmbeddedPostgres {
            paths,
            running,
            database: config.database.clone(),
            password,
            owner,
            log_trimmer,
        })
    }

    /// Whether there is a cluster, as far as this account may see.
    #[must_use]
    pub fn is_made(config: &EmbeddedConfig) -> bool {
        // What may not be looked at is for `start` to complain of.
        config.cluster().try_exists().unwrap_or(true)
    }

    /// With which major version of PostgreSQL [`start`](Self::start) would make a cluster, or run the one that is there;
    /// `None` where it would download one first. Makes nothing and downloads nothing.
    ///
    /// # Errors
    /// What would stand in its way.
    pub async fn foresee(config: &EmbeddedConfig) -> Result<Option<u32>, EmbeddedError> {
        config.check()?;
        let paths = ClusterPaths::foreseen(config).await?;
        let wanted = cluster::made_by(&paths.cluster)?;
        install::binaries::Binaries::foresee(config, &paths, wanted).await
    }

    async fn get_hold(
        paths: &ClusterPaths,
        config: &EmbeddedConfig,
    ) -> Result<(Running, SecretString), EmbeddedError> {
        let running = match launch::adopt(paths).await? {
            Some(running) => running,
            None => launch::launch(paths, config).await?,
        };
        let password = bootstrap::ensure(paths, &running, &config.database).await?;
        Ok((running, password))
    }

    /// How the product connects: through the socket, without a password, as the database's owner.
    #[must_use]
    pub fn connect_options(&self) -> PgConnectOptions {
        launch::options(&self.running.socket_dir, self.running.port, bootstrap::ROLE, &self.database)
    }

    /// How a BI tool on this machine connects. Contains the password.
    #[must_use]
    pub fn url(&self) -> SecretString {
        format!(
            "postgres://{}:{}@127.0.0.1:{}/{}",
            bootstrap::ROLE,
            self.password.expose_secret(),
            self.running.port,
            self.database
        )
        .into()
    }

    /// A command for a person's shell, without the password: it goes through the socket, so it
    /// works for the account that the server runs as, and for root.
    #[must_use]
    pub fn psql_command(&self) -> String {
        let psql = match &self.running.bin_dir {
            Some(dir) if dir.join("psql").exists() => dir.join("psql"),
            _ => PathBuf::from("psql"),
        };
        format!(
            "{} -h {} -p {} -U {} {}",
            shell_word(&psql.to_string_lossy()),
            shell_word(&self.running.socket_dir.to_string_lossy()),
            self.running.port,
            bootstrap::ROLE,
            self.database
        )
    }

    /// The TCP port on 127.0.0.1.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.running.port
    }

    /// The file that holds the password of the role `ccsync`, readable for our account only.
    #[must_use]
    pub fn password_file(&self) -> PathBuf {
        self.paths.file("password")
    }

    /// The server's log.
    #[must_use]
    pub fn log_file(&self) -> PathBuf {
        self.paths.file("server.log")
    }

    /// The cluster, for backups and for those who look after a stopped server.
    #[must_use]
    pub fn cluster_dir(&self) -> &Path {
        &self.paths.cluster
    }
}

impl Drop for EmbeddedPostgres {
    fn drop(&mut self) {
        self.log_trimmer.abort();
    }
}
