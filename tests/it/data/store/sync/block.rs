//! The ledger's sums by month say what its windows say: `block/old.sql` holds the definitions that read every window.

use ccsync::domain::stream::StreamId;
use ccsync::engine::port::status::StatusRead as _;
use ccsync::report::status::{StatusReport, StreamStatus};
use chrono::{DateTime, Utc};
use rand::rngs::StdRng;
use rand::seq::IndexedRandom as _;
use rand::{Rng as _, SeedableRng as _};
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, Connection as _, Executor as _, PgConnection};

use crate::data::store::support::{Fresh, fresh_store};

const OLD: &str = include_str!("block/old.sql");

/// `CCSYNC_LEDGER_SEEDS` sets the number of ledgers.
const SEEDS: u64 = 4;
const STEPS: usize = 30;

/// Sources, streams, kinds. The names sort differently by letter and by byte.
const STREAMS: [(&str, &str, &str); 5] = [
    ("one", "sobot.call_result", "windowed"),
    ("one", "sobot.chat_result", "windowed"),
    ("Two 二", "sobot.call_result", "windowed"),
    ("Two 二", "moor.queue", "snapshot"),
    ("three", "sobot.chat_result", "windowed"),
];

fn now() -> DateTime<Utc> {
    "2026-05-20T00:00:00Z".parse().unwrap()
}

/// One change of the ledger, as somebody may make it.
fn change(rng: &mut StdRng) -> String {
    let (source, stream, kind) = *STREAMS.choose(rng).unwrap();
    let of = format!("source = '{source}' and stream = '{stream}'");
    let instant = |rng: &mut StdRng| {
        format!("timestamptz '2026-01-01 00:00+00' + interval '{} hours'", rng.random_range(0..150 * 24))
    };
    let start = instant(rng);
    match rng.random_range(0..20) {
        0..=6 => {
            let step = *[1, 6, 24, 24, 168, 700].choose(rng).unwrap();
            let count = rng.random_range(1..if step == 1 { 300 } else { 30 });
            format!(
                "delete from sync.time_window where {of} and window_start < {start} + interval '{} hours'
                    and {start} < window_end;
                 insert into sync.time_window
                 select s.* from generate_series(0, {count} - 1) n
                 cross join lateral old.shaken('{source}', '{stream}', {start} + n * interval '{step} hours',
                    {start} + (n + 1) * interval '{step} hours') s",
                step * count
            )
        }
        7..=9 => format!(
            "insert into sync.time_window
             select s.* from (select * from sync.time_window where {of} and random() < 0.3) w
             cross join lateral old.shaken(w.source, w.stream, w.window_start, w.window_end) s
             on conflict (source, stream, window_start) do update set state = excluded.state, rows = excluded.rows,
                verdict = excluded.verdict, read_at = excluded.read_at, final_at = excluded.final_at,
                complete_to = excluded.complete_to, requests = excluded.requests, reads = excluded.reads,
                failed_at = excluded.failed_at, failing_since = excluded.failing_since,
                failure_kind = excluded.failure_kind, failure_message = excluded.failure_message,
                failed_attempts = excluded.failed_attempts"
        ),
        10 => format!(
            "update sync.time_window set failed_at = null, failing_since = null, failure_kind = null,
                failure_message = null, failed_attempts = 0
             where {of} and state <> 'failed'"
        ),
        11 => "update sync.time_window set verdict = 'unverified', final_at = null
               where verdict is not null and random() < 0.05"
            .to_owned(),
        12 => format!("delete from sync.time_window where {of} and {start} < window_start and random() < 0.5"),
        13 => {
            let wanted = if rng.random_bool(0.3) { "null".to_owned() } else { start };
            format!("update sync.stream set start_at = {wanted} where {of} and kind = 'windowed'")
        }
        14 => {
            let sweeps = format!("delete from sync.time_window where {of} and window_end <= {start}");
            let sweeps = if rng.random_bool(0.7) { sweeps } else { String::new() };
            format!(
                "insert into sync.retention (source, stream, expired_to) values ('{source}', '{stream}', {start})
                 on conflict (source, stream) do update set expired_to = excluded.expired_to; {sweeps}"
            )
        }
        15 => format!(
            "delete from sync.stream where {of}; insert into sync.stream (source, stream, kind, schedule, start_at, lookback)
             select '{source}', '{stream}', '{kind}', '0 0 * * * *', null, {}",
            *["null", "interval '9 days'", "interval '31 days'"].choose(rng).unwrap()
        ),
        16 => format!(
            "insert into sync.finality (source, stream, reach) values ('{source}', '{stream}', interval '{} hours')
             on conflict (source, stream) do update set reach = excluded.reach",
            rng.random_range(0..300)
        ),
        17 => format!(
            "delete from sync.snapshot where {of};
             insert into sync.snapshot (source, stream, state, run_id, verdict, rows, read_at, complete_to, failed_at,
                failing_since, failure_kind, failure_message, failed_attempts)
             select source, stream, state, run_id, verdict, rows, read_at, complete_to, failed_at, failing_since,
                failure_kind, failure_message, failed_attempts
             from old.shaken('{source}', '{stream}', {start}, {start} + interval '1 hour')"
        ),
        18 => {
            let (other, _, _) = *STREAMS.choose(rng).unwrap();
            format!(
                "delete from sync.time_window where source = 'away';
                 update sync.time_window set source = 'away' where source = '{other}'"
            )
        }
        _ if rng.random_bool(0.1) => "truncate sync.time_window".to_owned(),
        _ => format!("delete from sync.stream where {of}"),
    }
}

