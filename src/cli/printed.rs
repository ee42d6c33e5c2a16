//! Every command that a message, a remedy or a document prints can be typed as it stands.

use std::path::{Path, PathBuf};

use clap::Parser as _;
use clap::error::ErrorKind;
use regex::Regex;

use crate::cli::args::Cli;

/// What stands for a value, in the order in which it is replaced, with values that may be meant.
const PLACEHOLDERS: [(&str, [&str; 2]); 11] = [
    (r"\bCOMMAND\b", ["status", "plan"]),
    (r" ?…", ["", ""]),
    (r"\{\{[^}]*\}\}", ["s", "1"]),
    (r"\b(SHELL|TEXT)\b", ["bash", "zsh"]),
    (r"\b(DATE|D)\b", ["2026-01-01", "2026-01-02"]),
    (r"\bSTREAM\b|\bS\b", ["sobot.call_result", "s"]),
    (r"\bID\b|\bNUMBER\b", ["1", "13800000000"]),
    (r"\{[a-z_.]*\}", ["1", "s"]),
    (r"\b(OLD|NEW|NAME|KEY|EXTNO)\b|名称", ["s", "1"]),
    (r"\bVERB\b", ["logon", "logout"]),
    (r"\bFILE\b|\bPATH\b", ["f", "f"]),
];

fn files(directory: &Path, ending: &str, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, ending, found);
        } else if path.to_string_lossy().ends_with(ending) {
            found.push(path);
        }
    }
}

/// The commands between backquotes. Comments are for people who read the program.
fn printed(text: &str) -> Vec<String> {
    let comments = Regex::new(r"(?m)^\s*//.*$").unwrap();
    let continued = Regex::new(r"\\\n\s*").unwrap();
    let command = Regex::new(r"`ccsync ([^`]+)`").unwrap();
    let text = comments.replace_all(text, "");
    let text = continued.replace_all(&text, "");
    command
        .captures_iter(&text)
        .map(|found| found[1].split_whitespace().collect::<Vec<_>>().join(" "))
        .collect()
}

/// Each way to read a synopsis: `a|b` is one of both, what stands in brackets may be left out.
fn readings(command: &str) -> Vec<String> {
    let choice = Regex::new(r"([\w-]+)((?:\|[\w-]+)+)").unwrap();
    if let Some(found) = choice.find(command) {
        let of = |word: &str| command.replacen(found.as_str(), word, 1);
        return found.as_str().split('|').flat_map(|word| readings(&of(word))).collect();
    }
    let optional = Regex::new(r" ?\[[^\]]*\]").unwrap();
    vec![command.replace(['[', ']'], ""), optional.replace_all(command, "").into_owned()]
}

/// Why it cannot be typed, by any of the values that its placeholders may stand for.
fn fault(command: &str) -> Option<clap::Error> {
    let mut fault = None;
    for choice in 0..2 {
        let mut line = command.to_owned();
        for (placeholder, values) in PLACEHOLDERS {
            line = Regex::new(placeholder).unwrap().replace_all(&line, values[choice]).into_owned();
        }
        let words = line.split(' ').map(|word| word.trim_matches('\''));
        match Cli::try_parse_from(["ccsync"].into_iter().chain(words)) {
            Ok(_) => return None,
            Err(error) if error.kind() == ErrorKind::DisplayHelp => return None,
            Err(error) => fault = Some(error),
        }
    }
    fault
}

fn faults(text: &str, is_tolerated: impl Fn(ErrorKind) -> bool) -> Vec<String> {
    let mut faults = Vec::new();
    for command in printed(text) {
        for reading in readings(&command) {
            if let Some(error) = fault(&reading).filter(|error| !is_tolerated(error.kind())) {
                let why = error.to_string();
                faults.push(format!("`ccsync {command}`: {}", why.lines().next().unwrap_or_default()));
            }
        }
    }
    faults.dedup();
    faults
}

#[test]
fn every_command_that_the_program_or_the_runbook_prints_can_be_typed() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut paths = vec![root.join("docs/runbook.md"), root.join("deploy/prometheus/alerts.yml")];
    files(&root.join("src"), ".rs", &mut paths);
    paths.retain(|path| !path.ends_with("tests.rs"));
    let mut found = Vec::new();
    let mut commands = 0;
    for path in paths.iter().filter(|path| !path.ends_with("src/cli/printed.rs")) {
        let text = std::fs::read_to_string(path).unwrap();
        commands += printed(&text).len();
        found
            .extend(faults(&text, |_| false).into_iter().map(|fault| format!("{}: {fault}", path.display())));
    }
    assert!(100 < commands, "{commands}");
    assert!(found.is_empty(), "{found:#?}");
}

/// Documents name commands without their arguments too.
#[test]
fn every_command_that_documents_name_exists_with_its_options() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let names = ["README.md", "README.zh-CN.md", "CONTRIBUTING.md", "SECURITY.md", "config/default.toml"];
    let mut paths: Vec<PathBuf> = names.map(|name| root.join(name)).into();
    files(&root.join("docs"), ".md", &mut paths);
    let is_tolerated = |kind| {
        let missing = [
            ErrorKind::MissingRequiredArgument,
            ErrorKind::MissingSubcommand,
            ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand,
        ];
        missing.contains(&kind)
    };
    let mut found = Vec::new();
    for path in paths {
        let text = std::fs::read_to_string(&path).unwrap();
        found.extend(
            faults(&text, is_tolerated).into_iter().map(|fault| format!("{}: {fault}", path.display())),
        );
    }
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn what_cannot_be_typed_is_found() {
    assert!(faults("`ccsync absence accept ID`, `ccsync source list|retire NAME`", |_| false).len() == 1);
    assert_eq!(faults("run `ccsync sync \\\n    --stream {name}`", |_| false).len(), 1);
    assert_eq!(faults("run `ccsync verify [--from DATE]`", |_| false), Vec::<String>::new());
}
