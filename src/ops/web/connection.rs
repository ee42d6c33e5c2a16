//! Connections to the ops server: few at once, none kept by who does not speak, so that the work never lacks descriptors.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use rustix::process::{Resource, getrlimit};
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

/// Connections at once. Others wait in the system's queue, which takes no descriptors of ours.
const CONNECTIONS_MAX: u64 = 100;

/// Of the process' descriptors, at most one in so many goes to connections.
const DESCRIPTORS_PER_CONNECTION: u64 = 8;

/// A request's head comes within this time, and so does the next request of a connection.
const HEAD_TIMEOUT: Duration = Duration::from_secs(5);

/// Nobody takes longer over a page, and whoever comes often connects anew.
const CONNECTION_TIME_MAX: Duration = Duration::from_secs(60);

/// After an error of `accept`, which is mostly want of descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(200);

/// Answers under way may take so long once the process was told to stop.
const GRACE: Duration = Duration::from_secs(2);

/// Serves until `stop`.
pub(super) async fn serve(listener: TcpListener, router: Router, stop: CancellationToken) {
    let mut builder = Builder::new(TokioExecutor::new()).http1_only();
    builder.http1().timer(TokioTimer::new()).header_read_timeout(HEAD_TIMEOUT);
    let places = Arc::new(Semaphore::new(connections_max()));
    let graceful = GracefulShutdown::new();
    loop {
        let next = async {
            // Never closed.
            let place = places.clone().acquire_owned().await.ok();
            (place, listener.accept().await)
        };
        let Some((place, accepted)) = stop.run_until_cancelled(next).await else { break };
        let Ok((stream, _)) = accepted else {
            stop.run_until_cancelled(tokio::time::sleep(ACCEPT_PAUSE)).await;
            continue;
        };
        let service = TowerToHyperService::new(router.clone());
        let connection = builder.serve_connection(TokioIo::new(stream), service).into_owned();
        let connection = graceful.watch(connection);
        tokio::spawn(async move {
            // Errors are the other side's.
            let _ = tokio::time::timeout(CONNECTION_TIME_MAX, connection).await;
            drop(place);
        });
    }
    drop(listener);
    let _ = tokio::time::timeout(GRACE, graceful.shutdown()).await;
}

/// As many as there may be at once with the descriptors that this process may have.
fn connections_max() -> usize {
    let descriptors = getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX);
    usize::try_from((descriptors / DESCRIPTORS_PER_CONNECTION).clamp(1, CONNECTIONS_MAX)).unwrap_or(1)
}
