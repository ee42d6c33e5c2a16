//! The database: the operator's, or one of our own.

use chrono::{DateTime, Utc};
use secrecy::SecretString;

use crate::app::Overrides;
use crate::config::{DatabaseSettings, Distribution, Partitioning};
use crate::domain::fault::{Fault, FaultKind};
use crate::store::embedded::{EmbeddedConfig, EmbeddedError, EmbeddedPostgres};
use crate::store::{PgStore, StoreConfig};

/// An open database.
pub struct Database {
    /// Tables and ledger.
    pub store: PgStore,
    embedded: Option<(EmbeddedConfig, tokio::sync::Mutex<EmbeddedPostgres>)>,
    psql: Option<String>,
}

impl Database {
    /// Connects to `database.url`, or starts the embedded server and connects to that.
    pub(in crate::app) async fn open(
        settings: &DatabaseSettings,
        overrides: &Overrides,
    ) -> Result<Database, Fault> {
        let (mut config, embedded, psql) = match &settings.url {
            Some(url) => (StoreConfig::from_url(url)?, None, None),
            None => {
                let config = embedded_config(settings, overrides);
                let server = EmbeddedPostgres::start(&config).await.map_err(embedded_fault)?;
                let psql = server.psql_command();
                let store = StoreConfig::new(server.connect_options());
                (store, Some((config, tokio::sync::Mutex::new(server))), Some(psql))
            }
        };
        config.pool_size = settings.pool_size;
        let store = PgStore::connect(&config).await?;
        Ok(Database { store, embedded, psql })
    }

    /// The operator's database without a look at it: for what is to be shown while it is away.
    pub(in crate::app) fn unseen(settings: &DatabaseSettings, url: &SecretString) -> Result<Database, Fault> {
        let mut config = StoreConfig::from_url(url)?;
        config.pool_size = settings.pool_size;
        Ok(Database { store: PgStore::unseen(&config), embedded: None, psql: None })
    }

    /// Whether there is one, as far as that is known without opening it.
    pub(in crate::app) fn is_made(settings: &DatabaseSettings, overrides: &Overrides) -> bool {
        settings.url.is_some() || EmbeddedPostgres::is_made(&embedded_config(settings, overrides))
    }

    /// With which major version of PostgreSQL one of our own would be made or run; `None` where it would be downloaded
    /// first.
    ///
    /// # Errors
    /// Where there is none, and none may be downloaded.
    pub async fn foresee(settings: &DatabaseSettings, overrides: &Overrides) -> Result<Option<u32>, Fault> {
        EmbeddedPostgres::foresee(&embedded_config(settings, overrides)).await.map_err(embedded_fault)
    }

    /// Brings the schema up to date and refuses one that may lose or refuse rows, then cuts histories and distributes tables where that is configured. Where the
    /// machines for that are lacking, nothing is begun.
    pub(in crate::app) async fn prepare(
        &self,
        settings: &DatabaseSettings,
        now: DateTime<Utc>,
    ) -> Result<(), Fault> {
        let is_distributed = settings.distributed == Distribution::Citus;
        if is_distributed {
            self.store.require_citus().await?;
        }
        self.store.migrate().await?;
        self.store.catalogue_ready().await?;
        if settings.partitioned == Partitioning::Month {
            self.store.partition_histories(now).await?;
        }
        self.store.extend_months(now).await?;
        if is_distributed {
            self.store.distribute().await?;
        }
        Ok(())
    }

    /// The command with which a person reaches the embedded server; `None` for the operator's own.
    pub fn psql_command(&self) -> Option<&str> {
        self.psql.as_deref()
    }

    /// Starts the embedded server again where it died. Old connections are replaced by the pool.
    ///
    /// # Errors
    /// When it cannot be started.
    pub async fn revive(&self) -> Result<(), Fault> {
        let Some((config, server)) = &self.embedded else { return Ok(()) };
        let mut server = server.lock().await;
        *server = EmbeddedPostgres::start(config).await.map_err(embedded_fault)?;
        Ok(())
    }

    /// Closes the connections and stops the embedded server, unless another process uses it.
    pub(in crate::app) async fn close(self) -> Result<(), Fault> {
        self.store.close().await;
        if let Some((_, server)) = self.embedded {
            server.into_inner().stop().await.map_err(embedded_fault)?;
        }
        Ok(())
    }
}

pub(in crate::app) fn embedded_config(settings: &DatabaseSettings, overrides: &Overrides) -> EmbeddedConfig {
    EmbeddedConfig {
        port: settings.port,
        bin_dir: settings.bin_dir.clone(),
        // What only reads downloads nothing.
        fetch: settings.fetch && overrides.create_database,
        create: overrides.create_database,
        stop_with_parent: overrides.stop_database_with_process,
        durable: overrides.durable,
        ..EmbeddedConfig::new(&settings.data_dir)
    }
}

pub(in crate::app) fn embedded_fault(error: EmbeddedError) -> Fault {
    Fault::new(FaultKind::DatabaseRefused, "the embedded PostgreSQL").with_cause(error).advising()
}
