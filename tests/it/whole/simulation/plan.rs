//! What a seed stands for: how long, who, which vendor, which faults.

use std::time::Duration;

use ccsync::domain::stream::{StreamId, StreamKey};
use chrono::{DateTime, Utc};

use super::rng::Rng;

/// In which order the vendor lists.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    Oldest,
    Newest,
    AsMade,
}

/// What the vendor says of the number of elements.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Totals {
    True,
    /// One more than there are, which the operator knows and ignores.
    Ignored,
    Absent,
}

/// What the vendor's answers contradict.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Contradiction {
    /// It states so many more than it lists, or fewer.
    WrongTotal(i64),
    /// It states 0.
    ZeroTotal,
    /// It counts all and gives none behind so many.
    EndsAt(u32),
    /// It counts all and refuses pages that reach behind so many.
    Refuses(u32),
    /// It counts all and never lists every so-manieth.
    Unlisted(u32),
}

/// A time in which the answers contradict themselves.
#[derive(Debug, Clone, Copy)]
pub struct Spell {
    pub from: DateTime<Utc>,
    pub to: DateTime<Utc>,
    pub what: Contradiction,
}

/// The bounds of the vendor's search, for ever: as many elements as it states and lists at most, and whether it
/// refuses what lies behind or gives nothing.
#[derive(Debug, Clone, Copy)]
pub struct Cap {
    pub elements: u32,
    pub refuses: bool,
}

/// What becomes of an inspection that is scored again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rescoring {
    InPlace,
    /// The earlier one is still listed.
    ExtraRow,
}

/// What the documents leave open, decided.
#[derive(Debug, Clone, Copy)]
pub struct Readings {
    /// Windows filter by the time of the inspection; else by that of the contact.
    pub by_quality: bool,
    pub end_counts_in: bool,
    pub order: Order,
    pub totals: Totals,
    pub rescoring: Rescoring,
    /// Elements on a page at most, whatever is asked for, and whether the answer says so.
    pub clamp: Option<(u32, bool)>,
    /// Of calls, whose windows can be split.
    pub cap: Option<Cap>,
}

/// How likely what goes wrong is, at each occasion.
#[derive(Debug, Clone, Copy)]
pub struct Troubles {
    pub network: f64,
    pub slip: f64,
    pub drift: f64,
    pub database: f64,
    /// A life of a worker ends by a kill.
    pub kill: f64,
    /// A worker stands still just when it is about to commit.
    pub pause: f64,
}

/// One trial.
#[derive(Debug, Clone)]
pub struct Plan {
    pub seed: u64,
    pub begin: DateTime<Utc>,
    /// From here on the world stands still and nothing goes wrong.
    pub calm: DateTime<Utc>,
    pub end: DateTime<Utc>,
    pub workers: usize,
    pub streams: Vec<StreamKey>,
    pub schedule: String,
    pub window: chrono::Duration,
    pub lookback: chrono::Duration,
    pub reread_every: Option<chrono::Duration>,
    pub settle: chrono::Duration,
    /// A change to a row comes at most this long after the time by which the vendor files it.
    pub late_max: chrono::Duration,
    pub lease: Duration,
    pub page_size: u32,
    pub rows_max: u64,
    pub per_minute: u32,
    pub rows_a_day: f64,
    pub readings: Readings,
    pub failures: Troubles,
    pub spells: Vec<Spell>,
    pub database_ahead: chrono::Duration,
}

fn days(days: i64) -> chrono::Duration {
    chrono::Duration::days(days)
}

/// The streams that are read; a feed is followed, which is another story.
const PULLED: [StreamId; 4] = [
    StreamId::SOBOT_CALL_RESULT,
    StreamId::SOBOT_CHAT_RESULT,
    StreamId::MOOR_QUEUE,
    StreamId::MOOR_AGENT_CLAIM_STATUS,
];

impl Plan {
    /// Some weeks.
    pub fn weeks(seed: u64) -> Plan {
        let mut rng = Rng::new(seed, 1);
        let begin: DateTime<Utc> = "2025-12-31T16:00:00Z".parse().unwrap();
        let calm = begin + days(rng.between(5, 12));
        let stopped = rng.chance(0.1);
        let every = rng.pick(&[4, 6, 8]);
        let mut streams: Vec<StreamKey> = PULLED
            .into_iter()
            .filter(|_| rng.chance(0.4))
            .map(|stream| StreamKey { source: "one".into(), stream })
            .collect();
        if streams.is_empty() {
            streams.push(StreamKey { source: "one".into(), stream: rng.pick(&PULLED) });
        }
        let clamp = rng.chance(0.2).then(|| (3, rng.chance(0.5)));
        let mut own = Rng::new(seed, 2);
        let cap = own.chance(0.15).then(|| Cap { elements: 6, refuses: own.chance(0.5) });
        let spells = spells(&mut own, (begin, calm), clamp.is_none());
        let mut plan = Plan {
            seed,
            begin,
            calm,
            end: calm + days(3) + chrono::Duration::hours(12),
            workers: rng.pick(&[1, 2, 2, 3]),
            streams,
            schedule: format!("0 {} */{every} * * *", rng.between(0, 60)),
            window: days(1),
            lookback: days(7),
            reread_every: rng.pick(&[None, Some(chrono::Duration::hours(12)), Some(days(1))]),
            settle: chrono::Duration::minutes(rng.pick(&[10, 60, 180])),
            late_max: days(3),
            lease: Duration::from_secs(rng.pick(&[15, 60])),
            page_size: rng.pick(&[2, 4, 5, 50]),
            rows_max: rng.pick(&[6, 1000, 1000]),
            per_minute: rng.pick(&[18, 60, 90]),
            rows_a_day: rng.pick(&[1.0, 3.0, 6.0]),
            readings: Readings {
                by_quality: rng.chance(0.5),
                end_counts_in: rng.chance(0.5),
                order: rng.pick(&[Order::Oldest, Order::Newest, Order::AsMade]),
                totals: rng.pick(&[Totals::True, Totals::True, Totals::Ignored, Totals::Absent]),
                rescoring: rng.pick(&[Rescoring::InPlace, Rescoring::InPlace, Rescoring::ExtraRow]),
                clamp,
                cap,
            },
            failures: if stopped {
                Troubles { network: 0.0, slip: 0.0, drift: 0.0, database: 0.0, kill: 0.0, pause: 0.0 }
            } else {
                Troubles {
                    network: rng.pick(&[0.0, 0.02, 0.1]),
                    slip: rng.pick(&[0.0, 0.02]),
                    drift: rng.pick(&[0.0, 0.05, 0.2]),
                    database: rng.pick(&[0.0, 0.01, 0.05]),
                    kill: rng.pick(&[0.0, 0.5, 1.0]),
                    pause: rng.pick(&[0.0, 0.02, 0.1]),
                }
            },
            spells,
            database_ahead: chrono::Duration::seconds(rng.between(-20, 20)),
        };
        // A page that lacks rows once may come to just the number that a total which is too low states.
        if 0.0 < plan.failures.slip {
            plan.spells.iter_mut().for_each(Spell::overstate);
        }
        plan
    }

