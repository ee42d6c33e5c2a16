//! What is watched while a trial goes on: what must never be, even for a moment.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use ccsync::domain::proof::certificate::{Certificate, SetDigest, Verdict};
use ccsync::domain::proof::run::Counts;
use ccsync::domain::proof::window::TimeWindow;
use ccsync::domain::row::record::Row;
use ccsync::domain::stream::StreamId;
use ccsync::domain::stream::StreamKey;
use ccsync::engine::port::store::{Commit, Lease, Scope};
use chrono::{DateTime, Duration, Utc};

use super::plan::{Plan, Totals};
use super::vendor::Endpoints;
use crate::support::memory::MemoryStore;

/// A window that still grows was asked for up to this long before the read began, or a little less.
const ASKED_BEFORE: Duration = Duration::minutes(1);

/// Table and key of a row.
type Place = (&'static str, String);

/// The keeper of the rules.
pub struct Watch {
    plan: Plan,
    endpoints: Endpoints,
    store: Arc<MemoryStore>,
    inner: Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    /// The youngest fence given for each scope.
    fences: HashMap<(StreamKey, Scope), i64>,
    /// Rows that a read of their window lacked, since when, and whether they were truly not there.
    missed: HashMap<Place, (DateTime<Utc>, bool)>,
    /// The last committed read of each scope: its digest, and since when reads were equal to it.
    known: HashMap<(StreamKey, Scope), (SetDigest, DateTime<Utc>)>,
    /// Windows that are called final, by stream and start, and when they were last read.
    finals: HashMap<(StreamKey, DateTime<Utc>), (TimeWindow, DateTime<Utc>)>,
    broken: Vec<String>,
    tally: Tally,
}

/// What a trial went through.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    pub reads: u64,
    pub pages: u64,
    pub rows: u64,
    pub tombstones: u64,
    /// Rows marked deleted that the vendor had moved to a window that was not read yet.
    pub tombstones_of_movers: u64,
    /// Rows of a snapshot without totals that a shift of the pages hid from one of its two reads.
    pub tombstones_of_shifts: u64,
    /// Reads that nothing confirmed.
    pub unverified: u64,
    /// Of these, where the vendor stated another number than it listed.
    pub contradicted: u64,
    /// Windows that were called final, and those of them in which something changed afterwards.
    pub finals: u64,
    pub finals_changed: u64,
    pub fenced: u64,
    pub kills: u64,
    pub pauses: u64,
    pub lost_answers: u64,
    pub database_faults: u64,
}

/// What is known of a commit before it is made.
pub struct Before {
    lease: Lease,
    observations: Vec<Place>,
    rows: u64,
    read_at: DateTime<Utc>,
    now: DateTime<Utc>,
    certificate: Certificate,
    final_at: Option<DateTime<Utc>>,
}

impl Watch {
    pub fn new(plan: &Plan, endpoints: Endpoints, store: Arc<MemoryStore>) -> Watch {
        Watch { plan: plan.clone(), endpoints, store, inner: Mutex::default() }
    }

    pub fn broken(&self) -> Vec<String> {
        self.inner.lock().unwrap().broken.clone()
    }

    pub fn tally(&self) -> Tally {
        let inner = self.inner.lock().unwrap();
        let changed = inner.finals.iter().filter(|((key, _), (window, read_at))| {
            let endpoint = &self.endpoints[&key.stream];
            endpoint
                .bounds(Some(*window))
                .is_some_and(|range| endpoint.world(|world| world.changed_after(range, *read_at)))
        });
        let finals_changed = changed.count() as u64;
        Tally { finals: inner.finals.len() as u64, finals_changed, ..inner.tally }
    }

    pub fn count(&self, count: impl FnOnce(&mut Tally)) {
        count(&mut self.inner.lock().unwrap().tally);
    }

    pub fn breach(&self, text: String) {
        self.inner.lock().unwrap().broken.push(text);
    }

    pub fn leased(&self, lease: &Lease) {
        let mut inner = self.inner.lock().unwrap();
        let youngest = inner.fences.insert((lease.stream.clone(), lease.scope), lease.fence);
        if youngest.is_some_and(|youngest| lease.fence <= youngest) {
            inner.broken.push(format!("fence {} was given after {youngest:?}", lease.fence));
        }
    }

    pub fn before(&self, commit: &Commit) -> Before {
        Before {
            lease: commit.lease.clone(),
            // A snapshot is judged by the one read.
            observations: match commit.lease.scope {
                Scope::Window(_) => commit.rows.iter().map(|row| (row.table.name, row.key_text())).collect(),
                Scope::Snapshot => Vec::new(),
            },
            rows: commit.rows.len() as u64,
            read_at: commit.read_at,
            now: commit.now,
            certificate: commit.certificate.clone(),
            final_at: commit.final_at,
        }
    }

