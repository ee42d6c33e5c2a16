//! A year of late and revised results, read by the real planner on what it learns, beside the constant
//! look-back that misses as much. Time, vendor and ledger are simulated; no store and no network.
//!
//! `CCSYNC_REREAD_SEEDS` sets the number of years, `CCSYNC_REREAD_FIRST` the first seed.

use std::collections::BTreeMap;

use ccsync::domain::proof::certificate::Verdict;
use ccsync::domain::proof::lag::{LagTable, Reread};
use ccsync::domain::proof::window::{TimeWindow, WindowGrid};
use ccsync::engine::plan::planner::{PlanInput, WindowPolicy, plan};
use ccsync::engine::plan::reread::{Learned, closing_age};
use ccsync::engine::port::store::{LagLedger, ReadRecord, ReadState};
use chrono::{DateTime, Duration, NaiveDate, Utc};
use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};

const DAYS: i64 = 365;
/// After the year, until the last window is old enough that nothing changes any more.
const QUIET: i64 = 100;
const PAGE_SIZE: u64 = 50;
/// Both read at the same ticks, so that neither finds changes sooner only because it looks more often.
const TICK: Duration = Duration::hours(6);

/// When each change of one window happens, by its age.
struct Window {
    rows: u64,
    changes: Vec<Duration>,
    final_at: Option<DateTime<Utc>>,
    last_read: Option<DateTime<Utc>>,
}

/// A standard normal number (Box and Muller).
fn normal(rng: &mut StdRng) -> f64 {
    let (a, b): (f64, f64) = (rng.random_range(f64::MIN_POSITIVE..1.0), rng.random());
    (-2.0 * a.ln()).sqrt() * (std::f64::consts::TAU * b).cos()
}

/// An eighth of the rows is scored again, half of these within a day and a half, one in a hundred after
/// three weeks, a few after six; some come late for the first time, within days.
fn window(rng: &mut StdRng) -> Window {
    let rows = rng.random_range(120..280);
    let mut changes = Vec::new();
    for _ in 0..rows {
        if rng.random_bool(0.125) {
            changes.push(36.0 * (1.1 * normal(rng)).exp());
        }
        if rng.random_bool(0.03) {
            changes.push(-12.0 * rng.random_range(f64::MIN_POSITIVE..1.0).ln());
        }
    }
    let changes = changes.into_iter().map(|hours| Duration::seconds((hours * 3_600.0) as i64)).collect();
    Window { rows, changes, final_at: None, last_read: None }
}

struct Year {
    missed: f64,
    requests: u64,
    /// Mean time from a change to the read that found it, of those found.
    delay_hours: f64,
    finals: u64,
    finals_changed: u64,
}

fn start() -> DateTime<Utc> {
    NaiveDate::from_ymd_opt(2025, 1, 1).unwrap().and_hms_opt(0, 0, 0).unwrap().and_utc()
}

fn policy(lookback: Duration, reread_every: Option<Duration>) -> WindowPolicy {
    WindowPolicy {
        start: start(),
        grid: WindowGrid::new(start().date_naive(), Duration::days(1), chrono_tz::UTC),
        lookback,
        settle: Duration::minutes(10),
        reread_every,
        missed_revisions_max: 0.001,
        reread_requests_per_day: None,
        retention: None,
    }
}

/// Reads the year; `learns` or not.
fn read_year(seed: u64, policy: &WindowPolicy, learns: bool) -> Year {
    let mut rng = StdRng::seed_from_u64(seed);
    let mut world: BTreeMap<DateTime<Utc>, Window> = BTreeMap::new();
    let mut ledger: Vec<ReadRecord> = Vec::new();
    let mut table = LagTable::default();
    let (mut requests, mut delay, mut found) = (0, 0.0, 0_u64);
    let mut now = start();
    while now < start() + Duration::days(DAYS + QUIET) {
        now += TICK;
        let ledger_now = LagLedger { table: table.clone(), requests_today: 0 };
        let learned = if learns { Learned::from_ledger(&ledger_now, policy) } else { Learned::default() };
        let input =
            PlanInput { now, due_since: now, range: None, within: None, pauses: true, learned: &learned };
        for due in plan(&ledger, &input, policy) {
            if start() + Duration::days(DAYS) <= due.window.start {
                continue;
            }
            let content = world.entry(due.window.start).or_insert_with(|| window(&mut rng));
            let known = ledger.binary_search_by_key(&Some(due.window), |record| record.window);
            let complete = due.window.end <= now - policy.settle;
            let age = now - due.window.end;
            if let Some(read_before) = content.last_read.filter(|at| due.window.end <= *at - policy.settle) {
                let from = read_before - due.window.end;
                let news: Vec<_> = content.changes.iter().filter(|at| from < **at && **at <= age).collect();
                delay += news.iter().map(|at| (age - **at).num_minutes() as f64 / 60.0).sum::<f64>();
                found += news.len() as u64;
                // Every second change carries a time of its own.
                let dated = news.iter().step_by(2).map(|at| **at).collect::<Vec<_>>();
                let undated = (news.len() - dated.len()) as u64;
                table.observe(&Reread { from, to: age, rows: content.rows, dated, undated });
            }
            let pages = content.rows / PAGE_SIZE + 1;
            requests += if complete && content.last_read.is_some() { pages } else { 0 };
            content.last_read = Some(now);
            content.final_at = Some(due.window.end + closing_age(due.window, content.rows, &learned, policy));
            let record = record(due.window, now, complete, content.rows, pages);
            match known {
                Ok(index) => ledger[index] = record,
                Err(index) => ledger.insert(index, record),
            }
        }
    }
    judge(&world, requests, delay / found.max(1) as f64)
}

