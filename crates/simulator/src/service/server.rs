//! A running simulator, held by a test or by the demo.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::http::HeaderValue;
use axum::http::header::DATE;
use axum::response::Response;
use axum::{Router, extract};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::disturbance::fault::Step;
use crate::disturbance::fault_rate::FaultRates;
use crate::disturbance::switchboard::Switches;
use crate::service::config::SimulatorConfig;
use crate::service::control;
use crate::service::endpoint::Endpoint;
use crate::service::journal::Journal;
use crate::service::state::{State, lock};
use crate::vendor::change::Change;
use crate::vendor::change_rate::ChangeRates;
use crate::vendor::world::Truth;
use crate::workbench::{MonitorRates, MonitorTruth};
use crate::{moor, sobot, workbench};

/// How long [`Simulator::stop`] waits for open connections.
const GRACE: Duration = Duration::from_secs(2);

/// The vendors, answering on one port until stopped or dropped.
#[derive(Debug)]
pub struct Simulator {
    state: Arc<State>,
    addr: SocketAddr,
    tasks: Vec<JoinHandle<()>>,
}

impl Simulator {
    /// Makes the data and begins to answer on `listener`.
    ///
    /// # Errors
    /// The listener has no address, or this is not inside a Tokio runtime.
    pub fn start(config: SimulatorConfig, listener: TcpListener) -> io::Result<Self> {
        let addr = listener.local_addr()?;
        let runtime = tokio::runtime::Handle::try_current().map_err(io::Error::other)?;
        let state = State::new(config);
        let app: Router = Router::new()
            .merge(sobot::router())
            .merge(moor::router())
            .merge(workbench::router())
            .merge(control::router())
            .with_state(Arc::clone(&state))
            .layer(axum::middleware::map_response_with_state(Arc::clone(&state), dated));
        let stop = state.stop.clone();
        let server = runtime.spawn(async move {
            let serving = axum::serve(listener, app).with_graceful_shutdown(stop.cancelled_owned());
            if let Err(error) = serving.await {
                tracing::error!(error = %error, "simulator server failed");
            }
        });
        let changes = runtime.spawn(Arc::clone(&state).keep_changing());
        Ok(Self { state, addr, tasks: vec![server, changes] })
    }

    /// Where it listens.
    #[must_use]
    pub const fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// The base URL of all vendors, without a slash at its end.
    #[must_use]
    pub fn base_url(&self) -> String {
        format!("http://{}", self.addr)
    }

    /// What the vendors know now.
    #[must_use]
    pub fn truth(&self) -> Truth {
        let switches = self.state.switches();
        lock(&self.state.world).truth(&switches)
    }

    /// What went through the sockets of the call system so far.
    #[must_use]
    pub fn monitor_truth(&self) -> MonitorTruth {
        lock(&self.state.monitor).truth()
    }

    /// Forgets which messages went through the sockets, for long runs.
    pub fn forget_monitor(&self) {
        lock(&self.state.monitor).forget();
    }

    /// Replaces how often something happens to the agents of the call system.
    pub fn set_monitor_rates(&self, rates: MonitorRates) {
        lock(&self.state.monitor).rates = rates;
    }

    /// Replaces the token of an agent of the call system, and closes its socket.
    pub fn rotate_monitor_token(&self, extno: &str, token: &str) {
        lock(&self.state.monitor).rotate(extno, token);
    }

    /// What was asked and answered so far.
    #[must_use]
    pub fn journal(&self) -> Journal {
        lock(&self.state.journal).clone()
    }

    /// Forgets what was asked and answered so far.
    pub fn clear_journal(&self) {
        *lock(&self.state.journal) = Journal::default();
    }

    /// What happens to the next requests of an endpoint, in this order, after
    /// what is already scripted. Rates apply again when the script has ended.
    /// A fault that cannot happen there is answered with HTTP 501.
    pub fn script<S: Into<Step>>(&self, endpoint: Endpoint, steps: impl IntoIterator<Item = S>) {
        lock(&self.state.faults).script(endpoint, steps.into_iter().map(Into::into));
    }

    /// Drops what is left of all scripts.
    pub fn clear_scripts(&self) {
        lock(&self.state.faults).clear_scripts();
    }

    /// Replaces the fault rates.
    pub fn set_fault_rates(&self, rates: FaultRates) {
        lock(&self.state.faults).rates = rates;
    }

    /// The switches as they are.
    #[must_use]
    pub fn switches(&self) -> Switches {
        self.state.switches()
    }

    /// Replaces the switches.
    pub fn set_switches(&self, switches: Switches) {
        *lock(&self.state.switches) = switches;
    }

    /// Replaces the rates of change.
    pub fn set_change_rates(&self, rates: ChangeRates) {
        *lock(&self.state.changes) = rates;
    }

    /// Makes a change; the id of what was changed.
    ///
    /// # Errors
    /// What the change names does not exist.
    pub fn mutate(&self, change: Change) -> Result<String, String> {
        self.state.mutate(change)
    }

    /// Ends all Sobot tokens, as if another system had taken the account over.
    pub fn end_tokens(&self) {
        lock(&self.state.tokens).end_all();
    }

    /// Stops answering and changing; open requests get a moment to end.
    pub async fn stop(mut self) {
        self.state.stop.cancel();
        for task in std::mem::take(&mut self.tasks) {
            let abort = task.abort_handle();
            if tokio::time::timeout(GRACE, task).await.is_err() {
                abort.abort();
            }
        }
    }
}

impl Drop for Simulator {
    fn drop(&mut self) {
        // The tasks see it and end; nothing waits for them here.
        self.state.stop.cancel();
    }
}

/// An answer says when it was given, by the vendors' clock.
async fn dated(extract::State(state): extract::State<Arc<State>>, mut response: Response) -> Response {
    let date = state.date_header().map(|date| date.format("%a, %d %b %Y %H:%M:%S GMT").to_string());
    // Without any the server would add its own; an empty one says as little.
    if let Ok(date) = HeaderValue::from_str(&date.unwrap_or_default()) {
        response.headers_mut().insert(DATE, date);
    }
    response
}
