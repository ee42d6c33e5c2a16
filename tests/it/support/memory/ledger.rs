//! The ledger: windows, leases, runs, and what was quarantined.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::Duration;

use ccsync::domain::fault::FaultKind;
use ccsync::domain::proof::certificate::Verdict;
use ccsync::domain::proof::run::{Counts, RunId, RunOutcome};
use ccsync::domain::proof::window::TimeWindow;
use ccsync::domain::stream::StreamKey;
use ccsync::engine::port::store::{Commit, Failure, Lease, ReadRecord, ReadState, RunStart, Scope};
use ccsync::engine::port::token::Token;
use ccsync::report::status::StreamDeclaration;
use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::absence::Ledger;
use super::departure::Departures;
use super::table::Table;

/// A worker that shows no sign of life for this long is gone.
const RUN_SILENCE: chrono::Duration = chrono::Duration::seconds(60);

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// Its worker said so.
    As(RunOutcome),
    /// Its worker went away.
    Interrupted,
}

/// A run.
#[derive(Debug, Clone)]
pub struct Run {
    pub stream: StreamKey,
    pub worker: Uuid,
    pub heartbeat_at: DateTime<Utc>,
    pub finished_at: Option<DateTime<Utc>>,
    pub ended: Option<Ended>,
    pub counts: Counts,
}

/// A lease that somebody has.
#[derive(Debug, Clone, Copy)]
pub struct LeaseRow {
    pub worker: Uuid,
    pub fence: i64,
    pub expires_at: DateTime<Utc>,
}

/// A record that could not be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SetAside {
    pub window: Option<TimeWindow>,
    pub seen: i32,
    pub open: bool,
    pub first_seen_at: DateTime<Utc>,
    pub last_seen_at: DateTime<Utc>,
}

/// Everything that is stored.
#[derive(Debug, Default)]
pub struct State {
    /// By source and table.
    pub tables: BTreeMap<(String, &'static str), Table>,
    /// By the window's start; a snapshot's one entry has none.
    pub(super) ledger: BTreeMap<StreamKey, Ledger>,
    pub leases: HashMap<(StreamKey, Scope), LeaseRow>,
    fence: i64,
    pub runs: BTreeMap<RunId, Run>,
    /// Those that did not end, so that a year's runs are not looked through each time.
    running: BTreeSet<RunId>,
    pub quarantine: BTreeMap<(StreamKey, String), SetAside>,
    pub departures: Departures,
    pub declared: Vec<StreamDeclaration>,
    /// The next free moment of each limit.
    pub(super) moments: HashMap<String, DateTime<Utc>>,
    pub(super) tokens: HashMap<String, Token>,
    pub(super) renewals: HashMap<String, LeaseRow>,
}

pub fn from_now(now: DateTime<Utc>, term: Duration) -> DateTime<Utc> {
    now + chrono::Duration::from_std(term).unwrap()
}

fn window_of(scope: Scope) -> Option<TimeWindow> {
    match scope {
        Scope::Window(window) => Some(window),
        Scope::Snapshot => None,
    }
}

impl State {
    pub fn reads(&self, stream: &StreamKey) -> Vec<ReadRecord> {
        let Some(entries) = self.ledger.get(stream) else { return Vec::new() };
        let tables = stream.stream.tables().iter();
        let tables = tables.filter_map(|table| self.tables.get(&(stream.source.clone(), table.name)));
        let missing: Vec<TimeWindow> =
            tables.flat_map(|table| table.absent.values()).filter_map(|(_, window)| *window).collect();
        let marked = |entry: &ReadRecord| ReadRecord {
            missing: entry.window.is_some_and(|window| missing.contains(&window)),
            ..entry.clone()
        };
        entries.values().map(marked).collect()
    }

    pub(super) fn next_fence(&mut self) -> i64 {
        self.fence += 1;
        self.fence
    }

