//! `ccsync grant`.

use std::path::Path;

use secrecy::SecretString;

use crate::cli::args::GrantCommand;
use crate::cli::exit::Exit;
use crate::cli::output::{self, Failure};
use crate::cli::with_app;
use ccsync::config::Settings;

pub(in crate::cli) async fn grant(settings: Settings, command: GrantCommand) -> Result<Exit, Failure> {
    let GrantCommand::BiReader(args) = command;
    let password = args.password_file.as_deref().map(password).transpose()?;
    let granted = with_app(settings, async |app| {
        Ok(app.database().store.grant_bi_reader(&args.login, password.as_ref()).await?)
    });
    let made = if granted.await? { " (a new login)" } else { "" };
    output::data(&format!(
        "{}{made} may read bi, moor, sobot and workbench, as a member of bi_reader",
        args.login
    ));
    Ok(Exit::Done)
}

fn password(file: &Path) -> Result<SecretString, Failure> {
    let read = std::fs::read_to_string(file);
    let text =
        read.map_err(|error| Failure::usage(format!("--password-file {}: {error}", file.display())))?;
    match text.trim_end_matches(['\r', '\n']) {
        "" => Err(Failure::usage(format!("--password-file {} is empty", file.display()))),
        text => Ok(SecretString::from(text.to_owned())),
    }
}
