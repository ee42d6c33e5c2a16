//! `ccsync agents export|import`.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use serde::Serialize;

use crate::cli::exit::Exit;
use crate::cli::output::{self, Failure};
use crate::cli::with_app;
use crate::cli::write::agents_file;
use crate::cli::write::operator::operator;
use crate::cli::write::text_file;
use ccsync::app::App;
use ccsync::config::Settings;
use ccsync::domain::row::text::one_line;
use ccsync::domain::vendor::agent::{LinkChange, LinkFile};

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum AgentsCommand {
    /// Write every agent's account with its person, as CSV, to be corrected and imported again.
    Export(ExportArgs),
    /// Say whose an account is, where the rules say otherwise or nothing. Acts only with --yes.
    ///
    /// The file is what `ccsync agents export` writes: only vendor, source, account_id, person_id and rule are
    /// read, and lines may be left out. A line overrules where its person_id is another one than now: the key
    /// vendor/source/id of any account of that person, or the account's own key where it is nobody else's. An
    /// empty person_id takes an overrule back. Where rule is `overruled`, the line holds even when the rules say
    /// the same.
    Import(ImportArgs),
}

#[derive(Debug, Args)]
pub(in crate::cli) struct ExportArgs {
    /// Only those that an overrule gives to somebody.
    #[arg(long)]
    pub overruled: bool,
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct ImportArgs {
    /// The file, CSV as it was exported or as a spreadsheet saved it.
    pub file: PathBuf,
    /// The file is the whole list: overrules of accounts that it does not name are taken back. Without, it adds
    /// to what was imported before.
    #[arg(long)]
    pub replace: bool,
    /// Accept accounts that no vendor has named so far.
    #[arg(long)]
    pub allow_unknown: bool,
    /// Really do it. Without, it is shown and nothing is done.
    #[arg(long)]
    pub yes: bool,
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
}

pub(in crate::cli) async fn agents(settings: Settings, command: AgentsCommand) -> Result<Exit, Failure> {
    match command {
        AgentsCommand::Export(args) => with_app(settings, async |app| export(app, &args).await).await,
        AgentsCommand::Import(args) => {
            // A wrong file is told before a database is asked.
            let file = load(&args)?;
            with_app(settings, async |app| import(app, &args, &file).await).await
        }
    }
}

async fn export(app: &App, args: &ExportArgs) -> Result<Exit, Failure> {
    let mut accounts = app.agent_accounts().await?;
    accounts.retain(|account| !args.overruled || account.rule.as_deref() == Some("overruled"));
    if args.json {
        output::json(&accounts)?;
    } else {
        let text = agents_file::write(&accounts).map_err(|error| Failure::failed(error.to_string()))?;
        output::data(&text);
    }
    Ok(Exit::Done)
}

fn load(args: &ImportArgs) -> Result<LinkFile, Failure> {
    let text = text_file::read(&args.file)?;
    let orders = agents_file::read(&text).map_err(|mistakes| wrong(&args.file, &mistakes))?;
    Ok(LinkFile { orders, replaces: args.replace, allows_unknown: args.allow_unknown })
}

fn wrong(file: &Path, mistakes: &[String]) -> Failure {
    Failure::usage(format!("{} has mistakes\n{}", file.display(), mistakes.join("\n")))
}

async fn import(app: &App, args: &ImportArgs, file: &LinkFile) -> Result<Exit, Failure> {
    let operator = args.yes.then(operator);
    let planned = app.import_agents(file, operator.as_deref()).await?;
    let changes = planned.map_err(|mistakes| wrong(&args.file, &mistakes))?;
    if args.json {
        #[derive(Serialize)]
        struct Imported<'a> {
            changes: &'a [LinkChange],
            written: bool,
        }
        output::json(&Imported { changes: &changes, written: args.yes })?;
    } else {
        changes.iter().for_each(|change| output::data(&line(change)));
    }
    match changes.len() {
        0 => output::message("all is as the file says"),
        count if args.yes => output::message(&format!("accounts changed: {count}")),
        count => output::message(&format!("accounts that would change: {count}; add --yes to do it")),
    }
    Ok(Exit::Done)
}

fn line(change: &LinkChange) -> String {
    let LinkChange { account, from, to, was } = change;
    let text = match (from, to) {
        (_, Some(person)) if person == account => format!("{account}: nobody else's"),
        (_, Some(person)) => format!("{account}: {person}"),
        (_, None) => format!("{account}: as the rules say"),
    };
    let before = match (from, was) {
        (Some(person), _) => format!("overruled before: {person}"),
        (None, Some(person)) => format!("before: {person}"),
        (None, None) => "not known yet".to_owned(),
    };
    one_line(&format!("{text} ({before})"))
}
