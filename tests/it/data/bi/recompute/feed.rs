//! What agents of the workbench did with their time.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};

use super::cell::{Table, date, ratio, span, text};
use super::world::{RETIRED, Rng, World};

/// How far an agent's feed was heard.
#[derive(Debug)]
pub struct Session {
    pub source: String,
    pub extno: String,
    pub configured: bool,
    pub seen_to: Option<DateTime<Utc>>,
    pub last_message_at: Option<DateTime<Utc>>,
}

/// A stay in a state; `status` is `None` of a gap.
#[derive(Debug)]
pub struct Stay {
    pub source: String,
    pub extno: String,
    pub status: Option<&'static str>,
    pub since: DateTime<Utc>,
    pub until: Option<DateTime<Utc>>,
}

#[derive(Debug, Default)]
pub struct Feeds {
    pub sessions: Vec<Session>,
    pub stays: Vec<Stay>,
    /// Announcements of each source.
    pub announcements: Vec<(String, DateTime<Utc>)>,
    /// Calls of each source, and whether they are marked deleted.
    pub popups: Vec<(String, bool)>,
}

pub fn random(rng: &mut Rng) -> Feeds {
    let mut feeds = Feeds::default();
    for source in ["bench", RETIRED] {
        for extno in ["1001", "2", "a3"] {
            let mut since = rng.begin + TimeDelta::minutes(rng.up_to(4_000) as i64);
            for _ in 0..rng.up_to(40) {
                let length = match rng.up_to(9) {
                    0 => TimeDelta::microseconds(1),
                    1 => TimeDelta::hours(rng.up_to(80) as i64 + 1),
                    2 => (rng.instant() - since).max(TimeDelta::seconds(5)).min(TimeDelta::days(5)),
                    _ => TimeDelta::seconds(rng.up_to(30_000) as i64 + 1),
                };
                let status = rng.maybe(0.2, &["signed_out", "idle", "busy", "wrap_up", "unknown"]);
                let stay = Stay {
                    source: source.to_owned(),
                    extno: extno.to_owned(),
                    status,
                    since,
                    until: Some(since + length),
                };
                feeds.stays.push(stay);
                since += length;
            }
            if let Some(last) =
                feeds.stays.last_mut().filter(|last| last.extno == extno && last.source == source)
                && rng.chance(0.7)
            {
                last.until = None;
            }
            if rng.chance(0.9) {
                let heard = since + TimeDelta::minutes(rng.up_to(5_000) as i64);
                feeds.sessions.push(Session {
                    source: source.to_owned(),
                    extno: extno.to_owned(),
                    configured: rng.chance(0.8),
                    seen_to: rng.maybe(0.1, &[heard]),
                    last_message_at: rng.maybe(0.2, &[heard]),
                });
            }
        }
        for _ in 0..rng.up_to(5) {
            let came = (source.to_owned(), rng.instant());
            feeds.announcements.push(came);
            let popup = (source.to_owned(), rng.chance(0.2));
            feeds.popups.push(popup);
        }
    }
    feeds
}

/// Time and stays in each state.
type States<'w> = BTreeMap<&'w str, (TimeDelta, usize)>;

/// Each stay cut at every midnight.
pub fn state_daily(world: &World, now: DateTime<Utc>) -> Table {
    let mut table = Table::new("source extno day state duration hours share stays");
    let mut days: BTreeMap<(&str, &str, NaiveDate), States<'_>> = BTreeMap::new();
    for stay in world.feeds.stays.iter().filter(|stay| stay.source != RETIRED) {
        let session =
            world.feeds.sessions.iter().find(|one| one.source == stay.source && one.extno == stay.extno);
        // An open stay is known as far as the agent was heard; a gap that is open lasts.
        let heard = match stay.status {
            Some(_) => session.and_then(|session| session.seen_to),
            None => Some(now),
        };
        let Some(until) = stay.until.or(heard) else { continue };
        let mut from = stay.since;
        while from < until {
            let day = world.day(from);
            let to = until.min(world.midnight(day.succ_opt().unwrap()));
            let states = days.entry((&stay.source, &stay.extno, day)).or_default();
            let (time, stays) = states.entry(stay.status.unwrap_or("not heard")).or_default();
            *time += to - from;
            *stays += 1;
            from = to;
        }
    }
    let micros = |time: TimeDelta| time.num_microseconds().unwrap();
    for ((source, extno, day), states) in days {
        let all: i64 = states.values().map(|(time, _)| micros(*time)).sum();
        for (state, (time, stays)) in states {
            table.add([
                text(source),
                text(extno),
                date(Some(day)),
                text(state),
                span(Some(time)),
                ratio(Some(micros(time)), 3_600_000_000_i64),
                ratio(Some(micros(time)), all),
                text(stays),
            ]);
        }
    }
    table
}
