//! First load, floor and the readings after it, one after another on one database.

use std::path::PathBuf;

use ccsync::config::Settings;
use ccsync::domain::proof::run::Counts;
use ccsync::domain::stream::StreamId;
use chrono::Utc;
use serde::Deserialize;

use super::floor::floor;
use crate::args::{LoadArgs, Step};
use crate::failure::{Failure, print};
use crate::place::{DaySpan, Place};
use crate::process::child::{Cost, measured};
use crate::report::{Phase, Reading, Report, Surroundings, render};
use crate::snapshot::{Snapshot, server_process};
use crate::vendor::capacity::capacity;
use crate::vendor::simulator::{Simulator, World};

/// As many as the configuration takes, so that the vendor's limit is none.
const REQUESTS_PER_MINUTE: u32 = 600_000;

/// Mean rows of a window above which the limit of a window's rows has to be raised: days differ.
const ROWS_PER_WINDOW_USUAL: u64 = 15_000;

/// What everything is measured with.
struct Scene<'a> {
    place: &'a Place,
    simulator: Option<Simulator>,
    server: Option<i32>,
    config: PathBuf,
    days: DaySpan,
    page_size: u32,
    workers: u32,
}

/// What `ccsync backfill --json` says of its one stream, as far as it is needed.
#[derive(Deserialize)]
struct Pass {
    outcome: String,
    counts: Counts,
    unverified: u64,
}

