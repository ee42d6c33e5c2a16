//! The built program as a child process, with a configuration file of its own and nothing of this
//! process's environment. Children die when the test ends, however it ends.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use ccsync_simulator::{Simulator, SimulatorConfig};
use chrono::{Days, NaiveDate, Utc};
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, BufReader};
use tokio::process::{Child, ChildStdout, Command};
use tokio::task::JoinHandle;

use super::db::TestDb;
use super::harness::{eventually, simulator};

/// Longer than any command here takes; one that hangs is told as that and not by the test's end.
const TIMEOUT: Duration = Duration::from_secs(180);

/// Where the program is started: a directory with its configuration, and its environment.
pub struct Workspace {
    directory: TempDir,
    variables: Vec<(String, String)>,
}

/// A command that has ended.
#[derive(Debug)]
pub struct Ended {
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
    pub took: Duration,
}

/// A program under way. Dropping it kills it.
pub struct Program {
    child: Child,
    out: BufReader<ChildStdout>,
    stderr: Stderr,
    began: Instant,
}

/// What a program says on stderr, read all along.
struct Stderr {
    listener: JoinHandle<()>,
    said: Arc<Mutex<Vec<u8>>>,
}

impl Stderr {
    fn so_far(&self) -> String {
        String::from_utf8_lossy(&self.said.lock().unwrap()).into_owned()
    }
}

/// A configuration that reads `vendor` since `start`, with the defaults of everything else.
pub fn configuration(vendor: &str, database: &str, start: &str) -> String {
    format!(
        r#"
[database]
{database}
[ops]
listen = "127.0.0.1:0"
[scheduler]
jitter = "0s"
[sources.sobot]
kind = "sobot"
base_url = "{vendor}"
app_id = "demo-app"
app_key = "demo-key"
[sources.sobot.call_result]
start = "{start}"
page_size = 20
requests_per_minute = 60000
[sources.sobot.chat_result]
start = "{start}"
page_size = 50
requests_per_minute = 60000
[sources.moor]
kind = "moor"
base_url = "{vendor}"
account_id = "N00000000000"
api_secret = "demo-secret"
"#
    )
}

impl Workspace {
    /// With this configuration. The directory may be entered by the user of an embedded server.
    pub fn new(configuration: &str) -> Workspace {
        let open = std::fs::Permissions::from_mode(0o755);
        let directory =
            tempfile::Builder::new().prefix("ccsync-process-").permissions(open).tempdir().unwrap();
        let workspace = Workspace { directory, variables: Vec::new() };
        let file = workspace.write("ccsync.toml", configuration);
        workspace.with("CCSYNC_CONFIG", file.to_str().unwrap())
    }

    /// With one more variable.
    pub fn with(mut self, name: &str, value: &str) -> Workspace {
        self.variables.push((name.to_owned(), value.to_owned()));
        self
    }

    pub fn path(&self) -> &Path {
        self.directory.path()
    }

    pub fn write(&self, name: &str, text: &str) -> PathBuf {
        let file = self.path().join(name);
        std::fs::write(&file, text).unwrap();
        file
    }

    /// The program with these arguments, not yet started.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_ccsync"));
        command
            .args(arguments)
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("TMPDIR", self.path())
            .envs(self.variables.iter().map(|(name, value)| (name, value)))
            .current_dir(self.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        command
    }

    /// Runs to the end.
    pub async fn run(&self, arguments: &[&str]) -> Ended {
        let began = Instant::now();
        let output = tokio::time::timeout(TIMEOUT, self.command(arguments).output()).await;
        let output = output.unwrap_or_else(|_| panic!("{arguments:?} still runs after {TIMEOUT:?}")).unwrap();
        Ended {
            code: output.status.code(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
            took: began.elapsed(),
        }
    }

    /// Starts and lets run.
    pub fn start(&self, arguments: &[&str]) -> Program {
        Program::spawn(self.command(arguments))
    }
}

impl Ended {
    /// Panics with all that was said unless it ended with this code.
    pub fn expect(self, code: i32) -> Ended {
        assert_eq!(self.code, Some(code), "stdout:\n{}\nstderr:\n{}", self.stdout, self.stderr);
        self
    }

    /// What was printed, as JSON.
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.stdout)
            .unwrap_or_else(|error| panic!("{error} in stdout:\n{}\nstderr:\n{}", self.stdout, self.stderr))
    }

    /// What was said to people: stderr without the log.
    pub fn talk(&self) -> String {
        let lines = self.stderr.lines().filter(|line| !line.starts_with('{'));
        lines.map(|line| format!("{line}\n")).collect()
    }
}

