//! Connections.

use std::fmt;
use std::str::FromStr as _;
use std::sync::Arc;
use std::time::Duration;

use log::LevelFilter;
use secrecy::{ExposeSecret as _, SecretString};
use sqlx::pool::PoolConnection;
use sqlx::postgres::{PgConnectOptions, PgConnection, PgPool, PgPoolOptions};
use sqlx::{ConnectOptions as _, Connection as _, Executor as _, Postgres, Row as _};

use crate::domain::fault::{Fault, FaultKind};
use crate::domain::person::forgotten::ErasureList;
use crate::store::account::request_budget::Reservations;
use crate::store::account::source::Claims;
use crate::store::answered::answered;
use crate::store::fault::from_sql;
use crate::store::schema::distribute::Citus;

/// What a session must be set to, whatever the server's and the role's defaults are. JIT costs more than it
/// gives on statements this short; an empty search path keeps foreign functions out.
const SESSION: &str = r#"
set timezone = 'UTC';
set search_path = '';
set client_min_messages = warning;
set default_transaction_isolation = 'read committed';
set default_transaction_read_only = off;
set default_transaction_deferrable = off;
set standard_conforming_strings = on;
set intervalstyle = postgres;
set datestyle = 'ISO, MDY';
set quote_all_identifiers = off;
set extra_float_digits = 1;
set bytea_output = hex;
set transform_null_equals = off;
set array_nulls = on;
set backslash_quote = safe_encoding;
set default_table_access_method = heap;
set default_tablespace = '';
set xmloption = content;
set idle_session_timeout = 0;
set lock_timeout = '10s';
set statement_timeout = '60s';
set idle_in_transaction_session_timeout = '60s';
set jit = off;
"#;

/// The names of what a session is set to.
pub(super) fn session_settings() -> impl Iterator<Item = &'static str> {
    SESSION.lines().filter_map(|line| line.strip_prefix("set ")?.split_whitespace().next())
}

/// What is asked of the server.
const SERVER: &str = r#"
select current_setting('server_version_num')::integer, current_setting('server_encoding'),
    current_setting('session_replication_role') = 'replica'
"#;

/// How long a connection that was used has for a sign of life; without one it is closed.
const RELEASE_MAX: Duration = Duration::from_secs(5);

/// Connections have so long to end in good order: a service manager waits for no more than a stop's grace and a little.
const CLOSE_MAX: Duration = Duration::from_secs(3);

/// A statement that takes longer is told where somebody looks for it.
const SLOW: Duration = Duration::from_secs(5);

/// The oldest PostgreSQL that has everything used here.
const OLDEST: i32 = 14;

/// How to reach the database.
#[derive(Clone)]
pub struct StoreConfig {
    /// Host, port or socket, user, password, database, TLS.
    pub options: PgConnectOptions,
    /// Connections at most.
    pub pool_size: u32,
    /// How long a connection may take to come about.
    pub connect_timeout: Duration,
    /// How long to wait until one is free. Where many streams share few, that is no sign of an outage.
    pub acquire_timeout: Duration,
    /// What `pg_stat_activity` shows.
    pub application_name: String,
    /// The schema of Citus' functions and catalogue: `pg_catalog`, except for a stand-in in tests.
    pub citus_schema: String,
}

impl StoreConfig {
    /// From an address as an operator writes it.
    ///
    /// # Errors
    /// `DatabaseRefused` where it is no address of a PostgreSQL. The message does not repeat it: it may
    /// hold a password.
    pub fn from_url(url: &SecretString) -> Result<StoreConfig, Fault> {
        let options = PgConnectOptions::from_str(url.expose_secret()).map_err(|_| {
            let message = "database.url is not of the form postgres://user:password@host:port/database";
            Fault::new(FaultKind::DatabaseRefused, message)
        })?;
        // The brackets of an address of IPv6 are not part of it.
        let bare = options.get_host().strip_prefix('[').and_then(|host| host.strip_suffix(']'));
        let options = match bare.map(str::to_owned) {
            Some(host) => options.host(&host),
            None => options,
        };
        Ok(StoreConfig::new(options))
    }

    /// The usual: eight connections, five and thirty seconds, `ccsync`.
    pub fn new(options: PgConnectOptions) -> StoreConfig {
        StoreConfig {
            options,
            pool_size: 8,
            connect_timeout: Duration::from_secs(5),
            acquire_timeout: Duration::from_secs(30),
            application_name: "ccsync".to_owned(),
            citus_schema: "pg_catalog".to_owned(),
        }
    }
}

