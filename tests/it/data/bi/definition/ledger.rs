//! Random ledgers, and how they come into a database.

use ccsync::domain::stream::StreamKey;
use ccsync::engine::port::store::Store as _;
use ccsync::report::status::{DeclaredWindow, StreamDeclaration};
use chrono::{DateTime, Duration, NaiveDate, Utc};
use chrono_tz::Tz;
use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};
use sqlx::{AssertSqlSafe, Executor as _};

use super::model::{Ledger, Window, first_instant};
use crate::data::store::support::Fresh;

/// A stream of a source, and its ledger.
pub struct Place {
    pub source: String,
    pub stream: String,
    pub ledger: Ledger,
}

/// All streams.
pub struct World {
    pub zone: Tz,
    pub now: DateTime<Utc>,
    pub places: Vec<Place>,
}

impl World {
    pub fn ledger(&self, source: &str, stream: &str) -> &Ledger {
        let place = self.places.iter().find(|place| place.source == source && place.stream == stream);
        &place.unwrap().ledger
    }

    /// Those of sources that are still configured.
    pub fn declared(&self) -> impl Iterator<Item = &Place> {
        self.places.iter().filter(|place| place.ledger.start.is_some())
    }
}

const ZONES: [Tz; 5] = [
    chrono_tz::America::New_York,
    chrono_tz::Asia::Shanghai,
    chrono_tz::Europe::Lisbon,
    chrono_tz::Asia::Kathmandu,
    chrono_tz::Pacific::Auckland,
];

/// How often things go wrong in one ledger.
struct Odds {
    gap: f64,
    failed: f64,
    unverified: f64,
    early: f64,
}

/// A world drawn from a seed: clocks change within its days where its zone changes them.
pub fn random_world(seed: u64) -> World {
    let mut rng = StdRng::seed_from_u64(seed);
    let zone = ZONES[rng.random_range(0..ZONES.len())];
    let begin = if rng.random() { (2026, 2, 20) } else { (2026, 10, 10) };
    let begin = first_instant(zone, NaiveDate::from_ymd_opt(begin.0, begin.1, begin.2).unwrap());
    world_from(&mut rng, zone, begin)
}

/// Ledgers of twenty to sixty days from an instant on.
pub fn world_from(rng: &mut StdRng, zone: Tz, begin: DateTime<Utc>) -> World {
    let now = begin + Duration::hours(rng.random_range(24 * 20..24 * 60));
    let mut places = Vec::new();
    for (source, stream, declared) in [
        ("sobot", "sobot.call_result", true),
        ("sobot", "sobot.chat_result", true),
        ("another", "sobot.chat_result", true),
        ("removed", "sobot.call_result", false),
    ] {
        let mut ledger = random_ledger(rng, zone, begin, now);
        if !declared {
            // Nobody knows what was configured: 31 days are the default.
            ledger.lookback = Duration::days(31);
            ledger.settle = Duration::zero();
            (ledger.start, ledger.paused) = (None, false);
        }
        places.push(Place { source: source.into(), stream: stream.into(), ledger });
    }
    World { zone, now, places }
}

