//! A data directory for one test, and what is left of its server at the end.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Once;
use std::time::{Duration, Instant};

use ccsync::store::embedded::{EmbeddedConfig, EmbeddedPostgres};
use rustix::process::{Pid, Signal, kill_process};
use sqlx::{ConnectOptions, PgConnection};
use tempfile::TempDir;
use tokio::sync::OnceCell;

/// Removed at the end, after its server was killed if the test left one.
pub struct Place {
    dir: TempDir,
}

impl Place {
    /// In the system's temporary directory, where root's server may go too.
    pub fn new() -> Place {
        SWEPT.call_once(sweep);
        let open = std::fs::Permissions::from_mode(0o755);
        let dir = tempfile::Builder::new().prefix("ccsync-test-").permissions(open).tempdir().unwrap();
        Place { dir }
    }

    pub fn path(&self) -> &Path {
        self.dir.path()
    }

    pub fn data_dir(&self) -> PathBuf {
        self.dir.path().join("data")
    }

    pub fn cluster(&self) -> PathBuf {
        self.data_dir().join("postgres/server/cluster")
    }

    /// Quick and self-cleaning; tests change what they are about.
    pub fn config(&self) -> EmbeddedConfig {
        let mut config = EmbeddedConfig::new(self.data_dir());
        config.durable = false;
        config.stop_with_parent = true;
        config
    }

    /// Starts the server; the first time on a copy of a cluster that was made once.
    pub async fn start(&self) -> EmbeddedPostgres {
        if !self.data_dir().exists() && std::env::var_os("NEXTEST").is_none() {
            let made = MADE.get_or_init(make).await;
            copy(made, &self.data_dir());
        }
        start(&self.config()).await
    }

    /// The server's process id according to its pid file.
    pub fn server_pid(&self) -> Option<i32> {
        let text = std::fs::read_to_string(self.cluster().join("postmaster.pid")).ok()?;
        text.lines().next()?.trim().parse().ok()
    }

    pub fn write_pid_file(&self, text: &str) {
        std::fs::write(self.cluster().join("postmaster.pid"), text).unwrap();
    }
}

/// What our directories begin with; the process follows.
const PREFIX: &str = "ccsync-test-";

static SWEPT: Once = Once::new();

/// Removes what killed runs left behind.
fn sweep() {
    for home in [std::env::temp_dir(), env!("CARGO_TARGET_TMPDIR").into()] {
        for entry in std::fs::read_dir(home).unwrap().flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            let rest = name.strip_prefix(PREFIX).unwrap_or_default();
            let run = rest.split('-').next().and_then(|pid| pid.parse().ok());
            if run.is_some_and(|pid| !is_alive(pid)) {
                let _ = std::fs::remove_dir_all(entry.path());
            }
        }
    }
}

/// A stopped server's data directory. Making a cluster costs a second of work, copying it less
/// than a tenth. Not used by nextest's processes, which would each make one.
static MADE: OnceCell<PathBuf> = OnceCell::const_new();

async fn make() -> PathBuf {
    let home = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let place = Place::new();
    start(&place.config()).await.stop().await.unwrap();
    // The copies would all ask for the same port.
    std::fs::remove_file(place.data_dir().join("postgres/port")).unwrap();
    let made = home.join(format!("{PREFIX}{}-made", std::process::id()));
    copy(&place.data_dir(), &made);
    made
}

/// With owners and modes.
fn copy(from: &Path, to: &Path) {
    let status = std::process::Command::new("cp").arg("-Rp").args([from, to]).status();
    assert!(status.unwrap().success(), "could not copy {}", from.display());
}

impl Drop for Place {
    fn drop(&mut self) {
        if let Some(pid) = self.server_pid()
            && is_server(pid)
        {
            kill(pid, Signal::QUIT);
            wait_until("the server is gone", || !is_server(pid));
        }
    }
}

pub async fn start(config: &EmbeddedConfig) -> EmbeddedPostgres {
    match EmbeddedPostgres::start(config).await {
        Ok(postgres) => postgres,
        Err(error) => panic!("{error}"),
    }
}

pub async fn connect(postgres: &EmbeddedPostgres) -> PgConnection {
    postgres.connect_options().connect().await.unwrap()
}

/// Makes a table with one committed row.
pub async fn put(postgres: &EmbeddedPostgres, value: i32) {
    let mut connection = connect(postgres).await;
    for statement in ["create table if not exists kept (value int)", "truncate kept"] {
        sqlx::query(statement).execute(&mut connection).await.unwrap();
    }
    sqlx::query("insert into kept values ($1)").bind(value).execute(&mut connection).await.unwrap();
}

pub async fn get(postgres: &EmbeddedPostgres) -> i32 {
    let mut connection = connect(postgres).await;
    sqlx::query_scalar("select value from kept").fetch_one(&mut connection).await.unwrap()
}

pub fn kill(pid: i32, signal: Signal) {
    let _ = kill_process(Pid::from_raw(pid).unwrap(), signal);
}

/// All living processes with their parents.
pub fn processes() -> Vec<(i32, i32)> {
    let output =
        std::process::Command::new("ps").args(["-A", "-o", "pid=,ppid=,stat="]).output().expect("ps");
    String::from_utf8_lossy(&output.stdout)
        .lines()
        .filter_map(|line| {
            let mut parts = line.split_whitespace();
            let pid = parts.next()?.parse().ok()?;
            let parent = parts.next()?.parse().ok()?;
            (!parts.next()?.starts_with('Z')).then_some((pid, parent))
        })
        .collect()
}

pub fn is_alive(pid: i32) -> bool {
    processes().iter().any(|(other, _)| *other == pid)
}

/// A pid file is not to be believed, not even by the tests' cleaning up.
fn is_server(pid: i32) -> bool {
    let output = std::process::Command::new("ps")
        .args(["-ww", "-o", "stat=,args=", "-p", &pid.to_string()])
        .output()
        .expect("ps");
    let line = String::from_utf8_lossy(&output.stdout).into_owned();
    line.contains("postgres -D") && !line.starts_with('Z')
}

/// Kills the server and all its workers at once.
pub fn kill_all(server: i32) {
    let workers: Vec<i32> =
        processes().into_iter().filter_map(|(pid, parent)| (parent == server).then_some(pid)).collect();
    assert!(!workers.is_empty(), "the server has no workers");
    kill(server, Signal::KILL);
    for worker in workers {
        kill(worker, Signal::KILL);
    }
}

/// Waits for a condition with a deadline, and says what did not come true.
pub fn wait_until(what: &str, condition: impl Fn() -> bool) -> Duration {
    let started = Instant::now();
    while !condition() {
        assert!(started.elapsed() < Duration::from_secs(30), "waited in vain until {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
    started.elapsed()
}

pub fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}
