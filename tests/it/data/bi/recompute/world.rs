//! Random rows of every vendor, in forms that the rules of the views are about.

use chrono::{DateTime, NaiveDate, TimeDelta, TimeZone as _, Utc};
use chrono_tz::Tz;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom as _;
use rand::{Rng as _, SeedableRng as _};

use super::cell::Points;
use super::{feed, member};
use crate::data::bi::definition::ledger::{self, World as Ledgers};
use crate::data::bi::definition::model::first_instant;

/// Clocks that change at midnight (Havana, the Azores), that do not, and that are off by a part of an hour.
const ZONES: [Tz; 7] = [
    chrono_tz::America::New_York,
    chrono_tz::Asia::Shanghai,
    chrono_tz::Europe::Lisbon,
    chrono_tz::Asia::Kathmandu,
    chrono_tz::Pacific::Auckland,
    chrono_tz::America::Havana,
    chrono_tz::Atlantic::Azores,
];

/// First days of worlds, all past: clocks change within their twenty to sixty days, or a year ends.
const BEGINS: [(i32, u32, u32); 3] = [(2025, 2, 20), (2025, 10, 10), (2025, 12, 5)];

/// A source of every vendor that was retired: nothing of it is in `bi`.
pub const RETIRED: &str = "retired";

/// One version of an inspection result.
#[derive(Debug, Clone, PartialEq)]
pub struct Version {
    pub from: DateTime<Utc>,
    pub name: Option<String>,
    pub email: Option<String>,
    pub contact_at: Option<DateTime<Utc>>,
    pub inspected_at: Option<DateTime<Utc>>,
    pub score: Option<Points>,
    pub score_max: Option<Points>,
    /// Standard score and its maximum, bonus and its maximum, deduction and its maximum.
    pub others: [Option<Points>; 6],
    pub deleted: bool,
}

/// An inspection result with all its versions, the oldest first.
#[derive(Debug)]
pub struct Inspection {
    pub source: String,
    pub channel: &'static str,
    pub contact_id: String,
    /// Of chats.
    pub scheme_id: Option<String>,
    pub agent_id: String,
    pub versions: Vec<Version>,
}

impl Inspection {
    pub fn now(&self) -> &Version {
        &self.versions[self.versions.len() - 1]
    }

    pub fn is_live(&self) -> bool {
        !self.now().deleted && self.source != RETIRED
    }
}

/// An agent as `sobot.agent` has it.
#[derive(Debug, Clone)]
pub struct SobotAgent {
    pub source: String,
    pub id: String,
    pub name: Option<String>,
    pub email: Option<String>,
    pub first_seen_at: DateTime<Utc>,
}

