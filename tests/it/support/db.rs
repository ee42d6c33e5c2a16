//! A database of its own for every test.
//!
//! One embedded cluster serves a whole run and goes down with it, however the run ends. With
//! `TEST_DATABASE_URL` that server is used instead; its role must be allowed to make databases.
//! Under `cargo test` all tests are threads of one process; under `cargo nextest` each is a
//! process, and they share the cluster by adopting it.
//!
//! A database is dropped when its test has passed and kept when it panicked, until the next run
//! sweeps what former runs left.

use std::path::Path;
use std::str::FromStr;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use ccsync::store::embedded::{EmbeddedConfig, EmbeddedPostgres};
use ccsync::store::{PgStore, StoreConfig};
use secrecy::ExposeSecret;
use sqlx::postgres::{PgConnectOptions, PgConnection, PgPool, PgPoolOptions};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection};
use tokio::sync::OnceCell;

/// The number of the advisory lock under which the template is made.
const TEMPLATE_LOCK: i64 = 0x6363_7379_6e63;

/// Leftovers on a foreign server are judged by age, because their processes may be elsewhere.
const FOREIGN_LEFTOVER_AGE: u64 = 24 * 3600;

/// Brings an empty database to the product's schema.
async fn migrate(options: PgConnectOptions) {
    let store = PgStore::connect(&StoreConfig::new(options)).await.unwrap();
    store.migrate().await.unwrap();
    store.close().await;
}

/// The server of this run. Only its address is shared: a pool belongs to one test's runtime.
struct Server {
    options: PgConnectOptions,
    url: String,
    template: String,
    /// How to clone it.
    how: &'static str,
    /// A command for a person, to look at a database that was kept.
    look: String,
    /// Never dropped: the process's end is what the server waits for.
    _postgres: Option<EmbeddedPostgres>,
}

static SERVER: OnceCell<Server> = OnceCell::const_new();

/// A freshly migrated database that belongs to one test.
pub struct TestDb {
    name: String,
    options: PgConnectOptions,
    url: String,
    look: &'static str,
    pool: OnceCell<PgPool>,
}

impl TestDb {
    /// Clones the template: a database with the product's schema.
    pub async fn create() -> TestDb {
        let server = SERVER.get_or_init(Server::start).await;
        let Server { template, how, .. } = server;
        TestDb::made(server, &format!("template {template} {how}")).await
    }

    /// A database with nothing in it.
    pub async fn empty() -> TestDb {
        let server = SERVER.get_or_init(Server::start).await;
        TestDb::made(server, "").await
    }

    async fn made(server: &'static Server, how: &str) -> TestDb {
        let name = database_name();
        let mut admin = connect(&server.options).await;
        execute(&mut admin, format!("create database {name} {how}")).await;
        admin.close().await.ok();
        TestDb {
            options: server.options.clone().database(&name),
            url: with_database(&server.url, &name),
            look: &server.look,
            name,
            pool: OnceCell::new(),
        }
    }

    /// The database as a URL, for the product's configuration.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The database as options, for connections of the test's own.
    pub fn options(&self) -> PgConnectOptions {
        self.options.clone()
    }

    /// From now on each request to limits of these names (a pattern of `like`) may leave at once. 7moor's 20 a minute
    /// are three seconds between two reads of a test that is about something else.
    pub async fn lift_limits(&self, names: &str) {
        let sql = format!(
            "create or replace function public.at_once() returns trigger language plpgsql as
             $$ begin new.next_at := clock_timestamp(); return new; end $$;
             create or replace trigger at_once before insert or update on sync.request_budget
             for each row when (new.name like '{names}') execute function public.at_once();"
        );
        sqlx::raw_sql(AssertSqlSafe(sql)).execute(self.pool().await).await.expect("lifting the limits");
    }

    /// A pool for the test to look into its database with.
    pub async fn pool(&self) -> &PgPool {
        self.pool
            .get_or_init(|| async {
                PgPoolOptions::new()
                    .max_connections(5)
                    .acquire_timeout(Duration::from_secs(30))
                    .connect_with(self.options())
                    .await
                    .expect("connecting to the test's database")
            })
            .await
    }
}

impl Drop for TestDb {
    #[expect(clippy::print_stderr, reason = "a failed test tells where to look")]
    fn drop(&mut self) {
        if std::thread::panicking() {
            let look = self.look.replace("{database}", &self.name);
            eprintln!("the database {} is kept; look into it with: {look}", self.name);
            return;
        }
        let statement = format!("drop database if exists {} with (force)", self.name);
        let options = self.options.clone().database("postgres");
        // The test's runtime cannot be waited on from here, so another one drops the database.
        let dropping = std::thread::spawn(move || {
            let runtime =
                tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
            runtime.block_on(async {
                let mut admin = connect(&options).await;
                execute(&mut admin, statement).await;
            });
        });
        assert!(dropping.join().is_ok(), "could not drop {}", self.name);
    }
}

impl Server {
    async fn start() -> Server {
        let (options, url, look, postgres) = match std::env::var("TEST_DATABASE_URL") {
            Ok(url) => {
                let options = PgConnectOptions::from_str(&url).expect("TEST_DATABASE_URL");
                let look = "psql TEST_DATABASE_URL with the database {database}".to_owned();
                (options, url, look, None)
            }
            Err(_) => {
                let postgres = start_embedded().await;
                let url = postgres.url().expose_secret().to_owned();
                let look = look_later(&postgres);
                let options = postgres.connect_options();
                (options, url, look, Some(postgres))
            }
        };
        let options = options.database("postgres");
        let mut admin = connect(&options).await;
        // Held until this connection closes, so that one process at a time sweeps and builds.
        sqlx::query("select pg_advisory_lock($1)")
            .bind(TEMPLATE_LOCK)
            .execute(&mut admin)
            .await
            .expect("the template's lock");
        sweep(&mut admin, postgres.is_none()).await;
        let template = make_template(&mut admin, &options).await;
        let how = way_to_clone(&mut admin, postgres.is_some()).await;
        admin.close().await.ok();
        Server { options, url, template, how, look, _postgres: postgres }
    }
}

