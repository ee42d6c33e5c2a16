//! A simulator with some agents, and daemons that follow them.

use std::sync::Arc;

use ccsync::app::{App, DaemonError, Overrides};
use ccsync::engine::port::clock::{Clock as _, SystemClock};
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
        }
    }

    /// The configuration; `feed` goes into the feed's table, `source` into the source's.
    pub fn configuration(&self, feed: &str, source: &str) -> String {
        let agents: String = (0..self.agents)
            .map(|agent| {
                let (extno, token) = (extno(agent), token(agent));
                format!("[[sources.{SOURCE}.agents]]\nextno = \"{extno}\"\naccess_token = \"{token}\"\n")
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
        let app = Arc::new(self.app(feed, source).await);
        let stop = CancellationToken::new();
        let task = tokio::spawn(app.clone().run(None, stop.clone()));
        Daemon { app, stop, task }
    }

    pub async fn app(&self, feed: &str, source: &str) -> App {
        let file = self.directory.path().join("ccsync.toml");
        std::fs::write(&file, self.configuration(feed, source)).unwrap();
        let settings = ccsync::config::load(Some(&file), Vec::new(), SystemClock.now()).unwrap();
        App::build(settings, Overrides::default()).await.unwrap()
    }
}

impl Daemon {
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
