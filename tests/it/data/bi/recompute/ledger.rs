//! Completeness, finality and the calendar.

use chrono::{DateTime, Datelike as _, Days, Months, NaiveDate, Utc, Weekday};

use super::cell::{Cell, Table, at, date, span, text};
use super::quality::Period;
use super::world::{Inspection, RETIRED, World};
use crate::data::bi::definition::ledger::Place;
use crate::data::bi::definition::model::Window;

/// What `sync.finality` says of every windowed stream that has an entry.
pub const CHANGED_AFTER_FINAL: i64 = 3;

/// The first period that a stream's days touch, and all later ones up to the last.
pub fn states(world: &World, period: Period) -> Table {
    let mut table = Table::new(&format!("source stream {} state", period.name()));
    for Place { source, stream, ledger } in &world.ledgers.places {
        let (first, last) = ledger.days_listed();
        let mut begin = match period {
            Period::Hour | Period::Day => first,
            Period::Week => first.week(Weekday::Mon).first_day(),
            Period::Month => first.with_day(1).unwrap(),
        };
        while begin <= last {
            let (_, end) = period.days(begin);
            let state = ledger.state(begin, end).as_str();
            table.add([text(source), text(stream), date(Some(begin)), text(state)]);
            begin = end;
        }
    }
    table
}

pub fn calendar() -> Table {
    let mut table = Table::new("day week week_name month quarter year weekday");
    let first = NaiveDate::from_ymd_opt(2015, 1, 1).unwrap();
    for day in first.iter_days().take_while(|day| day.year() < 2040) {
        let monday = day - Days::new(u64::from(day.weekday().num_days_from_monday()));
        // The week's year is that of its Thursday.
        let thursday = monday + Days::new(3);
        let number = thursday.ordinal0() / 7 + 1;
        let month = day.with_day(1).unwrap();
        table.add([
            date(Some(day)),
            date(Some(monday)),
            text(format!("{}-W{number:02}", thursday.year())),
            date(Some(month)),
            date(Some(month - Months::new(month.month0() % 3))),
            text(day.year()),
            text(day.weekday().number_from_monday()),
        ]);
    }
    table
}

/// Live rows of all tables of a stream.
fn rows(world: &World, source: &str, stream: &str) -> usize {
    let inspections = |channel: &str| {
        let is_one = |one: &&Inspection| one.source == source && one.channel == channel && one.is_live();
        world.inspections.iter().filter(is_one).count()
    };
    let members = world.rosters.members.iter().filter(|member| member.source == source);
    let live_members = members.filter(|member| !member.versions[member.versions.len() - 1].deleted).count();
    match stream {
        "sobot.call_result" => inspections("call"),
        "sobot.chat_result" => inspections("chat"),
        "moor.queue" => {
            let groups = world.rosters.groups.iter().filter(|group| group.source == source && !group.deleted);
            groups.count() + live_members
        }
        "moor.agent_claim_status" => {
            world.rosters.claims.iter().filter(|claim| claim.source == source && !claim.deleted).count()
        }
        _ => {
            let stays =
                world.feeds.stays.iter().filter(|stay| stay.source == source && stay.status.is_some());
            let announced = world.feeds.announcements.iter().filter(|(of, _)| of == source);
            let popups = world.feeds.popups.iter().filter(|(of, deleted)| of == source && !deleted);
            stays.count() + announced.count() + popups.count()
        }
    }
}

/// What a failed window says.
pub fn failure_message(window: &Window) -> String {
    format!("failed {}", window.start.timestamp())
}

/// Two snapshots, of which the second was never read, beside the windowed streams and the feed.
pub const SNAPSHOTS: [(&str, &str); 2] = [("moor", "moor.queue"), ("branch", "moor.agent_claim_status")];

/// Records of the first snapshot that are in quarantine; two more are not any longer.
pub const QUARANTINED: u32 = 3;

