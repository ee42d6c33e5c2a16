//! What the vendor knows, and when it knew it. One stream.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use ccsync::domain::proof::window::TimeWindow;
use ccsync::domain::row::record::{Record, Row};
use ccsync::domain::stream::{StreamId, StreamKind};
use chrono::{DateTime, Duration, Utc};

use super::plan::{Plan, Rescoring};
use super::rng::Rng;
use super::thing::{Form, Thing};

/// Groups in a roster at most.
const ROSTER_MAX: usize = 12;

/// A listed element.
#[derive(Clone)]
pub struct Listed {
    /// The time by which the vendor files it.
    pub at: DateTime<Utc>,
    pub record: Arc<Record>,
}

/// The stream's number, which tells its rng from those of the others.
pub fn stream_no(stream: StreamId) -> u64 {
    StreamId::all().take_while(|known| *known != stream).count() as u64
}

/// What is listed of a thing from an instant on; nothing, while the vendor does not report it.
struct Fact {
    from: DateTime<Utc>,
    listed: Vec<Listed>,
}

/// A thing with all that was ever said of it.
struct Item {
    thing: Thing,
    facts: Vec<Fact>,
    dead: bool,
}

/// A change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    Appear,
    Rescore,
    Delete,
    /// It is not listed for less than the settling time.
    Hide,
    Show,
    /// It comes in a form that cannot be read, for a while.
    Break,
}

/// The vendor's data of one stream.
pub struct World {
    stream: StreamId,
    plan: Plan,
    rng: Rng,
    items: Vec<Item>,
    by_key: HashMap<String, usize>,
    /// What is listed now: time of filing, item, place in its list.
    shelf: BTreeSet<(DateTime<Utc>, usize, usize)>,
    /// Changes to come.
    agenda: BTreeMap<(DateTime<Utc>, usize), (usize, Change)>,
    changes: usize,
    /// Changes made between two pages.
    pub drifts: u64,
}

impl World {
    pub fn new(stream: StreamId, plan: &Plan) -> World {
        let rng = Rng::new(plan.seed, 100 + stream_no(stream));
        let mut world = World {
            stream,
            plan: plan.clone(),
            rng,
            items: Vec::new(),
            by_key: HashMap::new(),
            shelf: BTreeSet::new(),
            agenda: BTreeMap::new(),
            changes: 0,
            drifts: 0,
        };
        match stream.kind() {
            StreamKind::Windowed => world.fill_windows(),
            StreamKind::Snapshot => world.fill_roster(),
            StreamKind::Feed => {}
        }
        world
    }

    fn is_windowed(&self) -> bool {
        self.stream.kind() == StreamKind::Windowed
    }

    fn fill_windows(&mut self) {
        let minutes = (self.plan.calm - self.plan.begin).num_minutes();
        let every = (1440.0 / self.plan.rows_a_day) as i64;
        let mut at = self.rng.between(0, every);
        while at < minutes {
            let mut contact =
                self.plan.begin + Duration::minutes(at) + Duration::seconds(self.rng.between(0, 60));
            if self.rng.chance(0.05) {
                // Midnight in Beijing: it lies on a bound that two windows share.
                contact = self.plan.begin + Duration::days(at / 1440 + 1);
            }
            self.expect(contact);
            at += self.rng.between(1, 2 * every);
        }
    }

    fn fill_roster(&mut self) {
        for _ in 0..self.rng.between(1, 7) {
            let begin = self.plan.begin;
            let index = self.add(begin);
            self.schedule(begin, index, Change::Appear);
        }
        let days = (self.plan.calm - self.plan.begin).num_days();
        for _ in 0..days {
            let at = self.plan.begin + Duration::seconds(self.rng.between(0, days * 86_400));
            let mut change =
                self.rng.pick(&[Change::Rescore, Change::Rescore, Change::Delete, Change::Appear]);
            if change == Change::Appear && ROSTER_MAX <= self.items.len() {
                change = Change::Rescore;
            }
            let index = match change {
                Change::Appear => self.add(at),
                _ => self.rng.index(self.items.len()),
            };
            self.schedule(at, index, change);
        }
    }