    /// Looks at a commit that was just made.
    pub fn committed(&self, before: Before, counts: &Counts) {
        let mut inner = self.inner.lock().unwrap();
        let Before { lease, observations, rows, read_at, now, certificate, final_at } = before;
        inner.tally.reads += 1;
        inner.tally.pages += u64::from(certificate.pages);
        inner.tally.rows += rows;
        let youngest = inner.fences.get(&(lease.stream.clone(), lease.scope)).copied();
        if youngest != Some(lease.fence) {
            let text = format!(
                "{} {:?} was committed under fence {}, the youngest is {youngest:?}",
                lease.stream, lease.scope, lease.fence
            );
            inner.broken.push(text);
        }
        inner.missed.retain(|place, _| !observations.contains(place));
        let read = Read { lease, from: read_at, to: now };
        self.look_at_evidence(&mut inner, &read, &certificate, counts);
        if let Scope::Window(window) = read.lease.scope {
            let is_final = certificate.verdict != Verdict::Unverified
                && final_at.is_some_and(|final_at| final_at <= read_at);
            let place = (read.lease.stream.clone(), window.start);
            match is_final {
                true => drop(inner.finals.insert(place, (window, read_at))),
                false => drop(inner.finals.remove(&place)),
            }
        }
        self.look_at_absences(&mut inner, &read);
        if 0 < counts.deleted {
            self.look_at_tombstones(&mut inner, &read);
        }
    }

    /// What is called proven or stable is whole, what the vendor's own total contradicts is neither, and deletes
    /// nothing.
    fn look_at_evidence(&self, inner: &mut Inner, read: &Read, certificate: &Certificate, counts: &Counts) {
        let name = format!("{} {:?} at {}", read.lease.stream, read.lease.scope, read.to);
        let Certificate { vendor_total, rows, verdict, digest, .. } = certificate;
        let place = (read.lease.stream.clone(), read.lease.scope);
        let known = inner.known.get(&place).filter(|(known, _)| known == digest);
        let equal_since = known.map_or(read.from, |(_, since)| *since);
        inner.known.insert(place, (*digest, equal_since));
        let endpoint = &self.endpoints[&read.lease.stream.stream];
        let trusts = self.plan.readings.totals != Totals::Ignored;
        let contradicted = trusts && vendor_total.is_some_and(|total| total != *rows);
        if *verdict == Verdict::Unverified {
            inner.tally.unverified += 1;
            inner.tally.contradicted += u64::from(contradicted);
            if 0 < counts.deleted {
                inner.broken.push(format!("{name}: an unverified read deleted {} rows", counts.deleted));
            }
            return;
        }
        if contradicted || endpoint.overstates((read.from, read.to)) {
            let text = format!("{name}: {verdict:?}, but {rows} came and the vendor states {vendor_total:?}");
            inner.broken.push(text);
        }
        // Two equal reads are stable: what came to the vendor after the first of them is lateness.
        let first = if *verdict == Verdict::Stable { equal_since } else { read.from };
        let Some(range) = self.asked(&Read { from: first, ..read.clone() }) else { return };
        let listed = endpoint.world(|world| world.listed_throughout(range, (first, read.to)));
        let state = self.store.state();
        let is_stored = |row: &&Row| {
            let table = state.tables.get(&(read.lease.stream.source.clone(), row.table.name));
            let key: Vec<String> = row.key().map(str::to_owned).collect();
            table.and_then(|table| table.rows().get(&key)).is_some_and(|version| version.deleted_at.is_none())
        };
        let missing: Vec<String> = listed.iter().filter(|row| !is_stored(row)).map(named).collect();
        if !missing.is_empty() {
            inner.broken.push(format!("{name}: {verdict:?}, but it lacks {}", missing.join(", ")));
        }
    }

    /// A row that is noted may have been there: without totals a walk cannot tell. Marked deleted it must not be.
    fn look_at_absences(&self, inner: &mut Inner, read: &Read) {
        let state = self.store.state();
        for table in read.tables() {
            let Some(stored) = state.tables.get(&(read.lease.stream.source.clone(), table)) else { continue };
            let noted = stored.absent.iter().filter(|(_, (since, _))| *since == read.to);
            for row in noted.map(|(key, _)| &stored.rows()[key].row) {
                inner.missed.insert((table, row.key_text()), (read.to, self.was_absent(read, row)));
            }
        }
    }

