//! The ops server: starts on a listener that it is given, ends with a token that it is given.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use chrono_tz::Tz;
use metrics_exporter_prometheus::PrometheusHandle;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::domain::fault::FaultKind;
use crate::engine::port::clock::Clock;
use crate::engine::port::status::StatusRead;
use crate::ops::web::admission::Admission;
use crate::ops::web::readiness::Readiness;
use crate::ops::web::{connection, routes};
use crate::report::alert::{Alert, Surroundings};
use crate::report::language::Language;
use crate::report::status::StatusReport;

/// Histograms keep what was recorded until it is folded into buckets.
const UPKEEP_PERIOD: Duration = Duration::from_secs(5);

/// Adds what only the assembled process knows: next ticks, remedies.
pub type Enrich = Arc<dyn Fn(StatusReport) -> StatusReport + Send + Sync>;

/// What the process sees around it.
pub type Look = Arc<dyn Fn() -> Surroundings + Send + Sync>;

/// What stands while there is no report, for the fault and what was said instead.
pub type Outage = Arc<dyn Fn(FaultKind, &str) -> Vec<Alert> + Send + Sync>;

/// What the server reads.
#[derive(Clone)]
pub struct OpsState {
    /// Where the status comes from.
    pub status: Arc<dyn StatusRead>,
    /// The time that the status is asked for.
    pub clock: Arc<dyn Clock>,
    /// What the process still waits for.
    pub readiness: Readiness,
    /// What `/metrics` renders ([`crate::ops::observe::prometheus::install`]).
    pub metrics: PrometheusHandle,
    /// Applied to each report.
    pub enrich: Enrich,
    /// Told in metrics, with the database and without.
    pub surroundings: Look,
    /// Told in place of a report's alerts.
    pub outage: Outage,
    /// Whom it answers.
    pub admission: Admission,
    /// In which the page shows instants.
    pub zone: Tz,
    /// In which the page is written for whoever asks for no other language.
    pub language: Language,
}

/// The running server.
#[derive(Debug)]
pub struct OpsServer {
    address: SocketAddr,
    serving: tokio::task::JoinHandle<()>,
}

impl OpsServer {
    /// Serves until `stop`.
    ///
    /// # Errors
    /// When the listener does not know its address.
    pub fn start(
        listener: TcpListener,
        state: OpsState,
        stop: CancellationToken,
    ) -> std::io::Result<OpsServer> {
        let address = listener.local_addr()?;
        tokio::spawn(keep_up(state.metrics.clone(), stop.clone()));
        let serving = tokio::spawn(connection::serve(listener, routes::router(state), stop));
        Ok(OpsServer { address, serving })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Returns when the server has ended.
    ///
    /// # Errors
    /// When it ended for another reason than its token.
    pub async fn stopped(self) -> std::io::Result<()> {
        self.serving.await.map_err(std::io::Error::other)
    }
}

async fn keep_up(metrics: PrometheusHandle, stop: CancellationToken) {
    while stop.run_until_cancelled(tokio::time::sleep(UPKEEP_PERIOD)).await.is_some() {
        metrics.run_upkeep();
    }
}