/// What an operator said of an account: vendor, source, account id, person.
pub type Link = (&'static str, String, String, String);

/// All rows.
pub struct World {
    pub zone: Tz,
    pub ledgers: Ledgers,
    pub inspections: Vec<Inspection>,
    pub agents: Vec<SobotAgent>,
    pub links: Vec<Link>,
    pub rosters: member::Rosters,
    pub feeds: feed::Feeds,
}

/// Draws what a world consists of.
pub struct Rng {
    pub rng: StdRng,
    pub zone: Tz,
    pub begin: DateTime<Utc>,
    pub end: DateTime<Utc>,
}

impl Rng {
    pub fn chance(&mut self, share: f64) -> bool {
        self.rng.random_bool(share)
    }

    pub fn up_to(&mut self, most: usize) -> usize {
        self.rng.random_range(0..=most)
    }

    pub fn one<T: Clone>(&mut self, of: &[T]) -> T {
        of.choose(&mut self.rng).unwrap().clone()
    }

    pub fn maybe<T: Clone>(&mut self, null: f64, of: &[T]) -> Option<T> {
        (!self.chance(null)).then(|| self.one(of))
    }

    /// Few names, so that strangers share them.
    pub fn name(&mut self) -> Option<String> {
        let names = [
            "张伟",
            "李娜",
            "王芳",
            "Ｌｉ　Wei",
            "li wei",
            " Li Wei",
            "张**",
            "客服",
            "8001",
            "",
            "hmac1:abc",
        ];
        self.maybe(0.1, &names).map(str::to_owned)
    }

    pub fn email(&mut self) -> Option<String> {
        let addresses = [
            "1@example.com",
            "2@example.com",
            "A3@example.com",
            "1001@example.org",
            "Wei@example.com ",
            "wei@example.com",
            "8***@example.com",
            "hmac1:1@example.com",
            "nobody",
            "",
        ];
        self.maybe(0.3, &addresses).map(str::to_owned)
    }

    /// An instant of the world: often at a midnight or beside it, at a year's end, or long before any calendar.
    pub fn instant(&mut self) -> DateTime<Utc> {
        let within = (self.end - self.begin).num_seconds();
        let any = self.begin + TimeDelta::seconds(self.rng.random_range(-86_400 * 3..within + 86_400 * 2));
        let midnight = |day: NaiveDate| first_instant(self.zone, day);
        let at = match self.rng.random_range(0..20) {
            0..13 => any + TimeDelta::microseconds(self.rng.random_range(0..1_000_000)),
            13..17 => midnight(any.with_timezone(&self.zone).date_naive()),
            17 | 18 => midnight(NaiveDate::from_ymd_opt(2026, 1, 1).unwrap()),
            _ if self.rng.random_bool(0.1) => Utc.with_ymd_and_hms(2014, 6, 1, 3, 0, 0).unwrap(),
            _ => midnight(NaiveDate::from_ymd_opt(2025, 12, 29).unwrap()),
        };
        at + TimeDelta::microseconds(self.rng.random_range(-1..=1))
    }

    /// A length of time: often just one that a view asks for.
    fn lag(&mut self) -> TimeDelta {
        let edge = |hours| TimeDelta::hours(hours);
        match self.rng.random_range(0..10) {
            0 => -TimeDelta::minutes(self.rng.random_range(1..5_000)),
            1 => edge(self.one(&[0, 24, 72, 168, 744])),
            2 => edge(self.one(&[24, 72, 168, 744])) + TimeDelta::microseconds(1),
            _ => TimeDelta::seconds(self.rng.random_range(0..86_400 * 12)),
        }
    }

    fn score(&mut self) -> Option<Points> {
        let edges = [-50_000, 0, 99_900, 100_000, 333_300, 999_500, 1_000_000, 1_205_000, 5_000_000_000];
        match self.rng.random_range(0..10) {
            0 | 1 => None,
            2..5 => Some(self.one(&edges)),
            _ => Some(self.rng.random_range(0..1_300) * 1_000),
        }
    }

    fn maximum(&mut self) -> Option<Points> {
        self.maybe(0.1, &[0, -100_000, 333_300, 500_000, 1_000_000, 1_000_000, 1_000_000, 1_000_000])
    }

    fn first_version(&mut self) -> Version {
        let contact_at = (!self.chance(0.15)).then(|| self.instant());
        let inspected_at = (!self.chance(0.15)).then(|| match contact_at {
            Some(at) => at + self.lag(),
            None => self.instant(),
        });
        Version {
            from: self.instant(),
            name: self.name(),
            email: self.email(),
            contact_at,
            inspected_at,
            score: self.score(),
            score_max: self.maximum(),
            others: std::array::from_fn(|_| self.score()),
            deleted: false,
        }
    }

    /// A later version, which differs in one thing, or in one that no view shows.
    fn next_version(&mut self, before: &Version) -> Version {
        let from = before.from + TimeDelta::seconds(self.rng.random_range(0..86_400 * 20));
        let mut next = Version { from, deleted: false, ..before.clone() };
        match self.rng.random_range(0..8) {
            0 | 1 => next.score = self.score(),
            2 => next.name = self.name(),
            3 => next.contact_at = (!self.chance(0.3)).then(|| self.instant()),
            4 => next.inspected_at = next.contact_at.map(|at| at + self.lag()),
            5 => next.score_max = self.maximum(),
            6 => next.deleted = !before.deleted,
            _ => {}
        }
        next
    }

    fn inspection(&mut self, source: &str, channel: &'static str, number: usize) -> Inspection {
        let mut versions = vec![self.first_version()];
        while self.chance(0.3) && versions.len() < 5 {
            let next = self.next_version(&versions[versions.len() - 1]);
            versions.push(next);
        }
        let agents = ["a1", "a2", "a3", "a4", "a5", "a6"];
        let agent_id = if self.chance(0.03) { "" } else { self.one(&agents) };
        Inspection {
            source: source.to_owned(),
            channel,
            contact_id: format!("{channel}-{number}"),
            scheme_id: (channel == "chat").then(|| self.one(&["s1", "s2"]).to_owned()),
            agent_id: agent_id.to_owned(),
            versions,
        }
    }

    fn agents(&mut self) -> Vec<SobotAgent> {
        let mut agents = Vec::new();
        // A whole setup of one name, sometimes just too large to tell anybody apart.
        let setup = self.one(&[0, 0, 20, 21]);
        for source in ["sobot", "another", RETIRED] {
            let ids = (1..=7).map(|number| format!("a{number}"));
            for id in ids.chain((0..setup).map(|number| format!("setup{number}"))) {
                let name = match id.starts_with("setup") {
                    true => Some("前台".to_owned()),
                    false => self.name(),
                };
                let email = if id.starts_with("setup") { None } else { self.email() };
                let first_seen_at = self.instant();
                agents.push(SobotAgent { source: source.to_owned(), id, name, email, first_seen_at });
            }
        }
        agents
    }

    /// A few overrules: to another account's person, to nobody else's, or of an account that nobody knows.
    fn links(&mut self) -> Vec<Link> {
        let mut links: Vec<Link> = Vec::new();
        for _ in 0..self.up_to(4) {
            let number = self.rng.random_range(1..=4);
            let (vendor, source, id): (_, &str, _) = match self.up_to(2) {
                0 => ("sobot", self.one(&["sobot", "another"]), format!("a{number}")),
                1 => ("moor", self.one(&["moor", "branch"]), number.to_string()),
                _ => ("workbench", "bench", "1001".to_owned()),
            };
            let person = match self.chance(0.3) {
                true => format!("{vendor}/{source}/{id}"),
                false => format!("sobot/sobot/a{}", self.rng.random_range(1..=9)),
            };
            if !links.iter().any(|link| (link.0, link.1.as_str(), &link.2) == (vendor, source, &id)) {
                links.push((vendor, source.to_owned(), id, person));
            }
        }
        links
    }
}

/// A world drawn from a seed.
pub fn random_world(seed: u64) -> World {
    let mut rng = StdRng::seed_from_u64(seed ^ 0xb1);
    let zone = ZONES[rng.random_range(0..ZONES.len())];
    let (year, month, day) = BEGINS[rng.random_range(0..BEGINS.len())];
    let begin = first_instant(zone, NaiveDate::from_ymd_opt(year, month, day).unwrap());
    let ledgers = ledger::world_from(&mut rng, zone, begin);
    let mut rng = Rng { rng, zone, begin, end: ledgers.now };
    let mut inspections = Vec::new();
    for source in ["sobot", "another", RETIRED] {
        for channel in ["call", "chat"] {
            let count = if source == "sobot" { 160 } else { 60 };
            inspections.extend((0..count).map(|number| rng.inspection(source, channel, number)));
        }
    }
    let (agents, links) = (rng.agents(), rng.links());
    let (rosters, feeds) = (member::random(&mut rng), feed::random(&mut rng));
    World { zone, ledgers, inspections, agents, links, rosters, feeds }
}

impl World {
    /// The business day of an instant.
    pub fn day(&self, at: DateTime<Utc>) -> NaiveDate {
        at.with_timezone(&self.zone).date_naive()
    }

    /// The first instant of a business day.
    pub fn midnight(&self, day: NaiveDate) -> DateTime<Utc> {
        first_instant(self.zone, day)
    }

    /// final, provisional or partial: days from `first` to the one before `end`.
    pub fn state(&self, source: &str, channel: &str, days: Option<(NaiveDate, NaiveDate)>) -> &'static str {
        let stream = format!("sobot.{channel}_result");
        let place = self.ledgers.places.iter().find(|place| place.source == source && place.stream == stream);
        match place.zip(days) {
            Some((place, (first, end))) => place.ledger.state(first, end).as_str(),
            None => "partial",
        }
    }
}
