//! The daemon: one loop a stream, one follower a feed, the scheduler that rings, the ops server, and an orderly end.

use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use url::Url;

use crate::app::App;
use crate::app::background::day_sums::follow_changes;
use crate::app::background::ledger::prune_daily;
use crate::app::background::opening::{START_RETRY, is_worth_waiting, log_waiting};
use crate::app::background::pass::{VendorPlaces, scheduled_pass};
use crate::app::background::progress::log_progress;
use crate::config::OpsSettings;
use crate::domain::fault::{Fault, FaultKind};
use crate::engine::pass::fault_policy::log_failure;
use crate::ops::web::admission::Admission;
use crate::ops::web::readiness::Readiness;
use crate::ops::web::server::{OpsServer, OpsState};
use crate::scheduler::single_flight::run_on_trigger;
use crate::scheduler::trigger::Trigger;
use crate::scheduler::{CronJob, Scheduler, SchedulerError};
use crate::telemetry::event;

/// Why the daemon could not start or ended badly.
#[derive(Debug, thiserror::Error)]
pub enum DaemonError {
    /// The database.
    #[error(transparent)]
    Database(#[from] Fault),
    /// The scheduler.
    #[error(transparent)]
    Scheduler(#[from] SchedulerError),
    /// The ops server.
    #[error("the ops server on ops.listen")]
    Ops(#[source] std::io::Error),
}

/// How often the database is looked after.
const DATABASE_WATCH: Duration = Duration::from_secs(5);

/// How often the coming months of histories are looked after.
const DAY: Duration = Duration::from_secs(24 * 3_600);

/// Of so many looks after the database, one keeps what feeds have heard of the time: one a minute.
const TIME_NOTED_EACH: u32 = 12;

/// Of so many vain attempts in a row to reach it, one is told: one a minute.
const DATABASE_LOGGED_EACH: u32 = 12;

impl App {
    /// Runs until `stop`: prepares the database, catches up, then follows the schedules. What is under way
    /// when `stop` comes gets `engine.shutdown_grace` to commit or roll back.
    ///
    /// # Errors
    /// Only at the start; what fails later is told in log, ledger and metrics, and tried again.
    pub async fn run(
        self: Arc<Self>,
        listener: Option<TcpListener>,
        stop: CancellationToken,
    ) -> Result<(), DaemonError> {
        let readiness = Readiness::new();
        let (database_ready, scheduler_ready) = (readiness.latch("database"), readiness.latch("scheduler"));
        let address = listener.as_ref().and_then(|listener| listener.local_addr().ok());
        let page = address.map(|address| format!("http://{address}"));
        let ops = listener
            .map(|listener| OpsServer::start(listener, self.ops_state(readiness.clone()), stop.clone()));
        let ops = ops.transpose().map_err(DaemonError::Ops)?;
        if !self.prepare_once_there(&stop).await? {
            return Ok(());
        }
        drop(database_ready);
        event::DaemonStarted {
            version: env!("CARGO_PKG_VERSION"),
            streams: self.streams.len() + self.feeds.len(),
            page: page.as_deref(),
        }
        .emit();

        let mut jobs = Vec::new();
        let mut loops = JoinSet::new();
        let (delay, places) = (self.delay(), VendorPlaces::new(&self.settings));
        for stream in &self.streams {
            let (key, clock) = (stream.reader.key.clone(), self.overrides.clock.clone());
            let trigger = Arc::new(Trigger::new(key.clone()));
            jobs.push(CronJob { schedule: stream.schedule.clone(), trigger: trigger.clone() });
            let wait = delay.place(&key, Duration::MAX);
            let pass = scheduled_pass(self.clone(), key, places.of(&stream.reader.key.source), stop.clone());
            let stop = stop.clone();
            loops.spawn(async move {
                // All would begin at once at the start, too.
                stop.run_until_cancelled(clock.sleep(wait)).await;
                run_on_trigger(&trigger, stop, pass).await;
            });
        }
        for follower in &self.feeds {
            let (follower, stop) = (follower.clone(), stop.clone());
            loops.spawn(async move { follower.run(stop).await });
        }
        for (job, wait) in self.retention_jobs(&stop)? {
            jobs.push(job);
            loops.spawn(wait);
        }
        loops.spawn(watch_database(self.clone(), stop.clone()));
        loops.spawn(log_progress(self.progress.clone(), self.overrides.clock.clone(), stop.clone()));
        loops.spawn(make_months(self.clone(), stop.clone()));
        loops.spawn(follow_changes(self.clone(), stop.clone()));
        loops.spawn(prune_daily(self.clone(), self.retention_schedule()?, stop.clone()));
        loops.spawn(self.notifier()?.run(stop.clone()));
        let scheduler = Scheduler::start(jobs, delay, self.overrides.clock.clone(), stop.clone()).await?;
        drop(scheduler_ready);
        self.liveness.come_up();

        self.liveness.watch(&mut loops, &stop).await;
        event::DaemonStopping { reason: "told to stop" }.emit();
        let grace = self.settings.engine.shutdown_grace;
        // Past the grace the loops are dropped: what was under way rolls back.
        let _ = tokio::time::timeout(grace, async { while loops.join_next().await.is_some() {} }).await;
        loops.shutdown().await;
        scheduler.stopped().await;
        if let Some(ops) = ops {
            let _ = tokio::time::timeout(grace, ops.stopped()).await;
        }
        Ok(())
    }
}

impl App {
    /// Prepares the operator's database, however often it goes away meanwhile; `false` where `stop` came first.
    async fn prepare_once_there(&self, stop: &CancellationToken) -> Result<bool, Fault> {
        let mut tries = 0;
        loop {
            let prepared = async {
                self.prepare().await?;
                self.log_unconfigured().await
            };
            match stop.run_until_cancelled(prepared).await {
                None => return Ok(false),
                Some(Ok(())) => return Ok(true),
                Some(Err(fault)) if !is_worth_waiting(&self.settings, &fault) => return Err(fault),
                Some(Err(fault)) => {
                    self.note_database(false);
                    log_waiting(fault, tries);
                }
            }
            tries += 1;
            stop.run_until_cancelled(self.overrides.clock.sleep(START_RETRY)).await;
        }
    }

    /// What the ops server of this process reads.
    pub fn ops_state(self: &Arc<Self>, readiness: Readiness) -> OpsState {
        let (app, looking, away) = (self.clone(), self.clone(), self.clone());
        OpsState {
            status: Arc::new(self.database.store.clone()),
            clock: self.overrides.clock.clone(),
            readiness,
            metrics: crate::ops::observe::prometheus::install(),
            enrich: Arc::new(move |report| app.enrich(report, true)),
            surroundings: Arc::new(move || looking.surroundings()),
            outage: Arc::new(move |kind, message| away.alerts_without_database((kind, message))),
            admission: admission(&self.settings.ops),
            zone: self.settings.timezone,
            language: self.settings.language,
        }
    }
}

/// Whom the ops server of this configuration answers.
fn admission(settings: &OpsSettings) -> Admission {
    let public = settings.public_url.as_ref().and_then(Url::host_str);
    let hosts = settings.allowed_hosts.iter().map(String::as_str).chain(public);
    Admission::new(settings.listen.ip(), hosts, settings.token.clone())
}

/// Makes the coming months of histories that were cut into months, long before they come.
async fn make_months(app: Arc<App>, stop: CancellationToken) {
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            () = app.overrides.clock.sleep(DAY) => {}
        }
        // A day that fails is made up for by the next; meanwhile rows go to the rest.
        if let Err(fault) = app.database.store.extend_months(app.overrides.clock.now()).await {
            log_failure("making the coming months of histories", &fault);
        }
    }
}

impl App {
    /// A password that was replaced in its file counts for all connections that are made from now on.
    fn follow_database_secret(&self) {
        let Some(address) = self.settings.database.address.as_ref().filter(|address| address.reread()) else {
            return;
        };
        let replaced = address.current().map_err(|why| Fault::new(FaultKind::Misconfigured, why));
        match replaced.and_then(|url| self.database.store.reconnect_with(&url)) {
            Ok(()) => event::DatabaseSecretReplaced.emit(),
            Err(fault) => log_failure("reading the replaced address of the database", &fault),
        }
    }
}

/// Starts an embedded server again that died, and looks whether the sources are what they were at the start. The
/// operator's own database comes back by itself.
async fn watch_database(app: Arc<App>, stop: CancellationToken) {
    let (mut logged, mut looks) = (0, 0_u32);
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            () = app.overrides.clock.sleep(DATABASE_WATCH) => {}
        }
        app.follow_database_secret();
        let answer = app.database.store.ping().await;
        app.note_database(answer.is_ok());
        looks += 1;
        if looks % TIME_NOTED_EACH == 0 {
            app.note_time().await;
        }
        let Err(fault) = answer else {
            app.note_lost_sources().await;
            logged = 0;
            continue;
        };
        let revived = app.database.revive().await;
        // An outage of a night is no reason for thousands of lines.
        if logged % DATABASE_LOGGED_EACH == 0 {
            match revived {
                Ok(()) => log_failure("asking the database for a sign of life", &fault),
                Err(fault) => event::DatabaseUnreachable { message: &fault.chain() }.emit(),
            }
        }
        logged += 1;
    }
}
