//! Stores what the sessions hand on, batch after batch. While the database is away, or slow, events go to the
//! spool; as long as anything lies there, all that comes goes behind it. No fault of the database reaches a
//! session.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::domain::fault::{Fault, FaultKind};
use crate::domain::proof::run::{Counts, RunId};
use crate::domain::stream::StreamKey;
use crate::domain::vendor::feed::{DatabaseWait, FeedEvent, FeedEventKind};
use crate::engine::feed::backlog::Backlog;
use crate::engine::pass::fault_policy::log_failure;
use crate::engine::port::clock::Clock;
use crate::engine::port::feed_store::{FeedCommit, FeedOutcome, FeedStore, Fences};
use crate::engine::port::spool::{Spool, SpoolHead};
use crate::telemetry::event;

/// Events in one transaction.
const BATCH: usize = 2_000;
/// Least time between two transactions: what comes meanwhile shares the next one.
const PACE: Duration = Duration::from_millis(200);
/// A transaction that takes longer has its events on disk before anybody hears its end.
const TIMEOUT: Duration = Duration::from_secs(2);
/// One that takes longer than any statement may is given up.
const HOPELESS: Duration = Duration::from_secs(90);
/// Wait after a failed transaction; doubles up to the longest.
const RETRY_BASE: Duration = Duration::from_millis(200);
const RETRY_MAX: Duration = Duration::from_secs(5);

/// Writes one feed.
pub(super) struct Writer {
    pub(super) key: StreamKey,
    pub(super) store: Arc<dyn FeedStore>,
    pub(super) spool: Arc<dyn Spool>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) run: RunId,
    pub(super) fences: watch::Receiver<Fences>,
    /// Events in memory.
    pub(super) buffer: usize,
    /// Another process's agents are left to it after this long.
    pub(super) lease_timeout: Duration,
    /// Where the process had to wait for the database first.
    pub(super) database_wait: Option<DatabaseWait>,
}

/// A transaction under way.
struct Flight {
    outcome: JoinHandle<Result<FeedOutcome, Fault>>,
    events: Arc<[FeedEvent]>,
    since: Duration,
    place: Place,
    /// What did not come back from the spool with them: how much, and from which file.
    damaged: (u64, PathBuf),
}

/// Where a flight's events are besides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// Nowhere.
    Memory,
    /// At the head of the spool.
    Head,
    /// In the spool; they are stored again from there, which changes nothing.
    Spooled,
}

#[derive(Default)]
struct Course {
    backlog: Backlog,
    flight: Option<Flight>,
    not_before: Option<Duration>,
    spilled_at: Option<Duration>,
    failures: u32,
    not_held_since: Option<Duration>,
    given_up: BTreeSet<String>,
    closed: bool,
    counts: Counts,
}