    /// A contact whose inspection comes some time later, and what becomes of it.
    fn expect(&mut self, contact: DateTime<Utc>) {
        let late = self.plan.late_max;
        let quality = if self.plan.readings.by_quality {
            contact + self.rng.lag(Duration::minutes(5), Duration::days(10).min(late))
        } else {
            contact + self.rng.lag(Duration::minutes(5), late / 2)
        };
        // On a bound by the inspection's time too.
        let quality = if self.rng.chance(0.03) { contact } else { quality };
        let filed = if self.plan.readings.by_quality { quality } else { contact };
        let rest = late - (quality - filed) - Duration::minutes(1);
        let mut appears = quality;
        if self.rng.chance(0.3) {
            appears += self.rng.lag(Duration::minutes(1), rest);
        }
        let index = self.add(contact);
        self.items[index].thing.quality = quality;
        self.schedule(appears, index, Change::Appear);
        let kinds =
            [(Change::Rescore, 0.25), (Change::Delete, 0.06), (Change::Hide, 0.03), (Change::Break, 0.02)];
        for (change, probability) in kinds {
            if self.rng.chance(probability) {
                let at = appears + self.rng.lag(Duration::minutes(1), late * 2);
                self.schedule(at, index, change);
            }
        }
    }

    fn add(&mut self, at: DateTime<Utc>) -> usize {
        let index = self.items.len();
        let thing = Thing::new(self.stream, index, at, &mut self.rng);
        self.by_key.insert(thing.key(), index);
        self.items.push(Item { thing, facts: Vec::new(), dead: false });
        index
    }

    fn schedule(&mut self, at: DateTime<Utc>, index: usize, change: Change) {
        self.changes += 1;
        // Nothing changes after the storm; what was hidden is shown, what was broken is whole.
        if at < self.plan.calm || change == Change::Show {
            self.agenda.insert((at.min(self.plan.calm), self.changes), (index, change));
        }
    }

    /// Lets happen what was to happen up to now.
    pub fn advance(&mut self, now: DateTime<Utc>) {
        while let Some(entry) = self.agenda.first_entry().filter(|entry| entry.key().0 <= now) {
            let ((at, _), (index, change)) = entry.remove_entry();
            self.change(at, index, change);
        }
    }

    fn change(&mut self, at: DateTime<Utc>, index: usize, change: Change) {
        let item = &self.items[index];
        let listed = item.facts.last().map(|fact| fact.listed.clone()).unwrap_or_default();
        if item.dead || listed.is_empty() != matches!(change, Change::Appear | Change::Show) {
            return;
        }
        // What is filed too far back is not read any more: nothing happens to it that anybody would ask for.
        let late = listed.iter().any(|listed| self.plan.late_max < at - listed.at);
        let moves = change == Change::Rescore && self.plan.readings.by_quality;
        if self.is_windowed() && late && !moves {
            return;
        }
        // At the end only what is still broken is mended.
        let is_broken = listed.iter().any(|listed| !listed.record.rejects.is_empty());
        if change == Change::Rescore && self.plan.calm <= at && !is_broken {
            return;
        }
        let filed = listed.first().map_or(at, |listed| listed.at);
        let next = match change {
            Change::Break if self.plan.late_max / 3 < at - filed => return,
            Change::Appear => vec![self.list(index, Form::Whole)],
            Change::Rescore => self.rescore(at, index, listed, moves && late),
            Change::Delete => {
                // Some come back.
                let back = at + self.rng.lag(Duration::hours(1), Duration::hours(40));
                let may = !self.is_windowed() || back - filed < self.plan.late_max;
                if may && back < self.plan.calm && self.rng.chance(0.3) {
                    self.schedule(back, index, Change::Show);
                } else {
                    self.items[index].dead = true;
                }
                Vec::new()
            }
            Change::Hide => {
                let back = at + self.plan.settle / 3;
                self.schedule(back, index, Change::Show);
                Vec::new()
            }
            Change::Show => vec![self.list(index, Form::Whole)],
            Change::Break => {
                let back = at + self.rng.lag(Duration::hours(1), Duration::hours(20));
                self.schedule(back, index, Change::Rescore);
                self.agenda
                    .entry((self.plan.calm, self.changes + 1_000_000))
                    .or_insert((index, Change::Rescore));
                vec![self.list(index, Form::Broken)]
            }
        };
        self.say(at, index, next);
    }

