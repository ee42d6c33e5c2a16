//! `ccsync status`.

use std::io::IsTerminal as _;

use crate::cli::args::JsonArgs;
use crate::cli::exit::Exit;
use crate::cli::output::{self, Failure};
use crate::cli::with_app;
use crate::config::Settings;
use crate::ops::status_text;

pub(super) async fn status(settings: Settings, args: JsonArgs) -> Result<Exit, Failure> {
    let zone = settings.timezone;
    let report = with_app(settings, async |app| Ok(app.status().await?)).await?;
    if args.json {
        output::json(&report)?;
    } else {
        let width = std::io::stdout().is_terminal().then(terminal_width).flatten();
        output::data(&status_text::render(&report, zone, width));
    }
    Ok(Exit::Done)
}

/// Columns of the terminal, where it says so.
pub(super) fn terminal_width() -> Option<usize> {
    let size = rustix::termios::tcgetwinsize(std::io::stdout()).ok()?;
    (size.ws_col > 0).then_some(usize::from(size.ws_col))
}
