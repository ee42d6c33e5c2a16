//! Rosters of 7moor, who was in which skill group when, and quality by skill group.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};

use super::cell::{Table, at, date, ratio, span, text, texts};
use super::person::Account;
use super::quality::{Facts, Period, Sum, is_in_calendar};
use super::world::{RETIRED, Rng, World};

/// A skill group as it was last known.
#[derive(Debug)]
pub struct Group {
    pub source: String,
    pub exten: String,
    pub name: Option<String>,
    pub assign_rule: &'static str,
    pub first_seen_at: DateTime<Utc>,
    pub deleted: bool,
}

/// One version of a membership.
#[derive(Debug, Clone)]
pub struct MemberVersion {
    pub from: DateTime<Utc>,
    pub name: Option<String>,
    pub priority: Option<i32>,
    pub deleted: bool,
}

/// A membership with all its versions, the oldest first.
#[derive(Debug)]
pub struct Member {
    pub source: String,
    pub exten: String,
    pub agent_number: String,
    pub first_seen_at: DateTime<Utc>,
    pub versions: Vec<MemberVersion>,
}

/// Whether a member takes chats, as last known.
#[derive(Debug)]
pub struct Claim {
    pub source: String,
    pub exten: String,
    pub agent_number: String,
    pub name: Option<String>,
    pub at_desk: Option<bool>,
    pub in_app: Option<bool>,
    pub at: DateTime<Utc>,
    pub deleted: bool,
}

#[derive(Debug, Default)]
pub struct Rosters {
    pub groups: Vec<Group>,
    pub members: Vec<Member>,
    pub claims: Vec<Claim>,
}

const NUMBERS: [&str; 6] = ["1", "2", "a3", "4", "8001", "1001"];

pub fn random(rng: &mut Rng) -> Rosters {
    let mut rosters = Rosters::default();
    for source in ["moor", "branch", RETIRED] {
        for exten in ["10", "11", "12"] {
            let group = Group {
                source: source.to_owned(),
                exten: exten.to_owned(),
                name: rng.maybe(0.1, &["售后", "售前"]).map(str::to_owned),
                assign_rule: rng.one(&["random", "least"]),
                first_seen_at: rng.instant(),
                deleted: rng.chance(0.15),
            };
            rosters.groups.push(group);
            for number in NUMBERS {
                if rng.chance(0.5) {
                    rosters.members.push(member(rng, source, exten, number));
                }
                if rng.chance(0.4) {
                    rosters.claims.push(Claim {
                        source: source.to_owned(),
                        exten: exten.to_owned(),
                        agent_number: number.to_owned(),
                        name: rng.name(),
                        at_desk: rng.maybe(0.2, &[true, false]),
                        in_app: rng.maybe(0.2, &[true, false]),
                        at: rng.instant(),
                        deleted: rng.chance(0.2),
                    });
                }
            }
        }
    }
    rosters
}

fn member(rng: &mut Rng, source: &str, exten: &str, number: &str) -> Member {
    let first_seen_at = rng.instant();
    let first = MemberVersion {
        from: first_seen_at,
        name: rng.name(),
        priority: rng.maybe(0.1, &[1, 2]),
        deleted: false,
    };
    let mut versions = vec![first];
    while rng.chance(0.6) && versions.len() < 7 {
        let before = versions[versions.len() - 1].clone();
        // Sometimes a version lasts no time at all, or ends at a midnight.
        let later = before.from + TimeDelta::seconds(rng.one(&[0, 1, 3_600, 40_000, 86_400, 400_000]));
        let from = match rng.chance(0.2) {
            true => rng.instant().max(before.from),
            false => later,
        };
        let mut next = MemberVersion { from, deleted: false, ..before.clone() };
        match rng.up_to(4) {
            0 => next.name = rng.name(),
            1 => next.priority = rng.maybe(0.1, &[1, 2]),
            2 | 3 => next.deleted = !before.deleted,
            // Something that no view shows.
            _ => {}
        }
        versions.push(next);
    }
    // Who is still there is there on every day until today.
    if rng.chance(0.6) {
        let last = versions[versions.len() - 1].clone();
        versions.push(MemberVersion { from: last.from + TimeDelta::hours(60), deleted: true, ..last });
    }
    Member {
        source: source.to_owned(),
        exten: exten.to_owned(),
        agent_number: number.to_owned(),
        first_seen_at,
        versions,
    }
}