/// What a relation has that the other has not, a few rows of it.
async fn difference(connection: &mut PgConnection, left: &str, right: &str) -> Vec<String> {
    let sql = format!(
        "select '{left}: ' || x::text from (table {left} except all table {right}) x
         union all
         select '{right}: ' || x::text from (table {right} except all table {left}) x
         limit 4"
    );
    sqlx::query_scalar(AssertSqlSafe(sql)).persistent(false).fetch_all(connection).await.unwrap()
}

const OLD_STATUS: &str = r#"
select jsonb_agg(told order by told ->> 'source', told ->> 'stream')
from (
    select jsonb_build_object('source', s.source, 'stream', s.stream, 'proven', s.proven, 'stable', s.stable,
        'scopes', s.failed_scopes, 'attempts', s.attempts, 'kind', coalesce(s.failure_kind, ''),
        'message', coalesce(s.failure_message, ''), 'at', extract(epoch from s.failed_at)::bigint,
        'since', extract(epoch from s.since)::bigint, 'from', extract(epoch from s.window_start)::bigint,
        'requests', coalesce(w.requests, 0), 'last', extract(epoch from w.last_read_at)::bigint,
        'older', coalesce(c.older, 0), 'covered', coalesce(c.covered, 0), 'windows', coalesce(c.windows, '[]')) as told
    from old.streams s
    left join old.watches w on w.source = s.source and w.stream = s.stream
    left join lateral (
        select greatest(max(windows) - 400, 0) as older, max(covered) as covered,
            jsonb_agg(jsonb_build_array(extract(epoch from window_start)::bigint, rows, case
                when failed_at is not null or state = 'failed' then 'failed'
                when state = 'open' and verdict = 'unverified' then 'moving'
                when state = 'open' then 'open'
                when verdict = 'unverified' then 'unverified'
                when not final then 'provisional'
                when verdict = 'stable' then 'stable'
                else 'proven' end) order by window_start) as windows
        from old.windows o where o.source = s.source and o.stream = s.stream
    ) c on true
) told
"#;

fn told(stream: &StreamStatus) -> Value {
    let failure = stream.failure.as_ref();
    let failed = |word: fn(&ccsync::report::status::StreamFailure) -> &str| match failure {
        Some(failure) => word(failure),
        None => "",
    };
    let windows = stream.detail.calendar.windows.iter();
    json!({
        "source": stream.source, "stream": stream.stream.as_str(),
        "proven": stream.windows.proven, "stable": stream.windows.stable,
        "scopes": failure.map(|failure| failure.scopes), "attempts": failure.map(|failure| failure.attempts),
        "kind": failed(|failure| &failure.kind), "message": failed(|failure| &failure.message),
        "at": failure.map(|failure| failure.at.timestamp()),
        "since": failure.map(|failure| failure.since.timestamp()),
        "from": failure.and_then(|failure| failure.window).map(|window| window.start.timestamp()),
        "requests": stream.watch.requests_per_window,
        "last": stream.watch.last_run_at.map(|at| at.timestamp()),
        "older": stream.detail.calendar.older, "covered": stream.detail.calendar.covered_seconds,
        "windows": windows.map(|known| json!([known.window.start.timestamp(), known.rows, known.state])).collect::<Value>(),
    })
}

