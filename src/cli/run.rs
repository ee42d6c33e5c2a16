//! `ccsync run`.

use std::sync::Arc;

use tokio::net::TcpListener;

use crate::cli::exit::Exit;
use crate::cli::output::{Failure, talk};
use crate::cli::{build, stop};
use crate::config::Settings;

pub(super) async fn run(settings: Settings) -> Result<Exit, Failure> {
    let stop = stop::on_signal();
    let listener = match settings.ops.enabled {
        true => Some(listen(settings.ops.listen).await?),
        false => None,
    };
    let app = Arc::new(build(settings).await?);
    if let Some(psql) = app.database().psql_command() {
        talk(&format!("embedded PostgreSQL; connect with: {psql}"));
    }
    let result = app.clone().run(listener, stop).await;
    if let Some(app) = Arc::into_inner(app) {
        app.close().await?;
    }
    result?;
    Ok(Exit::Done)
}

pub(super) async fn listen(address: std::net::SocketAddr) -> Result<TcpListener, Failure> {
    TcpListener::bind(address).await.map_err(|error| {
        Failure::failed(format!("ops.listen = {address} cannot be used: {error}; choose another port"))
    })
}
