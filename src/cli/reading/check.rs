//! `ccsync check`.

use std::io::IsTerminal as _;
use std::path::Path;

use crate::cli::args::JsonArgs;
use crate::cli::exit::Exit;
use crate::cli::output::{self, Failure};
use ccsync::app::{App, CheckGroup, CheckReport, CheckVerdict, Checked, Overrides};
use ccsync::config::Settings;
use ccsync::domain::row::text::one_line;

/// As wide as the longest verdict.
const VERDICT_WIDTH: usize = 7;

pub(in crate::cli) async fn check(
    settings: Settings,
    config_file: Option<&Path>,
    args: JsonArgs,
) -> Result<Exit, Failure> {
    let report = App::check(&settings, config_file, &Overrides::default()).await;
    if args.json {
        output::json(&report)?;
    } else {
        let colour = std::io::stdout().is_terminal() && output::wants_colour();
        output::data(&output::as_called(&text(&report, colour)));
    }
    let failed = report.checks.iter().any(|check| check.verdict == CheckVerdict::Failed);
    Ok(if failed { Exit::Failed } else { Exit::Done })
}

fn text(report: &CheckReport, colour: bool) -> String {
    let width = report.checks.iter().map(|check| check.subject.chars().count()).max().unwrap_or_default();
    let groups = [CheckGroup::Configuration, CheckGroup::Host, CheckGroup::Database, CheckGroup::Vendors];
    let mut lines = Vec::new();
    for group in groups {
        lines.push(heading(group).to_owned());
        let checks = report.checks.iter().filter(|check| check.group == group);
        lines.extend(checks.map(|check| entry(check, width, colour)));
        lines.push(String::new());
    }
    lines.push(summary(report));
    lines.join("\n")
}

const fn heading(group: CheckGroup) -> &'static str {
    match group {
        CheckGroup::Configuration => "Configuration",
        CheckGroup::Host => "This host",
        CheckGroup::Database => "Database",
        CheckGroup::Vendors => "Vendors",
    }
}

/// One line, and the remedy below it.
fn entry(check: &Checked, width: usize, colour: bool) -> String {
    let Checked { subject, verdict, detail, remedy, .. } = check;
    let word = format!("{:<VERDICT_WIDTH$}", verdict.as_str());
    let word = if colour { painted(*verdict, &word) } else { word };
    let line = format!("  {word}  {subject:<width$}  {}", one_line(detail));
    match remedy {
        Some(remedy) => format!("{line}\n{:indent$}hint: {remedy}", "", indent = VERDICT_WIDTH + width + 6),
        None => line,
    }
}

fn painted(verdict: CheckVerdict, word: &str) -> String {
    let code = match verdict {
        CheckVerdict::Ok => "32",
        CheckVerdict::Warning => "33",
        CheckVerdict::Failed => "1;31",
        CheckVerdict::Skipped => "2",
    };
    format!("\u{1b}[{code}m{word}\u{1b}[0m")
}

fn summary(report: &CheckReport) -> String {
    let count = |verdict| report.checks.iter().filter(|check| check.verdict == verdict).count();
    let parts = [
        (count(CheckVerdict::Failed), "failed"),
        (count(CheckVerdict::Warning), "with a warning"),
        (count(CheckVerdict::Skipped), "skipped"),
        (count(CheckVerdict::Ok), "ok"),
    ];
    let parts = parts.iter().filter(|(count, _)| 0 < *count).map(|(count, word)| format!("{count} {word}"));
    parts.collect::<Vec<_>>().join(", ")
}
