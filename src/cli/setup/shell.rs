//! `ccsync completions` and `ccsync man`: what a shell and a reader of manuals want to know of the commands.

use std::path::PathBuf;

use clap::Args;
use clap_complete::Shell;

use crate::cli::args::command;
use crate::cli::exit::Exit;
use crate::cli::output::{self, Failure};

const COMPLETIONS: &str = "\
Examples:
  ccsync completions bash > /etc/bash_completion.d/ccsync
  ccsync completions zsh > \"${fpath[1]}/_ccsync\"
  ccsync completions fish > ~/.config/fish/completions/ccsync.fish";

const MAN: &str = "\
Examples:
  ccsync man | man -l -
  ccsync man --dir /usr/local/share/man/man1";

#[derive(Debug, Args)]
#[command(after_help = COMPLETIONS)]
pub(in crate::cli) struct CompletionsArgs {
    /// For which shell.
    #[arg(value_name = "SHELL")]
    pub shell: Shell,
}

#[derive(Debug, Args)]
#[command(after_help = MAN)]
pub(in crate::cli) struct ManArgs {
    /// Write a page for ccsync and one for each of its commands into this directory.
    #[arg(long, value_name = "DIR")]
    pub dir: Option<PathBuf>,
}

pub(in crate::cli) fn completions(args: &CompletionsArgs) -> Result<Exit, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut command(), "ccsync", &mut script);
    output::data(&String::from_utf8_lossy(&script));
    Ok(Exit::Done)
}

pub(in crate::cli) fn man(args: &ManArgs) -> Result<Exit, Failure> {
    let command = command();
    let Some(directory) = &args.dir else {
        let mut page = Vec::new();
        clap_mangen::Man::new(command)
            .render(&mut page)
            .map_err(|error| Failure::failed(error.to_string()))?;
        output::data(&String::from_utf8_lossy(&page));
        return Ok(Exit::Done);
    };
    let written =
        std::fs::create_dir_all(directory).and_then(|()| clap_mangen::generate_to(command, directory));
    written
        .map_err(|error| Failure::failed(format!("{} cannot be written to: {error}", directory.display())))?;
    Ok(Exit::Done)
}