    fn look_at_tombstones(&self, inner: &mut Inner, read: &Read) {
        let state = self.store.state();
        for table in read.tables() {
            let Some(stored) = state.tables.get(&(read.lease.stream.source.clone(), table)) else { continue };
            let deleted = stored.rows().values().filter(|version| version.deleted_at == Some(read.to));
            for row in deleted.map(|version| &version.row) {
                inner.tally.tombstones += 1;
                let since = inner.missed.remove(&(table, row.key_text()));
                match self.judge(read, row, since) {
                    Judgement::Right => {}
                    Judgement::Moved => inner.tally.tombstones_of_movers += 1,
                    Judgement::Shifted => inner.tally.tombstones_of_shifts += 1,
                    Judgement::False(why) => {
                        let text = format!("false tombstone on {table} {} at {}: {why}", named(row), read.to);
                        inner.broken.push(text);
                    }
                }
            }
        }
    }

    /// A snapshot's row was not reported at some moment of the read; a window's row was neither, nor in an
    /// earlier read, the settling time before, and no read between them brought it.
    fn judge(&self, read: &Read, row: &Row, missed: Option<(DateTime<Utc>, bool)>) -> Judgement {
        let absent = self.was_absent(read, row);
        let there = || Judgement::False(format!("the vendor reported it all the time from {} on", read.from));
        // No total tells that a page was shifted, and each of two walks, or reads, may miss the same row by it.
        let unstated = self.plan.readings.totals != Totals::True || self.has_no_totals(read);
        let may_shift = unstated && 0.0 < self.plan.failures.drift;
        if read.lease.scope == Scope::Snapshot {
            return match (absent, may_shift) {
                (true, _) => Judgement::Right,
                (false, true) => Judgement::Shifted,
                (false, false) => there(),
            };
        }
        let Some((since, truly)) = missed else {
            return Judgement::False("no earlier read lacked it".to_owned());
        };
        if read.to - since < self.plan.settle {
            return Judgement::False(format!("the first read that lacked it was at {since}"));
        }
        if !absent || !truly {
            return if may_shift { Judgement::Shifted } else { there() };
        }
        let reported = self.endpoints[&read.lease.stream.stream]
            .world(|world| world.absence(row, None, (read.to, read.to)).is_none());
        if reported { Judgement::Moved } else { Judgement::Right }
    }

    /// Whether the endpoint's answers state no total by its document.
    fn has_no_totals(&self, read: &Read) -> bool {
        read.lease.stream.stream == StreamId::SOBOT_CHAT_RESULT
    }

    /// Whether the vendor did not list the row at some moment of the read, for what was asked.
    fn was_absent(&self, read: &Read, row: &Row) -> bool {
        let endpoint = &self.endpoints[&read.lease.stream.stream];
        let Some(bounds) = self.asked(read) else { return true };
        endpoint.world(|world| world.absence(row, bounds, (read.from, read.to)).is_some())
    }

    /// What the vendor was asked for: the bounds of a window, or all of a snapshot; `None` for a window that has only
    /// just begun.
    fn asked(&self, read: &Read) -> Option<Option<(DateTime<Utc>, DateTime<Utc>)>> {
        let endpoint = &self.endpoints[&read.lease.stream.stream];
        let window = match read.lease.scope {
            Scope::Window(window) if window.end <= read.from - ASKED_BEFORE => Some(window),
            Scope::Window(window) => TimeWindow::new(window.start, read.from - ASKED_BEFORE),
            Scope::Snapshot => return Some(None),
        };
        endpoint.bounds(window).map(Some)
    }
}

/// A committed read.
#[derive(Clone)]
struct Read {
    lease: Lease,
    from: DateTime<Utc>,
    to: DateTime<Utc>,
}

impl Read {
    fn tables(&self) -> impl Iterator<Item = &'static str> {
        self.lease.stream.stream.tables().iter().map(|table| table.name)
    }
}

fn named(row: &Row) -> String {
    row.key_text().replace('\u{1f}', "/")
}

enum Judgement {
    Right,
    /// It is reported, but not in this window any more.
    Moved,
    /// It is reported, and a shift of the pages hid it.
    Shifted,
    False(String),
}

impl Tally {
    pub fn add(&mut self, other: &Tally) {
        self.reads += other.reads;
        self.pages += other.pages;
        self.rows += other.rows;
        self.tombstones += other.tombstones;
        self.tombstones_of_movers += other.tombstones_of_movers;
        self.tombstones_of_shifts += other.tombstones_of_shifts;
        self.unverified += other.unverified;
        self.contradicted += other.contradicted;
        self.finals += other.finals;
        self.finals_changed += other.finals_changed;
        self.fenced += other.fenced;
        self.kills += other.kills;
        self.pauses += other.pauses;
        self.lost_answers += other.lost_answers;
        self.database_faults += other.database_faults;
    }
}
