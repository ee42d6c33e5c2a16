//! `ccsync source`.

use clap::{Args, Subcommand};
use serde::Serialize;

use crate::cli::args::JsonArgs;
use crate::cli::exit::Exit;
use crate::cli::output::{self, Failure};
use crate::cli::with_app;
use crate::cli::write::operator::operator;
use ccsync::app::{App, SourceSummary};
use ccsync::config::{Settings, source_name};
use ccsync::domain::row::text::counted;
use ccsync::store::{SourceChange, SourceOrder, SweptTable};

const RENAME: &str = "\
Everything that is stored goes along: rows, history, ledger, quarantine, overrules of agents.
Stop the service first, and name the source [sources.NEW] in the configuration before it starts again.
Small transactions; where it is cut short, the same command goes on. Meanwhile nobody reads the source.";

const PURGE: &str = "\
For a trial with simulated vendors, or an account that was read by mistake. There is no way back.
The log of actions and the list of forgotten persons are kept.";

const RETIRE: &str = "\
Its rows leave every relation of schema bi at once and stay in the vendor's schema. `--undo` brings them back.";

const MOVE: &str = "\
The same account at another address: the `base_url` that the configuration names now.";

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum SourceCommand {
    /// Every source that the database knows: its account, when it was read last, whether it is configured.
    List(JsonArgs),
    /// Give a source another name, with everything that is stored of it.
    #[command(after_help = RENAME)]
    Rename(RenameArgs),
    /// Read the same account from another host.
    #[command(after_help = MOVE)]
    Move(ChangeArgs),
    /// Take the rows of a source that is no longer configured out of schema bi.
    #[command(after_help = RETIRE)]
    Retire(RetireArgs),
    /// Remove everything that is stored of a source, for good.
    #[command(after_help = PURGE)]
    Purge(ChangeArgs),
}

