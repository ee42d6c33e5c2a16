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

pub(super) use self::args::BenchArgs;
use self::args::BenchCommand;
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
        let work = async {
            match args.command {
                None => load::load(args.load).await,
                Some(BenchCommand::Idle(args)) => idle::idle(args).await,
                Some(BenchCommand::Workers(args)) => workers::workers(args).await,
            }
        };
        // What is dropped here kills the processes it started.
        tokio::select! {
            biased;
            () = stop.cancelled() => Err(Failure::failed("told to stop before the end")),
            done = work => done,
        }
    })
}