fn random_ledger(rng: &mut StdRng, zone: Tz, begin: DateTime<Utc>, now: DateTime<Utc>) -> Ledger {
    let lookback = Duration::hours(rng.random_range(0..24 * 8));
    let settle = Duration::minutes(rng.random_range(0..90));
    let odds = match rng.random_range(0..3) {
        0 => Odds { gap: 0.0, failed: 0.0, unverified: 0.0, early: 0.0 },
        1 => Odds { gap: 0.02, failed: 0.02, unverified: 0.03, early: 0.03 },
        _ => Odds { gap: 0.1, failed: 0.1, unverified: 0.2, early: 0.2 },
    };
    let length = [6, 24, 24, 24, 31, 72][rng.random_range(0..6)];
    let offset = if rng.random() { 0 } else { rng.random_range(0..30) };
    let mut at = begin + Duration::hours(offset);
    let mut windows = Vec::new();
    while at < now {
        let hours = if rng.random_bool(0.1) { 1 + length / 2 } else { length };
        let end = at + Duration::hours(hours);
        if windows.is_empty() || !rng.random_bool(odds.gap) {
            windows.push(random_window(rng, (at, end, now), (lookback, settle), &odds));
        }
        at = end;
    }
    // The first instant wanted is that of the first window, or before it, or within one of the first.
    let start = begin
        + Duration::hours([offset, offset, offset, 0, offset + 13, offset + 50][rng.random_range(0..6)]);
    let expired = rng.random_bool(0.2).then(|| start + Duration::hours(rng.random_range(0..100)));
    Ledger {
        zone,
        start: Some(start),
        expired_to: expired,
        lookback,
        settle,
        seen: rng.random_bool(0.9).then(|| Duration::seconds(rng.random_range(0..86_400 * 10))),
        paused: rng.random_bool(0.2),
        windows,
    }
}

