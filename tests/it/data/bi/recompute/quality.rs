//! Inspection results, and what is summed up of them.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Datelike as _, Months, NaiveDate, TimeDelta, Timelike as _, Utc, Weekday};

use super::cell::{Cell, Points, Table, at, date, points, ratio, span, text, texts};
use super::world::{Inspection, RETIRED, Version, World};

/// What rows of a view are for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Period {
    Hour,
    Day,
    Week,
    Month,
}

impl Period {
    pub const fn name(self) -> &'static str {
        match self {
            Period::Hour | Period::Day => "day",
            Period::Week => "week",
            Period::Month => "month",
        }
    }

    /// The first day of the period, and the first one after it.
    pub fn days(self, first: NaiveDate) -> (NaiveDate, NaiveDate) {
        let end = match self {
            Period::Hour | Period::Day => first.succ_opt().unwrap(),
            Period::Week => first + chrono::Days::new(7),
            Period::Month => first + Months::new(1),
        };
        (first, end)
    }
}

/// A live result, and what follows from its version.
pub struct Facts<'w> {
    pub source: &'w str,
    pub channel: &'static str,
    pub agent_id: &'w str,
    pub scheme_id: Option<&'w str>,
    pub inspection: &'w Inspection,
    pub version: &'w Version,
    pub day: Option<NaiveDate>,
    pub hour: Option<u32>,
    /// From contact to inspection, where that is not negative.
    pub lag: Option<TimeDelta>,
}

fn contact(version: &Version) -> Option<DateTime<Utc>> {
    version.contact_at.or(version.inspected_at)
}

/// Of every result that is live.
pub fn facts(world: &World) -> Vec<Facts<'_>> {
    let live = world.inspections.iter().filter(|inspection| inspection.is_live());
    live.map(|inspection| Facts::new(world, inspection)).collect()
}

/// `bi.calendar` has these days.
pub fn is_in_calendar(day: NaiveDate) -> bool {
    (2015..=2039).contains(&day.year())
}

impl<'w> Facts<'w> {
    fn new(world: &World, inspection: &'w Inspection) -> Facts<'w> {
        let version = inspection.now();
        let lag = version.inspected_at.zip(version.contact_at).map(|(late, early)| late - early);
        Facts {
            source: &inspection.source,
            channel: inspection.channel,
            agent_id: &inspection.agent_id,
            scheme_id: inspection.scheme_id.as_deref(),
            inspection,
            version,
            day: contact(version).map(|at| world.day(at)),
            hour: contact(version).map(|at| at.with_timezone(&world.zone).hour()),
            lag: lag.filter(|lag| TimeDelta::zero() <= *lag),
        }
    }

    /// The first day of the period; null beyond the calendar.
    pub fn period(&self, period: Period) -> Option<NaiveDate> {
        let in_calendar = self.day.filter(|day| is_in_calendar(*day));
        match period {
            Period::Hour | Period::Day => self.day,
            Period::Week => in_calendar.map(|day| day.week(Weekday::Mon).first_day()),
            Period::Month => in_calendar.map(|day| day.with_day(1).unwrap()),
        }
    }

    /// Score and maximum, where a share can be made of them.
    fn shared(&self) -> Option<(Points, Points)> {
        self.version.score.zip(self.version.score_max).filter(|(_, most)| 0 < *most)
    }

    fn is_late(&self) -> bool {
        self.lag.is_some_and(|lag| TimeDelta::days(3) < lag)
    }
}

/// What is added up of results.
#[derive(Default)]
pub struct Sum<'w> {
    results: i64,
    scores: Vec<Points>,
    shared: Vec<(Points, Points)>,
    revised: i64,
    lags: Vec<TimeDelta>,
    late: i64,
    pub agents: BTreeSet<&'w str>,
}

fn sum(of: impl Iterator<Item = Points>) -> i128 {
    of.map(i128::from).sum()
}

impl<'w> Sum<'w> {
    pub fn add(&mut self, fact: &Facts<'w>) {
        self.results += 1;
        self.scores.extend(fact.version.score);
        self.shared.extend(fact.shared());
        self.revised += i64::from(1 < fact.inspection.versions.len());
        self.lags.extend(fact.lag);
        self.late += i64::from(fact.is_late());
        self.agents.insert(fact.agent_id);
    }

    pub fn score_sum(&self) -> Cell {
        points((!self.scores.is_empty()).then(|| sum(self.scores.iter().copied())))
    }

    /// results, scored, score_mean, score_min, score_max, score_share.
    pub fn scores(&self) -> [Cell; 6] {
        let scored = self.scores.len() as i128;
        let (reached, reachable) = self.reach();
        [
            text(self.results),
            text(scored),
            ratio(Some(sum(self.scores.iter().copied())), scored * 10_000),
            points(self.scores.iter().min().copied()),
            points(self.scores.iter().max().copied()),
            ratio(Some(reached), reachable),
        ]
    }

