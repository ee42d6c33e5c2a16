//! `ccsync embedded`.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use secrecy::{ExposeSecret as _, SecretString};

use crate::cli::exit::Exit;
use crate::cli::output::{self, Failure};
use crate::cli::reading::stop;
use ccsync::app;
use ccsync::config::{Settings, database_address};
use ccsync::domain::row::text::{byte_size, shell_word};
use ccsync::sources::credential::read_secret;

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum EmbeddedCommand {
    /// Write the whole database to a file, as `pg_restore` reads it; while the daemon runs, too.
    Backup(BackupArgs),
    /// Make the database what such a file says. The one of before stays beside it. Acts only with --yes.
    Restore(RestoreArgs),
    /// Copy the whole database into an empty one on a server of yours.
    ExportTo(ExportArgs),
}

#[derive(Debug, Args)]
pub(in crate::cli) struct BackupArgs {
    /// The file, which is not there yet.
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct RestoreArgs {
    /// A file that `ccsync embedded backup` or `pg_dump --format=custom` wrote.
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// Do it.
    #[arg(long)]
    pub yes: bool,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct ExportArgs {
    /// postgres://USER:PASSWORD@HOST/DATABASE. A password on a command line can be seen by others on this host; a file cannot.
    #[arg(value_name = "URL", required_unless_present = "url_file")]
    pub url: Option<String>,
    /// A file that holds the address.
    #[arg(long, value_name = "FILE", conflicts_with = "url")]
    pub url_file: Option<PathBuf>,
}

pub(in crate::cli) async fn embedded(settings: Settings, command: EmbeddedCommand) -> Result<Exit, Failure> {
    let stop = stop::on_signal();
    tokio::select! {
        done = act(settings, command) => done,
        // What was begun goes with it: programs under way, half a file.
        () = stop.cancelled() => Err(Failure::failed("stopped before it was done")),
    }
}

async fn act(settings: Settings, command: EmbeddedCommand) -> Result<Exit, Failure> {
    match command {
        EmbeddedCommand::Backup(args) => {
            let bytes = app::back_up(&settings, &args.file).await?;
            output::data(&format!("{}: {}", args.file.display(), byte_size(bytes)));
        }
        EmbeddedCommand::Restore(args) => restore(&settings, &args).await?,
        EmbeddedCommand::ExportTo(args) => {
            app::export(&settings, &address(&args)?).await?;
            output::data("copied; name that database in `database.url` and start ccsync again");
            output::message("the embedded one is unchanged; remove it when it is not needed any more");
        }
    }
    Ok(Exit::Done)
}

async fn restore(settings: &Settings, args: &RestoreArgs) -> Result<(), Failure> {
    let file = shell_word(&args.file.display().to_string());
    if !args.file.exists() {
        return Err(Failure::usage(format!("there is no {file}")));
    }
    if !args.yes {
        output::message(&format!(
            "the database would become what {file} says; nothing was changed; add --yes to do it"
        ));
        return Ok(());
    }
    let old = app::restore(settings, &args.file).await?;
    output::data(&format!("restored; the database of before is kept as {old}"));
    output::message("what changed at the vendors since the backup is read again by the next pass");
    Ok(())
}

fn address(args: &ExportArgs) -> Result<SecretString, Failure> {
    let text = match (&args.url, &args.url_file) {
        (Some(url), _) => SecretString::from(url.trim().to_owned()),
        (None, Some(file)) => read_secret(file).map_err(Failure::usage)?,
        (None, None) => return Err(Failure::usage("name the database to write to")),
    };
    // What is no address is told by whoever connects.
    Ok(database_address(text.expose_secret()).map_or(text, |url| SecretString::from(String::from(url))))
}
