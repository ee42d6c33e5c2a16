//! `ccsync run`.

use std::sync::Arc;

use tokio::net::TcpListener;

use crate::cli::confirm_download;
use crate::cli::exit::Exit;
use crate::cli::output::{Failure, message};
use crate::cli::reading::{service_manager, stop};
use ccsync::app::{Opening, Overrides};
use ccsync::config::Settings;

pub(in crate::cli) async fn run(settings: Settings) -> Result<Exit, Failure> {
    let stop = stop::on_signal();
    let hangups = stop::on_hangup();
    service_manager::begin();
    let listener = match settings.ops.enabled {
        true => Some(listen(settings.ops.listen).await?),
        false => None,
    };
    let overrides = Overrides::default();
    confirm_download(&settings, &overrides).await?;
    let opening =
        Opening { settings, overrides, listener: listener.as_ref(), waiting: service_manager::wait };
    // Told to stop before there was a database.
    let Some(app) = opening.app(&stop).await? else { return Ok(Exit::Done) };
    let app = Arc::new(app);
    if let Some(psql) = app.database().psql_command() {
        message(&format!("embedded PostgreSQL; connect with: {psql}"));
    }
    let place = listener.as_ref().and_then(|listener| listener.local_addr().ok());
    let place =
        place.map_or_else(|| "no status page".to_owned(), |place| format!("status page on http://{place}"));
    let followed = service_manager::follow(app.liveness().clone(), stop.clone(), place);
    let result = app.clone().run(listener, stop).await;
    drop((followed, hangups));
    if let Some(app) = Arc::into_inner(app) {
        app.close().await?;
    }
    result?;
    Ok(Exit::Done)
}

pub(in crate::cli) async fn listen(address: std::net::SocketAddr) -> Result<TcpListener, Failure> {
    TcpListener::bind(address).await.map_err(|error| {
        Failure::failed(format!("ops.listen = {address} cannot be used: {error}; choose another port"))
    })
}
