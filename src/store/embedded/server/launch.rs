//! Getting hold of a server that answers: one that runs already, or a new one.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Child;
use std::time::Duration;

use sqlx::ConnectOptions;
use sqlx::postgres::{PgConnectOptions, PgConnection, PgSslMode};
use tokio::time::Instant;

use crate::store::embedded::cluster::{self, SUPERUSER};
use crate::store::embedded::install::account::last_lines;
use crate::store::embedded::install::files;
use crate::store::embedded::paths::ClusterPaths;
use crate::store::embedded::server::pidfile::{self, Process};
use crate::store::embedded::server::supervisor::Hold;
use crate::store::embedded::{EmbeddedConfig, EmbeddedError, settings};

/// Recovery after a crash replays the log since the last checkpoint, which can take minutes.
const READY_LIMIT: Duration = Duration::from_secs(600);

/// How long the workers of a killed server may take to notice, and a stopping one to be gone.
const GONE_LIMIT: Duration = Duration::from_secs(60);

const PAUSE: Duration = Duration::from_millis(30);

/// A server that answers.
#[derive(Debug)]
pub(in crate::store::embedded) struct Running {
    pub(in crate::store::embedded) port: u16,
    pub(in crate::store::embedded) socket_dir: PathBuf,
    /// Set if it is our child, so that it can be collected when it ends.
    pub(in crate::store::embedded) child: Option<Child>,
    /// Set if a supervisor looks after it.
    pub(in crate::store::embedded) hold: Option<Hold>,
    /// Where the programs are, if they were needed.
    pub(in crate::store::embedded) bin_dir: Option<PathBuf>,
}

/// How to reach a server through its socket.
pub(in crate::store::embedded) fn options(
    socket_dir: &Path,
    port: u16,
    user: &str,
    database: &str,
) -> PgConnectOptions {
    PgConnectOptions::new_without_pgpass()
        .socket(socket_dir)
        .port(port)
        .username(user)
        .database(database)
        .ssl_mode(PgSslMode::Disable)
}

/// Connects as the superuser. Statements are not logged: one of them sets the password.
pub(in crate::store::embedded) async fn connect(
    socket_dir: &Path,
    port: u16,
) -> Result<PgConnection, sqlx::Error> {
    let options = options(socket_dir, port, SUPERUSER, "postgres").disable_statement_logging();
    match tokio::time::timeout(Duration::from_secs(10), options.connect()).await {
        Ok(connected) => connected,
        Err(_) => Err(sqlx::Error::PoolTimedOut),
    }
}

/// Whether the server of this very cluster answers there.
async fn answers(socket_dir: &Path, port: u16, cluster: &Path) -> bool {
    let Ok(mut connection) = connect(socket_dir, port).await else {
        return false;
    };
    sqlx::query_scalar::<_, String>("select current_setting('data_directory')")
        .fetch_one(&mut connection)
        .await
        .is_ok_and(|dir| Path::new(&dir) == cluster)
}

/// Adopts a server that somebody left behind or is using.
pub(in crate::store::embedded) async fn adopt(
    paths: &ClusterPaths,
) -> Result<Option<Running>, EmbeddedError> {
    let deadline = Instant::now() + READY_LIMIT;
    while let Some(found) = pidfile::read(&paths.cluster) {
        if found.port != 0 && answers(&found.socket_dir, found.port, &paths.cluster).await {
            // Held before it is used: from here on the server does not go down under us.
            let hold = Hold::join(paths);
            tracing::info!(pid = found.pid, port = found.port, "using the PostgreSQL that runs already");
            return Ok(Some(Running {
                port: found.port,
                socket_dir: found.socket_dir,
                child: None,
                hold,
                bin_dir: None,
            }));
        }
        if pidfile::look_at(found.pid, &paths.cluster) != Process::Ours {
            if pidfile::read(&paths.cluster).as_ref() == Some(&found) {
                pidfile::remove_stale(&paths.cluster, Some(&found), &paths.socket_dir);
            }
            return Ok(None);
        }
        // Ours, but on its way up or down.
        if Instant::now() >= deadline {
            return Err(start_error(paths, "runs but does not answer", 0));
        }
        tokio::time::sleep(PAUSE).await;
    }
    // A file that cannot be understood names nobody.
    pidfile::remove_stale(&paths.cluster, None, &paths.socket_dir);
    Ok(None)
}

