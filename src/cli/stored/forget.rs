//! `ccsync forget`.

use chrono_tz::Tz;
use clap::{Args, Subcommand};
use serde::Serialize;

use crate::cli::exit::Exit;
use crate::cli::output::{self, Failure};
use crate::cli::with_app;
use crate::cli::write::operator::operator;
use ccsync::app::ErasureSubject;
use ccsync::config::Settings;
use ccsync::domain::fault::{Fault, FaultKind};
use ccsync::domain::person::forgotten::{Forgot, ForgottenEntry};
use ccsync::domain::row::text::counted;

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(in crate::cli) struct ForgetArgs {
    #[command(subcommand)]
    pub verb: Option<ForgetVerb>,
    /// An agent, by id or number: Sobot's agentid, 7moor's agentNumber, the workbench's extno.
    #[arg(long, value_name = "KEY", required_unless_present_any = ["phone", "undo"], conflicts_with_all = ["phone", "undo"])]
    pub agent: Option<String>,
    /// The agent of this source alone.
    #[arg(long, value_name = "NAME", requires = "agent")]
    pub source: Option<String>,
    /// Whoever has this number, however it is written.
    #[arg(long, value_name = "NUMBER", conflicts_with = "undo")]
    pub phone: Option<String>,
    /// Take an entry off the list: later reads store again what the vendor still has.
    #[arg(long, value_name = "ID")]
    pub undo: Option<i64>,
    /// Really do it. Without, it is told how many rows name the person, and nothing is done.
    #[arg(long)]
    pub yes: bool,
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum ForgetVerb {
    /// Who was forgotten when and by whom; not who it was.
    List {
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
}

pub(in crate::cli) async fn forget(settings: Settings, args: ForgetArgs) -> Result<Exit, Failure> {
    let zone = settings.timezone;
    with_app(settings, async |app| match (&args.verb, who(&args), args.undo) {
        (Some(ForgetVerb::List { json }), ..) => list(&app.forgotten().await?, *json, zone),
        (None, Some(who), _) => {
            let forgot = app.forget(&who, &operator(), args.yes).await.map_err(failure)?;
            rendered(&forgot, &args)
        }
        (None, None, Some(id)) => {
            if args.yes {
                app.unforget(id, &operator()).await.map_err(failure)?;
                output::data(&format!(
                    "entry {id} is undone; what is within `lookback` comes with the next reads"
                ));
            } else {
                output::message("nothing was done; add --yes to undo it");
            }
            Ok(Exit::Done)
        }
        (None, None, None) => Err(Failure::usage("name an agent, a number, or an entry to undo")),
    })
    .await
}

fn who(args: &ForgetArgs) -> Option<ErasureSubject> {
    let agent = args.agent.clone().map(|key| ErasureSubject::Agent { key, source: args.source.clone() });
    agent.or_else(|| args.phone.clone().map(ErasureSubject::Phone))
}

/// What is refused was asked wrongly.
fn failure(fault: Fault) -> Failure {
    if fault.kind == FaultKind::RequestRefused { Failure::usage(fault.chain()) } else { fault.into() }
}

fn rendered(forgot: &Forgot, args: &ForgetArgs) -> Result<Exit, Failure> {
    #[derive(Serialize)]
    struct ForgottenJson<'a> {
        forgotten: bool,
        #[serde(flatten)]
        forgot: &'a Forgot,
    }
    if args.json {
        output::json(&ForgottenJson { forgotten: forgot.id.is_some(), forgot })?;
    } else {
        forgot
            .tables
            .iter()
            .for_each(|table| output::data(&format!("{}: {}", table.table, counted(table.rows, "row"))));
        let rows: u64 = forgot.tables.iter().map(|table| table.rows).sum();
        match forgot.id {
            Some(id) => output::data(&format!("forgotten: {} rewritten; entry {id}", counted(rows, "row"))),
            None => output::data(&format!("{} with the person", counted(rows, "row"))),
        }
    }
    if forgot.id.is_none() {
        output::message("nothing was changed; add --yes to forget");
    }
    Ok(Exit::Done)
}

fn list(entries: &[ForgottenEntry], json: bool, zone: Tz) -> Result<Exit, Failure> {
    if json {
        output::json(&entries)?;
    } else if entries.is_empty() {
        output::message("nobody was forgotten");
    }
    let local = |instant| output::local(instant, zone);
    for entry in entries.iter().filter(|_| !json) {
        let source = entry.source.as_ref().map(|source| format!(" of {source}")).unwrap_or_default();
        let by = entry.undone_by.as_deref().unwrap_or_default().escape_debug();
        let undone = entry.undone_at.map(|at| format!("; undone {} by {by}", local(at))).unwrap_or_default();
        output::data(&format!(
            "{} {} {}{source}: {}, by {}{undone}",
            entry.id,
            local(entry.forgotten_at),
            entry.kind,
            counted(entry.rows, "row"),
            entry.forgotten_by.escape_debug()
        ));
    }
    Ok(Exit::Done)
}