/// A window of which the present knows something: closed, open, or never read.
fn random_window(
    rng: &mut StdRng,
    (start, end, now): (DateTime<Utc>, DateTime<Utc>, DateTime<Utc>),
    (lookback, settle): (Duration, Duration),
    odds: &Odds,
) -> Window {
    let read = !rng.random_bool(odds.failed);
    let minutes = |rng: &mut StdRng, length: Duration| {
        Duration::minutes(rng.random_range(0..=length.num_minutes().max(0)))
    };
    // Closed ones are read at their closing age, unless that is not over yet.
    let closing = if rng.random() { lookback } else { minutes(rng, lookback) };
    let late = end + closing.max(settle) + minutes(rng, Duration::hours(9));
    let early = end + settle;
    let last = match (late <= now && !rng.random_bool(odds.early), early <= now) {
        (true, _) => late,
        (_, true) => early + minutes(rng, (now - early).min(closing)),
        _ => start + minutes(rng, now - start),
    };
    let verdict = match rng.random_bool(odds.unverified) {
        true => "unverified",
        false => ["proven", "stable"][rng.random_range(0..2)],
    };
    // Reads before the last one, the oldest first.
    let mut reads: Vec<(DateTime<Utc>, &'static str)> = (0..rng.random_range(0..3))
        .map(|turn| {
            (start + (last - start) * turn / 3, if rng.random_bool(0.4) { "unverified" } else { "proven" })
        })
        .collect();
    if verdict == "unverified" && end + settle <= last && rng.random() {
        reads.push((last - Duration::seconds(1), "unverified"));
    }
    reads.push((last, verdict));
    let closed = end <= last - settle;
    Window {
        start,
        end,
        state: if !read {
            "failed"
        } else if closed {
            "complete"
        } else {
            "open"
        },
        verdict: read.then_some(verdict),
        rows: if read { rng.random_range(0..9) } else { 0 },
        read_at: read.then_some(last),
        complete_to: read.then(|| (last - settle).clamp(start, end)),
        final_at: (read && !rng.random_bool(0.01)).then_some(end + closing),
        // A failed reread withdraws nothing.
        failed_at: (!read || rng.random_bool(0.1)).then_some(now),
        reads: if read { reads } else { Vec::new() },
    }
}

pub fn literal(at: Option<DateTime<Utc>>) -> String {
    at.map_or("null".into(), |at| format!("'{}'::timestamptz", at.to_rfc3339()))
}

fn text(value: Option<&str>) -> String {
    value.map_or("null".into(), |value| format!("'{value}'"))
}

/// The streams that are configured.
pub fn declarations(world: &World) -> Vec<StreamDeclaration> {
    let declared = world.declared().map(|place| StreamDeclaration {
        key: StreamKey { source: place.source.clone(), stream: place.stream.parse().unwrap() },
        start: place.ledger.start,
        schedule: "0 */10 * * * *".into(),
        timezone: world.zone,
        window: Some(DeclaredWindow { lookback: place.ledger.lookback, settle: place.ledger.settle }),
        enabled: !place.ledger.paused,
    });
    declared.collect()
}

/// Replaces what the database holds by this world.
pub async fn store_world(fresh: &Fresh, world: &World) {
    fresh
        .db
        .execute(
            "truncate sync.time_window, sync.certificate, sync.finality, sync.retention, sobot.call_result, sobot.chat_result",
        )
        .await
        .unwrap();
    fresh.store.declare(&declarations(world)).await.unwrap();
    for place in &world.places {
        store_windows(fresh, place).await;
        store_results(fresh, place).await;
    }
}

/// The windows of a stream, with what else the ledger knows of it.
pub async fn store_windows(fresh: &Fresh, Place { source, stream, ledger }: &Place) {
    let mut sql = String::new();
    for window in &ledger.windows {
        let Window { state, rows, .. } = window;
        let reads = window.reads.len();
        let (start, end) = (literal(Some(window.start)), literal(Some(window.end)));
        sql += &format!(
            "insert into sync.time_window (source, stream, window_start, window_end, state, verdict, rows, reads,
                read_at, complete_to, final_at, failed_at, run_id)
            values ('{source}', '{stream}', {start}, {end}, '{state}', {}, {rows}, {reads}, {}, {}, {}, {}, 1);",
            text(window.verdict),
            literal(window.read_at),
            literal(window.complete_to),
            literal(window.final_at),
            literal(window.failed_at),
        );
        for (number, (at, verdict)) in window.reads.iter().enumerate() {
            let at = literal(Some(*at));
            sql += &format!(
                "insert into sync.certificate (source, stream, window_start, window_end, read_no, read_at,
                    committed_at, run_id, verdict, pages, requests, rows, digest, inserted, updated, unchanged,
                    superseded, deleted, quarantined)
                values ('{source}', '{stream}', {start}, {end}, {number}, {at}, {at} + interval '1 millisecond', 1,
                    '{verdict}', 1, 1, 0, gen_random_uuid(), 0, 0, 0, 0, 0, 0);"
            );
        }
    }
    if let Some(seen) = ledger.seen {
        sql += &format!(
            "insert into sync.finality (source, stream, reach)
            values ('{source}', '{stream}', make_interval(secs => {}));",
            seen.num_seconds()
        );
    }
    if let Some(at) = ledger.expired_to {
        let at = literal(Some(at));
        sql += &format!(
            "insert into sync.retention (source, stream, expired_to) values ('{source}', '{stream}', {at});"
        );
    }
    fresh.db.execute(sqlx::raw_sql(AssertSqlSafe(sql))).await.unwrap();
}

/// A result every eleven hours, from before the first window to after the last one.
async fn store_results(fresh: &Fresh, Place { source, stream, ledger }: &Place) {
    let (table, key, contact, inspected) = match stream.as_str() {
        "sobot.call_result" => {
            ("sobot.call_result", "call_log_jestid", "call_start_datetime", "quality_datetime")
        }
        _ => ("sobot.chat_result", "schemeid, cid", "chat_start_datetime", "update_datetime"),
    };
    let scheme = if table == "sobot.chat_result" { "'scheme', " } else { "" };
    let first = literal(Some(ledger.windows[0].start - Duration::days(4)));
    let last = literal(Some(ledger.windows[ledger.windows.len() - 1].end + Duration::days(2)));
    let sql = format!(
        "insert into {table} (source, {key}, agentid, {contact}, {inspected}, revision, first_seen_at, changed_at,
            content_hash, run_id)
        select '{source}', {scheme}at::text, 'agent', at, at + interval '40 hours', 1, now(), now(),
            '00000000-0000-0000-0000-000000000000', 1
        from generate_series({first}, {last}, interval '11 hours') at"
    );
    fresh.db.execute(sqlx::raw_sql(AssertSqlSafe(sql))).await.unwrap();
}