/// Starts a new server, making its cluster first if there is none.
pub(in crate::store::embedded) async fn launch(
    paths: &ClusterPaths,
    config: &EmbeddedConfig,
) -> Result<Running, EmbeddedError> {
    let binaries = cluster::ensure(paths, config).await?;
    settings::write(paths, &binaries, config.durable).await?;
    let log = paths.file("server.log");
    files::bound_log(&log);
    let timeout = Instant::now() + GONE_LIMIT;
    loop {
        let port = choose_port(paths, config.port)?;
        let hold = match config.stop_with_parent {
            true => Some(Hold::post(paths, &binaries).await?),
            false => None,
        };
        let (out, from) = files::open_log(&log)?;
        let err = out.try_clone().map_err(EmbeddedError::file("open the log", &log))?;
        let program = binaries.program("postgres");
        let mut command = paths.account.command(&program);
        command.args(settings::arguments(paths, port)).stdout(out).stderr(err);
        let mut child = command.spawn().map_err(EmbeddedError::file("run", &program))?;
        match wait_until_ready(paths, port, &mut child, from).await? {
            None => {
                files::write_whole(&paths.file("port"), &format!("{port}\n"), 0o644)?;
                tracing::info!(pid = child.id(), port, cluster = %paths.cluster.display(), "started PostgreSQL");
                return Ok(Running {
                    port,
                    socket_dir: paths.socket_dir.clone(),
                    child: Some(child),
                    hold,
                    bin_dir: Some(binaries.dir),
                });
            }
            Some(output) => {
                if let Some(hold) = hold {
                    hold.release();
                }
                // The workers of a killed server still hold its memory, or someone was faster
                // in taking the port that was free a moment ago. Both pass.
                let passes = output.contains("pre-existing shared memory block")
                    || (config.port == 0 && output.contains("could not bind"));
                if !passes || Instant::now() >= timeout {
                    return Err(start_error(paths, "ended while starting", from));
                }
                tokio::time::sleep(Duration::from_millis(200)).await;
            }
        }
    }
}

/// None when it answers, or what it logged before it ended.
async fn wait_until_ready(
    paths: &ClusterPaths,
    port: u16,
    child: &mut Child,
    from: u64,
) -> Result<Option<String>, EmbeddedError> {
    let started = Instant::now();
    let mut next_word = Duration::from_secs(10);
    loop {
        match child.try_wait() {
            Ok(None) => {}
            Ok(Some(_)) => return Ok(Some(files::read_log(&paths.file("server.log"), from))),
            Err(error) => return Err(EmbeddedError::file("wait for", &paths.cluster)(error)),
        }
        if answers(&paths.socket_dir, port, &paths.cluster).await {
            return Ok(None);
        }
        if started.elapsed() > READY_LIMIT {
            return Err(start_error(paths, "started but does not answer", from));
        }
        if started.elapsed() > next_word {
            tracing::info!(seconds = next_word.as_secs(), "PostgreSQL is still recovering");
            next_word += Duration::from_secs(10);
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// The configured port if it is free; else the one of last time, else any.
fn choose_port(paths: &ClusterPaths, configured: u16) -> Result<u16, EmbeddedError> {
    let free = |port: u16| -> std::io::Result<u16> {
        Ok(TcpListener::bind(("127.0.0.1", port))?.local_addr()?.port())
    };
    if configured != 0 {
        return free(configured)
            .map_err(|error| EmbeddedError::PortInUse { port: configured, output: error.to_string() });
    }
    let remembered =
        std::fs::read_to_string(paths.file("port")).ok().and_then(|text| text.trim().parse().ok());
    if let Some(port) = remembered
        && let Ok(port) = free(port)
    {
        return Ok(port);
    }
    free(0).map_err(EmbeddedError::file("find a free port for", &paths.cluster))
}

/// An error about the server with the end of its log.
pub(in crate::store::embedded) fn start_error(paths: &ClusterPaths, what: &str, from: u64) -> EmbeddedError {
    let log = paths.file("server.log");
    EmbeddedError::Server {
        cluster: paths.cluster.clone(),
        what: what.to_owned(),
        output: last_lines(&files::read_log(&log, from), 4),
        log,
    }
}