pub(crate) async fn load(place: &Place, args: &LoadArgs) -> Result<String, Failure> {
    let scene = Scene::prepare(place, args).await?;
    let mut report = scene.begin(args).await?;
    let first = scene.read("first_load").await?;
    report.rows = first.rows;
    scene.is_whole(args).await?;
    report.phases.push(first);
    report.checkpointed = place.tidy().await?;
    if args.phases.contains(&Step::Floor) {
        print("the floor …");
        let floor = floor(place, scene.server).await?;
        print(&format!(
            "the floor: {} rows in {} batches, {:.2} s",
            floor.rows, floor.batches, floor.cost.seconds
        ));
        report.phases.push(Phase::new("floor", floor.rows, floor.cost, floor.counters));
        place.tidy().await?;
    }
    if args.phases.contains(&Step::Unchanged) {
        report.phases.push(scene.read("unchanged").await?);
        place.tidy().await?;
    }
    match &scene.simulator {
        Some(simulator) if args.phases.contains(&Step::Changed) => {
            let order = format!(r#"{{"channel": "call", "share": {}}}"#, args.changed);
            let changed: serde_json::Value = simulator.control("/_sim/rescore", Some(&order)).await?;
            report.changed_rows = changed["changed"].as_u64();
            report.phases.push(scene.read("changed").await?);
        }
        None if args.phases.contains(&Step::Changed) => {
            print("note: rows can be changed in the simulator alone, so `changed` is left out");
        }
        _ => {}
    }
    report.compare();
    render(&report, args.place.json, || report.text())
}

impl<'a> Scene<'a> {
    async fn prepare(place: &'a Place, args: &LoadArgs) -> Result<Scene<'a>, Failure> {
        let days = DaySpan::of(args.rows.div_ceil(args.rows_per_window));
        let simulator = match &args.base_url {
            Some(_) => None,
            None => {
                print(&format!("making {} calls …", args.rows));
                let world = World {
                    calls: args.rows,
                    days,
                    others: (0, 0),
                    accounts: 1,
                    latency: args.latency,
                    switches: &args.switches,
                    options: &[],
                };
                Some(Simulator::start(place, &world).await?)
            }
        };
        let base_url =
            simulator.as_ref().map(|simulator| simulator.base_url.clone()).or(args.base_url.clone());
        let config = place.configure("bench.toml", &sources(args, days, &base_url.unwrap_or_default()))?;
        let settings = ccsync::config::load(Some(&config), Vec::new(), Utc::now())?;
        let page_size = page_size(&settings);
        measured(place.ccsync(Some(&config), &["migrate"])).await?;
        let server = server_process(&place.psql).await;
        Ok(Scene { place, simulator, server, config, days, page_size, workers: args.workers })
    }

    /// The report as far as it is known beforehand.
    async fn begin(&self, args: &LoadArgs) -> Result<Report, Failure> {
        let simulator = match &self.simulator {
            Some(simulator) if args.latency.is_zero() => {
                Some(capacity(simulator, self.days, self.page_size).await?)
            }
            _ => None,
        };
        let surroundings = surroundings(self.place).await?;
        self.place.tidy().await?;
        Ok(Report {
            surroundings,
            rows: 0,
            windows: self.days.days(),
            page_size: self.page_size,
            workers: self.workers,
            latency_ms: u64::try_from(args.latency.as_millis()).unwrap_or(u64::MAX),
            simulator,
            changed_rows: None,
            checkpointed: false,
            phases: Vec::new(),
        })
    }

    /// All windows, by as many processes as there are workers.
    async fn read(&self, name: &'static str) -> Result<Phase, Failure> {
        let (cpu, received) = (self.simulator_cpu(), self.requests_received().await?);
        let before = Snapshot::take(self.place, self.server).await?;
        let (from, to) = (self.days.from.to_string(), self.days.to.to_string());
        let order = ["backfill", "--stream", "sobot.call_result", "--from", &from, "--to", &to];
        let arguments: Vec<&str> = order.into_iter().chain(["--no-progress", "--json"]).collect();
        let started = (0..self.workers).map(|_| measured(self.place.ccsync(Some(&self.config), &arguments)));
        let ended = futures::future::try_join_all(started).await?;
        let counters = Snapshot::take(self.place, self.server).await?.since(before);
        let cost = ended.iter().map(|(_, cost)| *cost).reduce(Cost::beside).unwrap_or_default();
        let mut reading = counted(ended.iter().map(|(text, _)| text.as_str()))?;
        // Of several workers one may read again what another read before it began: it counts as a request, not as a row.
        let rows = self.rows().await?;
        reading.requests_enough = rows.div_ceil(u64::from(self.page_size)) + self.days.days();
        let after = self.requests_received().await?;
        reading.requests_received = after.zip(received).map(|(after, before)| after - before);
        let mut phase = Phase::new(name, rows, cost, counters);
        phase.cpu_seconds.simulator = self.simulator_cpu().zip(cpu).map(|(after, before)| after - before);
        phase.reading = Some(reading);
        print(&format!("{name}: {} rows, {:.2} s", phase.rows, phase.seconds));
        Ok(phase)
    }

    fn simulator_cpu(&self) -> Option<f64> {
        self.simulator.as_ref()?.cpu_seconds()
    }

    async fn requests_received(&self) -> Result<Option<u64>, Failure> {
        match &self.simulator {
            Some(simulator) => simulator.requests().await.map(Some),
            None => Ok(None),
        }
    }

    /// Rows that are stored.
    async fn rows(&self) -> Result<u64, Failure> {
        let sql = "select count(*) from sobot.call_result where deleted_at is null";
        Ok(self.place.psql.ask(sql).await?.parse().unwrap_or_default())
    }

    /// A benchmark of something that loses rows is worth nothing.
    async fn is_whole(&self, args: &LoadArgs) -> Result<(), Failure> {
        match (&self.simulator, self.rows().await?) {
            (_, 0) => Err(Failure::failed(format!(
                "the vendor has no calls that were inspected from {} to {}",
                self.days.from, self.days.to
            ))),
            (Some(_), stored) if stored != args.rows => {
                Err(Failure::failed(format!("{stored} rows are stored of {} at the vendor", args.rows)))
            }
            _ => Ok(()),
        }
    }
}

fn sources(args: &LoadArgs, days: DaySpan, base_url: &str) -> String {
    let page_size = args.page_size.map(|size| format!("page_size = {size}\n")).unwrap_or_default();
    let key = match &args.app_key_file {
        Some(file) => format!("app_key_file = {:?}", file.display().to_string()),
        None => "app_key = \"demo-key\"".to_owned(),
    };
    let large = ROWS_PER_WINDOW_USUAL < args.rows_per_window;
    let engine = match large {
        true => format!("[engine]\nwindow_rows_max = {}\n", (args.rows_per_window * 4).min(10_000_000)),
        false => String::new(),
    };
    format!(
        "[ops]\nenabled = false\n{engine}[sources.bench]\nkind = \"sobot\"\nbase_url = {base_url:?}\nallow_http = true\n\
         app_id = {:?}\n{key}\n[sources.bench.call_result]\nstart = \"{}\"\n{page_size}requests_per_minute = {REQUESTS_PER_MINUTE}\n\
         [sources.bench.chat_result]\nenabled = false\n",
        args.app_id, days.from,
    )
}

fn page_size(settings: &Settings) -> u32 {
    let mut streams = settings.sources.iter().flat_map(|source| &source.streams);
    let calls = streams.find(|stream| stream.key.stream == StreamId::SOBOT_CALL_RESULT);
    calls.map_or(1, |stream| stream.page_size)
}

/// The sum of what the processes counted.
fn counted<'a>(reports: impl Iterator<Item = &'a str>) -> Result<Reading, Failure> {
    let mut sum =
        Reading { counts: Counts::default(), requests_received: None, requests_enough: 0, unverified: 0 };
    for text in reports {
        let passes: Vec<Pass> = serde_json::from_str(text)
            .map_err(|error| Failure::failed(format!("what ccsync reported cannot be read: {error}")))?;
        for pass in passes {
            if pass.outcome != "succeeded" {
                return Err(Failure::failed(format!("a reading ended as `{}`", pass.outcome)));
            }
            sum.counts += pass.counts;
            sum.unverified += pass.unverified;
        }
    }
    Ok(sum)
}

/// Where it was measured.
pub(crate) async fn surroundings(place: &Place) -> Result<Surroundings, Failure> {
    let settings = "select 'PostgreSQL ' || current_setting('server_version') || ', ' || string_agg(name || ' ' || \
         current_setting(name), ', ' order by name) from pg_settings where name in ('fsync', 'synchronous_commit', \
         'full_page_writes', 'wal_compression', 'shared_buffers')";
    let memory = std::fs::read_to_string("/proc/meminfo").ok();
    let kib = memory
        .as_deref()
        .and_then(|text| text.lines().next()?.split_whitespace().nth(1)?.parse::<u64>().ok());
    Ok(Surroundings {
        version: env!("CARGO_PKG_VERSION"),
        debug_build: cfg!(debug_assertions),
        measured_on: Utc::now().date_naive().to_string(),
        cores: std::thread::available_parallelism().map_or(1, usize::from),
        memory_mib: kib.map(|kib| kib / 1024),
        database: place.psql.ask(settings).await?,
    })
}
