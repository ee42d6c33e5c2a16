//! `ccsync status`.

use std::io::IsTerminal as _;
use std::time::Duration;

use clap::Args;

use crate::cli::exit::Exit;
use crate::cli::output::{self, Failure};
use crate::cli::reading::stop;
use crate::cli::screen;
use crate::cli::with_app;
use ccsync::app::App;
use ccsync::config::Settings;
use ccsync::engine::port::clock::{Clock as _, SystemClock};
use ccsync::ops::text::status_text::{self, View};
use ccsync::ops::text::terminal;

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
    let stop = stop::on_signal();
    let mut report = app.status().await;
    loop {
        match report {
            Ok(report) => {
                let text = status_text::render(&report, &view(app.settings()));
                let read = output::is_read(&match screen::size() {
                    Some(size) => screen::in_place(&text, "", Some(size)),
                    None => text + "\n",
                });
                if !read {
                    return Ok(());
                }
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

/// For whom stdout is.
pub(in crate::cli) fn view(settings: &Settings) -> View {
    let stdout = std::io::stdout();
    View {
        zone: settings.timezone,
        language: settings.language,
        width: stdout.is_terminal().then(terminal::size).flatten().map(|size| size.0),
        colour: terminal::has_colours(&stdout),
    }
}
