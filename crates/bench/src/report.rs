//! What was measured, for people and for programs.

use ccsync::domain::proof::run::Counts;
use serde::Serialize;

use crate::failure::Failure;
use crate::process::child::Cost;
use crate::snapshot::Snapshot;
use crate::vendor::capacity::Capacity;

/// What is printed at the end.
pub(crate) fn render(
    report: &impl Serialize,
    as_json: bool,
    text: impl FnOnce() -> String,
) -> Result<String, Failure> {
    if !as_json {
        return Ok(text());
    }
    serde_json::to_string_pretty(report)
        .map_err(|error| Failure::failed(format!("the report could not be written as JSON: {error}")))
}

/// The machine and the database.
#[derive(Debug, Serialize)]
pub(crate) struct Surroundings {
    pub version: &'static str,
    pub debug_build: bool,
    pub measured_on: String,
    pub cores: usize,
    pub memory_mib: Option<u64>,
    /// PostgreSQL's version, and the settings that decide what a commit costs.
    pub database: String,
}

/// One load and what followed.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    pub surroundings: Surroundings,
    pub rows: u64,
    pub windows: u64,
    pub page_size: u32,
    pub workers: u32,
    pub latency_ms: u64,
    /// What the simulator serves alone; none for another server.
    pub simulator: Option<Capacity>,
    /// Rows that the simulator changed before the last phase.
    pub changed_rows: Option<u64>,
    /// Whether each phase began after a checkpoint.
    pub checkpointed: bool,
    pub phases: Vec<Phase>,
}

/// Seconds of processor time.
#[derive(Debug, Clone, Copy, Serialize)]
pub(crate) struct Processors {
    /// ccsync, or psql for the floor.
    pub client: Option<f64>,
    pub database: Option<f64>,
    pub simulator: Option<f64>,
}

/// What ccsync counted.
#[derive(Debug, Clone, Copy, Serialize)]
pub(crate) struct Reading {
    #[serde(flatten)]
    pub counts: Counts,
    /// Requests that the vendor received, all tries counted.
    pub requests_received: Option<u64>,
    /// Requests that should do: rows by page size, rounded up, and one more for each window.
    pub requests_enough: u64,
    /// Windows that nothing confirms.
    pub unverified: u64,
}

/// One phase.
#[derive(Debug, Serialize)]
pub(crate) struct Phase {
    pub name: &'static str,
    pub seconds: f64,
    pub rows: u64,
    pub rows_per_second: f64,
    pub microseconds_per_row: f64,
    /// Its time by the floor's.
    pub ratio_to_floor: Option<f64>,
    /// None for the floor.
    pub reading: Option<Reading>,
    pub wal_bytes: u64,
    pub wal_bytes_per_row: f64,
    pub full_page_images: u64,
    /// Dead versions made in the fact tables and their histories.
    pub dead_tuples_fact: u64,
    /// Of those, what touched no index.
    pub hot_updates_fact: u64,
    /// Dead versions made in all other tables: the ledger, and who the agents are.
    pub dead_tuples_ledger: u64,
    pub cpu_seconds: Processors,
    /// Of ccsync, or psql; of several, the largest.
    pub resident_max_kib: Option<u64>,
}

impl Phase {
    pub(crate) fn new(name: &'static str, rows: u64, cost: Cost, counters: Snapshot) -> Phase {
        let by_row = |amount: f64| if rows == 0 { 0.0 } else { amount / rows as f64 };
        Phase {
            name,
            seconds: cost.seconds,
            rows,
            rows_per_second: if cost.seconds > 0.0 { rows as f64 / cost.seconds } else { 0.0 },
            microseconds_per_row: by_row(cost.seconds * 1e6),
            ratio_to_floor: None,
            reading: None,
            wal_bytes: counters.wal_bytes,
            wal_bytes_per_row: by_row(counters.wal_bytes as f64),
            full_page_images: counters.full_page_images,
            dead_tuples_fact: counters.dead_fact,
            hot_updates_fact: counters.hot_fact,
            dead_tuples_ledger: counters.dead_ledger,
            cpu_seconds: Processors {
                client: cost.cpu_seconds,
                database: counters.cpu_seconds,
                simulator: None,
            },
            resident_max_kib: cost.resident_max_kib,
        }
    }
}