/// A time in which a membership was one and the same, as far as views show it.
#[derive(Debug, Clone)]
pub struct Stretch<'w> {
    pub member: &'w Member,
    pub version: &'w MemberVersion,
    pub from: DateTime<Utc>,
    pub to: Option<DateTime<Utc>>,
}

/// All stretches: instant by instant at which a version begins, the version that holds from then on.
pub fn stretches(world: &World) -> Vec<Stretch<'_>> {
    let mut all: Vec<Stretch<'_>> = Vec::new();
    for member in world.rosters.members.iter().filter(|member| member.source != RETIRED) {
        let mut open: Option<Stretch<'_>> = None;
        for (number, version) in member.versions.iter().enumerate() {
            let to = member.versions.get(number + 1).map(|next| next.from);
            if to == Some(version.from) {
                continue;
            }
            let shown = |version: &MemberVersion| (version.name.clone(), version.priority);
            open = match open {
                Some(stretch) if !version.deleted && shown(stretch.version) == shown(version) => {
                    Some(Stretch { to, ..stretch })
                }
                ended => {
                    all.extend(ended);
                    (!version.deleted).then_some(Stretch { member, version, from: version.from, to })
                }
            };
        }
        all.extend(open);
    }
    all
}

impl World {
    fn group_name(&self, source: &str, exten: &str) -> Option<&String> {
        let group = self.rosters.groups.iter().find(|group| group.source == source && group.exten == exten);
        group.and_then(|group| group.name.as_ref())
    }
}

pub fn history(world: &World) -> Table {
    let mut table =
        Table::new("source exten skill_group agent_number agent_name priority valid_from valid_to");
    for Stretch { member, version, from, to } in stretches(world) {
        table.add([
            text(&member.source),
            text(&member.exten),
            texts(world.group_name(&member.source, &member.exten)),
            text(&member.agent_number),
            texts(version.name.as_ref()),
            version.priority.map(|priority| priority.to_string()),
            at(Some(from)),
            at(to),
        ]);
    }
    table
}

pub fn daily(world: &World, now: DateTime<Utc>) -> Table {
    let mut table = Table::new(
        "source day exten skill_group agent_number agent_name priority time_in_group valid_from valid_to",
    );
    for Stretch { member, version, from, to } in stretches(world) {
        for day in world.day(from).iter_days().take_while(|day| *day <= world.day(now)) {
            let (begin, end) = (world.midnight(day), world.midnight(day.succ_opt().unwrap()));
            if to.is_some_and(|to| to <= begin) {
                break;
            }
            if !is_in_calendar(day) {
                continue;
            }
            table.add([
                text(&member.source),
                date(Some(day)),
                text(&member.exten),
                texts(world.group_name(&member.source, &member.exten)),
                text(&member.agent_number),
                texts(version.name.as_ref()),
                version.priority.map(|priority| priority.to_string()),
                span(Some(to.unwrap_or(end).min(end).min(now) - from.max(begin))),
                at(Some(from)),
                at(to),
            ]);
        }
    }
    table
}

pub fn present(world: &World) -> Table {
    let mut table = Table::new(
        "source exten skill_group agent_number agent_name priority at_desk in_app assign_rule first_seen_at changed_at",
    );
    for member in world.rosters.members.iter().filter(|member| member.source != RETIRED) {
        let version = &member.versions[member.versions.len() - 1];
        let key = (&member.source, &member.exten);
        let group = world.rosters.groups.iter().find(|group| (&group.source, &group.exten) == key);
        let Some(group) = group.filter(|group| !group.deleted && !version.deleted) else { continue };
        let claim = world.rosters.claims.iter().find(|claim| {
            (&claim.source, &claim.exten) == key
                && claim.agent_number == member.agent_number
                && !claim.deleted
        });
        table.add([
            text(&member.source),
            text(&member.exten),
            texts(group.name.as_ref()),
            text(&member.agent_number),
            texts(version.name.as_ref()),
            version.priority.map(|priority| priority.to_string()),
            claim.and_then(|claim| claim.at_desk).map(|yes| yes.to_string()),
            claim.and_then(|claim| claim.in_app).map(|yes| yes.to_string()),
            text(group.assign_rule),
            at(Some(member.first_seen_at)),
            at(Some(version.from)),
        ]);
    }
    table
}