    pub(super) fn lease_take(
        &mut self,
        name: (StreamKey, Scope),
        worker: Uuid,
        now: DateTime<Utc>,
        term: Duration,
    ) -> Option<i64> {
        if self.leases.get(&name).is_some_and(|held| now < held.expires_at) {
            return None;
        }
        let fence = self.next_fence();
        self.leases.insert(name, LeaseRow { worker, fence, expires_at: from_now(now, term) });
        Some(fence)
    }

    fn held(&mut self, lease: &Lease) -> Option<&mut LeaseRow> {
        let held = self.leases.get_mut(&(lease.stream.clone(), lease.scope))?;
        (held.fence == lease.fence).then_some(held)
    }

    /// Whether the lease is this one and has not ended.
    pub(super) fn lease_holds(&mut self, lease: &Lease, now: DateTime<Utc>) -> bool {
        self.held(lease).is_some_and(|held| now < held.expires_at)
    }

    /// One that ended but that nobody took over is still the worker's.
    pub(super) fn lease_renew(&mut self, lease: &Lease, now: DateTime<Utc>, term: Duration) -> bool {
        let Some(held) = self.held(lease) else { return false };
        held.expires_at = from_now(now, term);
        let worker = held.worker;
        for id in &self.running {
            let Some(run) = self.runs.get_mut(id) else { continue };
            if run.stream == lease.stream && run.worker == worker {
                run.heartbeat_at = now;
            }
        }
        true
    }

    pub(super) fn lease_end(&mut self, lease: &Lease) {
        if self.held(lease).is_some() {
            self.leases.remove(&(lease.stream.clone(), lease.scope));
        }
    }

    pub(super) fn run_start(&mut self, start: &RunStart, now: DateTime<Utc>) -> RunId {
        let silent = |run: &Run| run.stream == start.stream && run.heartbeat_at < now - RUN_SILENCE;
        let gone: Vec<RunId> = self.running.iter().copied().filter(|id| silent(&self.runs[id])).collect();
        gone.into_iter().for_each(|id| self.run_finish(id, Ended::Interrupted, start.now));
        let id = RunId(self.runs.last_key_value().map_or(1, |(last, _)| last.0 + 1));
        let run = Run {
            stream: start.stream.clone(),
            worker: start.worker,
            heartbeat_at: now,
            finished_at: None,
            ended: None,
            counts: Counts::default(),
        };
        self.runs.insert(id, run);
        self.running.insert(id);
        id
    }

    pub(super) fn run_finish(&mut self, run: RunId, ended: Ended, now: DateTime<Utc>) {
        self.running.remove(&run);
        if let Some(run) = self.runs.get_mut(&run) {
            run.ended = Some(ended);
            run.finished_at = Some(now);
        }
    }

    pub(super) fn run_add(&mut self, run: RunId, counts: &Counts, now: DateTime<Utc>) {
        if let Some(run) = self.runs.get_mut(&run) {
            run.counts += *counts;
            run.heartbeat_at = now;
        }
    }

    /// Windows of the ledger that overlap this one without being it.
    pub(super) fn overlapping(&self, stream: &StreamKey, window: TimeWindow) -> Vec<TimeWindow> {
        let known = self.ledger.get(stream).into_iter().flat_map(BTreeMap::values);
        known
            .filter_map(|entry| entry.window)
            .filter(|known| *known != window && known.overlaps(&window))
            .collect()
    }

