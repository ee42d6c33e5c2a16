//! A product on a host whose clock the test sets.

use std::os::unix::fs::PermissionsExt as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant};

use ccsync::app::{App, Overrides};
use ccsync::domain::proof::run::RunOutcome;
use ccsync::domain::stream::{StreamId, StreamKey};
use ccsync::engine::port::clock::Clock;
use ccsync::report::status::StatusReport;
use ccsync_simulator::{Change, Channel, Simulator, SimulatorConfig};
use chrono::{DateTime, Utc};
use sqlx::PgPool;
use sqlx::postgres::PgConnectOptions;
use tempfile::TempDir;
use tokio::sync::OnceCell;
use tokio_util::sync::CancellationToken;

use crate::support::db::TestDb;
use crate::support::harness::simulator;
use crate::support::process::{configuration, first_day, recent_world};
use crate::whole::system::truth;

/// The clock of a host that is off.
pub struct HostClock {
    off_ms: AtomicI64,
    started: Instant,
    /// Nobody may doubt it.
    is_trusted: bool,
}

impl HostClock {
    fn new(off: i64, is_trusted: bool) -> Arc<HostClock> {
        Arc::new(HostClock { off_ms: AtomicI64::new(off * 1_000), started: Instant::now(), is_trusted })
    }
}

#[async_trait::async_trait]
impl Clock for HostClock {
    fn now(&self) -> DateTime<Utc> {
        Utc::now() + chrono::Duration::milliseconds(self.off_ms.load(Ordering::SeqCst))
    }

    fn monotonic(&self) -> Duration {
        self.started.elapsed()
    }

    fn needs_witness(&self) -> bool {
        !self.is_trusted
    }

    async fn sleep_until(&self, until: DateTime<Utc>) {
        tokio::time::sleep((until - self.now()).to_std().unwrap_or_default()).await;
    }

    async fn sleep(&self, length: Duration) {
        tokio::time::sleep(length).await;
    }
}

/// Whose clock the database has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Database {
    /// A machine of its own, whose clock is right.
    Own,
    /// It is embedded: what it says of the time is not asked.
    Embedded,
}

pub struct Setup {
    pub app: App,
    pub stop: CancellationToken,
    pub simulator: Simulator,
    host: Arc<HostClock>,
    db: Option<TestDb>,
    pool: OnceCell<PgPool>,
    text: String,
    directory: TempDir,
}

impl Setup {
    /// A host that is off by so many seconds, before anything was read.
    pub async fn of_host(off: i64, database: Database) -> Setup {
        Setup::with(off, database, recent_world()).await
    }

    pub async fn with(off: i64, database: Database, world: SimulatorConfig) -> Setup {
        let simulator = simulator(world).await;
        let open = std::fs::Permissions::from_mode(0o755);
        let directory = tempfile::Builder::new().prefix("ccsync-test-").permissions(open).tempdir().unwrap();
        let (db, line) = match database {
            Database::Own => {
                let db = TestDb::create().await;
                let line = format!("url = {:?}", db.url());
                (Some(db), line)
            }
            Database::Embedded => (None, format!("data_dir = {:?}", directory.path().join("data"))),
        };
        let text = configuration(&simulator.base_url(), &line, &first_day().to_string());
        let host = HostClock::new(off, false);
        let app = app(directory.path(), &text, host.clone()).await;
        let (stop, pool) = (CancellationToken::new(), OnceCell::new());
        let setup = Setup { app, stop, simulator, host, db, pool, text, directory };
        setup.lift_limits().await;
        setup
    }

    /// 7moor's limits are about something else.
    async fn lift_limits(&self) {
        let sql = "create or replace function public.at_once() returns trigger language plpgsql as
             $$ begin new.next_at := clock_timestamp(); return new; end $$;
             create or replace trigger at_once before insert or update on sync.request_budget
             for each row when (new.name like 'moor:%') execute function public.at_once();";
        sqlx::raw_sql(sql).execute(self.pool().await).await.unwrap();
    }

    /// One more process on this host and this database.
    pub async fn another_process(&self) -> App {
        app(self.directory.path(), &self.text, self.host.clone()).await
    }

    /// A process that takes the host's clock, as it is now, for the present.
    pub async fn trusting_app(&self) -> App {
        let off = self.host.off_ms.load(Ordering::SeqCst) / 1_000;
        app(self.directory.path(), &self.text, HostClock::new(off, true)).await
    }

    /// Somebody sets the host's clock.
    pub fn set_host(&self, off: i64) {
        self.host.off_ms.store(off * 1_000, Ordering::SeqCst);
    }

    pub fn calls(&self) -> StreamKey {
        StreamKey { source: "sobot".into(), stream: StreamId::SOBOT_CALL_RESULT }
    }

    pub async fn pool(&self) -> &PgPool {
        match &self.db {
            Some(db) => db.pool().await,
            None => {
                let address = self.app.database().psql_command().unwrap();
                self.pool.get_or_init(|| async { embedded_pool(address).await }).await
            }
        }
    }

    /// One pass in which all succeeds; the requests that it counted.
    pub async fn sync_well(&self, when: &str) -> u64 {
        // A `Date` has whole seconds: the present may be a second behind.
        tokio::time::sleep(Duration::from_millis(1_200)).await;
        let mut requests = 0;
        for report in self.app.sync(&[], &self.stop).await.unwrap() {
            assert_eq!(report.outcome, RunOutcome::Succeeded, "{when}: {report:#?}");
            requests += report.counts.requests;
        }
        requests
    }

    pub async fn status(&self) -> StatusReport {
        self.app.status().await.unwrap()
    }

    /// Requests that the vendors have seen.
    pub fn requests(&self) -> u64 {
        self.simulator.journal().requests()
    }

    /// A new call, and another score of an old one: both are inspected now.
    pub fn change_something(&self) {
        let call = &self.simulator.truth().calls[0];
        let text = |name: &str| call[name].as_str().unwrap().to_owned();
        let (id, agentid) = (text("call_log_jestid"), Some(text("agentid")));
        let fields = Default::default();
        self.simulator.mutate(Change::Rescore { channel: Channel::Call, id, agentid, fields }).unwrap();
        let fields = Default::default();
        let new = Change::Insert { channel: Channel::Call, fields, omit: Vec::new() };
        self.simulator.mutate(new).unwrap();
    }

    pub async fn assert_tables_are_the_vendors(&self) {
        truth::assert_tables_are(&self.simulator, self.pool().await).await;
    }
}

async fn app(directory: &std::path::Path, text: &str, clock: Arc<HostClock>) -> App {
    let file = directory.join("ccsync.toml");
    std::fs::write(&file, text).unwrap();
    let settings = ccsync::config::load(Some(&file), Vec::new(), clock.now()).unwrap();
    let overrides =
        Overrides { clock, stop_database_with_process: true, durable: false, ..Overrides::default() };
    let app = App::build(settings, overrides).await.unwrap();
    app.prepare().await.unwrap();
    app
}

/// By the command that a person would use.
async fn embedded_pool(psql: &str) -> PgPool {
    let words: Vec<&str> = psql.split(' ').map(|word| word.trim_matches('\'')).collect();
    let after = |flag: &str| words[words.iter().position(|word| *word == flag).unwrap() + 1];
    let options = PgConnectOptions::new_without_pgpass()
        .socket(after("-h"))
        .port(after("-p").parse().unwrap())
        .username(after("-U"))
        .database(words.last().unwrap());
    PgPool::connect_with(options).await.unwrap()
}