/// Where a result counts: the 7moor account, the group, and how it came there.
type Placement = (Option<(String, String)>, &'static str);

/// The day before which the first roster of a 7moor account stands for all.
fn roster_days(world: &World) -> BTreeMap<&str, (DateTime<Utc>, NaiveDate)> {
    let mut first: BTreeMap<&str, DateTime<Utc>> = BTreeMap::new();
    for group in world.rosters.groups.iter().filter(|group| group.source != RETIRED) {
        let known = first.entry(&group.source).or_insert(group.first_seen_at);
        *known = (*known).min(group.first_seen_at);
    }
    first.into_iter().map(|(source, at)| (source, (at, world.day(at)))).collect()
}

/// What says where a result counts.
struct Places<'w> {
    world: &'w World,
    accounts: &'w [Account],
    stretches: Vec<Stretch<'w>>,
    rosters: BTreeMap<&'w str, (DateTime<Utc>, NaiveDate)>,
}

impl Places<'_> {
    /// The groups of an agent on a day, or why there is none.
    fn of(&self, (source, agent): (&str, &str), day: Option<NaiveDate>) -> BTreeSet<Placement> {
        let reason = |reason| BTreeSet::from([(None, reason)]);
        let Some(day) = day else { return reason("no_day") };
        let is =
            |account: &&Account| account.vendor == "sobot" && account.source == source && account.id == agent;
        let person = self.accounts.iter().find(is).map(|account| &account.person);
        let of_person = |other: &&Account| Some(&other.person) == person && other.vendor == "moor";
        let own: Vec<&Account> = self.accounts.iter().filter(of_person).collect();
        if own.is_empty() {
            return reason("no_identity");
        }
        let mut groups = BTreeSet::new();
        for Stretch { member, from, to, .. } in &self.stretches {
            if !own.iter().any(|one| one.source == member.source && one.id == member.agent_number) {
                continue;
            }
            let (first_read, roster_day) = self.rosters[member.source.as_str()];
            // Who was in the first roster is taken to have been there before.
            let begun = *from <= first_read || self.world.day(*from) <= day;
            let over = to.is_some_and(|to| self.world.day(to - TimeDelta::microseconds(1)) < day);
            if begun && !over {
                let how = if day < roster_day { "assumed" } else { "member" };
                groups.insert((Some((member.source.clone(), member.exten.clone())), how));
            }
        }
        if groups.is_empty() { reason("no_group") } else { groups }
    }
}

/// Quality by skill group and period.
pub fn quality(world: &World, facts: &[Facts<'_>], accounts: &[Account], period: Period) -> Table {
    let agents = if period == Period::Day { " agents" } else { "" };
    let mut table = Table::new(&format!(
        "source moor_source exten skill_group {} channel placement results scored score_mean score_min score_max \
         score_share{agents} state placed_share score_sum",
        period.name()
    ));
    let places = Places { world, accounts, stretches: stretches(world), rosters: roster_days(world) };
    type Key<'k> = (&'k str, Option<NaiveDate>, &'static str);
    let mut sums: BTreeMap<(Key<'_>, Placement), Sum<'_>> = BTreeMap::new();
    let mut all: BTreeMap<Key<'_>, (i64, i64)> = BTreeMap::new();
    let mut known = BTreeMap::new();
    for fact in facts {
        let key = (fact.source, fact.period(period), fact.channel);
        let placed = known
            .entry((fact.source, fact.agent_id, fact.day))
            .or_insert_with(|| places.of((fact.source, fact.agent_id), fact.day));
        let entry = all.entry(key).or_default();
        entry.0 += 1;
        entry.1 += i64::from(placed.iter().all(|(group, _)| group.is_none()));
        for place in placed.iter() {
            sums.entry((key, place.clone())).or_default().add(fact);
        }
    }
    for (((source, first, channel), (group, how)), sum) in sums {
        let (results, unplaced) = all[&(source, first, channel)];
        let (moor_source, exten) = group.clone().unzip();
        let name = group.as_ref().and_then(|(source, exten)| world.group_name(source, exten));
        let mut row =
            vec![text(source), moor_source, exten, texts(name), date(first), text(channel), text(how)];
        row.extend(sum.scores());
        if period == Period::Day {
            row.push(text(sum.agents.len()));
        }
        row.push(text(world.state(source, channel, first.map(|first| period.days(first)))));
        row.extend([ratio(Some(results - unplaced), results), sum.score_sum()]);
        table.add(row);
    }
    table
}
