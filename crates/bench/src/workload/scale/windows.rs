//! One stream whose ledger has many windows, and some more of them.

use std::time::{Duration, Instant};

use chrono::{Days, NaiveDate, TimeDelta};

use super::{Measured, median};
use crate::failure::Failure;
use crate::place::{DaySpan, Place};
use crate::process::child::measured;
use crate::vendor::simulator::{Simulator, World, account};

/// Further windows, of an hour each.
const READ: u64 = 1_200;

/// A name for each size.
fn name(size: u64) -> String {
    format!("w{size}")
}

pub(super) async fn measure(place: &Place, number: u64, size: u64) -> Result<Measured, Failure> {
    let days = DaySpan::of(READ / 24);
    let world = World {
        calls: 12_000,
        days,
        others: (0, 0),
        accounts: number + 1,
        latency: Duration::ZERO,
        switches: &[],
        options: &[],
    };
    let simulator = Simulator::start(place, &world).await?;
    let start = (days.from - Days::new(size.div_ceil(24))).to_string();
    let name = name(size);
    let config = place
        .configure(&format!("{name}.toml"), &source(&name, &account(number), &simulator.base_url, &start))?;
    measured(place.ccsync(Some(&config), &["migrate"])).await?;
    place.psql.ask(&filled(&name, size, days.from)).await?;
    place.tidy().await?;
    let (from, to) = (days.from.to_string(), days.to.to_string());
    let stream = format!("{name}/sobot.call_result");
    let order = ["backfill", "--stream", &stream, "--from", &from, "--to", &to, "--no-progress"];
    let (_, cost) = measured(place.ccsync(Some(&config), &order)).await?;
    let windows = format!("select count(*) from sync.time_window where source = '{name}'");
    let known: u64 = place.psql.ask(&windows).await?.parse().unwrap_or_default();
    if known != size + READ {
        return Err(Failure::failed(format!("{known} windows are known instead of {}", size + READ)));
    }
    let freshness = format!("select complete_to from bi.freshness where source = '{name}'");
    Ok(vec![
        ("one further window, ms", cost.seconds * 1e3 / READ as f64),
        ("… of ccsync's processor, ms", cost.cpu_seconds.unwrap_or_default() * 1e3 / READ as f64),
        ("bi.freshness of the stream, ms", timed(place, &freshness).await?),
        ("bi.freshness of all, ms", timed(place, "select count(complete_to) from bi.freshness").await?),
    ])
}

fn source(name: &str, account: &str, base_url: &str, start: &str) -> String {
    format!(
        "[ops]\nenabled = false\n[sources.{name}]\nkind = \"sobot\"\nbase_url = {base_url:?}\napp_id = {account:?}\n\
         app_key = \"demo-key\"\n[sources.{name}.call_result]\nstart = \"{start}\"\nwindow = \"1h\"\n\
         requests_per_minute = 600000\n[sources.{name}.chat_result]\nenabled = false\n"
    )
}

/// Windows up to the day before the first that is read, as if they had been read long ago.
fn filled(name: &str, size: u64, from: NaiveDate) -> String {
    let end = from.and_hms_opt(0, 0, 0).unwrap_or_default() - TimeDelta::hours(8);
    format!(
        "insert into sync.time_window (source, stream, window_start, window_end, state, verdict, reads, rows, requests, pages,
             vendor_total, first_read_at, read_at, final_at, unverified_reads, run_id)
         select '{name}', 'sobot.call_result', at, at + interval '1 hour', 'complete', 'proven', 3, 0, 3, 3, 0,
             at + interval '1 hour', greatest(at + interval '1 hour', least(at + interval '40 days', now() - interval '1 hour')),
             at + interval '1 hour', 0, 0
         from generate_series(timestamptz '{end}+00' - {size} * interval '1 hour', timestamptz '{end}+00' - interval '1 hour',
             interval '1 hour') as hours(at)"
    )
}

/// The median of five, as psql's process takes it, less what an empty question takes.
async fn timed(place: &Place, sql: &str) -> Result<f64, Failure> {
    let mut times = [0.0; 5];
    for time in &mut times {
        let began = Instant::now();
        place.psql.ask("select 1").await?;
        let empty = began.elapsed();
        let began = Instant::now();
        place.psql.ask(sql).await?;
        *time = (began.elapsed().as_secs_f64() - empty.as_secs_f64()).max(0.0) * 1e3;
    }
    Ok(median(&mut times))
}