#[derive(Debug, Args)]
pub(in crate::cli) struct RenameArgs {
    /// The name under which it is stored.
    #[arg(value_name = "OLD")]
    pub name: String,
    /// Its new name.
    #[arg(value_name = "NEW", value_parser = source_name)]
    pub new_name: String,
    /// Really do it. Without, it is shown and nothing is done.
    #[arg(long)]
    pub yes: bool,
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct ChangeArgs {
    /// The source's name.
    #[arg(value_name = "NAME")]
    pub name: String,
    /// Really do it. Without, it is shown and nothing is done.
    #[arg(long)]
    pub yes: bool,
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct RetireArgs {
    #[command(flatten)]
    pub change: ChangeArgs,
    /// Bring the rows of a retired source back.
    #[arg(long)]
    pub undo: bool,
}

/// What was done, or would be.
#[derive(Serialize)]
struct Outcome<'a> {
    done: bool,
    command: &'a str,
    source: &'a str,
    tables: &'a [SweptTable],
}

pub(in crate::cli) async fn source(settings: Settings, command: SourceCommand) -> Result<Exit, Failure> {
    let zone = settings.timezone;
    with_app(settings, async |app| match command {
        SourceCommand::List(args) => list(&app.sources().await?, args.json, zone),
        SourceCommand::Rename(args) => {
            let change = SourceChange::Rename(args.new_name);
            changed(app, args.name, change, args.yes, args.json).await
        }
        SourceCommand::Purge(args) => changed(app, args.name, SourceChange::Purge, args.yes, args.json).await,
        SourceCommand::Retire(args) => retired(app, &args).await,
        SourceCommand::Move(args) => moved(app, &args).await,
    })
    .await
}

async fn changed(
    app: &App,
    name: String,
    change: SourceChange,
    yes: bool,
    json: bool,
) -> Result<Exit, Failure> {
    let order = SourceOrder { name, change, operator: operator() };
    let word = match &order.change {
        SourceChange::Rename(_) => "renamed",
        SourceChange::Purge => "removed",
    };
    let mut progress = |swept: &SweptTable| {
        output::message(&format!("{}: {} {word}", swept.table, counted(swept.rows, "row")));
    };
    let tables = match yes {
        true => app.change_source(&order, &mut progress).await?,
        false => app.preview_source_change(&order).await?,
    };
    let command = if word == "renamed" { "rename" } else { "purge" };
    print(&Outcome { done: yes, command, source: &order.name, tables: &tables }, json)?;
    if yes && !json {
        output::message(&match &order.change {
            SourceChange::Rename(to) => {
                format!(
                    "{} is {to} now; name it [sources.{to}] in the configuration of every ccsync",
                    order.name
                )
            }
            SourceChange::Purge => format!("nothing is stored of {} any more", order.name),
        });
    }
    Ok(Exit::Done)
}

async fn retired(app: &App, args: &RetireArgs) -> Result<Exit, Failure> {
    let RetireArgs { change: ChangeArgs { name, yes, json }, undo } = args;
    if !undo {
        app.refuse_configured(name)?;
    }
    let tables = app.source_rows(name).await?;
    if *yes {
        app.retire_source(name, *undo, &operator()).await?;
    }
    print(&Outcome { done: *yes, command: "retire", source: name, tables: &tables }, *json)?;
    if *yes && !json {
        output::message(&match undo {
            true => format!("{name} is part of schema bi again"),
            false => format!(
                "{name} is no part of schema bi any more; its rows are kept. `ccsync source retire {name} --undo --yes` \
                 brings them back, `ccsync source purge {name} --yes` removes them"
            ),
        });
    }
    Ok(Exit::Done)
}

async fn moved(app: &App, args: &ChangeArgs) -> Result<Exit, Failure> {
    let (from, to) = app.source_move(&args.name).await?;
    let address = app.source_address(&args.name);
    if from.as_ref() == Some(&to) {
        if args.json {
            print(&Outcome { done: false, command: "move", source: &args.name, tables: &[] }, true)?;
        } else {
            output::data(&format!(
                "{}: {to} is read from {} already; {address} differs at most in port or path, by which accounts are not \
                 told apart: nothing has to be moved",
                args.name, to.host
            ));
        }
        return Ok(Exit::Done);
    }
    let was = from.as_ref().map_or("an address not known yet", |from| from.host.as_str());
    if args.yes {
        app.move_source(&args.name, &operator()).await?;
    }
    if args.json {
        print(&Outcome { done: args.yes, command: "move", source: &args.name, tables: &[] }, true)?;
    } else {
        output::data(&format!("{}: {to}, from {was} to {} ({address})", args.name, to.host));
        let is_local = from.is_some_and(|from| from.is_local());
        if is_local && !args.yes {
            output::message(&format!(
                "note: rows that a simulator on this machine gave would stand beside the vendor's; \
                 `ccsync source purge {} --yes` removes them",
                args.name
            ));
        }
        if !args.yes {
            output::message("nothing was changed; add --yes to do it");
        }
    }
    Ok(Exit::Done)
}

fn print(outcome: &Outcome<'_>, json: bool) -> Result<(), Failure> {
    if json {
        output::json(outcome)?;
    } else {
        let rows: u64 = outcome.tables.iter().map(|table| table.rows).sum();
        let tables = counted(outcome.tables.len() as u64, "table");
        output::data(&format!("{}: {} in {tables}", outcome.source, counted(rows, "row")));
        if !outcome.done {
            for table in outcome.tables {
                output::data(&format!("  {}: {}", table.table, table.rows));
            }
        }
    }
    if !outcome.done {
        output::message("nothing was changed; add --yes to do it");
    }
    Ok(())
}

fn list(sources: &[SourceSummary], json: bool, zone: chrono_tz::Tz) -> Result<Exit, Failure> {
    if json {
        output::json(&sources)?;
        return Ok(Exit::Done);
    }
    if sources.is_empty() {
        output::message("nothing is stored of any source yet");
    }
    for source in sources {
        output::data(&line(source, zone));
    }
    Ok(Exit::Done)
}

fn line(source: &SourceSummary, zone: chrono_tz::Tz) -> String {
    let known = &source.known;
    let account = match &known.account {
        Some(account) if account.id.is_empty() => account.to_string(),
        Some(account) => format!("{account} on {}", account.host),
        None => format!("a {} account that is not known yet", known.kind),
    };
    let state = match (&known.pending, &known.retired) {
        (Some(pending), _) => format!("`{}` is not finished", pending.command),
        (None, Some((at, by))) => {
            format!("retired on {} by {}", output::local(*at, zone), by.escape_debug())
        }
        (None, None) if source.is_configured => "configured".to_owned(),
        (None, None) => "not configured here".to_owned(),
    };
    let read = match source.read_at {
        Some(at) => format!("last read {}", output::local(at, zone)),
        None if known.has_rows => "holds rows".to_owned(),
        None => "nothing stored".to_owned(),
    };
    format!("{}: {account}; {state}; {read}", known.name)
}
