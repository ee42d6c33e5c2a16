//! Arguments of `ccsync verify` and `ccsync explain`.

use clap::Args;

use crate::cli::args::Moment;
use ccsync::app::StreamChoice;
use ccsync::domain::row::share::Share;

const VERIFY: &str = "\
Examples:
  ccsync verify --from 2026-03-01 --to 2026-04-01
  ccsync verify --sample 5% --ignore-newer
  ccsync verify --stream sobot.call_result --repair
Ends with 0 where vendor and tables agree, and with 4 where they differ.";

#[derive(Debug, Args)]
#[command(after_help = VERIFY)]
pub(in crate::cli) struct VerifyArgs {
    /// Stream, for example `sobot.call_result`; may be given several times. All where none is given; with a
    /// range, all that have windows.
    #[arg(long = "stream", value_name = "STREAM")]
    pub streams: Vec<StreamChoice>,
    /// First instant: a date (its midnight in `timezone`), or a date and time. Windows are compared whole.
    #[arg(long, value_name = "DATE")]
    pub from: Option<Moment>,
    /// First instant not wanted any more, likewise.
    #[arg(long, value_name = "DATE")]
    pub to: Option<Moment>,
    /// Compare only a share of the windows of each stream, drawn at random, at least one: `5%` or `0.05`.
    #[arg(long, value_name = "SHARE", value_parser = sample)]
    pub sample: Option<Share>,
    /// Draw the sample by this number, to draw the same one again.
    #[arg(long, value_name = "NUMBER", requires = "sample")]
    pub seed: Option<u64>,
    /// Leave out what the vendor dates after our last read of the window: the next read brings it.
    #[arg(long)]
    pub ignore_newer: bool,
    /// Read the windows in which something differs again, and write what the vendor says.
    #[arg(long)]
    pub repair: bool,
    /// Show no progress.
    #[arg(long)]
    pub no_progress: bool,
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct ExplainArgs {
    /// The row's key as `ccsync verify` prints it, or its first parts, for example the id of a call.
    #[arg(value_name = "KEY")]
    pub key: String,
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
}

/// A share with a percent sign, or as a number from 0 to 1.
fn sample(text: &str) -> Result<Share, String> {
    match text.trim().parse::<f64>() {
        Ok(part) if (0.0..=1.0).contains(&part) => format!("{:.4}%", part * 100.0).parse(),
        _ => text.parse(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sample_is_a_share_in_either_form() {
        assert_eq!(sample("0.05"), sample("5%"));
        assert_eq!(sample("1"), sample("100%"));
        assert!(sample("5").unwrap_err().contains("5%"));
    }
}
