//! `ccsync config`.

use crate::cli::args::ConfigArgs;
use crate::cli::exit::Exit;
use crate::cli::output::{self, Failure};
use ccsync::config::render;
use ccsync::config::{Format, Settings};

// Symmetry with the other commands, which can fail.
#[expect(clippy::unnecessary_wraps, reason = "all commands have one signature")]
pub(in crate::cli) fn config(settings: &Settings, args: &ConfigArgs) -> Result<Exit, Failure> {
    let format = if args.json.json { Format::Json } else { Format::Toml };
    output::data(&render(settings, format));
    Ok(Exit::Done)
}

/// What a configuration file may say.
pub(in crate::cli) fn schema() -> Result<Exit, Failure> {
    output::json(&ccsync::config::schema())?;
    Ok(Exit::Done)
}