impl Program {
    pub fn spawn(mut command: Command) -> Program {
        let mut child = command.spawn().unwrap();
        let out = BufReader::new(child.stdout.take().unwrap());
        // A terminal in its place is read by the terminal.
        let err = child.stderr.take();
        // Read all along, or a full pipe would stop the program.
        let said = Arc::new(Mutex::new(Vec::new()));
        let listener = tokio::spawn({
            let said = said.clone();
            async move {
                let Some(mut err) = err else { return };
                let mut part = [0; 4096];
                loop {
                    match err.read(&mut part).await.unwrap() {
                        0 => return,
                        read => said.lock().unwrap().extend_from_slice(&part[..read]),
                    }
                }
            }
        });
        Program { child, out, stderr: Stderr { listener, said }, began: Instant::now() }
    }

    pub fn pid(&self) -> i32 {
        i32::try_from(self.child.id().expect("it still runs")).unwrap()
    }

    /// The next line on stdout.
    pub async fn line(&mut self) -> String {
        let mut line = String::new();
        let read = tokio::time::timeout(TIMEOUT, self.out.read_line(&mut line)).await;
        assert!(read.expect("a line in time").unwrap() > 0, "stdout ended: {:?}", self.child.try_wait());
        line.trim_end().to_owned()
    }

    /// Lines on stdout until one holds `text`; that one.
    pub async fn line_with(&mut self, text: &str) -> String {
        loop {
            let line = self.line().await;
            if line.contains(text) {
                return line;
            }
        }
    }

    /// Waits until stderr holds `text`.
    pub async fn says(&self, text: &str) {
        eventually(TIMEOUT, async || match self.stderr.so_far() {
            said if said.contains(text) => Ok(()),
            said => Err(said),
        })
        .await;
    }

    pub fn signal(&self, signal: Signal) {
        kill_process(Pid::from_raw(self.pid()).unwrap(), signal).unwrap();
    }

    /// Whether it has ended by itself.
    pub fn has_ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().unwrap()
    }

    /// Kills it as a power cut would, and waits for its end.
    pub async fn kill(mut self) {
        self.child.kill().await.unwrap();
    }

    /// Sends the signal and waits for the end; `took` counts from the signal.
    pub async fn stop(mut self, signal: Signal) -> Ended {
        self.signal(signal);
        self.began = Instant::now();
        self.wait().await
    }

    /// Waits for the end.
    pub async fn wait(mut self) -> Ended {
        let mut stdout = String::new();
        let ending = async {
            self.out.read_to_string(&mut stdout).await.unwrap();
            self.child.wait().await.unwrap()
        };
        let status = tokio::time::timeout(TIMEOUT, ending).await;
        let status = status.unwrap_or_else(|_| {
            panic!("it has not ended after {TIMEOUT:?}; stderr:\n{}", self.stderr.so_far())
        });
        let took = self.began.elapsed();
        self.stderr.listener.await.unwrap();
        let stderr = String::from_utf8(self.stderr.said.lock().unwrap().clone()).unwrap();
        Ended { code: status.code(), stdout, stderr, took }
    }
}

/// The program, a simulator and a database, all on real time.
pub struct Setup {
    pub simulator: Simulator,
    pub db: TestDb,
    pub workspace: Workspace,
}

/// Days of history at the simulated vendors.
const DAYS: u64 = 5;

/// Beijing's date.
fn today() -> NaiveDate {
    Utc::now().with_timezone(&chrono_tz::Asia::Shanghai).date_naive()
}

/// First day of [`recent_world`].
pub fn first_day() -> NaiveDate {
    today() - Days::new(DAYS)
}

/// A small world of the last days, without changes and faults, whose vendors bear any number of requests.
pub fn recent_world() -> SimulatorConfig {
    SimulatorConfig {
        calls: 150,
        chats: 150,
        groups: 6,
        agents: 15,
        data_start: first_day(),
        data_end: today(),
        moor_limit: 1_000_000,
        moor_claim_limit: 1_000_000,
        ..SimulatorConfig::default()
    }
}

impl Setup {
    /// With `extra` at the end of the configuration; nobody waits for 7moor's limits.
    pub async fn new(world: SimulatorConfig, extra: &str) -> Setup {
        let setup = Setup::limited(world, extra).await;
        setup.db.lift_limits("moor:%").await;
        setup
    }

    /// The same with 7moor's limits.
    pub async fn limited(world: SimulatorConfig, extra: &str) -> Setup {
        Setup::at(world, extra, async |db| db.url().to_owned()).await
    }

    /// The same with the database at another address.
    pub async fn at(
        world: SimulatorConfig,
        extra: &str,
        address: impl AsyncFnOnce(&TestDb) -> String,
    ) -> Setup {
        let simulator = simulator(world).await;
        let db = TestDb::create().await;
        let database = format!("url = \"{}\"", address(&db).await);
        let text = configuration(&simulator.base_url(), &database, &first_day().to_string());
        Setup { simulator, db, workspace: Workspace::new(&format!("{text}{extra}")) }
    }

    pub fn with(mut self, variable: &str, value: &str) -> Setup {
        self.workspace = self.workspace.with(variable, value);
        self
    }

    pub async fn run(&self, arguments: &[&str]) -> Ended {
        self.workspace.run(arguments).await
    }
}