/// When the first snapshot was read, failed afterwards, and was proven last.
pub fn snapshot_times(world: &World) -> [DateTime<Utc>; 3] {
    let day = |number| world.ledgers.now + Days::new(number);
    [day(2), day(3), day(1)]
}

pub fn freshness(world: &World) -> Table {
    let mut table = Table::new(
        "source stream kind complete_from complete_to rows last_read_at windows_complete windows_open windows_failed failing \
         failure_message windows_unverified windows_provisional final_to windows_final windows_moving \
         changed_after_final reach paused gaps quarantined failing_since",
    );
    for place in world.ledgers.declared() {
        table.add(windowed(world, place));
    }
    let [read_at, failed_at, proven_at] = snapshot_times(world);
    for (number, (source, stream)) in SNAPSHOTS.into_iter().enumerate() {
        let read = number == 0;
        let count = rows(world, source, stream);
        table.add([
            text(source),
            text(stream),
            text("snapshot"),
            None,
            at(read.then_some(proven_at)),
            text(count),
            at(read.then_some(read_at)),
            text(u8::from(read)),
            text(0),
            text(0),
            text(read),
            read.then(|| "refused".to_owned()),
            text(u8::from(read)),
            text(0),
            None,
            text(0),
            text(0),
            text(0),
            None,
            text(false),
            None,
            text(if read { QUARANTINED } else { 0 }),
            at(read.then_some(failed_at)),
        ]);
    }
    table.add(feed(world));
    table
}

fn windowed(world: &World, Place { source, stream, ledger }: &Place) -> Vec<Cell> {
    let wanted: Vec<&Window> = ledger.wanted().collect();
    let count = |state: &str| text(wanted.iter().filter(|window| window.state == state).count());
    let mut failed: Vec<&&Window> = wanted.iter().filter(|window| window.failed_at.is_some()).collect();
    failed.sort_by_key(|window| std::cmp::Reverse((window.failed_at, window.start)));
    let tally = ledger.tally();
    vec![
        text(source),
        text(stream),
        text("windowed"),
        at(Some(ledger.wanted_from())),
        at(ledger.complete_to()),
        text(rows(world, source, stream)),
        at(wanted.iter().filter_map(|window| window.read_at).max()),
        count("complete"),
        count("open"),
        count("failed"),
        text(!failed.is_empty()),
        failed.first().map(|window| failure_message(window)),
        text(tally.unverified),
        text(tally.provisional),
        at(ledger.final_to()),
        text(tally.finals),
        text(tally.moving),
        text(if ledger.seen.is_some() { CHANGED_AFTER_FINAL } else { 0 }),
        span(Some(ledger.reach())),
        text(ledger.paused),
        None,
        text(0),
        at(wanted.iter().filter_map(|window| window.failed_at).min()),
    ]
}

fn feed(world: &World) -> Vec<Cell> {
    let sessions = || world.feeds.sessions.iter().filter(|session| session.source == "bench");
    let configured: Vec<_> = sessions().filter(|session| session.configured).collect();
    let heard: Option<Vec<DateTime<Utc>>> = configured.iter().map(|session| session.seen_to).collect();
    let gaps = world.feeds.stays.iter().filter(|stay| stay.source == "bench" && stay.status.is_none());
    assert!(!SNAPSHOTS.iter().any(|(source, _)| *source == RETIRED));
    vec![
        text("bench"),
        text("workbench.agent_monitor"),
        text("feed"),
        None,
        at(heard.and_then(|heard| heard.into_iter().min())),
        text(rows(world, "bench", "workbench.agent_monitor")),
        at(sessions().filter_map(|session| session.last_message_at).max()),
        text(0),
        text(0),
        text(0),
        text(false),
        None,
        text(0),
        text(0),
        None,
        text(0),
        text(0),
        text(0),
        None,
        text(false),
        text(gaps.count()),
        text(0),
        None,
    ]
}