// The driver's options would print the password.
impl fmt::Debug for StoreConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StoreConfig")
            .field("place", &place(&self.options))
            .field("pool_size", &self.pool_size)
            .field("connect_timeout", &self.connect_timeout)
            .field("acquire_timeout", &self.acquire_timeout)
            .finish_non_exhaustive()
    }
}

/// The store. Clones share connections.
#[derive(Clone)]
pub struct PgStore {
    pub(super) pool: PgPool,
    application_name: Arc<str>,
    pub(super) connect_timeout: Duration,
    pub(super) reservations: Arc<Reservations>,
    pub(super) erasures: ErasureList,
    pub(super) citus: Citus,
    pub(super) claims: Claims,
}

impl fmt::Debug for PgStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("PgStore").field(&self.place()).finish()
    }
}

impl PgStore {
    /// Connects once, so that a wrong address or password shows at once, and opens the pool.
    ///
    /// # Errors
    /// `DatabaseUnreachable` or `DatabaseRefused`, naming host, port, database and user.
    pub async fn connect(config: &StoreConfig) -> Result<PgStore, Fault> {
        let options = named(&config.options, &config.application_name);
        let mut connection = connect_once(&options, config.connect_timeout).await?;
        refuse_unfit(&mut connection, &options).await?;
        connection.close().await.ok();
        Ok(PgStore::unseen(config))
    }

    /// Opens the pool and connects when something is asked.
    pub fn unseen(config: &StoreConfig) -> PgStore {
        let options = named(&config.options, &config.application_name);
        let pool = PgPoolOptions::new()
            .max_connections(config.pool_size.max(1))
            .acquire_timeout(config.acquire_timeout)
            // What waits for others is no news.
            .acquire_slow_level(LevelFilter::Off)
            // In place of the driver's own ping: it costs as much, and finds a server that became a standby, too.
            .test_before_acquire(false)
            .before_acquire(|connection, _| {
                Box::pin(async move { Ok(is_standby(connection).await.is_ok_and(|is_standby| !is_standby)) })
            })
            // The driver waits for ever for the answer that shows that a connection may serve the next.
            .after_release(|connection, _| {
                Box::pin(async move {
                    let answer = tokio::time::timeout(RELEASE_MAX, connection.ping()).await;
                    answer.map_err(|_| sqlx::Error::PoolTimedOut)?.map(|()| true)
                })
            })
            .after_connect(|connection, _| {
                Box::pin(async move { connection.execute(sqlx::raw_sql(SESSION)).await.map(|_| ()) })
            })
            .connect_lazy_with(options);
        PgStore {
            pool,
            application_name: config.application_name.as_str().into(),
            connect_timeout: config.connect_timeout,
            reservations: Arc::new(Reservations::default()),
            erasures: ErasureList::default(),
            citus: Citus::in_schema(&config.citus_schema),
            claims: Claims::default(),
        }
    }

    /// How connections are made from now on: a password was replaced.
    ///
    /// # Errors
    /// As [`StoreConfig::from_url`].
    pub fn reconnect_with(&self, url: &SecretString) -> Result<(), Fault> {
        let options = StoreConfig::from_url(url)?.options;
        self.pool.set_connect_options(named(&options, &self.application_name));
        Ok(())
    }

    /// One connection of its own, outside the pool.
    pub(super) async fn connection(&self) -> Result<PgConnection, Fault> {
        connect_once(&self.pool.connect_options(), self.connect_timeout).await
    }

    /// A connection for who would rather know soon that the database is away than wait for one that is free.
    pub(super) async fn acquire_soon(&self) -> Result<PoolConnection<Postgres>, sqlx::Error> {
        let acquired = tokio::time::timeout(self.connect_timeout, self.pool.acquire()).await;
        acquired.map_err(|_| sqlx::Error::PoolTimedOut)?
    }

    /// Host or socket, port, database and user; never the password.
    pub(super) fn place(&self) -> String {
        place(&self.pool.connect_options())
    }

    /// The list of forgotten persons that this store brings up to date.
    pub fn erasures(&self) -> &ErasureList {
        &self.erasures
    }

    /// Closes all connections; those in use when they come back, or never where the server says no more.
    pub async fn close(&self) {
        let _ = tokio::time::timeout(CLOSE_MAX, self.pool.close()).await;
    }
}

