//! The runbook: each alert, fault and exit code as the catalogue has it, and every entry that is named anywhere.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use ccsync::domain::fault::FaultKind;
use ccsync::report::alert::{AlertKind, Severity};
use ccsync::report::language::Language;
use ccsync::report::phrase::{Phrase, meaning};
use ccsync::report::runbook::{EXITS, RUNBOOK};
use regex::Regex;

const HEAD: &str = "\
# Runbook · 运维手册

What ccsync says when something is wrong, what it means, and what to do. Messages end with the entry that belongs to them:
`see docs/runbook.md#unreachable`. Written by tests from the catalogue of phrases and from what the program says
(`CCSYNC_WRITE_DOCS=1 cargo test --test it -- runbook trouble`).

ccsync 出错时会说什么、意味着什么、该怎么办。各条消息末尾注明了对应条目，例如 `详见 docs/runbook.md#unreachable`。
";

/// Between these stands what `trouble` writes.
const TROUBLES: [&str; 2] = ["<!-- ten troubles -->\n", "<!-- end of ten troubles -->\n"];

/// Two tests write one file.
static WRITING: Mutex<()> = Mutex::new(());

fn file() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(RUNBOOK)
}

/// The part of the runbook that `trouble` writes, and what stands around it.
fn parts(text: &str) -> (&str, &str, &str) {
    let (before, rest) = text.split_once(TROUBLES[0]).unwrap_or((text, ""));
    let (within, after) = rest.split_once(TROUBLES[1]).unwrap_or((rest, ""));
    (before, within, after)
}

/// Compares a part of the runbook, or writes it.
#[track_caller]
fn assert_part(name: &str, of: impl Fn(&str) -> String, make: impl Fn(&str) -> String) {
    let _writing = WRITING.lock().unwrap_or_else(PoisonError::into_inner);
    let old = std::fs::read_to_string(file()).unwrap_or_default();
    let new = make(&old);
    if std::env::var_os("CCSYNC_WRITE_DOCS").is_some() {
        std::fs::write(file(), &new).unwrap();
        return;
    }
    let (old, new) = (of(&old), of(&new));
    let differs: Vec<_> = new.lines().filter(|line| !old.lines().any(|old| old == *line)).collect();
    assert!(old == new, "{RUNBOOK} is old: CCSYNC_WRITE_DOCS=1 cargo test --test it {name}\n{differs:#?}");
}

/// The table of the troubles is this one.
#[track_caller]
pub fn assert_troubles(table: &str) {
    let of = |text: &str| parts(text).1.to_owned();
    assert_part("trouble", of, |old| {
        let (before, _, after) = parts(old);
        format!("{before}{}{table}{}{after}", TROUBLES[0], TROUBLES[1])
    });
}

fn row(text: &mut String, en: &str, zh: &str, phrase: Phrase) {
    let cell = |language| phrase.text(language).replace('|', "\\|");
    writeln!(text, "| {en} · {zh} | {} | {} |", cell(Language::En), cell(Language::ZhCn)).unwrap();
}

fn entry(text: &mut String, heading: &str, rows: &[(&str, &str, Phrase)]) {
    writeln!(text, "\n### {heading}\n\n| | English | 中文 |\n|---|---|---|").unwrap();
    rows.iter().for_each(|(en, zh, phrase)| row(text, en, zh, *phrase));
}

const TITLE: (&str, &str) = ("title", "名称");
const MEANS: (&str, &str) = ("means", "含义");
const DO: (&str, &str) = ("do", "处理");

fn rows(title: Phrase, means: Phrase, remedy: Phrase) -> Vec<(&'static str, &'static str, Phrase)> {
    vec![(TITLE.0, TITLE.1, title), (MEANS.0, MEANS.1, means), (DO.0, DO.1, remedy)]
}

