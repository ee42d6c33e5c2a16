//! The product as it ships, on a database of its own, reading a simulator of its own.

use std::sync::Arc;
use std::time::Duration;

use ccsync::app::{App, Seams, StreamChoice};
use ccsync::engine::port::clock::Clock;
use ccsync::engine::reader::PassReport;
use ccsync::simulator::{Now, Simulator, SimulatorConfig};
use chrono::{DateTime, NaiveDate, Utc};
use sqlx::PgPool;
use tokio_util::sync::CancellationToken;

use super::db::TestDb;

/// First day of the simulated world; the last one is `WORLD_DAYS` later.
pub const WORLD_START: &str = "2026-03-01";
/// Days of the simulated world.
pub const WORLD_DAYS: u64 = 7;

/// One product, one database, one simulator.
pub struct TestApp {
    pub app: Arc<App>,
    pub simulator: Simulator,
    pub db: TestDb,
}

/// Real time, moved to the day after the simulated world ends: product and simulator agree on it.
#[derive(Debug, Clone, Copy)]
pub struct WorldClock(chrono::Duration);

impl WorldClock {
    /// Noon (Beijing) of the world's last day and one.
    pub fn new() -> WorldClock {
        let start: NaiveDate = WORLD_START.parse().unwrap();
        let noon = (start + chrono::Days::new(WORLD_DAYS)).and_hms_opt(4, 0, 0).unwrap().and_utc();
        WorldClock(noon - Utc::now())
    }
}

#[async_trait::async_trait]
impl Clock for WorldClock {
    fn now(&self) -> DateTime<Utc> {
        Utc::now() + self.0
    }

    async fn sleep_until(&self, until: DateTime<Utc>) {
        tokio::time::sleep((until - self.now()).to_std().unwrap_or_default()).await;
    }
}

/// A small world without changes and faults.
pub fn world() -> SimulatorConfig {
    let start: NaiveDate = WORLD_START.parse().unwrap();
    let clock = WorldClock::new();
    SimulatorConfig {
        now: Now(Arc::new(move || clock.now())),
        calls: 400,
        chats: 400,
        groups: 12,
        agents: 30,
        data_start: start,
        data_end: start + chrono::Days::new(WORLD_DAYS),
        hang_ms: 1_500,
        retry_after_s: 0,
        ..SimulatorConfig::default()
    }
}

/// Starts a simulator on a free port.
pub async fn simulator(config: SimulatorConfig) -> Simulator {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    Simulator::start(config, listener).unwrap()
}

/// The configuration that a test's product reads; `extra` comes last and may hold more tables.
pub fn config_text(vendor: &str, database: &str, extra: &str) -> String {
    format!(
        r#"
[database]
url = "{database}"
[ops]
listen = "127.0.0.1:0"
[http]
read_timeout = "500ms"
[engine]
retry_base = "5ms"
retry_max = "50ms"
lease = "3s"
[scheduler]
jitter = "0s"
[sources.sobot]
kind = "sobot"
base_url = "{vendor}"
app_id = "demo-app"
app_key = "demo-key"
[sources.sobot.call_result]
start = "{WORLD_START}"
page_size = 20
requests_per_minute = 60000
lookback = "3650d"
[sources.sobot.chat_result]
start = "{WORLD_START}"
page_size = 50
requests_per_minute = 60000
lookback = "3650d"
[sources.moor]
kind = "moor"
base_url = "{vendor}"
account_id = "N00000000000"
api_secret = "demo-secret"
{extra}
"#
    )
}

impl TestApp {
    /// A product on a migrated database and a simulator of `config`.
    pub async fn start(config: SimulatorConfig) -> TestApp {
        TestApp::with(config, "").await
    }

    /// The same with more configuration.
    pub async fn with(config: SimulatorConfig, extra: &str) -> TestApp {
        let simulator = simulator(config).await;
        let db = TestDb::create().await;
        let app = second_app(&simulator, &db, extra).await;
        TestApp { app, simulator, db }
    }

    /// `ccsync sync`.
    pub async fn sync(&self) -> Vec<PassReport> {
        self.sync_streams(&[]).await
    }

    /// `ccsync sync STREAM…`.
    pub async fn sync_streams(&self, streams: &[StreamChoice]) -> Vec<PassReport> {
        self.app.sync(streams, &CancellationToken::new()).await.unwrap()
    }

    /// The database, to look into.
    pub async fn pool(&self) -> &PgPool {
        self.db.pool().await
    }
}

/// One more process' worth of product on the same database and vendor.
pub async fn second_app(simulator: &Simulator, db: &TestDb, extra: &str) -> Arc<App> {
    let text = config_text(&simulator.base_url(), db.url(), extra);
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("ccsync.toml");
    std::fs::write(&file, text).unwrap();
    let clock = WorldClock::new();
    let settings = ccsync::config::load(Some(&file), Vec::new(), clock.now()).unwrap();
    let app = App::build(settings, Seams { clock: Arc::new(clock), ..Seams::default() }).await.unwrap();
    app.prepare().await.unwrap();
    Arc::new(app)
}

/// Waits until `condition` holds; the last word it gave is told when it never does.
pub async fn eventually<Check, Answer>(patience: Duration, mut condition: Check)
where
    Check: FnMut() -> Answer,
    Answer: Future<Output = Result<(), String>>,
{
    let deadline = tokio::time::Instant::now() + patience;
    loop {
        let Err(last) = condition().await else { return };
        assert!(tokio::time::Instant::now() < deadline, "not within {patience:?}: {last}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
