//! `ccsync migrate`.

use crate::cli::args::MigrateArgs;
use crate::cli::exit::Exit;
use crate::cli::output::{self, Failure};
use crate::cli::{build, build_with_database};
use ccsync::app::App;
use ccsync::config::Settings;
use ccsync::domain::catalogue::Remedy;
use ccsync::domain::row::text::{byte_size, counted};
use ccsync::store::{MigrationPlan, Repaired, TableEffect, TouchedTable};

pub(in crate::cli) async fn migrate(settings: Settings, args: MigrateArgs) -> Result<Exit, Failure> {
    let app = match args.plan {
        true => build(settings).await?,
        false => build_with_database(settings).await?,
    };
    let done = match (args.plan, args.repair) {
        (true, _) => plan(&app, args.json).await,
        (_, true) => repair(&app).await,
        _ => apply(&app).await,
    };
    app.close().await?;
    done
}

async fn apply(app: &App) -> Result<Exit, Failure> {
    let pending = app.database().store.pending_migrations().await?;
    app.prepare().await?;
    for name in &pending {
        output::data(&format!("applied {name}"));
    }
    if pending.is_empty() {
        output::message("the schema was up to date");
    }
    Ok(Exit::Done)
}

async fn repair(app: &App) -> Result<Exit, Failure> {
    let store = &app.database().store;
    let pending = store.pending_migrations().await?;
    if !pending.is_empty() {
        store.migrate().await?;
        pending.iter().for_each(|name| output::data(&format!("applied {name}")));
    }
    let repaired = store.repair().await?;
    for finding in &repaired.mended {
        output::data(&format!("repaired: {}", finding.sentence()));
    }
    for (stream, count, span) in &repaired.due_again {
        let due = match span {
            Some(span) => format!("{} in {span} become due again", counted(*count, "window")),
            None => "the next pass reads it again".to_owned(),
        };
        output::data(&format!("values of {stream} were lost: {due}"));
    }
    for table in &repaired.lost {
        output::data(&format!("values of {table} were lost; no vendor has them"));
    }
    if let Some(failure) = refusal(&repaired) {
        return Err(failure);
    }
    if repaired.mended.is_empty() {
        output::message("nothing of ccsync's was missing or altered");
    }
    app.prepare().await?;
    Ok(Exit::Done)
}

/// What could not be repaired, and what the operator does first.
fn refusal(repaired: &Repaired) -> Option<Failure> {
    if repaired.refused.is_empty() {
        return None;
    }
    let refusals = repaired.refused.iter().map(|(finding, refusal)| {
        let hint = match &finding.remedy {
            Remedy::Repair { if_refused: Some(sql), .. } => {
                format!("run `{sql}` in the database, then `ccsync migrate --repair` again")
            }
            _ => "mend what it says, then run `ccsync migrate --repair` again".to_owned(),
        };
        format!("{} could not be repaired: {refusal}; {hint}", finding.sentence())
    });
    Some(Failure::failed(refusals.collect::<Vec<_>>().join("\n")))
}

async fn plan(app: &App, as_json: bool) -> Result<Exit, Failure> {
    let store = &app.database().store;
    let plan = store.migration_plan().await?;
    if as_json {
        output::json(&plan)?;
    } else {
        print(&plan);
    }
    // Where a newer ccsync was at work, it is a fault for every command.
    store.pending_migrations().await?;
    Ok(Exit::Done)
}

fn print(plan: &MigrationPlan) {
    for pending in &plan.pending {
        output::data(&format!("would apply {}", pending.name));
        pending.touches.iter().for_each(|touched| output::data(&touch_line(touched)));
    }
    for version in &plan.newer {
        output::data(&format!("unknown here {version}"));
    }
    match (plan.pending.len(), plan.applied) {
        (0, applied) => output::message(&format!("nothing to do; {applied} migrations were applied before")),
        (_, 0) => output::message("nothing was changed; the database is new"),
        (_, applied) => {
            output::message(&format!("nothing was changed; {applied} migrations were applied before"))
        }
    }
}

fn touch_line(touched: &TouchedTable) -> String {
    let (table, size) = (&touched.table, byte_size(touched.bytes));
    match touched.effect {
        TableEffect::Index => {
            format!("  {table} ({size}) gets an index: it is read whole, and writes to it wait")
        }
        TableEffect::Alter => format!("  {table} ({size}) is altered: reads and writes of it wait"),
    }
}
