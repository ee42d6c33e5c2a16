//! `ccsync migrate`.

use crate::app::App;
use crate::cli::args::MigrateArgs;
use crate::cli::build;
use crate::cli::exit::Exit;
use crate::cli::output::{self, Failure};
use crate::config::Settings;
use crate::domain::text::byte_size;
use crate::store::{MigrationPlan, TableEffect, TouchedTable};

pub(super) async fn migrate(settings: Settings, args: MigrateArgs) -> Result<Exit, Failure> {
    let app = build(settings).await?;
    let done = if args.plan { plan(&app, args.json).await } else { apply(&app).await };
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
        output::talk("the schema was up to date");
    }
    Ok(Exit::Done)
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
        (0, applied) => output::talk(&format!("nothing to do; {applied} migrations were applied before")),
        (_, 0) => output::talk("nothing was changed; the database is new"),
        (_, applied) => {
            output::talk(&format!("nothing was changed; {applied} migrations were applied before"))
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
