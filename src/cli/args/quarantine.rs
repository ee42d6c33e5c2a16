//! Arguments of `ccsync quarantine`.

use clap::{Args, Subcommand};

use ccsync::domain::stream::StreamId;

#[derive(Debug, Args)]
pub(in crate::cli) struct QuarantineArgs {
    #[command(subcommand)]
    pub verb: QuarantineVerb,
}

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum QuarantineVerb {
    /// What is quarantined, without the records themselves.
    List {
        /// Of this source only.
        #[arg(long)]
        source: Option<String>,
        /// Of this stream only, for example `sobot.call_result`.
        #[arg(long)]
        stream: Option<StreamId>,
        /// Those that are not open any more, too.
        #[arg(long)]
        all: bool,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// All about one record, with the record itself: raw vendor data.
    Show {
        /// Number of the entry.
        id: i64,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Read records again with this version's readers and store what can be read; asks no vendor.
    Retry(RetryArgs),
    /// Give records up for good: they never count again.
    Drop {
        /// Numbers of entries.
        #[arg(value_name = "ID", required = true)]
        ids: Vec<i64>,
        /// Why; kept with the entry.
        #[arg(long, value_name = "TEXT", value_parser = reason_text)]
        reason: String,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
}

#[derive(Debug, Args)]
pub(in crate::cli) struct RetryArgs {
    /// Numbers of entries.
    #[arg(value_name = "ID", required_unless_present_any = ["all", "source", "stream"])]
    pub ids: Vec<i64>,
    /// All open ones.
    #[arg(long, conflicts_with = "ids")]
    pub all: bool,
    /// Of this source only.
    #[arg(long)]
    pub source: Option<String>,
    /// Of this stream only, for example `sobot.call_result`.
    #[arg(long)]
    pub stream: Option<StreamId>,
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
}

fn reason_text(text: &str) -> Result<String, String> {
    if text.trim().is_empty() { Err("say why".to_owned()) } else { Ok(text.to_owned()) }
}