fn record(window: TimeWindow, now: DateTime<Utc>, complete: bool, rows: u64, pages: u64) -> ReadRecord {
    ReadRecord {
        window: Some(window),
        state: if complete { ReadState::Complete } else { ReadState::Open },
        read_at: Some(now),
        complete_to: None,
        reads: 1,
        verdict: Some(Verdict::Proven),
        unverified_reason: None,
        unverified_reads: 0,
        digest: None,
        rows: rows as i64,
        vendor_total: None,
        requests: pages as i64,
        missing: false,
        failure: None,
    }
}

fn judge(world: &BTreeMap<DateTime<Utc>, Window>, requests: u64, delay_hours: f64) -> Year {
    let (mut changes, mut missed, mut finals, mut finals_changed) = (0, 0, 0, 0);
    for (window_start, window) in world {
        let end = *window_start + Duration::days(1);
        let last = window.last_read.unwrap() - end;
        let unseen = window.changes.iter().filter(|at| last < **at).count();
        changes += window.changes.len();
        missed += unseen;
        if window.final_at.is_some_and(|at| at <= window.last_read.unwrap()) {
            finals += 1;
            finals_changed += u64::from(0 < unseen);
        }
    }
    Year { missed: missed as f64 / changes as f64, requests, delay_hours, finals, finals_changed }
}

fn number(variable: &str, default: u64) -> u64 {
    std::env::var(variable).map_or(default, |text| text.parse().unwrap())
}

/// The shortest constant look-back, in days, that misses no more over all these years. What lies within it
/// is found, what lies beyond is not: the reading itself need not be tried for each length.
fn constant_as_good(seeds: &[u64], learned: &[Year]) -> i64 {
    let worlds: Vec<Vec<Window>> = seeds
        .iter()
        .map(|seed| {
            let mut rng = StdRng::seed_from_u64(*seed);
            (0..DAYS).map(|_| window(&mut rng)).collect()
        })
        .collect();
    let missed = |days| {
        let late = |age: &&Duration| Duration::days(days) < **age;
        let of_window = |window: &Window| window.changes.iter().filter(late).count();
        worlds.iter().flatten().map(of_window).sum::<usize>() as f64
    };
    let changes: usize = worlds.iter().flatten().map(|window| window.changes.len()).sum();
    let allowed = learned.iter().map(|year| year.missed).sum::<f64>() / learned.len() as f64;
    (1..).find(|days| missed(*days) <= allowed * changes as f64).unwrap()
}

#[test]
fn what_was_learned_finds_as_many_revisions_with_a_fifth_of_the_requests() {
    let first = number("CCSYNC_REREAD_FIRST", 1);
    let seeds: Vec<u64> = (first..first + number("CCSYNC_REREAD_SEEDS", 2)).collect();
    let daily = Some(Duration::days(1));
    let learned: Vec<Year> =
        seeds.iter().map(|seed| read_year(*seed, &policy(Duration::days(90), daily), true)).collect();
    let days = constant_as_good(&seeds, &learned);
    let constant: Vec<Year> =
        seeds.iter().map(|seed| read_year(*seed, &policy(Duration::days(days), daily), false)).collect();
    let say = |name: &str, years: &[Year]| {
        let mean = |of: fn(&Year) -> f64| years.iter().map(of).sum::<f64>() / years.len() as f64;
        println!(
            "{name}: {:.0} requests a year for rereads, {:.4} % of the changes missed, found after {:.1} h \
             in the mean, {:.1} of {:.1} final windows changed later",
            mean(|year| year.requests as f64),
            mean(|year| year.missed) * 100.0,
            mean(|year| year.delay_hours),
            mean(|year| year.finals_changed as f64),
            mean(|year| year.finals as f64),
        );
    };
    println!("{} years of {DAYS} windows, from seed {first} on", seeds.len());
    say("learned, 90 d at most", &learned);
    say(&format!("constant, {days} d, once a day"), &constant);
    // What a person would get who spares requests by hand: told beside, so that the ratio is not all.
    for every in [2, 4, 7] {
        let policy = policy(Duration::days(days), Some(Duration::days(every)));
        let years: Vec<Year> = seeds.iter().map(|seed| read_year(*seed, &policy, false)).collect();
        say(&format!("constant, {days} d, every {every} days"), &years);
    }
    let total = |years: &[Year], of: fn(&Year) -> u64| years.iter().map(of).sum::<u64>();
    let ratio = total(&constant, |year| year.requests) as f64 / total(&learned, |year| year.requests) as f64;
    println!("{ratio:.1} times fewer requests");
    assert!(learned.iter().all(|year| year.missed <= 0.001));
    assert!(5.0 <= ratio, "{ratio}");
    let (finals, changed) =
        (total(&learned, |year| year.finals), total(&learned, |year| year.finals_changed));
    assert!(changed * 100 <= finals, "{changed} of {finals} final windows changed");
    assert!(seeds.len() as u64 * 300 < finals, "{finals} windows are final");
}