fn status_told(report: &StatusReport) -> Value {
    let mut streams: Vec<Value> = report.streams.iter().map(told).collect();
    let name = |told: &Value| (told["source"].to_string(), told["stream"].to_string());
    streams.sort_by_key(name);
    Value::Array(streams)
}

async fn compare(fresh: &Fresh, connection: &mut PgConnection, seed: u64, changes: &[String]) {
    let said = |found: &dyn std::fmt::Debug| format!("seed {seed}, after {changes:#?}: {found:#?}");
    for name in ["freshness", "stream_time"] {
        let schema = if name == "freshness" { "bi" } else { "sync" };
        let found = difference(connection, &format!("old.{name}"), &format!("{schema}.{name}")).await;
        assert!(found.is_empty(), "{}", said(&found));
    }
    let old: Option<Value> = sqlx::query_scalar(OLD_STATUS).fetch_one(&mut *connection).await.unwrap();
    let mut old = old.unwrap_or_else(|| json!([]));
    let name = |told: &Value| (told["source"].to_string(), told["stream"].to_string());
    old.as_array_mut().unwrap().sort_by_key(name);
    let report = fresh.store.status(now()).await.unwrap();
    let new = status_told(&report);
    for (old, new) in old.as_array().unwrap().iter().zip(new.as_array().unwrap()) {
        assert_eq!(old, new, "{}", said(&"the status"));
    }
    assert_eq!(old.as_array().map(Vec::len), new.as_array().map(Vec::len));
}

async fn grows(seed: u64) {
    let fresh = fresh_store().await;
    let mut connection = PgConnection::connect_with(&fresh.options).await.unwrap();
    connection.execute(sqlx::raw_sql(OLD)).await.unwrap();
    let mut rng = StdRng::seed_from_u64(seed);
    let shuffle =
        format!("select setseed({}); set time zone 'America/New_York'", rng.random_range(-1.0..1.0));
    connection.execute(sqlx::raw_sql(AssertSqlSafe(shuffle))).await.unwrap();
    for (source, stream, kind) in STREAMS {
        let declare = "insert into sync.stream (source, stream, kind, schedule, lookback) values ($1, $2, $3, '0 0 * * * *', '31 days')";
        sqlx::query(declare).bind(source).bind(stream).bind(kind).execute(&mut connection).await.unwrap();
    }
    let mut changes = Vec::new();
    for _ in 0..STEPS {
        let change = change(&mut rng);
        changes.push(change.clone());
        connection.execute(sqlx::raw_sql(AssertSqlSafe(change))).await.unwrap();
        compare(&fresh, &mut connection, seed, &changes).await;
    }
    let stored = "create table old.block as table sync.window_block; select sync.window_blocks_refresh()";
    connection.execute(sqlx::raw_sql(stored)).await.unwrap();
    let found = difference(&mut connection, "old.block", "sync.window_block").await;
    assert!(found.is_empty(), "{found:#?}");
    // Where tables are distributed there are no triggers and no sums.
    connection.execute("select sync.days_unwatch()").await.unwrap();
    connection.execute("delete from sync.window_block").await.unwrap();
    compare(&fresh, &mut connection, seed, &changes).await;
}

#[tokio::test]
async fn sums_by_month_say_what_the_windows_say_whatever_happens_to_them() {
    let seeds = std::env::var("CCSYNC_LEDGER_SEEDS").map_or(SEEDS, |text| text.parse().unwrap());
    for seed in 0..seeds {
        grows(seed).await;
    }
}

const WINDOW: &str = "insert into sync.time_window (source, stream, window_start, window_end, state, run_id)
    values ('one', 'sobot.call_result', $1::timestamptz, $1::timestamptz + interval '1 day', 'complete', 1)";

/// Until it waits for somebody's lock.
async fn is_blocked(watcher: &mut PgConnection, process: i32) {
    let sql = "select cardinality(pg_blocking_pids($1)) > 0";
    loop {
        let blocked: bool = sqlx::query_scalar(sql).bind(process).fetch_one(&mut *watcher).await.unwrap();
        if blocked {
            return;
        }
        tokio::task::yield_now().await;
    }
}