    fn rescore(
        &mut self,
        at: DateTime<Utc>,
        index: usize,
        mut listed: Vec<Listed>,
        must_move: bool,
    ) -> Vec<Listed> {
        let now = at - Duration::nanoseconds(i64::from(at.timestamp_subsec_nanos()));
        // What is mended at the end keeps its time, or one second would hold very many.
        let in_place = !must_move && (self.plan.calm <= at || self.rng.chance(0.2));
        let thing = &mut self.items[index].thing;
        thing.version += 1;
        thing.score += 1;
        if !in_place {
            thing.quality = now;
        }
        let extra = self.plan.readings.rescoring == Rescoring::ExtraRow && self.is_windowed() && !in_place;
        let next = self.list(index, Form::Whole);
        if extra {
            // A broken one is not kept: it would never be read.
            listed.retain(|listed| listed.record.rejects.is_empty());
            listed.push(next);
            listed.drain(..listed.len().saturating_sub(2));
            return listed;
        }
        vec![next]
    }

    fn list(&self, index: usize, form: Form) -> Listed {
        let thing = &self.items[index].thing;
        let at = if self.plan.readings.by_quality { thing.quality } else { thing.contact };
        Listed { at, record: Arc::new(thing.record(form)) }
    }

    fn say(&mut self, from: DateTime<Utc>, index: usize, listed: Vec<Listed>) {
        let item = &mut self.items[index];
        let before = item.facts.last().map(|fact| fact.listed.as_slice()).unwrap_or_default();
        for (place, listed) in before.iter().enumerate() {
            self.shelf.remove(&(listed.at, index, place));
        }
        for (place, listed) in listed.iter().enumerate() {
            self.shelf.insert((listed.at, index, place));
        }
        item.facts.push(Fact { from, listed });
    }

    /// A change just now, to what is being read.
    pub fn drift(&mut self, now: DateTime<Utc>, window: Option<TimeWindow>) {
        self.drifts += 1;
        let Some(window) = window else {
            let change = self.rng.pick(&[Change::Rescore, Change::Delete, Change::Appear]);
            let index =
                if change == Change::Appear { self.add(now) } else { self.rng.index(self.items.len()) };
            return self.change(now, index, change);
        };
        let there: Vec<usize> =
            self.shelf(Some((window.start, window.end))).map(|(_, index, _)| index).collect();
        let change = self.rng.pick(&[Change::Rescore, Change::Delete, Change::Hide, Change::Appear]);
        if change != Change::Appear && !there.is_empty() {
            let index = there[self.rng.index(there.len())];
            return self.change(now, index, change);
        }
        if now - window.start < self.plan.late_max {
            let from = (window.end.min(now) - window.start).num_seconds();
            let contact = window.start + Duration::seconds(self.rng.between(0, from.max(1)));
            let index = self.add(contact);
            self.change(now, index, Change::Appear);
        }
    }

