//! Notices: what changed of the alerts, sent to where people are.
//!
//! An alert is told when it has stood for a minute and once more when it has been gone for one, to each target once:
//! the ledger knows who was told, so neither a restart nor a second daemon tells it again. A notice whose answer
//! was lost may come twice. While the database is away the daemons tell that themselves, each on its own.

mod sign;
pub mod target;
pub mod text;

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, NaiveDate, Utc};
use tokio::sync::Mutex;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use self::target::NoticeTarget;
use crate::domain::fault::Fault;
use crate::engine::alert::database_away;
use crate::engine::pass::fault_policy::log_failure;
use crate::engine::port::clock::Clock;
use crate::engine::port::status::StatusRead;
use crate::ops::web::server::Enrich;
use crate::report::language::Language;
use crate::report::notice::{AlertChange, Change, Look, Notice, NoticeEntry, Subscription};
use crate::store::PgStore;
use crate::telemetry::event;

/// How often alerts are looked at.
const PERIOD: Duration = Duration::from_secs(15);

/// How long an alert must stand before it is told, so that what mends itself wakes nobody.
const STANDS: Duration = Duration::from_secs(60);

/// A daemon that missed so many looks loses its turn.
const TERM: Duration = Duration::from_secs(60);

/// Notices sent at one look, at most.
const NOTICES_MAX: u32 = 200;

/// A notice that nobody took for so long is of no use any more.
const GIVEN_UP_AFTER: chrono::Duration = chrono::Duration::days(1);

/// The longest wait between two tries.
const WAIT_MAX: Duration = Duration::from_secs(900);

/// Watches the alerts and tells of them.
pub struct Notifier {
    /// The alerts' report.
    pub status: Arc<dyn StatusRead>,
    /// Adds the alerts to it.
    pub enrich: Enrich,
    /// Who was told of what.
    pub store: PgStore,
    /// Whom to tell.
    pub targets: Vec<NoticeTarget>,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// In which alerts are told.
    pub language: Language,
    /// This process.
    pub worker: Uuid,
    /// Since when the database is away.
    pub away: Mutex<Option<Away>>,
    /// The day on which this process last removed old notices.
    pub pruned_on: Mutex<Option<NaiveDate>>,
}

/// The database is away.
#[derive(Debug, Clone)]
pub struct Away {
    since: DateTime<Utc>,
    notified: Option<AlertChange>,
}

impl Notifier {
    /// Looks until `stop`.
    pub async fn run(self, stop: CancellationToken) {
        while stop.run_until_cancelled(self.clock.sleep(PERIOD)).await.is_some() {
            if stop.run_until_cancelled(self.look()).await.is_none() {
                return;
            }
        }
    }

    /// One look: what changed is noted, and what waits is sent.
    pub async fn look(&self) {
        let now = self.clock.now();
        match self.note(now).await {
            Ok(turn) => {
                self.notify_database_back(now).await;
                if turn && let Err(fault) = self.work(now).await {
                    log_failure("sending notices", &fault);
                }
            }
            Err(fault) => self.notify_database_away(&fault, now).await,
        }
    }

    async fn note(&self, now: DateTime<Utc>) -> Result<bool, Fault> {
        let report = (self.enrich)(self.status.status(now).await?);
        let look = Look { worker: self.worker, term: TERM, alerts: &report.alerts, stands: STANDS, now };
        let subscription =
            |target: &NoticeTarget| Subscription { target: target.name.clone(), severity: target.severity };
        self.store.look(&look, &self.targets.iter().map(subscription).collect::<Vec<_>>()).await
    }

    async fn work(&self, now: DateTime<Utc>) -> Result<(), Fault> {
        self.send_due(now).await?;
        let (mut pruned_on, today) = (self.pruned_on.lock().await, now.date_naive());
        if *pruned_on != Some(today) {
            self.store.notices_prune(now).await?;
            *pruned_on = Some(today);
        }
        Ok(())
    }

    async fn send_due(&self, now: DateTime<Utc>) -> Result<(), Fault> {
        let due = self.store.notices_due(now, NOTICES_MAX).await?;
        for target in &self.targets {
            let of: Vec<&NoticeEntry> = due.iter().filter(|entry| entry.target == target.name).collect();
            if !of.is_empty() {
                self.send(target, &of, now).await?;
            }
        }
        // Of targets that are configured no more.
        let known = |entry: &&NoticeEntry| self.targets.iter().any(|target| target.name == entry.target);
        let lost: Vec<i64> = due.iter().filter(|entry| !known(entry)).map(|entry| entry.id).collect();
        if !lost.is_empty() {
            self.store.notices_failed(&lost, "the target is not configured any more", None).await?;
        }
        Ok(())
    }

    async fn send(
        &self,
        target: &NoticeTarget,
        entries: &[&NoticeEntry],
        now: DateTime<Utc>,
    ) -> Result<(), Fault> {
        let ids: Vec<i64> = entries.iter().map(|entry| entry.id).collect();
        let notice = Notice { at: now, changes: entries.iter().map(|entry| entry.alert.clone()).collect() };
        match target.send(&notice).await {
            Ok(()) => {
                event::NoticeSent { target: &target.name, changes: ids.len() }.emit();
                self.store.notices_delivered(&ids, now).await
            }
            Err(fault) => {
                let attempts = entries.iter().map(|entry| entry.attempts).max().unwrap_or(0);
                let oldest = entries.iter().map(|entry| entry.created_at).min().unwrap_or(now);
                let next = (now - oldest < GIVEN_UP_AFTER).then(|| now + wait_after(attempts));
                let message = fault.chain();
                event::NoticeFailed { target: &target.name, message: &message, given_up: next.is_none() }
                    .emit();
                self.store.notices_failed(&ids, &message, next).await
            }
        }
    }

    async fn notify_database_away(&self, fault: &Fault, now: DateTime<Utc>) {
        let message = fault.chain();
        let mut away = self.away.lock().await;
        let state = away.get_or_insert(Away { since: now, notified: None });
        let stood = (now - state.since).to_std().unwrap_or_default();
        if stood < STANDS || state.notified.is_some() {
            return;
        }
        let alert = database_away((fault.kind, &message), Some(state.since), self.language);
        let change = AlertChange::of(Change::Raised, &alert);
        if self.notify_all(&change, now).await {
            state.notified = Some(change);
        }
    }

    async fn notify_database_back(&self, now: DateTime<Utc>) {
        let Some(Away { notified: Some(alert), .. }) = self.away.lock().await.take() else { return };
        self.notify_all(&AlertChange { change: Change::Cleared, ..alert }, now).await;
    }

    /// Whether any target took it.
    async fn notify_all(&self, change: &AlertChange, now: DateTime<Utc>) -> bool {
        let notice = Notice { at: now, changes: vec![change.clone()] };
        let mut taken = false;
        for target in &self.targets {
            match target.send(&notice).await {
                Ok(()) => {
                    taken = true;
                    event::NoticeSent { target: &target.name, changes: 1 }.emit();
                }
                Err(fault) => {
                    let message = fault.chain();
                    event::NoticeFailed { target: &target.name, message: &message, given_up: false }.emit();
                }
            }
        }
        taken
    }
}

/// Doubles from try to try.
fn wait_after(attempts: i32) -> chrono::Duration {
    let doublings = u32::try_from(attempts).unwrap_or(0).min(16);
    let wait = PERIOD.saturating_mul(1 << doublings).min(WAIT_MAX);
    chrono::Duration::from_std(wait).unwrap_or(GIVEN_UP_AFTER)
}
