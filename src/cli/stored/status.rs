//! `ccsync status`.

use std::io::IsTerminal as _;
use std::time::Duration;

use clap::Args;

use crate::cli::exit::Exit;
use crate::cli::output::{self, Failure};
use crate::cli::reading::stop;
use crate::cli::with_app;
use ccsync::app::App;
use ccsync::config::Settings;
use ccsync::engine::port::clock::{Clock as _, SystemClock};
use ccsync::ops::text::status_text::{self, View};

#[derive(Debug, Args)]
pub(in crate::cli) struct StatusArgs {
    /// Print JSON, as `/api/status` does.
    #[arg(long, conflicts_with = "watch")]
    pub json: bool,

    /// Show it again and again, every so many seconds, until Ctrl-C.
    #[arg(
        long,
        value_name = "SECONDS",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "2",
        value_parser = clap::value_parser!(u64).range(1..)
    )]
    pub watch: Option<u64>,
}

pub(in crate::cli) async fn status(settings: Settings, args: StatusArgs) -> Result<Exit, Failure> {
    with_app(settings, async |app| match args.watch {
        Some(seconds) => watch(app, Duration::from_secs(seconds)).await,
        None => {
            let report = app.status().await?;
            match args.json {
                true => output::json(&report)?,
                false => output::data(&status_text::render(&report, &view(app.settings()))),
            }
            Ok(())
        }
    })
    .await?;
    Ok(Exit::Done)
}

/// In place on a terminal, one below the other elsewhere, until Ctrl-C.
async fn watch(app: &App, every: Duration) -> Result<(), Failure> {
    let (stop, terminal) = (stop::on_signal(), std::io::stdout().is_terminal());
    let mut report = app.status().await;
    loop {
        match report {
            Ok(report) => {
                let text = status_text::render(&report, &view(app.settings()));
                output::data(&if terminal {
                    in_place(&text, terminal_size().map(|size| size.1))
                } else {
                    text + "\n"
                });
            }
            // It may come back; who watches waits for that.
            Err(fault) => Failure::from(fault).print(),
        }
        tokio::select! {
            () = stop.cancelled() => return Ok(()),
            () = SystemClock.sleep(every) => {}
        }
        report = app.status().await;
    }
}

/// Over what stood there before, without a flicker: each line erases what is left of the old one. More lines
/// than there is room for would scroll; the first ones say most.
fn in_place(text: &str, rows: Option<usize>) -> String {
    let room = rows.map_or(usize::MAX, |rows| rows.saturating_sub(1));
    let lines: String = text.lines().take(room).map(|line| format!("{line}\x1b[K\n")).collect();
    format!("\x1b[H{}\x1b[0J", lines.trim_end_matches('\n'))
}

/// For whom stdout is.
pub(in crate::cli) fn view(settings: &Settings) -> View {
    let terminal = std::io::stdout().is_terminal();
    // As no-color.org asks: set and not empty.
    let plain = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    View {
        zone: settings.timezone,
        language: settings.language,
        width: terminal.then(terminal_size).flatten().map(|size| size.0),
        colour: terminal && !plain,
    }
}

/// Columns and rows of the terminal, where it says so.
fn terminal_size() -> Option<(usize, usize)> {
    let size = rustix::termios::tcgetwinsize(std::io::stdout()).ok()?;
    (size.ws_col > 0 && size.ws_row > 0).then_some((usize::from(size.ws_col), usize::from(size.ws_row)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shorter_line_leaves_nothing_of_the_longer_one_before() {
        assert_eq!(in_place("a\nb\n", None), "\x1b[Ha\x1b[K\nb\x1b[K\x1b[0J");
        assert_eq!(in_place("a\nb\nc\n", Some(3)), "\x1b[Ha\x1b[K\nb\x1b[K\x1b[0J");
    }
}
