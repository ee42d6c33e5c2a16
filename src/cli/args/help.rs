//! The first page of help: commands by what they are for, those of daily use first.

use std::fmt::Write as _;

use clap::{Command, CommandFactory as _};

use crate::cli::args::Cli;

/// Every command stands in one of them.
const GROUPS: [(&str, &[&str]); 6] = [
    ("Daily use", &["status", "sync", "verify", "explain", "plan"]),
    (
        "Setting up",
        &["demo", "init", "check", "probe", "run", "grant", "config", "schema", "migrate", "embedded"],
    ),
    ("What waits for a person", &["quarantine", "absence", "drift", "notify"]),
    ("What is stored", &["backfill", "source", "agents", "privacy", "forget", "retention"]),
    ("Writes to the vendors", &["moor", "roster", "workbench", "action"]),
    ("Tools", &["simulator", "completions", "man"]),
];

/// The command line, with its commands in groups.
pub(in crate::cli) fn command() -> Command {
    let command = Cli::command();
    let width = command.get_subcommands().map(|known| known.get_name().len()).max().unwrap_or(0);
    let mut text = String::new();
    for (heading, names) in GROUPS {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{heading}:");
        for known in names.iter().filter_map(|name| command.find_subcommand(name)) {
            let about = known.get_about().map(|about| about.to_string()).unwrap_or_default();
            let _ = writeln!(text, "  {:<width$}  {about}", known.get_name());
        }
        text.push('\n');
    }
    command.help_template(format!(
        "{{about-with-newline}}\n{{usage-heading}} {{usage}}\n\n{text}Options:\n{{options}}\n\n`ccsync help COMMAND` says \
         more of a command.\n"
    ))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn every_command_stands_in_one_group() {
        let mut places: BTreeMap<&str, usize> = BTreeMap::new();
        GROUPS.iter().flat_map(|(_, names)| *names).for_each(|name| *places.entry(name).or_default() += 1);
        let command = Cli::command();
        let known: Vec<&str> = command.get_subcommands().map(Command::get_name).collect();
        assert!(known.iter().all(|name| places.get(name) == Some(&1)), "{known:?} {places:?}");
        assert_eq!(places.len(), known.len());
    }
}
