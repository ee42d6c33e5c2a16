//! `ccsync demo`: simulator, private PostgreSQL and daemon together, at an accelerated pace, with faults.

mod query;
mod world;

use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::cli::args::DemoArgs;
use crate::cli::exit::Exit;
use crate::cli::output::{self, Failure, message};
use crate::cli::reading::{run, stop};
use crate::cli::screen;
use crate::cli::stored::status;
use crate::cli::{block_on, init_log};
use ccsync::app::{App, Overrides};
use ccsync::config::LogFormat;
use ccsync::domain::row::text::counted;
use ccsync::ops::text::status_text;
use ccsync::report::status::StatusReport;

/// How often the terminal is told what goes on.
const STATUS_EVERY: Duration = Duration::from_secs(2);

pub(in crate::cli) fn demo(args: DemoArgs) -> Result<Exit, Failure> {
    // The log would drown the picture; what a fault did is in the status and in `sync.run`.
    init_log(LogFormat::Human, if args.once { "error" } else { "off" }, None)?;
    block_on(async {
        let stop = stop::on_signal();
        let directory = tempfile::Builder::new().prefix("ccsync-demo-").tempdir().map_err(|error| {
            Failure::failed(format!("no temporary directory could be made for the demo: {error}"))
        })?;
        let simulator = world::simulator(args.seed).await?;
        let settings = world::settings(
            directory.path(),
            &simulator.base_url(),
            args.database.as_deref(),
            args.listen,
            !args.once,
        )?;
        if args.database.is_none() {
            message("starting a private PostgreSQL …");
        }
        // The demo's data may be lost with the machine, not with the process.
        let overrides =
            Overrides { stop_database_with_process: true, durable: false, ..Overrides::default() };
        let app = App::build(settings, overrides).await?;
        if !app.database().store.is_untouched().await? {
            return Err(Failure::failed(
                "the database holds tables of ccsync already, which the demo would mix with invented ones: \
                 give it an empty database",
            ));
        }
        let exit = if args.once { once(&app, &stop).await } else { Ok(Exit::Done) };
        let app = Arc::new(app);
        let exit = match exit {
            Ok(_) if !args.once => live(&app, &stop).await,
            other => other,
        };
        let journal = simulator.journal();
        message(&format!(
            "the vendors got {} to read and {} to write",
            counted(journal.requests(), "request"),
            counted(journal.writes(), "request")
        ));
        simulator.stop().await;
        if let Some(app) = Arc::into_inner(app) {
            app.close().await?;
        }
        exit
    })
}

/// Passes of a demo that ends by itself: the simulated vendors change and fail while they are read.
const PASSES_MAX: usize = 10;

/// One pass, or as many as the vendors' faults call for, a summary, three questions answered.
async fn once(app: &App, stop: &CancellationToken) -> Result<Exit, Failure> {
    app.prepare().await?;
    message("reading four streams from the simulated vendors, some of whose answers are faulty …");
    let began = std::time::Instant::now();
    let mut reports = app.sync(&[], stop).await?;
    let mut exit = output::reports(&reports, false)?;
    let mut rows: u64 = reports.iter().map(|report| report.counts.inserted).sum();
    for _ in 1..PASSES_MAX {
        if exit != Exit::Partial || stop.is_cancelled() {
            break;
        }
        message(
            "some windows changed while they were read, or met a fault: one more pass reads them again …",
        );
        reports = app.sync(&[], stop).await?;
        exit = output::reports(&reports, false)?;
        rows += reports.iter().map(|report| report.counts.inserted).sum::<u64>();
    }
    let elapsed = began.elapsed().as_secs_f64();
    output::data(&format!(
        "\n{} in {elapsed:.1} s. Three questions an analyst might ask:",
        counted(rows, "row")
    ));
    for (question, sql) in query::EXAMPLES {
        let answer = app.database().store.answer(sql).await?;
        output::data(&format!("\n-- {question}\n{}\n\n{}", sql.trim(), answer));
    }
    Ok(exit)
}

/// The daemon on its accelerated schedules, until Ctrl-C.
async fn live(app: &Arc<App>, stop: &CancellationToken) -> Result<Exit, Failure> {
    let listener = run::listen(app.settings().ops.listen).await?;
    let address = listener.local_addr().map_err(|error| Failure::failed(error.to_string()))?;
    let status =
        format!("status:   http://{address}/   metrics: http://{address}/metrics\nCtrl-C ends the demo");
    let connect = match app.database().psql_command() {
        Some(psql) => format!("connect:  {psql}\n{status} and removes its database."),
        None => format!("{status}; what it filled is kept."),
    };
    message(&connect);
    let mut daemon = tokio::spawn(app.clone().run(Some(listener), stop.clone()));
    let ended = tokio::select! {
        ended = &mut daemon => ended,
        () = print_status(app, stop, &connect) => daemon.await,
    };
    let ended = ended.map_err(|error| Failure::failed(format!("the daemon ended: {error}")))?;
    ended?;
    message("the demo has ended");
    Ok(Exit::Done)
}

/// On a terminal the whole status, drawn anew; elsewhere a line now and then.
async fn print_status(app: &App, stop: &CancellationToken, connect: &str) {
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(STATUS_EVERY) => {}
        }
        // Until the first migration is through there is nothing to tell.
        let Ok(report) = app.status().await else { continue };
        output::data(&match screen::size() {
            Some(size) => {
                let text = status_text::render(&report, &status::view(app.settings()));
                screen::in_place(&text, connect, Some(size))
            }
            None => line(&report),
        });
    }
}

fn line(report: &StatusReport) -> String {
    let rows: i64 = report.streams.iter().map(|stream| stream.rows).sum();
    let changed: u64 = report.runs.iter().map(|run| run.counts.updated + run.counts.deleted).sum();
    let failing = report.streams.iter().filter(|stream| stream.failure.is_some()).count();
    let runs = report.runs.first().map_or(0, |run| run.id);
    format!(
        "{} at the vendors are in the tables; {}; {} changed in the latest runs; {} failing",
        counted(rows, "row"),
        counted(runs, "run"),
        counted(changed, "row"),
        counted(failing, "stream")
    )
}
