//! The start of a daemon whose database may be away: it waits, and says so.

use std::os::fd::AsFd as _;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::app::{App, Database, Overrides};
use crate::config::Settings;
use crate::domain::fault::{Fault, FaultKind};
use crate::domain::vendor::feed::DatabaseWait;
use crate::engine::pass::fault_policy::log_failure;
use crate::ops::web::readiness::{Latch, Readiness};
use crate::ops::web::server::OpsServer;

/// Between two tries.
pub(super) const START_RETRY: Duration = Duration::from_secs(1);

/// Of so many vain tries in a row, one is told.
const LOGGED_EACH: u32 = 60;

/// Opens the database of a daemon.
pub struct Opening<'a> {
    /// The configuration.
    pub settings: Settings,
    /// What differs from the usual.
    pub overrides: Overrides,
    /// Where the status page is served, meanwhile too.
    pub listener: Option<&'a TcpListener>,
    /// Called before each further try.
    pub waiting: fn(),
}

impl Opening<'_> {
    /// The assembled product. Waits for an operator's database that nobody reaches; `None` where `stop` came first.
    ///
    /// # Errors
    /// What no waiting mends: a database that refuses, an embedded server that does not start.
    pub async fn app(mut self, stop: &CancellationToken) -> Result<Option<App>, Fault> {
        let from = self.overrides.clock.now();
        let fault = match stop.run_until_cancelled(self.build()).await {
            None => return Ok(None),
            Some(Err(fault)) if is_worth_waiting(&self.settings, &fault) => fault,
            Some(built) => return built.map(Some),
        };
        let page = self.page(stop.child_token())?;
        let app = stop.run_until_cancelled(self.retry(from, fault)).await;
        if let Some(page) = page {
            page.end().await;
        }
        app.transpose()
    }

    async fn retry(&mut self, from: DateTime<Utc>, mut fault: Fault) -> Result<App, Fault> {
        let mut tries = 0;
        loop {
            log_waiting(fault, tries);
            tries += 1;
            (self.waiting)();
            self.overrides.clock.sleep(START_RETRY).await;
            self.follow_secret();
            self.overrides.database_wait = Some(DatabaseWait { from, until: self.overrides.clock.now() });
            match self.build().await {
                Err(again) if is_worth_waiting(&self.settings, &again) => fault = again,
                built => return built,
            }
        }
    }

    async fn build(&self) -> Result<App, Fault> {
        App::build(self.settings.clone(), self.overrides.clone()).await
    }

    /// An address or a password that was replaced in its file counts for the next try.
    fn follow_secret(&mut self) {
        let address = self.settings.database.address.as_ref().filter(|address| address.reread());
        if let Some(url) = address.and_then(|address| address.current().ok()) {
            self.settings.database.url = Some(url);
        }
    }

    /// Shows the outage while it lasts.
    fn page(&self, stop: CancellationToken) -> Result<Option<Page>, Fault> {
        let (Some(listener), Some(url)) = (self.listener, &self.settings.database.url) else {
            return Ok(None);
        };
        let database = Database::unseen(&self.settings.database, url)?;
        let app = App::assemble(self.settings.clone(), self.overrides.clone(), database, Vec::new())?;
        app.note_database(false);
        let readiness = Readiness::new();
        let held = readiness.latch("database");
        let state = Arc::new(app).ops_state(readiness);
        let served = second(listener).and_then(|listener| OpsServer::start(listener, state, stop.clone()));
        let server = served.map_err(|error| {
            Fault::new(FaultKind::Misconfigured, format!("the ops server on ops.listen: {error}"))
        })?;
        Ok(Some(Page { server, stop, held }))
    }
}

/// Whether an operator's database may come by itself.
pub(super) fn is_worth_waiting(settings: &Settings, fault: &Fault) -> bool {
    fault.kind == FaultKind::DatabaseUnreachable && settings.database.url.is_some()
}

/// Tells once a minute that it is waited for.
pub(super) fn log_waiting(fault: Fault, tries: u32) {
    if tries.is_multiple_of(LOGGED_EACH) {
        log_failure("opening the database", &fault.adding("the daemon waits for it"));
    }
}

/// The status page of a process without a database.
struct Page {
    server: OpsServer,
    stop: CancellationToken,
    /// It never becomes ready: who takes its place does.
    held: Latch,
}

impl Page {
    async fn end(self) {
        self.stop.cancel();
        // One that does not end leaves the listener to its successor all the same.
        let _ = self.server.stopped().await;
        drop(self.held);
    }
}

/// The same listener once more: what it accepts ends with its owner, and the first stays open.
fn second(listener: &TcpListener) -> std::io::Result<TcpListener> {
    TcpListener::from_std(listener.as_fd().try_clone_to_owned()?.into())
}