/// What is asked for at the start of each session. Poolers know few parameters of a start; the rest is set afterwards.
fn named(options: &PgConnectOptions, application_name: &str) -> PgConnectOptions {
    let options = options.clone().application_name(application_name).extra_float_digits(None);
    // Large commits are slow and no warning.
    options.log_slow_statements(LevelFilter::Debug, SLOW)
}

/// Whether the server of this connection takes no writes.
pub(super) async fn is_standby(connection: &mut PgConnection) -> Result<bool, sqlx::Error> {
    let answer = connection.fetch_one(sqlx::raw_sql("select pg_catalog.pg_is_in_recovery()")).await?;
    answer.try_get(0)
}

/// A server that is too old, or a database that cannot hold every text, is better refused now than at the
/// first row that it cannot take.
async fn refuse_unfit(connection: &mut PgConnection, options: &PgConnectOptions) -> Result<(), Fault> {
    let doing = format!("connecting to {}", place(options));
    let (version, encoding, is_replica): (i32, String, bool) =
        answered(&doing, sqlx::query_as(SERVER).fetch_one(connection)).await?;
    let refused = |what: String| Err(Fault::new(FaultKind::DatabaseRefused, format!("{doing}: {what}")));
    if version / 10_000 < OLDEST {
        return refused(format!(
            "the server is PostgreSQL {}; {OLDEST} or later is needed",
            version / 10_000
        ));
    }
    if encoding != "UTF8" {
        return refused(format!("the database's encoding is {encoding}; create one with encoding UTF8"));
    }
    if is_replica {
        return refused(
            "session_replication_role is replica, so that no trigger fires and the sums of `bi` go stale: `alter \
             role … reset session_replication_role`, or the same for the database"
                .to_owned(),
        );
    }
    Ok(())
}

/// One connection of its own, outside the pool, set as [`SESSION`] says.
async fn connect_once(options: &PgConnectOptions, timeout: Duration) -> Result<PgConnection, Fault> {
    let doing = format!("connecting to {}", place(options));
    let connected = async {
        let mut connection = PgConnection::connect_with(options)
            .await
            .map_err(|error| from_sql(&format!("{doing}{}", tls(options, &error)), &error))?;
        answered(&doing, connection.execute(sqlx::raw_sql(SESSION))).await?;
        Ok(connection)
    };
    tokio::time::timeout(timeout, connected).await.unwrap_or_else(|_| {
        Err(Fault::new(
            FaultKind::DatabaseUnreachable,
            format!(
                "{doing}: no answer within {} s; is the server up, and does a firewall stand between?",
                timeout.as_secs()
            ),
        ))
    })
}

/// How certificates are judged, where that may be what failed: by TLS itself, or by a file that it needs.
fn tls(options: &PgConnectOptions, error: &sqlx::Error) -> String {
    use std::io::ErrorKind::{InvalidData, NotFound, PermissionDenied};
    let url = options.to_url_lossy();
    let parameter =
        |name: &str| url.query_pairs().find(|(known, _)| known == name).map(|(_, value)| value.into_owned());
    let files: Vec<String> = ["sslrootcert", "sslcert"]
        .into_iter()
        .filter_map(|name| Some((name, parameter(name).filter(|value| !value.starts_with("-----"))?)))
        .map(|(name, file)| format!(", {name} {file}"))
        .collect();
    let may_be_tls = match error {
        sqlx::Error::Tls(_) => true,
        sqlx::Error::Io(error) => match error.kind() {
            InvalidData => true,
            NotFound | PermissionDenied => !files.is_empty() && options.get_socket().is_none(),
            _ => false,
        },
        _ => false,
    };
    let mode = || parameter("sslmode").unwrap_or_else(|| "prefer".to_owned());
    if may_be_tls { format!(" by TLS (sslmode {}{})", mode(), files.concat()) } else { String::new() }
}

/// Host or socket, port, database and user; never the password.
pub(super) fn place(options: &PgConnectOptions) -> String {
    let host = match options.get_socket() {
        Some(socket) => socket.display().to_string(),
        None if options.get_host().contains(':') => format!("[{}]", options.get_host()),
        None => options.get_host().to_owned(),
    };
    format!(
        "PostgreSQL at {host}:{}, database `{}`, user `{}`",
        options.get_port(),
        options.get_database().unwrap_or(options.get_username()),
        options.get_username(),
    )
}