/// Copying files needs checkpoints, which cost nothing where nothing is flushed, and is then twice
/// as fast as copying through the log. Before version 15 there was no choice.
async fn way_to_clone(admin: &mut PgConnection, embedded: bool) -> &'static str {
    let version: i32 = sqlx::query_scalar("select current_setting('server_version_num')::int")
        .fetch_one(admin)
        .await
        .expect("the server's version");
    if embedded && version >= 150_000 { "strategy file_copy" } else { "" }
}

async fn start_embedded() -> EmbeddedPostgres {
    let mut config = EmbeddedConfig::new(Path::new(env!("CARGO_TARGET_TMPDIR")).join("cluster"));
    config.durable = false;
    config.stop_with_parent = true;
    config.fetch = true;
    match EmbeddedPostgres::start(&config).await {
        Ok(postgres) => postgres,
        Err(error) => panic!("no database to test with (TEST_DATABASE_URL names one): {error}"),
    }
}

/// The server is gone when a person reads this, so it has to be started for the occasion.
fn look_later(postgres: &EmbeddedPostgres) -> String {
    let cluster = postgres.cluster_dir();
    let socket = postgres.connect_options();
    let socket = socket.get_socket().expect("a socket").display();
    format!(
        "`postgres -D {} -c hba_file={} -k {socket}` as the owner of that cluster, \
         then `psql -h {socket} -U postgres {{database}}`",
        cluster.display(),
        postgres.password_file().with_file_name("hba.conf").display(),
    )
}

/// The migrated database that all others are cloned from.
///
/// It is named after the test binary, which the migrations are compiled into, so a rebuild makes
/// a new one and the processes of a nextest run share one.
async fn make_template(admin: &mut PgConnection, options: &PgConnectOptions) -> String {
    let name = format!("ccsync_template_{}", binary_stamp());
    let known: Vec<String> = sqlx::query_scalar(
        "select datname::text from pg_database where datname like 'ccsync\\_template\\_%'",
    )
    .fetch_all(&mut *admin)
    .await
    .expect("listing templates");
    if known.contains(&name) {
        return name;
    }
    for old in known {
        execute(admin, format!("drop database {old} with (force)")).await;
    }
    // Under another name until it is whole: a killed run must not leave half a template.
    let unfinished = format!("{name}_new");
    execute(admin, format!("create database {unfinished}")).await;
    migrate(options.clone().database(&unfinished)).await;
    execute(admin, format!("alter database {unfinished} rename to {name}")).await;
    name
}

/// Removes the databases of runs that are over.
async fn sweep(admin: &mut PgConnection, foreign: bool) {
    let names: Vec<String> =
        sqlx::query_scalar("select datname::text from pg_database where datname like 'ccsync\\_test\\_%'")
            .fetch_all(&mut *admin)
            .await
            .expect("listing databases");
    for name in names {
        let mut parts = name.trim_start_matches("ccsync_test_").split('_');
        let made = parts.next().and_then(|part| part.parse::<u64>().ok());
        let run = parts.next().and_then(|part| part.parse::<i32>().ok());
        let over = match (made, run) {
            (Some(made), _) if foreign => made + FOREIGN_LEFTOVER_AGE < now(),
            (_, Some(run)) => !is_alive(run),
            _ => true,
        };
        if over {
            execute(admin, format!("drop database {name} with (force)")).await;
        }
    }
}

/// When, by which run, and something unique.
fn database_name() -> String {
    let unique = uuid::Uuid::new_v4().simple().to_string();
    format!("ccsync_test_{}_{}_{}", now(), run_id(), &unique[..16])
}

/// The process that lives as long as the run: ours, or the one that starts a process per test.
fn run_id() -> i32 {
    let own = rustix::process::getpid().as_raw_nonzero().get();
    if std::env::var_os("NEXTEST").is_none() {
        return own;
    }
    rustix::process::getppid().map_or(own, |parent| parent.as_raw_nonzero().get())
}

fn is_alive(pid: i32) -> bool {
    rustix::process::Pid::from_raw(pid)
        .is_some_and(|pid| rustix::process::test_kill_process(pid) != Err(rustix::io::Errno::SRCH))
}

fn binary_stamp() -> String {
    let binary = std::env::current_exe().expect("our own path");
    let metadata = std::fs::metadata(binary).expect("our own size");
    let built = metadata.modified().expect("our own time");
    let built = built.duration_since(UNIX_EPOCH).unwrap_or_default();
    format!("{:x}_{:x}", built.as_nanos(), metadata.len())
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
}

fn with_database(url: &str, name: &str) -> String {
    let mut url = url::Url::parse(url).expect("a database URL");
    url.set_path(name);
    url.into()
}

async fn connect(options: &PgConnectOptions) -> PgConnection {
    options.connect().await.expect("connecting to the server")
}

async fn execute(connection: &mut PgConnection, statement: String) {
    if let Err(error) = sqlx::raw_sql(AssertSqlSafe(statement.clone())).execute(connection).await {
        panic!("{statement}: {error}");
    }
}
