//! A simulator with some agents, and daemons that follow them.

use std::path::PathBuf;
use std::sync::Arc;

use ccsync::app::{App, DaemonError, Overrides};
use ccsync::engine::port::clock::{Clock, SystemClock};
use ccsync_simulator::{MonitorAgent, MonitorRates, Simulator, SimulatorConfig};
use tempfile::TempDir;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::support::harness::simulator;

/// The source's name.
pub const SOURCE: &str = "setup";

/// Agents, their vendor, and where daemons keep what is not in the database.
pub struct FeedSetup {
    pub simulator: Simulator,
    pub url: String,
    directory: TempDir,
    agents: usize,
    /// Tokens stand in files.
    files: bool,
}

/// A daemon in this process.
pub struct Daemon {
    pub app: Arc<App>,
    stop: CancellationToken,
    task: JoinHandle<Result<(), DaemonError>>,
}

pub fn token(agent: usize) -> String {
    format!("s3cret-token-{agent}")
}

pub fn extno(agent: usize) -> String {
    format!("{}", 1001 + agent)
}

impl FeedSetup {
    /// `agents` agents to whom things happen at these rates.
    pub async fn new(agents: usize, rates: MonitorRates, seed: u64, url: &str) -> FeedSetup {
        let monitor_agents =
            (0..agents).map(|agent| MonitorAgent { extno: extno(agent), token: token(agent) }).collect();
        let config = SimulatorConfig {
            seed,
            calls: 0,
            chats: 0,
            groups: 0,
            monitor_agents,
            monitor: rates,
            ..SimulatorConfig::default()
        };
        FeedSetup {
            simulator: simulator(config).await,
            url: url.to_owned(),
            directory: tempfile::tempdir().unwrap(),
            agents,
            files: false,
        }
    }

    /// The same, with each token in a file of its own.
    pub fn with_token_files(mut self) -> FeedSetup {
        self.files = true;
        (0..self.agents).for_each(|agent| self.write_token(agent, &token(agent)));
        self
    }

    /// Puts a token where its agent's stands.
    pub fn write_token(&self, agent: usize, token: &str) {
        std::fs::write(self.token_file(agent), token).unwrap();
    }

    fn token_file(&self, agent: usize) -> PathBuf {
        self.directory.path().join(format!("token-{}", extno(agent)))
    }

    /// Under this switch.
    pub fn switch(&self, name: &str, value: &str) {
        let mut switches = self.simulator.switches();
        switches.set(name, value).unwrap();
        self.simulator.set_switches(switches);
    }

    /// The configuration; `feed` goes into the feed's table, `source` into the source's.
    pub fn configuration(&self, feed: &str, source: &str) -> String {
        let agents: String = (0..self.agents)
            .map(|agent| {
                let secret = match self.files {
                    true => format!("access_token_file = {:?}", self.token_file(agent)),
                    false => format!("access_token = {:?}", token(agent)),
                };
                format!("[[sources.{SOURCE}.agents]]\nextno = \"{}\"\n{secret}\n", extno(agent))
            })
            .collect();
        format!(
            r#"
[database]
url = "{}"
data_dir = {:?}
[ops]
enabled = false
[engine]
lease = "3s"
[sources.{SOURCE}]
kind = "workbench"
base_url = "{}"
{source}
[sources.{SOURCE}.agent_monitor]
reconnect_base = "20ms"
reconnect_max = "500ms"
{feed}
{agents}
"#,
            self.url,
            self.directory.path().join("data"),
            self.simulator.base_url(),
        )
    }

    /// Starts a daemon with the usual settings and these.
    pub async fn start(&self, feed: &str) -> Daemon {
        self.start_with(feed, "").await
    }

    pub async fn start_with(&self, feed: &str, source: &str) -> Daemon {
        Daemon::of(self.app(feed, source).await)
    }

    /// The same on a host with this clock.
    pub async fn start_on(&self, clock: Arc<dyn Clock>, feed: &str) -> Daemon {
        Daemon::of(self.app_with(feed, "", Overrides { clock, ..Overrides::default() }).await)
    }

    pub async fn app(&self, feed: &str, source: &str) -> App {
        self.app_with(feed, source, Overrides::default()).await
    }

    async fn app_with(&self, feed: &str, source: &str, overrides: Overrides) -> App {
        let file = self.directory.path().join("ccsync.toml");
        std::fs::write(&file, self.configuration(feed, source)).unwrap();
        let settings = ccsync::config::load(Some(&file), Vec::new(), SystemClock.now()).unwrap();
        App::build(settings, overrides).await.unwrap()
    }
}

impl Daemon {
    fn of(app: App) -> Daemon {
        let app = Arc::new(app);
        let stop = CancellationToken::new();
        let task = tokio::spawn(app.clone().run(None, stop.clone()));
        Daemon { app, stop, task }
    }

    /// As SIGTERM would.
    pub async fn stop(self) {
        self.stop.cancel();
        self.task.await.unwrap().unwrap();
        if let Some(app) = Arc::into_inner(self.app) {
            app.close().await.unwrap();
        }
    }

    /// As a kill would: nothing is said to anybody.
    pub async fn abort(self) {
        self.task.abort();
        let _ = self.task.await;
    }
}
