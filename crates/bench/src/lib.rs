//! `ccsync bench`: how fast it is, and against what. Vendor, database and ccsync are processes of their own, so that
//! the kernel says what each of them costs.

mod args;
mod capacity;
mod child;
mod connection;
mod floor;
mod idle;
mod load;
mod place;
mod process_stat;
mod psql;
mod report;
mod snapshot;
mod vendor;
mod workers;

use serde::Serialize;

pub(super) use self::args::BenchArgs;
use self::args::BenchCommand;
use self::place::Place;
use crate::cli::exit::Exit;
use crate::cli::output::{self, Failure};
use crate::cli::{block_on, init_log, stop};
use crate::config::LogFormat;

pub(super) fn bench(args: BenchArgs) -> Result<Exit, Failure> {
    init_log(LogFormat::Auto, "warn", None)?;
    if cfg!(debug_assertions) {
        output::talk("note: this is a debug build; its figures say nothing about a release");
    }
    block_on(async {
        let stop = stop::on_signal();
        let place = Place::prepare(args.place()).await?;
        let work = async {
            match &args.command {
                None => load::load(&place, &args.load).await,
                Some(BenchCommand::Idle(args)) => idle::idle(&place, args).await,
                Some(BenchCommand::Workers(args)) => workers::workers(&place, args).await,
            }
        };
        // What is dropped here kills the processes it started.
        let done = tokio::select! {
            biased;
            () = stop.cancelled() => Err(Failure::failed("told to stop before the end")),
            done = work => done,
        };
        let closed = place.close().await;
        let text = done?;
        closed?;
        output::data(&text);
        Ok(Exit::Done)
    })
}

/// What is printed at the end.
fn told(report: &impl Serialize, as_json: bool, text: impl FnOnce() -> String) -> Result<String, Failure> {
    if !as_json {
        return Ok(text());
    }
    serde_json::to_string_pretty(report)
        .map_err(|error| Failure::failed(format!("the report could not be written as JSON: {error}")))
}
