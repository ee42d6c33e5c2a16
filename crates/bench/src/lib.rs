//! How fast ccsync is, and against what (`docs/performance.md`). Vendor, database and ccsync are processes of their
//! own, so that the kernel says what each of them costs.

mod args;
mod failure;
mod place;
mod process;
mod psql;
mod report;
mod snapshot;
mod vendor;
mod workload;

use std::path::Path;

pub use self::args::BenchArgs;
use self::args::BenchCommand;
pub use self::failure::Failure;
use self::failure::print;
use self::place::Place;
use self::workload::{idle, load, scale, soak, workers};

/// Measures `program`, an executable of ccsync, until `stop` ends. The result is the report, as text or as JSON.
///
/// # Errors
/// Something that is needed is missing, a process failed, or `stop` ended first.
pub async fn bench(
    program: &Path,
    args: &BenchArgs,
    stop: impl Future<Output = ()>,
) -> Result<String, Failure> {
    if cfg!(debug_assertions) {
        print("note: this is a debug build; its figures say nothing about a release");
    }
    let place = Place::prepare(program, args.place()).await?;
    let work = async {
        match &args.command {
            None => load::load(&place, &args.load).await,
            Some(BenchCommand::Idle(args)) => idle::idle(&place, args).await,
            Some(BenchCommand::Workers(args)) => workers::workers(&place, args).await,
            Some(BenchCommand::Scale(args)) => scale::scale(&place, args).await,
            Some(BenchCommand::Soak(args)) => soak::soak(&place, args).await,
        }
    };
    // What is dropped here kills the processes it started.
    let measured = tokio::select! {
        biased;
        () = stop => Err(Failure::failed("told to stop before the end")),
        measured = work => measured,
    };
    let closed = place.close().await;
    let text = measured?;
    closed?;
    Ok(text)
}