impl Report {
    /// Takes the floor's time as the measure of all others.
    pub(crate) fn compare(&mut self) {
        let floor = self.phases.iter().find(|phase| phase.name == "floor").map(|phase| phase.seconds);
        for phase in &mut self.phases {
            phase.ratio_to_floor = floor.filter(|floor| 0.0 < *floor).map(|floor| phase.seconds / floor);
        }
    }

    /// As a person reads it.
    pub(crate) fn text(&self) -> String {
        let Surroundings { cores, database, version, .. } = &self.surroundings;
        let mut text = format!(
            "ccsync {version}, {cores} cores, {database}\n{} rows in {} windows, pages of {}, {} worker(s), vendor's latency {} ms\n",
            self.rows, self.windows, self.page_size, self.workers, self.latency_ms
        );
        if let Some(simulator) = &self.simulator {
            text.push_str(&format!(
                "the simulator alone: {:.0} rows/s, {} rows per second of its processor time, ready after {:.1} s, {} MiB\n",
                simulator.rows_per_second,
                number(simulator.rows_per_cpu_second, 0),
                simulator.start_seconds,
                mib(simulator.resident_max_kib),
            ));
        }
        if let Some(changed) = self.changed_rows {
            text.push_str(&format!("before the last reading {changed} rows changed\n"));
        }
        text.push('\n');
        text.push_str(&table(&self.phases));
        text
    }
}

const TITLES: [&str; 13] = [
    "phase",
    "seconds",
    "rows/s",
    "x floor",
    "requests",
    "enough",
    "WAL B/row",
    "dead",
    "dead ledger",
    "CPU s",
    "db CPU s",
    "sim CPU s",
    "MiB",
];

fn number(value: Option<f64>, digits: usize) -> String {
    value.map_or_else(|| "-".to_owned(), |value| format!("{value:.digits$}"))
}

fn mib(kib: Option<u64>) -> String {
    number(kib.map(|kib| kib as f64 / 1024.0), 1)
}

fn table(phases: &[Phase]) -> String {
    let mut lines: Vec<Vec<String>> = vec![TITLES.map(str::to_owned).to_vec()];
    for phase in phases {
        let reading = |field: fn(&Reading) -> u64| {
            phase.reading.as_ref().map_or_else(|| "-".to_owned(), |reading| field(reading).to_string())
        };
        lines.push(vec![
            phase.name.to_owned(),
            format!("{:.2}", phase.seconds),
            format!("{:.0}", phase.rows_per_second),
            number(phase.ratio_to_floor, 2),
            reading(|reading| reading.requests_received.unwrap_or(reading.counts.requests)),
            reading(|reading| reading.requests_enough),
            format!("{:.1}", phase.wal_bytes_per_row),
            phase.dead_tuples_fact.to_string(),
            phase.dead_tuples_ledger.to_string(),
            number(phase.cpu_seconds.client, 2),
            number(phase.cpu_seconds.database, 2),
            number(phase.cpu_seconds.simulator, 2),
            mib(phase.resident_max_kib),
        ]);
    }
    let widths: Vec<usize> =
        (0..TITLES.len()).map(|at| lines.iter().map(|line| line[at].len()).max().unwrap_or(0)).collect();
    let padded = |line: &Vec<String>| {
        let cells = line.iter().zip(&widths).enumerate().map(|(at, (cell, width))| match at {
            0 => format!("{cell:<width$}"),
            _ => format!("{cell:>width$}"),
        });
        cells.collect::<Vec<_>>().join("  ")
    };
    lines.iter().map(padded).collect::<Vec<_>>().join("\n")
}
