//! `ccsync config`.

use crate::cli::args::JsonArgs;
use crate::cli::exit::Exit;
use crate::cli::output::{self, Failure};
use ccsync::config::render;
use ccsync::config::{Format, Settings};

// Symmetry with the other commands, which can fail.
#[expect(clippy::unnecessary_wraps, reason = "all commands have one signature")]
pub(in crate::cli) fn config(settings: &Settings, args: &JsonArgs) -> Result<Exit, Failure> {
    let format = if args.json { Format::Json } else { Format::Toml };
    output::data(&render(settings, format));
    Ok(Exit::Done)
}