fn alerts() -> String {
    let mut text = String::from(
        "\n## Alerts · 告警\n\nWhat stands and should be looked at, most urgent first: on the page, in `ccsync status`, in \
         notices, and as `ccsync_alert`.\n",
    );
    entry(&mut text, "ccsync_down", &rows(meaning::DOWN_TITLE, meaning::DOWN, meaning::DOWN_REMEDY));
    for kind in AlertKind::ALL {
        let mut told = rows(kind.title(), kind.meaning(), kind.remedy());
        if let Some(fault) = FaultKind::from_name(kind.as_str()) {
            told.push(("means as a fault", "作为故障", fault.meaning()));
            if fault.remedy() != kind.remedy() {
                told.push(("do about the fault", "故障处理", fault.remedy()));
            }
        }
        entry(&mut text, kind.as_str(), &told);
        let severity = match kind.severity() {
            Severity::Critical => "critical · 严重",
            Severity::Warning => "warning · 警告",
        };
        writeln!(text, "| severity · 级别 | {severity} | |").unwrap();
    }
    text
}

fn faults() -> String {
    let mut text = String::from(
        "\n## Faults · 故障\n\nWhy a window, a snapshot or a command failed: in parentheses in messages, `fault.kind` in the \
         log. [database_unreachable](#database_unreachable), [database_refused](#database_refused), \
         [source_refused](#source_refused) and [token_contested](#token_contested) stand above.\n",
    );
    for kind in FaultKind::ALL.into_iter().filter(|kind| AlertKind::from_name(kind.as_str()).is_none()) {
        let told = [(MEANS.0, MEANS.1, kind.meaning()), (DO.0, DO.1, kind.remedy())];
        entry(&mut text, kind.as_str(), &told);
    }
    text
}

fn exits() -> String {
    let mut text = String::from("\n## Exit codes · 退出码\n");
    for exit in EXITS {
        let told = [(MEANS.0, MEANS.1, exit.meaning), (DO.0, DO.1, exit.remedy)];
        entry(&mut text, &format!("exit_{}", exit.code), &told);
    }
    text
}

#[test]
fn the_runbook_has_every_alert_fault_and_exit_code_in_both_languages() {
    let around = |text: &str| {
        let (before, _, after) = parts(text);
        format!("{before}{after}")
    };
    assert_part("runbook", around, |old| {
        let failures = parts(old).1;
        let (alerts, faults, exits) = (alerts(), faults(), exits());
        format!("{HEAD}{alerts}{faults}{exits}\n{}{failures}{}", TROUBLES[0], TROUBLES[1])
    });
}

fn all_files(directory: &Path, found: &mut Vec<std::path::PathBuf>) {
    for file in std::fs::read_dir(directory).unwrap() {
        let path = file.unwrap().path();
        if path.is_dir() { all_files(&path, found) } else { found.push(path) }
    }
}

#[test]
fn every_entry_that_is_named_exists() {
    let text = std::fs::read_to_string(file()).unwrap();
    let headings: Vec<&str> = text.lines().filter_map(|line| line.strip_prefix("### ")).collect();
    let unique: BTreeSet<&str> = headings.iter().copied().collect();
    assert_eq!(headings.len(), unique.len(), "two headings alike have no anchors of their own");
    let mut named: BTreeSet<String> = AlertKind::ALL.map(AlertKind::entry).into();
    named.extend(FaultKind::ALL.map(FaultKind::entry));
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = vec![file(), root.join("README.md"), root.join("ARCHITECTURE.md")];
    for directory in ["src", "deploy", "config"] {
        all_files(&root.join(directory), &mut files);
    }
    let pattern = Regex::new(r"docs/runbook\.md#[a-z0-9_-]+").unwrap();
    for path in files {
        let text = String::from_utf8_lossy(&std::fs::read(path).unwrap()).into_owned();
        named.extend(pattern.find_iter(&text).map(|found| found.as_str().to_owned()));
    }
    assert!(named.contains("docs/runbook.md#ccsync_down") && 25 < named.len(), "{named:?}");
    for entry in named {
        let anchor = entry.split_once('#').unwrap().1;
        assert!(unique.contains(anchor), "{entry} is named and not there");
    }
}
