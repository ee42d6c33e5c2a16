//! The command line.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};
use humantime_serde::re::humantime;
use serde::Serialize;

const BENCH: &str = "\
Examples:
  cargo run --release -p ccsync-bench -- --rows 100000
  cargo run --release -p ccsync-bench -- --page-size 1000 --json > bench.json
  cargo run --release -p ccsync-bench -- idle --for 5m
  cargo run --release -p ccsync-bench -- workers
  cargo run --release -p ccsync-bench -- scale windows
  cargo run --release -p ccsync-bench -- soak --for 60m
It needs psql, and the programs of PostgreSQL where no --database-url is given.
docs/performance.md says what each figure means. Those of a debug build mean nothing.";

/// Measure ccsync: load, second readings and the same rows by psql alone, in one run.
#[derive(Debug, Parser)]
#[command(name = "ccsync-bench", version, args_conflicts_with_subcommands = true, after_help = BENCH)]
pub struct BenchArgs {
    #[command(flatten)]
    pub(crate) load: LoadArgs,
    #[command(subcommand)]
    pub(crate) command: Option<BenchCommand>,
}

fn share(text: &str) -> Result<f64, String> {
    let share = text.parse().ok().filter(|share| (0.0..=1.0).contains(share));
    share.ok_or_else(|| "it must be a number from 0 to 1".to_owned())
}

impl BenchArgs {
    /// Where it is to be measured.
    pub(crate) fn place(&self) -> &PlaceArgs {
        match &self.command {
            None => &self.load.place,
            Some(BenchCommand::Idle(args)) => &args.place,
            Some(BenchCommand::Workers(args)) => &args.place,
            Some(BenchCommand::Scale(args)) => &args.place,
            Some(BenchCommand::Soak(args)) => &args.place,
        }
    }
}

#[derive(Debug, Subcommand)]
pub(crate) enum BenchCommand {
    /// What a daemon costs that has nothing to do, and how soon after its start it is ready.
    Idle(IdleArgs),
    /// One worker against several, before a vendor that takes its time.
    Workers(WorkersArgs),
    /// The same work at three sizes: what grows, and how much.
    Scale(ScaleArgs),
    /// A daemon that ticks each second before vendors with faults: what grows with time.
    Soak(SoakArgs),
}

#[derive(Debug, Args)]
pub(crate) struct SoakArgs {
    /// How long it is watched.
    #[arg(long = "for", value_name = "DURATION", default_value = "60m", value_parser = humantime::parse_duration)]
    pub length: Duration,
    /// The share of requests that meet a fault.
    #[arg(long, value_name = "SHARE", default_value = "0.05", value_parser = share)]
    pub faults: f64,
    #[command(flatten)]
    pub place: PlaceArgs,
}

/// What grows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ValueEnum)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Axis {
    /// Accounts of two streams each, followed by one daemon: a cold start, then ticks of one minute.
    Sources,
    /// Windows of one stream in the ledger: the time of further ones, and what asking for the status takes.
    Windows,
}

#[derive(Debug, Args)]
pub(crate) struct ScaleArgs {
    /// What grows.
    #[arg(value_enum)]
    pub axis: Axis,
    /// The sizes, separated by commas; without, 100, 300 and 1000 sources, or 200, 4000 and 88000 windows.
    #[arg(long, value_delimiter = ',')]
    pub sizes: Vec<u64>,
    /// Ticks that are watched after a cold start.
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u32).range(0..=1_000))]
    pub ticks: u32,
    #[command(flatten)]
    pub place: PlaceArgs,
}

/// Where it is measured.
#[derive(Debug, Clone, Args)]
pub(crate) struct PlaceArgs {
    /// An empty database of yours instead of a private one; what is written there stays.
    #[arg(long, value_name = "URL")]
    pub database_url: Option<String>,
    /// Where the private database and the files of the floor are kept while it runs; the system's temporary
    /// directory without.
    #[arg(long, value_name = "DIR")]
    pub dir: Option<PathBuf>,
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
}

/// What is measured after the first load.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ValueEnum)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Step {
    /// The same rows, already typed, by psql alone.
    Floor,
    /// Everything read again, nothing changed.
    Unchanged,
    /// Everything read again, a share changed.
    Changed,
}

#[derive(Debug, Clone, Args)]
pub(crate) struct LoadArgs {
    /// Inspected calls at the vendor.
    #[arg(long, default_value_t = 1_000_000, value_parser = clap::value_parser!(u64).range(1..=100_000_000))]
    pub rows: u64,
    /// Calls in a window, which is a day, on average.
    #[arg(long, default_value_t = 10_000, value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
    pub rows_per_window: u64,
    /// Rows asked for per page; what the configuration's default is without.
    #[arg(long)]
    pub page_size: Option<u32>,
    /// Another server instead of the simulator, with days of calls up to the day before yesterday.
    #[arg(long, value_name = "URL")]
    pub base_url: Option<String>,
    /// The account there.
    #[arg(long, default_value = "demo-app")]
    pub app_id: String,
    /// A file that holds its key.
    #[arg(long, value_name = "FILE")]
    pub app_key_file: Option<PathBuf>,
    /// The share of all rows that changes before the last reading, 0 to 1.
    #[arg(long, value_name = "SHARE", default_value = "0.05", value_parser = share)]
    pub changed: f64,
    /// How long every answer of the simulator takes at least, as in 20ms.
    #[arg(long, value_name = "DURATION", default_value = "0ms", value_parser = humantime::parse_duration)]
    pub latency: Duration,
    /// Processes that read at the same time.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=64))]
    pub workers: u32,
    /// What is measured after the first load, separated by commas.
    #[arg(long, value_delimiter = ',', default_values = ["floor", "unchanged", "changed"])]
    pub phases: Vec<Step>,
    /// A switch of the simulator, as NAME=VALUE; repeatable.
    #[arg(long = "switch", value_name = "NAME=VALUE", conflicts_with = "base_url")]
    pub switches: Vec<String>,
    #[command(flatten)]
    pub place: PlaceArgs,
}

#[derive(Debug, Args)]
pub(crate) struct IdleArgs {
    /// How long it is watched.
    #[arg(long = "for", value_name = "DURATION", default_value = "60s", value_parser = humantime::parse_duration)]
    pub length: Duration,
    /// How often it is started.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=100))]
    pub starts: u32,
    #[command(flatten)]
    pub place: PlaceArgs,
}

#[derive(Debug, Args)]
pub(crate) struct WorkersArgs {
    /// Processes that share the second reading.
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u32).range(2..=64))]
    pub workers: u32,
    /// Inspected calls that are read, about.
    #[arg(long, default_value_t = 96_000, value_parser = clap::value_parser!(u64).range(1..=100_000_000))]
    pub rows: u64,
    /// Calls in a window, which is a day, on average.
    #[arg(long, default_value_t = 500, value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
    pub rows_per_window: u64,
    /// Rows asked for per page.
    #[arg(long, default_value_t = 100)]
    pub page_size: u32,
    /// How long every answer of the vendor takes at least.
    #[arg(long, value_name = "DURATION", default_value = "200ms", value_parser = humantime::parse_duration)]
    pub latency: Duration,
    #[command(flatten)]
    pub place: PlaceArgs,
}
