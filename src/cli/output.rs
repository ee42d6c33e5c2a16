//! What is printed, and where.

use std::borrow::Cow;
use std::fs::Permissions;
use std::io::{IsTerminal as _, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::OnceLock;

use serde::Serialize;

use crate::cli::exit::Exit;
use ccsync::app::{ActionError, DaemonError};
use ccsync::config::ConfigErrors;
use ccsync::domain::fault::{Fault, FaultKind};
use ccsync::domain::row::text::{counted, shell_word, without_hidden_orders};
use ccsync::engine::pass::reader::{PassReport, ScopeFailure};
use ccsync::ops::text::terminal::Stderr;
use ccsync::report::language::Language;

/// Prints data. A reader that went away (`ccsync plan | head`) is no error.
pub(super) fn data(text: &str) {
    let _ = is_read(text);
}

/// The same, for those who would go on: whether somebody still reads.
pub(super) fn is_read(text: &str) -> bool {
    let mut out = std::io::stdout().lock();
    let text = text.trim_end_matches('\n');
    let written = match out.is_terminal() {
        true => writeln!(out, "{}", without_hidden_orders(text)),
        false => writeln!(out, "{text}"),
    };
    written.and_then(|()| out.flush()).map_err(note_unwritten).is_ok()
}

/// Why data could not be written, the first time.
static UNWRITTEN: OnceLock<String> = OnceLock::new();

fn note_unwritten(error: std::io::Error) {
    if error.kind() != std::io::ErrorKind::BrokenPipe {
        let _ = UNWRITTEN.set(error.to_string());
    }
}

/// How a command ends that ended so, once it is known whether its data was written.
pub(super) fn ended(exit: Exit) -> Exit {
    let Some(why) = UNWRITTEN.get() else { return exit };
    let message = format!("standard output could not be written: {why}; what the command did is done");
    Failure::failed(message).print();
    Exit::Failed
}

/// Writes a file whole or not at all: a full disk or a power cut leaves the old one, and never half of one. It has these
/// rights, or else those of any new file; an existing one is replaced only if told to.
pub(super) fn write_whole(
    file: &Path,
    text: &str,
    rights: Option<Permissions>,
    overwrites: bool,
) -> std::io::Result<()> {
    // Where rights are given, nobody else may read along before they are set.
    let mode = if rights.is_some() { 0o600 } else { 0o666 };
    let mut builder = tempfile::Builder::new();
    let mut part = builder.permissions(Permissions::from_mode(mode)).tempfile_in(folder(file))?;
    part.write_all(text.as_bytes())?;
    if let Some(rights) = rights {
        part.as_file().set_permissions(rights)?;
    }
    part.as_file().sync_all()?;
    let persisted = if overwrites { part.persist(file) } else { part.persist_noclobber(file) };
    persisted.map(drop).map_err(|error| error.error)
}

/// Where a file stands or will stand.
pub(super) fn folder(file: &Path) -> &Path {
    file.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Prints data as JSON.
pub(super) fn json(value: &impl Serialize) -> Result<(), Failure> {
    let text = serde_json::to_string_pretty(value)
        .map_err(|error| Failure::failed(format!("the answer could not be written as JSON: {error}")))?;
    data(&text);
    Ok(())
}

/// Prints talk.
pub(super) fn message(text: &str) {
    let _ = writeln!(Stderr, "{}", without_hidden_orders(&as_called(text)));
}

/// How the configuration file was named on this command line, if it was.
static NAMED_FILE: OnceLock<String> = OnceLock::new();

/// Commands that are advised from now on name this file as well.
pub(super) fn advise_with(file: &Path) {
    let _ = NAMED_FILE.set(shell_word(&file.to_string_lossy()));
}

/// The text with its commands as they work in this place: `ccsync check` needs the file that this command was given.
pub(super) fn as_called(text: &str) -> Cow<'_, str> {
    match NAMED_FILE.get() {
        Some(file) => Cow::Owned(naming(text, file)),
        None => Cow::Borrowed(text),
    }
}

fn naming(text: &str, file: &str) -> String {
    let (call, named) = (concat!("`", "ccsync "), format!("--config {file} "));
    text.replace(call, &format!("{call}{named}")).replace(&format!("{named}--config "), "--config ")
}

/// Why a command failed, in full, with what the operator can do.
#[derive(Debug)]
pub(super) struct Failure {
    message: String,
    hint: Option<String>,
    pub(super) exit: Exit,
}

/// An instant as people read it in this zone.
pub(super) fn local(instant: chrono::DateTime<chrono::Utc>, zone: chrono_tz::Tz) -> String {
    instant.with_timezone(&zone).format("%F %T").to_string()
}

impl Failure {
    pub(super) fn failed(message: impl Into<String>) -> Failure {
        Failure::of(message.into(), Exit::Failed)
    }

    pub(super) fn usage(message: impl Into<String>) -> Failure {
        Failure::of(message.into(), Exit::Usage)
    }

    /// The message says what to do; the runbook has what the end means.
    fn of(message: String, exit: Exit) -> Failure {
        Failure { message, hint: exit.entry().map(|entry| format!("see {entry}")), exit }
    }

    pub(super) fn print(&self) {
        message(&format!("error: {}", self.message));
        if let Some(hint) = &self.hint {
            message(&format!("hint: {hint}"));
        }
    }
}

impl From<Fault> for Failure {
    fn from(fault: Fault) -> Failure {
        let Fault { kind, advises, .. } = fault;
        let failure = ScopeFailure { scope: String::new(), kind, message: fault.chain(), advises };
        let is_usage = matches!(kind, FaultKind::SourceRefused | FaultKind::Misconfigured);
        let exit = if is_usage { Exit::Usage } else { Exit::Failed };
        Failure { hint: failure.hint(), message: failure.message, exit }
    }
}

impl From<ActionError> for Failure {
    fn from(error: ActionError) -> Failure {
        match error {
            ActionError::Order(message) => Failure::usage(message),
            ActionError::Fault(fault) => fault.into(),
        }
    }
}

impl From<ConfigErrors> for Failure {
    fn from(errors: ConfigErrors) -> Failure {
        Failure::usage(format!("the configuration has mistakes\n{errors}"))
    }
}

impl From<DaemonError> for Failure {
    fn from(error: DaemonError) -> Failure {
        match error {
            DaemonError::Database(fault) => fault.into(),
            other => {
                let cause = std::error::Error::source(&other).map(|cause| format!(": {cause}"));
                Failure::failed(format!("{other}{}", cause.unwrap_or_default()))
            }
        }
    }
}

/// One line a stream on stdout, failures with their remedy on stderr.
pub(super) fn reports(reports: &[PassReport], as_json: bool) -> Result<Exit, Failure> {
    if as_json {
        json(&reports)?;
    } else {
        for report in reports {
            data(&report_line(report));
        }
    }
    for report in reports {
        failures(report);
    }
    Ok(Exit::of(reports))
}

fn report_line(report: &PassReport) -> String {
    let counts = &report.counts;
    let unverified = match report.unverified {
        0 => String::new(),
        count => format!(" ({count} unverified)"),
    };
    let mut line = format!(
        "{}: {}; windows {}{unverified}, requests {}; rows new {}, changed {}, unchanged {}, deleted {}",
        report.key,
        report.outcome.as_str(),
        counts.windows,
        counts.requests,
        counts.inserted,
        counts.updated,
        counts.unchanged,
        counts.deleted,
    );
    for (count, word) in [(counts.superseded, "superseded"), (counts.quarantined, "quarantined")] {
        if count > 0 {
            line.push_str(&format!(", {word} {count}"));
        }
    }
    line
}

/// Scopes that a message names one by one.
const UNVERIFIED_NAMED: usize = 5;

/// What nothing confirms, each with its reason, and what was due and left.
fn unverified(report: &PassReport) {
    for scope in report.unverified_scopes.iter().take(UNVERIFIED_NAMED) {
        let sentence = scope.sentence(Language::En);
        message(&format!("warning: {} {}: unverified: {sentence}", report.key, scope.scope));
    }
    let more = report.unverified_scopes.len().saturating_sub(UNVERIFIED_NAMED);
    if 0 < more {
        message(&format!("warning: {}: {more} more unverified; see `ccsync status`", report.key));
    }
    if let Some(reason) = report.unverified_scopes.iter().find_map(|scope| scope.reason) {
        message(&format!("hint: {}", reason.remedy().english()));
    }
    if 0 < report.left && report.failures.is_empty() {
        let windows = counted(report.left, "window");
        message(&format!("warning: {}: {windows} due and not read; see `ccsync plan`", report.key));
    }
}

/// Many windows may have failed for one reason; each reason is told once, with how often.
fn failures(report: &PassReport) {
    let mut listed: Vec<&str> = Vec::new();
    for failure in &report.failures {
        if listed.contains(&failure.message.as_str()) {
            continue;
        }
        listed.push(&failure.message);
        let same = report.failures.iter().filter(|other| other.message == failure.message).count();
        let more = if same > 1 { format!(" (and {} more)", same - 1) } else { String::new() };
        // The message names the stream too, for the ledger's sake.
        let own = format!("{}: ", report.key);
        let text = failure.message.strip_prefix(&own).unwrap_or(&failure.message);
        message(&format!("error: {} {}{more}: {text}", report.key, failure.scope));
        if let Some(hint) = failure.hint() {
            message(&format!("hint: {hint}"));
        }
    }
    unverified(report);
    if report.counts.quarantined > 0 {
        let records = counted(report.counts.quarantined, "record");
        message(&format!(
            "warning: {}: {records} quarantined; see `ccsync quarantine list` and docs/runbook.md#quarantine_growing",
            report.key
        ));
    }
}
