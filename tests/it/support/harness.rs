//! The product as it ships, on a database of its own, reading a simulator of its own.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use ccsync::app::{App, Overrides, StreamChoice};
use ccsync::domain::fault::Fault;
use ccsync::engine::pass::reader::PassReport;
use ccsync::engine::port::budget::{Budget, BudgetKey, Reservation};
use ccsync::engine::port::clock::Clock;
use ccsync_simulator::{Now, Simulator, SimulatorConfig};
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
    let app =
        App::build(settings, Overrides { clock: Arc::new(clock), ..Overrides::default() }).await.unwrap();
    app.prepare().await.unwrap();
    Arc::new(app)
}

/// Waits until `condition` holds; the last word it gave is told when it never does.
pub async fn eventually<Check, Answer>(timeout: Duration, mut condition: Check)
where
    Check: FnMut() -> Answer,
    Answer: Future<Output = Result<(), String>>,
{
    let deadline = tokio::time::Instant::now() + timeout;
    loop {
        let Err(last) = condition().await else { return };
        assert!(tokio::time::Instant::now() < deadline, "not within {timeout:?}: {last}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// The world's time for a test that does not want to wait for it: it can be moved on, and a wait lasts a
/// share of what was asked for. The vendors' limits are counted in real time, so whoever hurries must give
/// the simulator limits that are out of reach.
#[derive(Debug, Clone)]
pub struct TestClock {
    world: WorldClock,
    moved_ms: Arc<AtomicI64>,
    hurry: u32,
}

impl TestClock {
    /// Waits take no time to speak of.
    pub fn hurried() -> TestClock {
        TestClock::hurried_by(500)
    }

    /// Waits are as long as they are.
    pub fn real() -> TestClock {
        TestClock::hurried_by(1)
    }

    /// Waits are this many times shorter.
    pub fn hurried_by(hurry: u32) -> TestClock {
        TestClock { world: WorldClock::new(), moved_ms: Arc::default(), hurry }
    }

    /// It is later now, for the product and for its vendors.
    pub fn advance(&self, by: Duration) {
        self.moved_ms.fetch_add(i64::try_from(by.as_millis()).unwrap(), Ordering::SeqCst);
    }
}

#[async_trait::async_trait]
impl Clock for TestClock {
    fn now(&self) -> DateTime<Utc> {
        self.world.now() + chrono::Duration::milliseconds(self.moved_ms.load(Ordering::SeqCst))
    }

    async fn sleep_until(&self, until: DateTime<Utc>) {
        tokio::time::sleep((until - self.now()).to_std().unwrap_or_default() / self.hurry).await;
    }
}

/// Limits that are never reached: the database counts them in real time, which a hurried product would
/// have to wait for.
pub struct OutOfReach;

#[async_trait::async_trait]
impl Budget for OutOfReach {
    async fn reserve(&self, _: &BudgetKey) -> Result<Reservation, Fault> {
        Ok(Reservation::Granted(Duration::ZERO))
    }

    async fn pause(&self, _: &BudgetKey, _: Duration) -> Result<(), Fault> {
        Ok(())
    }
}

/// A world that is read in a moment, and limits that a hurried product never reaches.
pub fn small_world() -> SimulatorConfig {
    SimulatorConfig {
        calls: 120,
        chats: 120,
        moor_limit: 1_000_000,
        moor_claim_limit: 1_000_000,
        hang_ms: 2_500,
        ..world()
    }
}

/// Settings that hurry: short silences are taken for hangs, and nothing settles.
pub const QUICK: &[(&str, &str)] = &[
    ("CCSYNC__HTTP__READ_TIMEOUT", "1s"),
    ("CCSYNC__ENGINE__LEASE", "10m"),
    ("CCSYNC__DATABASE__POOL_SIZE", "4"),
    ("CCSYNC__SOURCES__SOBOT__CALL_RESULT__SETTLE", "0s"),
    ("CCSYNC__SOURCES__SOBOT__CHAT_RESULT__SETTLE", "0s"),
];

/// A product and its vendors on one clock.
pub struct TestWorld {
    pub test: TestApp,
    pub clock: TestClock,
}

impl TestWorld {
    /// A hurried product with [`QUICK`] settings.
    pub async fn quick(config: SimulatorConfig) -> TestWorld {
        TestWorld::on(TestClock::hurried(), config, QUICK).await
    }

    /// The same with `variables` instead, by their environment names.
    pub async fn on(clock: TestClock, config: SimulatorConfig, variables: &[(&str, &str)]) -> TestWorld {
        let now = clock.clone();
        let simulator = simulator(SimulatorConfig { now: Now(Arc::new(move || now.now())), ..config }).await;
        let db = TestDb::create().await;
        let app = configured_app(&simulator.base_url(), &db, &clock, variables).await;
        TestWorld { test: TestApp { app, simulator, db }, clock }
    }

    /// One more process' worth of product, with settings of its own.
    pub async fn another_app(&self, variables: &[(&str, &str)]) -> Arc<App> {
        configured_app(&self.test.simulator.base_url(), &self.test.db, &self.clock, variables).await
    }
}

/// A product with these variables in its environment.
pub async fn configured_app(
    vendor: &str,
    db: &TestDb,
    clock: &TestClock,
    variables: &[(&str, &str)],
) -> Arc<App> {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("ccsync.toml");
    std::fs::write(&file, config_text(vendor, db.url(), "")).unwrap();
    let variables = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    let settings = ccsync::config::load(Some(&file), variables, clock.now()).unwrap();
    let budget = (1 < clock.hurry).then(|| Arc::new(OutOfReach) as Arc<dyn Budget>);
    let overrides = Overrides { clock: Arc::new(clock.clone()), budget, ..Overrides::default() };
    let app = App::build(settings, overrides).await.unwrap();
    app.prepare().await.unwrap();
    Arc::new(app)
}
