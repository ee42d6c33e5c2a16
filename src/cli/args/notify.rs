//! Arguments of `ccsync notify`.

use clap::Subcommand;

use crate::cli::args::JsonArgs;

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum NotifyCommand {
    /// The latest notices, and whether they arrived.
    List(JsonArgs),
    /// Send a trial to each target, or to one.
    Test {
        /// Name of the target, as in [notify.NAME].
        name: Option<String>,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
}