    fn shelf(
        &self,
        range: Option<(DateTime<Utc>, DateTime<Utc>)>,
    ) -> impl DoubleEndedIterator<Item = (DateTime<Utc>, usize, usize)> + '_ {
        let (from, to) = range.unwrap_or((DateTime::<Utc>::MIN_UTC, DateTime::<Utc>::MAX_UTC));
        self.shelf.range((from, 0, 0)..(to, 0, 0)).copied()
    }

    /// What is listed now: by time of filing, item, place.
    pub fn listed(&self, range: Option<(DateTime<Utc>, DateTime<Utc>)>) -> Vec<(usize, Arc<Record>)> {
        let entries = self.shelf(range);
        entries.map(|(_, index, place)| (index, self.listed_at(index, place))).collect()
    }

    fn listed_at(&self, index: usize, place: usize) -> Arc<Record> {
        self.items[index].facts.last().unwrap().listed[place].record.clone()
    }

    /// When, between two instants, the vendor did not report a row: its first and its last moment.
    pub fn absence(
        &self,
        row: &Row,
        range: Option<(DateTime<Utc>, DateTime<Utc>)>,
        (from, to): (DateTime<Utc>, DateTime<Utc>),
    ) -> Option<(DateTime<Utc>, DateTime<Utc>)> {
        let item = &self.items[*self.by_key.get(&Thing::key_of(row))?];
        let key: Vec<&str> = row.key().collect();
        let reported = |fact: &Fact| {
            fact.listed.iter().any(|listed| {
                range.is_none_or(|(start, end)| start <= listed.at && listed.at < end)
                    && listed
                        .record
                        .rows
                        .iter()
                        .any(|of| of.table == row.table && of.key().eq(key.iter().copied()))
            })
        };
        let mut found: Option<(DateTime<Utc>, DateTime<Utc>)> = None;
        for (number, fact) in item.facts.iter().enumerate() {
            let until = item.facts.get(number + 1).map_or(to, |next| next.from).min(to);
            let begin = fact.from.max(from);
            if begin <= until && fact.from <= to && !reported(fact) {
                found = Some((found.map_or(begin, |found| found.0), until));
            }
        }
        found
    }

    /// Rows that the vendor listed within these bounds at every moment between two instants.
    pub fn listed_throughout(
        &self,
        range: Option<(DateTime<Utc>, DateTime<Utc>)>,
        (from, to): (DateTime<Utc>, DateTime<Utc>),
    ) -> Vec<Row> {
        let within =
            |listed: &&Listed| range.is_none_or(|(start, end)| start <= listed.at && listed.at < end);
        let mut found = Vec::new();
        for item in &self.items {
            let lasts = |number: usize, fact: &Fact| {
                fact.from <= to && item.facts.get(number + 1).is_none_or(|next| from <= next.from)
            };
            let mut said = item.facts.iter().enumerate().filter(|(number, fact)| lasts(*number, fact));
            let Some((_, first)) = said.next().filter(|(_, fact)| fact.from <= from) else { continue };
            let rows =
                first.listed.iter().filter(within).flat_map(|listed| listed.record.rows.iter().cloned());
            let mut rows: Vec<Row> = rows.collect();
            for (_, fact) in said {
                let later: Vec<&Row> =
                    fact.listed.iter().filter(within).flat_map(|listed| &listed.record.rows).collect();
                rows.retain(|row| later.iter().any(|of| of.table == row.table && of.key().eq(row.key())));
            }
            found.extend(rows);
        }
        found
    }

    /// Whether what is listed within these bounds changed after an instant.
    pub fn changed_after(&self, range: (DateTime<Utc>, DateTime<Utc>), at: DateTime<Utc>) -> bool {
        let within =
            |fact: &Fact| fact.listed.iter().any(|listed| range.0 <= listed.at && listed.at < range.1);
        self.items.iter().any(|item| {
            item.facts.iter().enumerate().any(|(number, fact)| {
                let before = number.checked_sub(1).and_then(|number| item.facts.get(number));
                at < fact.from && (within(fact) || before.is_some_and(within))
            })
        })
    }

    /// The rows as they are: of equal keys the latest version.
    pub fn truth(&self) -> BTreeMap<(&'static str, Vec<String>), Row> {
        let mut truth: BTreeMap<(&'static str, Vec<String>), Row> = BTreeMap::new();
        for (_, record) in self.listed(None) {
            for row in &record.rows {
                let key = (row.table.name, row.key().map(str::to_owned).collect());
                let newer = truth.get(&key).is_none_or(|known| known.version_at() <= row.version_at());
                if newer {
                    truth.insert(key, row.clone());
                }
            }
        }
        truth
    }
}
