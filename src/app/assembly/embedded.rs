//! The database of ccsync's own as a file, and elsewhere.

use std::path::Path;

use secrecy::SecretString;

use crate::app::Overrides;
use crate::app::assembly::database::{embedded_config, embedded_fault};
use crate::config::Settings;
use crate::domain::fault::{Fault, FaultKind};
use crate::store::embedded::{EmbeddedConfig, EmbeddedError, EmbeddedPostgres};
use crate::store::{PgStore, StoreConfig};

/// Writes it to a file that is not there yet. The file's size in bytes.
///
/// # Errors
/// Where `database.url` names another server, and what stands in the way of the copy.
pub async fn back_up(settings: &Settings, file: &Path) -> Result<u64, Fault> {
    let server = start(settings, false).await?;
    ended(server.backup(file).await, server).await
}

/// Makes it what a file says. The name under which the database of before stays.
///
/// # Errors
/// As above; nothing is changed then.
pub async fn restore(settings: &Settings, file: &Path) -> Result<String, Fault> {
    let server = start(settings, true).await?;
    ended(server.restore(file).await, server).await
}

/// Copies it into an empty database on another server, and lets readers in there.
///
/// # Errors
/// As above.
pub async fn export(settings: &Settings, target: &SecretString) -> Result<(), Fault> {
    // An address that leads nowhere is told before anything is copied.
    let mut config = StoreConfig::from_url(target)?;
    config.pool_size = 1;
    let store = PgStore::connect(&config).await?;
    let server = start(settings, false).await?;
    ended(server.export_to(target).await, server).await?;
    store.migrate().await?;
    store.close().await;
    Ok(())
}

async fn start(settings: &Settings, create: bool) -> Result<EmbeddedPostgres, Fault> {
    if settings.database.url.is_some() {
        let message = "database.url names a server of its own: use pg_dump and pg_restore with it";
        return Err(Fault::new(FaultKind::Misconfigured, message).advising());
    }
    let config = EmbeddedConfig { create, ..embedded_config(&settings.database, &Overrides::default()) };
    EmbeddedPostgres::start(&config).await.map_err(embedded_fault)
}

/// Stops the server where nobody else uses it, whatever came of the work.
async fn ended<Answer>(
    done: Result<Answer, EmbeddedError>,
    server: EmbeddedPostgres,
) -> Result<Answer, Fault> {
    let stopped = server.stop().await;
    let answer = done.map_err(embedded_fault)?;
    stopped.map_err(embedded_fault)?;
    Ok(answer)
}