    fn reach(&self) -> (i128, i128) {
        (sum(self.shared.iter().map(|(score, _)| *score)), sum(self.shared.iter().map(|(_, most)| *most)))
    }
}

/// Who a view of quality is by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dimension {
    Agent,
    Channel,
    Scheme,
}

pub fn quality_by(world: &World, facts: &[Facts<'_>], by: Dimension, period: Period) -> Table {
    let agents = if period == Period::Hour { "hour channel" } else { "channel agents" };
    let keys = match by {
        Dimension::Agent => "channel agent_id agent_name",
        Dimension::Channel => agents,
        Dimension::Scheme => "channel scheme_id",
    };
    let mut table = Table::new(&format!(
        "source {} {keys} results scored score_mean score_min score_max score_share revised state score_sum late \
         late_share score_reached score_reachable",
        period.name()
    ));
    let mut sums: BTreeMap<_, Sum<'_>> = BTreeMap::new();
    for fact in facts {
        let hour = fact.hour.filter(|_| period == Period::Hour);
        let whose = match by {
            Dimension::Agent => Some(fact.agent_id),
            Dimension::Channel => None,
            Dimension::Scheme => fact.scheme_id,
        };
        let key = (fact.source, fact.period(period), hour, fact.channel, whose);
        sums.entry(key).or_default().add(fact);
    }
    for ((source, first, hour, channel, whose), sum) in sums {
        let mut row = vec![text(source), date(first)];
        match by {
            Dimension::Channel if period == Period::Hour => {
                row.extend([hour.map(|hour| hour.to_string()), text(channel)]);
            }
            Dimension::Channel => row.extend([text(channel), text(sum.agents.len())]),
            Dimension::Scheme => row.extend([text(channel), whose.map(str::to_owned)]),
            Dimension::Agent => {
                let known =
                    world.agents.iter().find(|one| one.source == source && Some(one.id.as_str()) == whose);
                let name = known.and_then(|known| known.name.clone());
                row.extend([text(channel), whose.map(str::to_owned), name]);
            }
        }
        row.extend(sum.scores());
        let state = world.state(source, channel, first.map(|first| period.days(first)));
        row.extend([text(sum.revised), text(state), sum.score_sum(), text(sum.late)]);
        row.push(ratio(Some(sum.late), sum.lags.len() as i128));
        let (reached, reachable) = sum.reach();
        let some = !sum.shared.is_empty();
        row.extend([points(some.then_some(reached)), points(some.then_some(reachable))]);
        table.add(row);
    }
    table
}

pub fn results(world: &World, facts: &[Facts<'_>]) -> Table {
    let mut table = Table::new(
        "source channel contact_id scheme_id agent_id agent_name agent_email contact_at inspected_at day score score_max \
         standard_score standard_score_max bonus bonus_max deduction deduction_max revision first_seen_at changed_at \
         state week month hour score_share lag late",
    );
    for fact in facts {
        let Facts { version, inspection, .. } = fact;
        let mut row = vec![
            text(fact.source),
            text(fact.channel),
            text(&inspection.contact_id),
            fact.scheme_id.map(str::to_owned),
            text(fact.agent_id),
            texts(version.name.as_ref()),
            texts(version.email.as_ref()),
            at(version.contact_at),
            at(version.inspected_at),
            date(fact.day),
            points(version.score),
            points(version.score_max),
        ];
        row.extend(version.others.map(points));
        row.extend([
            text(inspection.versions.len()),
            at(Some(inspection.versions[0].from)),
            at(Some(version.from)),
            text(world.state(fact.source, fact.channel, fact.day.map(|day| Period::Day.days(day)))),
            date(fact.period(Period::Week)),
            date(fact.period(Period::Month)),
            fact.hour.map(|hour| hour.to_string()),
            fact.shared().and_then(|(score, most)| ratio(Some(score), most)),
            span(fact.lag),
            fact.lag.map(|_| fact.is_late().to_string()),
        ]);
        table.add(row);
    }
    table
}

/// The band of a result, and its name.
fn band(fact: &Facts<'_>) -> (Option<i64>, String) {
    let Some((score, most)) = fact.shared() else { return (None, "no score or no maximum".to_owned()) };
    match (10 * score).div_euclid(most) {
        ..=0 => (Some(0), "below 10 %".to_owned()),
        10.. => (Some(10), "100 % and more".to_owned()),
        tenth => (Some(tenth), format!("{tenth}0 to {}0 %", tenth + 1)),
    }
}

pub fn score_distribution(world: &World, facts: &[Facts<'_>]) -> Table {
    let mut table = Table::new("source day channel scheme_id band band_name results share state");
    let mut bands: BTreeMap<_, BTreeMap<_, i64>> = BTreeMap::new();
    for fact in facts {
        let key = (fact.source, fact.day, fact.channel, fact.scheme_id);
        *bands.entry(key).or_default().entry(band(fact)).or_default() += 1;
    }
    for ((source, day, channel, scheme), bands) in bands {
        let all: i64 = bands.values().sum();
        for ((band, name), results) in bands {
            table.add([
                text(source),
                date(day),
                text(channel),
                scheme.map(str::to_owned),
                band.map(|band| band.to_string()),
                text(name),
                text(results),
                ratio(Some(results), all),
                text(world.state(source, channel, day.map(|day| Period::Day.days(day)))),
            ]);
        }
    }
    table
}

pub fn inspection_lag(world: &World, facts: &[Facts<'_>]) -> Table {
    let mut table = Table::new(
        "source day channel results dated within_1_day within_3_days within_7_days within_31_days late late_share lag_mean \
         lag_max state",
    );
    let mut sums: BTreeMap<_, Sum<'_>> = BTreeMap::new();
    for fact in facts {
        sums.entry((fact.source, fact.day, fact.channel)).or_default().add(fact);
    }
    for ((source, day, channel), sum) in sums {
        let within =
            |days: i64| text(sum.lags.iter().filter(|lag| **lag <= TimeDelta::hours(24 * days)).count());
        let count = sum.lags.len() as i64;
        let micros: i64 = sum.lags.iter().map(|lag| lag.num_microseconds().unwrap()).sum();
        table.add([
            text(source),
            date(day),
            text(channel),
            text(sum.results),
            text(count),
            within(1),
            within(3),
            within(7),
            within(31),
            text(sum.late),
            ratio(Some(sum.late), count),
            (0 < count).then(|| (micros / count.max(1)).to_string()),
            span(sum.lags.iter().max().copied()),
            text(world.state(source, channel, day.map(|day| Period::Day.days(day)))),
        ]);
    }
    table
}

pub fn revision_daily(world: &World, facts: &[Facts<'_>]) -> Table {
    let mut table = Table::new(
        "source day channel results revised revised_share rescored rescored_share score_change_mean score_change_size \
         score_change_max state",
    );
    let mut changes: BTreeMap<_, (i64, i64, i64, Vec<Points>)> = BTreeMap::new();
    for fact in facts {
        let entry = changes.entry((fact.source, fact.day, fact.channel)).or_default();
        let (first, last) = (fact.inspection.versions[0].score, fact.version.score);
        entry.0 += 1;
        entry.1 += i64::from(1 < fact.inspection.versions.len());
        if first != last {
            entry.2 += 1;
            entry.3.extend(last.zip(first).map(|(last, first)| last - first));
        }
    }
    for ((source, day, channel), (results, revised, rescored, changes)) in changes {
        let mean = |of: i128| ratio(Some(of), changes.len() as i128 * 10_000);
        table.add([
            text(source),
            date(day),
            text(channel),
            text(results),
            text(revised),
            ratio(Some(revised), results),
            text(rescored),
            ratio(Some(rescored), results),
            mean(sum(changes.iter().copied())),
            mean(sum(changes.iter().map(|change| change.abs()))),
            points(changes.iter().map(|change| change.abs()).max()),
            text(world.state(source, channel, day.map(|day| Period::Day.days(day)))),
        ]);
    }
    table
}

pub fn revisions(world: &World) -> Table {
    let mut table = Table::new(
        "source channel contact_id scheme_id agent_id agent_name day revised_on revised_at revision kind score_before \
         score_after score_change since_first_seen",
    );
    for inspection in world.inspections.iter().filter(|inspection| inspection.source != RETIRED) {
        for (number, pair) in inspection.versions.windows(2).enumerate() {
            let (before, after) = (&pair[0], &pair[1]);
            let kind = match (after.deleted, before.deleted) {
                (true, _) => "withdrawn",
                (false, true) => "restored",
                (false, false) => "changed",
            };
            table.add([
                text(&inspection.source),
                text(inspection.channel),
                text(&inspection.contact_id),
                inspection.scheme_id.clone(),
                text(&inspection.agent_id),
                texts(after.name.as_ref()),
                date(contact(after).map(|at| world.day(at))),
                date(Some(world.day(after.from))),
                at(Some(after.from)),
                text(number + 2),
                text(kind),
                points(before.score),
                points(after.score),
                points(after.score.zip(before.score).map(|(after, before)| after - before)),
                span(Some(after.from - inspection.versions[0].from)),
            ]);
        }
    }
    table
}