    /// Three weeks of one worker and a vendor that states one call too many, and of which nothing else is wrong.
    pub fn overstating(seed: u64) -> Plan {
        let weeks = Plan::weeks(seed);
        let calm = weeks.begin + days(21);
        let none = Troubles { network: 0.0, slip: 0.0, drift: 0.0, database: 0.0, kill: 0.0, pause: 0.0 };
        let spell = Spell { from: weeks.begin, to: calm, what: Contradiction::WrongTotal(1) };
        Plan {
            calm,
            end: calm + days(4),
            workers: 1,
            streams: vec![StreamKey { source: "one".into(), stream: StreamId::SOBOT_CALL_RESULT }],
            schedule: "0 0 * * * *".into(),
            lookback: days(30),
            rows_max: 1000,
            page_size: 50,
            readings: Readings { totals: Totals::True, clamp: None, cap: None, ..weeks.readings },
            failures: none,
            spells: vec![spell],
            ..weeks
        }
    }

    /// A year of everything.
    pub fn year(seed: u64) -> Plan {
        let weeks = Plan::weeks(seed);
        let calm = weeks.begin + days(365);
        Plan {
            calm,
            end: calm + days(8),
            workers: 2,
            streams: PULLED.map(|stream| StreamKey { source: "one".into(), stream }).to_vec(),
            schedule: "0 5 4 * * *".into(),
            window: days(7),
            lookback: days(28),
            reread_every: Some(days(3)),
            late_max: days(14),
            page_size: 10,
            rows_a_day: 1.0,
            spells: spells(&mut Rng::new(seed, 3), (weeks.begin, calm), weeks.readings.clamp.is_none()),
            ..weeks
        }
    }

    /// What the answers contradict just now.
    pub fn contradiction(&self, now: DateTime<Utc>) -> Option<Contradiction> {
        let spell = self.spells.iter().find(|spell| spell.from <= now && now < spell.to);
        spell.map(|spell| spell.what)
    }

    /// Whether something may still go wrong or change.
    pub fn is_stormy(&self, now: DateTime<Utc>) -> bool {
        now < self.calm
    }
}

impl Spell {
    /// A total that is too low becomes one that is too high.
    fn overstate(&mut self) {
        if let Contradiction::WrongTotal(by) = &mut self.what {
            *by = by.abs();
        }
    }
}

/// In every other trial none; else one to three times of hours to days, or one from the beginning to the calm.
/// `too_few`: totals may be too low. Not where pages are clamped without a word: a total of just what the first page
/// holds would be believed, as any total that the elements equal.
fn spells(rng: &mut Rng, (begin, calm): (DateTime<Utc>, DateTime<Utc>), too_few: bool) -> Vec<Spell> {
    let contradiction = |rng: &mut Rng| match contradiction(rng) {
        Contradiction::WrongTotal(by) if !too_few => Contradiction::WrongTotal(by.abs()),
        other => other,
    };
    if rng.chance(0.5) {
        return Vec::new();
    }
    if rng.chance(0.2) {
        return vec![Spell { from: begin, to: calm, what: contradiction(rng) }];
    }
    let seconds = (calm - begin).num_seconds();
    let count = rng.between(1, 4);
    (0..count)
        .map(|_| {
            let from = begin + chrono::Duration::seconds(rng.between(0, seconds));
            let length = rng.wait(Duration::from_secs(3600), Duration::from_secs(4 * 86_400));
            let to = (from + chrono::Duration::from_std(length).unwrap()).min(calm);
            Spell { from, to, what: contradiction(rng) }
        })
        .collect()
}

fn contradiction(rng: &mut Rng) -> Contradiction {
    match rng.index(6) {
        0 => Contradiction::WrongTotal(rng.between(1, 4)),
        1 => Contradiction::WrongTotal(-rng.between(1, 4)),
        2 => Contradiction::ZeroTotal,
        3 => Contradiction::EndsAt(u32::try_from(rng.between(1, 8)).unwrap()),
        // One or two elements, and nothing behind them given, is a list of so many: no search is that shallow.
        4 => Contradiction::Refuses(u32::try_from(rng.between(1, 8).max(3)).unwrap()),
        _ => Contradiction::Unlisted(u32::try_from(rng.between(2, 5)).unwrap()),
    }
}
