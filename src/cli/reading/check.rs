//! `ccsync check`.

use std::io::IsTerminal as _;
use std::path::Path;

use crate::cli::args::JsonArgs;
use crate::cli::exit::Exit;
use crate::cli::output::{self, Failure};
use ccsync::app::{App, CheckGroup, CheckReport, CheckVerdict, Checked, Overrides};
use ccsync::config::Settings;
use ccsync::domain::row::text::one_line;
use ccsync::ops::text::{terminal, text_table};

/// As wide as the longest verdict.
const VERDICT_WIDTH: usize = 7;

/// Narrower texts cannot be read.
const NARROWEST: usize = 30;

pub(in crate::cli) async fn check(
    settings: Settings,
    config_file: Option<&Path>,
    args: JsonArgs,
) -> Result<Exit, Failure> {
    let report = App::check(&settings, config_file, &Overrides::default()).await;
    if args.json {
        output::json(&report)?;
    } else {
        let stdout = std::io::stdout();
        let view = View {
            colour: terminal::has_colours(&stdout),
            columns: stdout.is_terminal().then(terminal::size).flatten().map_or(usize::MAX, |size| size.0),
        };
        output::data(&text(&report, &view));
    }
    let failed = report.checks.iter().any(|check| check.verdict == CheckVerdict::Failed);
    Ok(if failed { Exit::Failed } else { Exit::Done })
}

/// How it is shown.
struct View {
    colour: bool,
    columns: usize,
}

fn text(report: &CheckReport, view: &View) -> String {
    let width = report.checks.iter().map(|check| check.subject.chars().count()).max().unwrap_or_default();
    let groups = [CheckGroup::Configuration, CheckGroup::Host, CheckGroup::Database, CheckGroup::Vendors];
    let mut lines = Vec::new();
    for group in groups {
        lines.push(heading(group).to_owned());
        let checks = report.checks.iter().filter(|check| check.group == group);
        lines.extend(checks.map(|check| entry(check, width, view)));
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

/// What was found, and the remedy below it, wrapped below their beginning.
fn entry(check: &Checked, width: usize, view: &View) -> String {
    let Checked { subject, verdict, detail, remedy, .. } = check;
    let word = format!("{:<VERDICT_WIDTH$}", verdict.as_str());
    let word = if view.colour { painted(*verdict, &word) } else { word };
    let indent = VERDICT_WIDTH + width + 6;
    let blank = " ".repeat(indent);
    let room = view.columns.saturating_sub(indent).max(NARROWEST);
    let below = |text: &str| {
        text_table::wrapped(&output::as_called(&one_line(text)), room).join(&format!("\n{blank}"))
    };
    let line = format!("  {word}  {subject:<width$}  {}", below(detail));
    match remedy {
        Some(remedy) => format!("{line}\n{blank}{}", below(&format!("hint: {remedy}"))),
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