impl Writer {
    /// Writes until all senders are gone and everything is stored, or `hurry`: what is left then is on disk.
    pub(super) async fn run(self, mut events: mpsc::Receiver<FeedEvent>, hurry: CancellationToken) -> Counts {
        let mut course = Course::default();
        loop {
            self.take_off(&mut course).await;
            if course.closed && course.flight.is_none() && course.backlog.is_empty() && self.spool.is_empty()
            {
                return course.counts;
            }
            let landed = async {
                match &mut course.flight {
                    Some(flight) => (&mut flight.outcome).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                event = events.recv(), if !course.closed && course.backlog.len() < 2 * self.buffer => {
                    match event {
                        Some(event) => course.backlog.push(event),
                        None => course.closed = true,
                    }
                    while course.backlog.len() < 2 * self.buffer && let Ok(event) = events.try_recv() {
                        course.backlog.push(event);
                    }
                }
                outcome = landed => {
                    let outcome = outcome.unwrap_or_else(|_| {
                        Err(Fault::new(FaultKind::DatabaseUnreachable, "storing a feed's events was stopped"))
                    });
                    self.land(&mut course, outcome).await;
                }
                () = hurry.cancelled() => {
                    self.spill(&mut course).await;
                    return course.counts;
                }
                () = self.clock.sleep(PACE / 4) => {}
            }
            let now = self.clock.monotonic();
            let waited = course.flight.as_ref().map(|flight| now.saturating_sub(flight.since));
            if waited.is_some_and(|waited| HOPELESS < waited)
                && let Some(flight) = &course.flight
            {
                flight.outcome.abort();
            }
            let slow = waited.is_some_and(|waited| TIMEOUT < waited);
            let queued = slow || !self.spool.is_empty();
            let rested = course.spilled_at.is_none_or(|at| PACE <= now.saturating_sub(at));
            if queued && rested || self.buffer <= course.backlog.len() {
                course.spilled_at = Some(now);
                self.spill(&mut course).await;
            }
        }
    }

    /// Begins the next transaction, if there is anything to store and it is time.
    async fn take_off(&self, course: &mut Course) {
        let since = self.clock.monotonic();
        if course.flight.is_some() || course.not_before.is_some_and(|at| since < at) {
            return;
        }
        let (head, place) = if self.spool.is_empty() {
            (SpoolHead { events: course.backlog.take(BATCH), ..SpoolHead::default() }, Place::Memory)
        } else {
            match self.spool.head(BATCH).await {
                Ok(head) => (head, Place::Head),
                Err(fault) => return self.cool(course, &fault),
            }
        };
        let SpoolHead { mut events, damaged, file } = head;
        if events.is_empty() {
            if place == Place::Head {
                self.advance(course, damaged, &file).await;
            }
            return;
        }
        let fences = self.fences.borrow().clone();
        let before = events.len();
        course.given_up.retain(|extno| !fences.contains_key(extno));
        events.retain(|event| !course.given_up.contains(&event.extno));
        if events.len() < before {
            let message = "another process follows these agents now; its gap covers them";
            event::FeedLost { key: &self.key, events: (before - events.len()) as u64, message }.emit();
        }
        let events: Arc<[FeedEvent]> = events.into();
        let now = self.clock.now();
        let commit = FeedCommit {
            key: self.key.clone(),
            run: self.run,
            fences,
            events: events.clone(),
            now,
            database_wait: self.database_wait,
        };
        let store = self.store.clone();
        let outcome = tokio::spawn(async move { store.feed_commit(commit).await });
        course.flight = Some(Flight { outcome, events, since, place, damaged: (damaged, file) });
    }

    async fn land(&self, course: &mut Course, outcome: Result<FeedOutcome, Fault>) {
        let Some(flight) = course.flight.take() else { return };
        match outcome {
            Ok(FeedOutcome::Stored(counts)) => {
                (course.failures, course.not_held_since) = (0, None);
                course.counts += counts;
                // A full batch waits for nothing.
                course.not_before = (course.backlog.len() < BATCH).then_some(flight.since + PACE);
                let (messages, quarantined) = (counts.rows_read, counts.quarantined);
                if messages > 0 {
                    event::FeedStored { key: &self.key, messages, quarantined }.emit();
                }
                if flight.place == Place::Head {
                    // Nothing new comes off the disk while the backlog may be taken directly.
                    course.not_before = None;
                    let (damaged, file) = &flight.damaged;
                    self.advance(course, *damaged, file).await;
                }
            }
            Ok(FeedOutcome::NotHeld(agents)) => {
                self.keep(course, flight).await;
                let now = self.clock.monotonic();
                let since = *course.not_held_since.get_or_insert(now);
                if self.lease_timeout < now.saturating_sub(since) {
                    course.given_up.extend(agents);
                    course.not_held_since = None;
                }
                course.not_before = Some(now + RETRY_BASE);
            }
            Err(fault) => {
                self.keep(course, flight).await;
                self.cool(course, &fault);
            }
        }
    }

    /// Takes the head of the spool, and tells what of it was damaged.
    async fn advance(&self, course: &mut Course, damaged: u64, file: &Path) {
        match self.spool.advance().await {
            Ok(()) if 0 < damaged => {
                let message = format!(
                    "{} was damaged on its disk; the gaps in workbench.feed_gap whose reason is damaged say for \
                     which agents and when. Look at the disk",
                    file.display()
                );
                event::FeedLost { key: &self.key, events: damaged, message: &message }.emit();
            }
            Ok(()) => {}
            Err(fault) => self.cool(course, &fault),
        }
    }

    fn cool(&self, course: &mut Course, fault: &Fault) {
        log_failure("storing the events of a feed", fault);
        let wait = RETRY_BASE.saturating_mul(1 << course.failures.min(8)).min(RETRY_MAX);
        course.failures = course.failures.saturating_add(1);
        course.not_before = Some(self.clock.monotonic() + wait);
    }

    /// Puts the events of a failed transaction on disk, in front of all others.
    async fn keep(&self, course: &mut Course, flight: Flight) {
        if flight.place == Place::Memory {
            self.append(course, flight.events.to_vec()).await;
        }
    }

    /// Puts everything on disk that is in memory, in order.
    async fn spill(&self, course: &mut Course) {
        if let Some(flight) = course.flight.as_mut().filter(|flight| flight.place == Place::Memory) {
            flight.place = Place::Spooled;
            let events = flight.events.to_vec();
            self.append(course, events).await;
        }
        let events = course.backlog.take_for_spool();
        self.append(course, events).await;
    }

    async fn append(&self, course: &mut Course, mut events: Vec<FeedEvent>) {
        events.retain(|event| event.kind != FeedEventKind::Alive);
        if events.is_empty() {
            return;
        }
        let (accepted, message) = match self.spool.append(&events).await {
            Ok(accepted) => (accepted, "the spool is full; raise spool_mib_max".to_owned()),
            Err(fault) => (0, fault.chain()),
        };
        if accepted > 0 {
            event::FeedSpooled { key: &self.key, events: accepted as u64 }.emit();
        }
        let lost = events.split_off(accepted);
        if !lost.is_empty() {
            event::FeedLost { key: &self.key, events: lost.len() as u64, message: &message }.emit();
            course.backlog.lose(lost);
        }
    }
}
