//! `ccsync backfill`.

use crate::cli::args::{BackfillArgs, Moment};
use crate::cli::build_with_database;
use crate::cli::exit::Exit;
use crate::cli::output::{self, Failure};
use crate::cli::reading::progress::watched;
use crate::cli::reading::{stop, sync};
use ccsync::config::Settings;
use ccsync::domain::proof::window::TimeWindow;
use ccsync::domain::stream::StreamKind;
use ccsync::engine::port::clock::{Clock as _, SystemClock};

pub(in crate::cli) async fn backfill(settings: Settings, args: BackfillArgs) -> Result<Exit, Failure> {
    let range = range(&settings, &args)?;
    for choice in &args.streams {
        if choice.stream().kind() == StreamKind::Snapshot {
            let message = format!("`{choice}` is read whole each time; it has no past to backfill");
            return Err(Failure::usage(message));
        }
    }
    let stop = stop::on_signal();
    let app = build_with_database(settings).await?;
    sync::refuse_unknown(&app, &args.streams)?;
    app.refuse_expired(&args.streams, range).map_err(|fault| Failure::usage(fault.chain()))?;
    app.prepare().await?;
    let reports = app.backfill(&args.streams, range, &stop);
    let reports = watched(app.progress(), args.no_progress, reports).await;
    app.close().await?;
    output::reports(&reports?, args.json)
}

fn range(settings: &Settings, args: &BackfillArgs) -> Result<TimeWindow, Failure> {
    let instant = |moment: Moment, name: &str| {
        moment.instant(settings.timezone).ok_or_else(|| {
            let zone = settings.timezone;
            Failure::usage(format!("--{name} does not exist in {zone}: the clocks skip it"))
        })
    };
    let (from, to) = (instant(args.from, "from")?, instant(args.to, "to")?);
    if SystemClock.now() <= from {
        return Err(Failure::usage("--from lies in the future; the vendor has nothing to read there yet"));
    }
    TimeWindow::new(from, to).ok_or_else(|| {
        Failure::usage("--from must lie before --to, which is the first instant not wanted any more")
    })
}
