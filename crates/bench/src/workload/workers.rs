//! One worker against several, on equal work, before a vendor that takes its time.

use std::path::Path;

use serde::Serialize;

use super::load::surroundings;
use crate::args::WorkersArgs;
use crate::failure::{Failure, print};
use crate::place::{DaySpan, Place};
use crate::process::child::{Cost, measured};
use crate::report::{Surroundings, render};
use crate::vendor::simulator::{Simulator, World, account};

/// Two sources of one account: the same windows, rows and requests, and nothing stored for the second by the first.
const ONE: &str = "one";
const SEVERAL: &str = "several";

/// Days of the vendor behind those that are over.
const DAYS_BEYOND: u64 = 14;

#[derive(Debug, Serialize)]
struct Report {
    surroundings: Surroundings,
    rows: u64,
    windows: u64,
    page_size: u32,
    latency_ms: u64,
    workers: u32,
    one: Share,
    several: Share,
    /// How many times faster several are.
    speedup: f64,
}

/// One reading of everything.
#[derive(Debug, Clone, Copy, Serialize)]
struct Share {
    #[serde(flatten)]
    cost: Cost,
    /// Requests that the vendor received.
    requests: u64,
    /// Rows that are there now.
    rows: u64,
    rows_per_second: f64,
}

pub(crate) async fn workers(place: &Place, args: &WorkersArgs) -> Result<String, Failure> {
    let days = DaySpan::of(args.rows.div_ceil(args.rows_per_window));
    // What is inspected late lies on the vendor's last day, which is twice as large as others: all workers but one would
    // wait for it. So the vendor's days go on beyond what is read.
    let vendors = days.and(DAYS_BEYOND);
    let calls = args.rows_per_window * vendors.days();
    let world = World {
        calls,
        days: vendors,
        others: (0, 0),
        accounts: 2,
        latency: args.latency,
        switches: &[],
        options: &[],
    };
    let simulator = Simulator::start(place, &world).await?;
    let text: String =
        [ONE, SEVERAL].iter().map(|name| source(name, &simulator.base_url, days, args.page_size)).collect();
    let config = place.configure("workers.toml", &format!("[ops]\nenabled = false\n{text}"))?;
    measured(place.ccsync(Some(&config), &["migrate"])).await?;
    let one = read(place, &simulator, &config, ONE, 1).await?;
    let several = read(place, &simulator, &config, SEVERAL, args.workers).await?;
    let report = Report {
        surroundings: surroundings(place).await?,
        rows: one.rows,
        windows: days.days(),
        page_size: args.page_size,
        latency_ms: u64::try_from(args.latency.as_millis()).unwrap_or(u64::MAX),
        workers: args.workers,
        one,
        several,
        speedup: one.cost.seconds / several.cost.seconds,
    };
    render(&report, args.place.json, || {
        format!(
            "{} rows in {} windows, {} ms a request: 1 worker {:.2} s ({} requests), {} workers {:.2} s ({} requests), {:.2} times as fast",
            report.rows,
            report.windows,
            report.latency_ms,
            one.cost.seconds,
            one.requests,
            report.workers,
            several.cost.seconds,
            several.requests,
            report.speedup,
        )
    })
}

/// Nothing is read a second time: a worker that starts later than another would take what was read before its start
/// for due again.
fn source(name: &str, base_url: &str, days: DaySpan, page_size: u32) -> String {
    // One account has one name.
    let account = account(u64::from(name != ONE));
    format!(
        "[sources.{name}]\nkind = \"sobot\"\nbase_url = {base_url:?}\napp_id = \"{account}\"\napp_key = \"demo-key\"\n\
         [sources.{name}.call_result]\nstart = \"{}\"\nlookback = \"0s\"\npage_size = {page_size}\n\
         requests_per_minute = 600000\n\
         [sources.{name}.chat_result]\nenabled = false\n",
        days.from,
    )
}

async fn read(
    place: &Place,
    simulator: &Simulator,
    config: &Path,
    source: &str,
    workers: u32,
) -> Result<Share, Failure> {
    let before = simulator.requests().await?;
    let stream = format!("{source}/sobot.call_result");
    let arguments = ["sync", &stream, "--no-progress"];
    let started = (0..workers).map(|_| measured(place.ccsync(Some(config), &arguments)));
    let ended = futures::future::try_join_all(started).await?;
    let cost = ended.iter().map(|(_, cost)| *cost).reduce(Cost::beside).unwrap_or_default();
    let requests = simulator.requests().await? - before;
    print(&format!("{workers} worker(s): {:.2} s, {requests} requests", cost.seconds));
    let counted = format!("select count(*) from sobot.call_result where source = '{source}'");
    let rows: u64 = place.psql.ask(&counted).await?.parse().unwrap_or_default();
    Ok(Share { cost, requests, rows, rows_per_second: rows as f64 / cost.seconds })
}