async fn process(connection: &mut PgConnection) -> i32 {
    sqlx::query_scalar("select pg_backend_pid()").fetch_one(connection).await.unwrap()
}

/// Two transactions: `first` is made by the one, then `second` by the other, which has to wait for the first one's end.
/// Answers the windows that the sums count and the windows that there are.
async fn side_by_side(before: &[&'static str], first: &str, second: &str) -> (i64, i64) {
    let fresh = fresh_store().await;
    let mut one = PgConnection::connect_with(&fresh.options).await.unwrap();
    let mut other = PgConnection::connect_with(&fresh.options).await.unwrap();
    for start in before {
        sqlx::query(WINDOW).bind(start).execute(&mut one).await.unwrap();
    }
    let (first, second) = (first.to_owned(), second.to_owned());
    let waiting = process(&mut other).await;
    let mut begun = one.begin().await.unwrap();
    begun.execute(sqlx::raw_sql(AssertSqlSafe(first))).await.unwrap();
    let late = tokio::spawn(async move {
        other.execute(sqlx::raw_sql(AssertSqlSafe(second))).await.unwrap();
    });
    let mut watcher = PgConnection::connect_with(&fresh.options).await.unwrap();
    is_blocked(&mut watcher, waiting).await;
    begun.commit().await.unwrap();
    late.await.unwrap();
    let counted = fresh.count("select coalesce(sum(windows), 0)::bigint from sync.window_block").await;
    (counted, fresh.count("select count(*) from sync.time_window").await)
}

fn of_day(day: u32) -> String {
    WINDOW.replace("$1", &format!("'2026-03-{day:02}'"))
}

#[tokio::test]
async fn two_writers_of_one_month_lose_no_window() {
    assert_eq!(side_by_side(&[], &of_day(5), &of_day(6)).await, (2, 2), "both make the month");
    assert_eq!(side_by_side(&["2026-03-01"], &of_day(5), &of_day(6)).await, (3, 3), "it is there");
    let delete = "delete from sync.time_window";
    assert_eq!(side_by_side(&["2026-03-01"], delete, &of_day(6)).await, (1, 1), "the one empties it");
    let both = format!("{}; {}", of_day(5), of_day(6));
    let third = "delete from sync.time_window where window_start < '2026-03-03'";
    assert_eq!(side_by_side(&["2026-03-01"], &both, third).await, (2, 2), "one adds, the other removes");
}

/// A writer that stands still between its look at the windows and what it stores of them, by its session's name.
const PAUSE: &str = "
    create function public.pause() returns trigger language plpgsql as $$
    begin
        if current_setting('application_name') = 'late' then
            perform pg_advisory_xact_lock(7);
        end if;
        return null;
    end $$;
    create trigger pause before update on sync.window_block for each statement execute function public.pause()";

#[tokio::test]
async fn a_writer_that_stands_still_over_its_sum_lets_nobody_else_sum_up_the_month() {
    let fresh = fresh_store().await;
    sqlx::query(WINDOW).bind("2026-03-01").execute(&fresh.db).await.unwrap();
    let mut gate = PgConnection::connect_with(&fresh.options).await.unwrap();
    gate.execute(sqlx::raw_sql(PAUSE)).await.unwrap();
    gate.execute("select pg_advisory_lock(7)").await.unwrap();
    let mut watcher = PgConnection::connect_with(&fresh.options).await.unwrap();

    let mut late = PgConnection::connect_with(&fresh.options.clone().application_name("late")).await.unwrap();
    let waiting = process(&mut late).await;
    let late = tokio::spawn(async move {
        late.execute(sqlx::raw_sql(AssertSqlSafe(of_day(6)))).await.unwrap();
    });
    is_blocked(&mut watcher, waiting).await;
    let mut other = PgConnection::connect_with(&fresh.options).await.unwrap();
    let second = process(&mut other).await;
    let mut other = tokio::spawn(async move {
        other.execute(sqlx::raw_sql(AssertSqlSafe(of_day(5)))).await.unwrap();
    });
    tokio::select! {
        () = is_blocked(&mut watcher, second) => {}
        done = &mut other => panic!("it did not wait: {done:?}"),
    }
    gate.execute("select pg_advisory_unlock(7)").await.unwrap();
    late.await.unwrap();
    other.await.unwrap();
    assert_eq!(fresh.count("select windows from sync.window_block").await, 3);
}

#[tokio::test]
async fn ten_years_of_hours_are_told_without_reading_them() {
    let fresh = fresh_store().await;
    let fill = "
        insert into sync.stream (source, stream, kind, schedule, start_at, lookback)
        values ('one', 'sobot.call_result', 'windowed', '0 0 * * * *', '2016-01-01', '31 days');
        insert into sync.time_window (source, stream, window_start, window_end, state, run_id, verdict, read_at, complete_to,
            final_at)
        select 'one', 'sobot.call_result', h, h + interval '1 hour', 'complete', 1, 'proven', h + interval '40 days',
            h + interval '1 hour', h + interval '31 days'
        from generate_series(timestamptz '2016-01-01', timestamptz '2025-12-31 23:00', interval '1 hour') h;
        analyze sync.time_window; analyze sync.window_block";
    let mut connection = PgConnection::connect_with(&fresh.options).await.unwrap();
    connection.execute(sqlx::raw_sql(fill)).await.unwrap();
    // A statement's plan names the tables that it reads: none of the windows, but through the index where months are cut.
    for view in ["bi.freshness", "sync.stream_time", "sync.counted_window"] {
        let told = format!("explain (analyze, format json) table {view}");
        let plan: Value = sqlx::query_scalar(AssertSqlSafe(told)).fetch_one(&mut connection).await.unwrap();
        assert_eq!(windows_read(&plan), 0, "{view}: {plan:#}");
    }
    let report = fresh.store.status("2026-01-01T00:00:00Z".parse().unwrap()).await.unwrap();
    let calls = report.streams.iter().find(|stream| stream.stream == StreamId::SOBOT_CALL_RESULT).unwrap();
    assert_eq!((calls.windows.finals, calls.detail.calendar.windows.len()), (87_672, 400));
}

/// Rows of `sync.time_window` that the nodes of a plan read.
fn windows_read(plan: &Value) -> i64 {
    match plan {
        Value::Array(parts) => parts.iter().map(windows_read).sum(),
        Value::Object(node) => {
            let mine = node.get("Relation Name").is_some_and(|name| name == "time_window");
            let count = |name: &str| node.get(name).and_then(Value::as_f64).unwrap_or_default();
            let rows = (count("Actual Rows") + count("Rows Removed by Filter")) * count("Actual Loops");
            (if mine { rows as i64 } else { 0 }) + node.values().map(windows_read).sum::<i64>()
        }
        _ => 0,
    }
}

#[tokio::test]
async fn a_trigger_that_is_lost_is_made_again_and_what_it_missed_is_summed_up() {
    let fresh = fresh_store().await;
    fresh.db.execute("drop trigger note_inserted on sync.time_window").await.unwrap();
    sqlx::query(WINDOW).bind("2026-03-01").execute(&fresh.db).await.unwrap();
    assert_eq!(fresh.count("select count(*) from sync.window_block").await, 0);
    fresh.store.migrate().await.unwrap();
    assert_eq!(fresh.count("select windows from sync.window_block").await, 1);
    sqlx::query(WINDOW).bind("2026-03-02").execute(&fresh.db).await.unwrap();
    assert_eq!(fresh.count("select windows from sync.window_block").await, 2);
}

#[tokio::test]
async fn a_trigger_that_is_disabled_is_found_and_mended() {
    let fresh = fresh_store().await;
    fresh.db.execute("alter table sync.time_window disable trigger note_inserted").await.unwrap();
    sqlx::query(WINDOW).bind("2026-03-01").execute(&fresh.db).await.unwrap();
    let findings = fresh.store.catalogue_findings().await.unwrap();
    let told: Vec<String> = findings.iter().map(|finding| finding.sentence()).collect();
    assert!(told.iter().any(|told| told.contains("the sums of the ledger go stale")), "{told:?}");
    fresh.store.repair().await.unwrap();
    assert_eq!(fresh.count("select windows from sync.window_block").await, 1);
    assert!(fresh.store.catalogue_findings().await.unwrap().is_empty());
}
