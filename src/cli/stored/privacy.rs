//! `ccsync privacy rotate|apply`.

use clap::{Args, Subcommand};

use crate::cli::exit::Exit;
use crate::cli::output::{self, Failure};
use crate::cli::with_app;
use ccsync::config::Settings;
use ccsync::domain::row::text::counted;

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum PrivacyCommand {
    /// After a key was added to privacy.hmac_key_file: lift the tokens in all tables to it.
    Rotate(RewriteArgs),
    /// After a policy was made stricter: apply it to what is stored already, for good.
    Apply(RewriteArgs),
}

#[derive(Debug, Args)]
pub(in crate::cli) struct RewriteArgs {
    /// Do it. Without this the rows are only counted.
    #[arg(long)]
    pub yes: bool,
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
}

pub(in crate::cli) async fn privacy(settings: Settings, command: PrivacyCommand) -> Result<Exit, Failure> {
    with_app(settings, async |app| {
        let (tables, args) = match command {
            PrivacyCommand::Rotate(args) => (app.privacy_rotate(!args.yes).await?, args),
            PrivacyCommand::Apply(args) => (app.privacy_apply(!args.yes).await?, args),
        };
        if args.json {
            output::json(&tables)?;
        }
        for table in tables.iter().filter(|_| !args.json) {
            let left = if table.left == 0 { String::new() } else { format!(", {} left", table.left) };
            let done = if args.yes { "rewritten" } else { "to be rewritten" };
            output::data(&format!("{}: {} {done}{left}", table.table, counted(table.rows, "row")));
        }
        if !args.yes && !tables.is_empty() {
            output::message("nothing was changed; with --yes it is, and cannot be undone");
        } else if tables.is_empty() {
            output::message("there is nothing to rewrite");
        }
        if tables.iter().any(|table| 0 < table.left) {
            output::message("rows are left that others held, or whose key is taken; try again later");
            return Ok(Exit::Partial);
        }
        Ok(Exit::Done)
    })
    .await
}
