//! `ccsync sync`.

use crate::cli::args::PassArgs;
use crate::cli::build_with_database;
use crate::cli::exit::Exit;
use crate::cli::output::{self, Failure};
use crate::cli::reading::progress::watched;
use crate::cli::reading::stop;
use ccsync::app::{App, StreamChoice};
use ccsync::config::Settings;
use ccsync::domain::stream::StreamKind;

pub(in crate::cli) async fn sync(settings: Settings, args: PassArgs) -> Result<Exit, Failure> {
    let PassArgs { sync: args, no_progress } = args;
    let stop = stop::on_signal();
    let app = build_with_database(settings).await?;
    refuse_unknown(&app, &args.streams)?;
    app.prepare().await?;
    let reports = watched(app.progress(), no_progress, app.sync(&args.streams, &stop)).await;
    app.refresh_sums(&stop).await;
    app.close().await?;
    output::reports(&reports?, args.json)
}

/// A stream that is not configured is a mistake of the command line, not an empty pass.
pub(in crate::cli) fn refuse_unknown(app: &App, chosen: &[StreamChoice]) -> Result<(), Failure> {
    if let Some(choice) = chosen.iter().find(|choice| choice.stream().kind() == StreamKind::Feed) {
        let message = format!(
            "`{choice}` is a live feed: only `ccsync run` follows it, and none of it can be read again"
        );
        return Err(Failure::usage(message));
    }
    match app.unknown_choices(chosen).first() {
        None => Ok(()),
        Some(choice) => Err(Failure::usage(format!("no enabled source has the stream `{choice}`"))),
    }
}