    /// Windows that overlap the one that was read are forgotten; what of them lies outside is a gap.
    pub(super) fn move_checkpoint(&mut self, commit: &Commit) {
        let stream = &commit.lease.stream;
        let window = window_of(commit.lease.scope);
        let replaced = window.map(|window| self.overlapping(stream, window)).unwrap_or_default();
        let entries = self.ledger.entry(stream.clone()).or_default();
        replaced.iter().for_each(|old| drop(entries.remove(&Some(old.start))));
        let slot = window.map(|window| window.start);
        let reads = entries.get(&slot).map_or(0, |entry| entry.reads) + 1;
        let certificate = &commit.certificate;
        let unverified = certificate.verdict == Verdict::Unverified;
        let unverified_before = entries.get(&slot).map_or(0, |entry| entry.unverified_reads);
        let complete_to = match window {
            Some(window) => Some(commit.complete_to.min(window.end)),
            // An unverified snapshot moves nothing.
            None if certificate.verdict == Verdict::Unverified => {
                entries.get(&slot).and_then(|entry| entry.complete_to)
            }
            None => Some(commit.complete_to),
        };
        let whole = window.is_none_or(|window| window.end <= commit.complete_to);
        let record = ReadRecord {
            window,
            state: if whole { ReadState::Complete } else { ReadState::Open },
            read_at: Some(commit.read_at),
            complete_to,
            reads,
            verdict: Some(certificate.verdict),
            unverified_reason: certificate.reason,
            unverified_reads: if unverified { unverified_before + 1 } else { 0 },
            digest: Some(certificate.digest.0),
            rows: i64::try_from(certificate.rows).unwrap(),
            vendor_total: certificate.vendor_total.map(|total| i64::try_from(total).unwrap()),
            requests: i64::from(certificate.requests),
            missing: false,
            failure: None,
        };
        entries.insert(slot, record);
    }

    /// Noted on what covers the time already, else on an entry of its own.
    pub(super) fn note_failure(&mut self, lease: &Lease, kind: FaultKind, message: &str, now: DateTime<Utc>) {
        let window = window_of(lease.scope);
        let entries = self.ledger.entry(lease.stream.clone()).or_default();
        let mut noted = false;
        for entry in entries.values_mut() {
            if entry.window.zip(window).is_none_or(|(known, failed)| known.overlaps(&failed)) {
                let attempts = entry.failure.as_ref().map_or(0, |failure| failure.attempts) + 1;
                entry.failure = Some(failure(kind, message, now, attempts));
                noted = true;
            }
        }
        if !noted {
            let record = ReadRecord {
                window,
                state: ReadState::Failed,
                read_at: None,
                complete_to: None,
                reads: 0,
                verdict: None,
                unverified_reason: None,
                unverified_reads: 0,
                digest: None,
                rows: 0,
                vendor_total: None,
                requests: 0,
                missing: false,
                failure: Some(failure(kind, message, now, 1)),
            };
            entries.insert(window.map(|window| window.start), record);
        }
    }

    /// Counts what was seen before, and resolves what a closed read of its scope does not contain any more.
    pub(super) fn quarantined(&mut self, commit: &Commit) {
        let stream = &commit.lease.stream;
        let window = window_of(commit.lease.scope);
        let mut current: Vec<&String> = commit.rejects.iter().map(|reject| &reject.payload).collect();
        current.sort();
        current.dedup();
        for payload in &current {
            let slot = (stream.clone(), (*payload).clone());
            let fresh =
                SetAside { window, seen: 0, open: true, first_seen_at: commit.now, last_seen_at: commit.now };
            let entry = self.quarantine.entry(slot).or_insert(fresh);
            *entry = SetAside {
                window,
                seen: entry.seen + 1,
                open: true,
                first_seen_at: entry.first_seen_at,
                last_seen_at: commit.now,
            };
        }
        if commit.certificate.verdict == Verdict::Unverified {
            return;
        }
        for ((of, payload), entry) in &mut self.quarantine {
            let inside = match (window, entry.window) {
                (None, found) => found.is_none(),
                (Some(read), Some(found)) => read.start <= found.start && found.end <= read.end,
                (Some(_), None) => false,
            };
            if of == stream && inside && !current.contains(&payload) {
                entry.open = false;
            }
        }
    }
}

fn failure(kind: FaultKind, message: &str, at: DateTime<Utc>, attempts: i32) -> Failure {
    Failure { at, kind: kind.as_str().to_owned(), message: message.to_owned(), attempts }
}
