//! `ccsync init`: a first configuration, by asking or from flags.

mod ask;
mod draft;
mod flags;

use std::io::{ErrorKind, IsTerminal as _};
use std::path::Path;

use self::draft::Place;
pub(in crate::cli) use self::flags::InitArgs;
use crate::cli::config_file::NAME;
use crate::cli::exit::Exit;
use crate::cli::output::{self, Failure};
use ccsync::config::ConfigErrors;
use ccsync::engine::port::clock::{Clock as _, SystemClock};

pub(in crate::cli) fn init(args: &InitArgs, config_file: Option<&Path>) -> Result<Exit, Failure> {
    let output = args.output.as_deref().or(config_file).unwrap_or(Path::new(NAME));
    let path = output.display();
    if !args.force && output.exists() {
        return Err(Failure::usage(format!("{path} exists already; --force replaces it")));
    }
    let place = Place { path: output, now: SystemClock.now() };
    let draft = if !args.sources.is_empty() {
        args.draft().map_err(Failure::usage)?
    } else if std::io::stdin().is_terminal() && std::io::stderr().is_terminal() {
        ask::ask(args.frame().map_err(Failure::usage)?, place).map_err(|error| {
            Failure::failed(format!("nothing was written: the questions ended early: {error}"))
        })?
    } else {
        let message = "nobody can be asked here: name a source by --source NAME=KIND; `ccsync init --help` has examples";
        return Err(Failure::usage(message));
    };
    let mistakes = draft.mistakes(place);
    if !mistakes.is_empty() {
        return Err(Failure::usage(format!(
            "nothing was written; the answers have mistakes\n{}",
            ConfigErrors(mistakes)
        )));
    }
    draft.save(output, args.force).map_err(|error| match error.kind() {
        ErrorKind::AlreadyExists => Failure::usage(format!("{path} exists already; --force replaces it")),
        _ => Failure::failed(format!("{path} cannot be written: {error}")),
    })?;
    output::data(&path.to_string());
    let secrets = if draft.holds_secrets() { "; it holds secrets, so only you can read it" } else { "" };
    output::message(&format!("written{secrets}"));
    // The name under which every command finds it here.
    let named = if output == Path::new(NAME) { String::new() } else { format!("--config {path} ") };
    output::message(&format!("next: ccsync {named}check"));
    for source in draft.probed_sources() {
        let asks = format!("ccsync {named}probe --source {source}");
        output::message(&format!("then: {asks}   # asks what the vendor's documents leave open"));
    }
    output::message(&format!("then: ccsync {named}run"));
    Ok(Exit::Done)
}
