//! What a check says: a verdict, what was found, and the remedy.

use serde::Serialize;

use crate::domain::fault::{Fault, FaultKind};
use crate::report::language::Language;
use crate::report::runbook::advice;

const REFUSED: &str = "correct account and secret of this source; `base_url` must be the account's data centre, and \
                       this host's clock right";

/// All that was looked at.
#[derive(Debug, Clone, Serialize)]
pub struct CheckReport {
    /// In the order of the groups.
    pub checks: Vec<Checked>,
}

/// What a check is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum CheckGroup {
    /// The settings and the files of secrets.
    Configuration,
    /// This machine.
    Host,
    /// PostgreSQL.
    Database,
    /// The vendors' accounts, streams and feeds.
    Vendors,
}

/// How it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum CheckVerdict {
    /// Well.
    Ok,
    /// It works, and somebody should look at it.
    Warning,
    /// It does not work.
    Failed,
    /// Nothing is known: what it needs has failed, or is turned off.
    Skipped,
}

impl CheckVerdict {
    /// As people read it.
    pub const fn as_str(self) -> &'static str {
        match self {
            CheckVerdict::Ok => "ok",
            CheckVerdict::Warning => "warning",
            CheckVerdict::Failed => "FAILED",
            CheckVerdict::Skipped => "skipped",
        }
    }
}

/// One thing that was looked at.
#[derive(Debug, Clone, Serialize)]
pub struct Checked {
    /// What it belongs to.
    pub group: CheckGroup,
    /// What: `schema`, a source's `credentials`, or a stream.
    pub subject: String,
    /// How it stands.
    pub verdict: CheckVerdict,
    /// Whether it works: `verdict` is `ok` or `warning`.
    pub ok: bool,
    /// What was found.
    pub detail: String,
    /// What the operator can do, where it is not well and `detail` does not say it.
    pub remedy: Option<String>,
}

impl Checked {
    fn new(
        group: CheckGroup,
        verdict: CheckVerdict,
        subject: impl Into<String>,
        detail: impl Into<String>,
    ) -> Checked {
        let ok = matches!(verdict, CheckVerdict::Ok | CheckVerdict::Warning);
        Checked { group, subject: subject.into(), verdict, ok, detail: detail.into(), remedy: None }
    }

    pub(super) fn well(group: CheckGroup, subject: impl Into<String>, detail: impl Into<String>) -> Checked {
        Checked::new(group, CheckVerdict::Ok, subject, detail)
    }

    pub(super) fn warning(
        group: CheckGroup,
        subject: impl Into<String>,
        detail: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Checked {
        Checked::new(group, CheckVerdict::Warning, subject, detail).with_remedy(remedy)
    }

    pub(super) fn failed(
        group: CheckGroup,
        subject: impl Into<String>,
        detail: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Checked {
        Checked::new(group, CheckVerdict::Failed, subject, detail).with_remedy(remedy)
    }

    /// What failed and says itself what to do.
    pub(super) fn refused(
        group: CheckGroup,
        subject: impl Into<String>,
        detail: impl Into<String>,
    ) -> Checked {
        Checked::new(group, CheckVerdict::Failed, subject, detail)
    }

    pub(super) fn skipped(group: CheckGroup, subject: impl Into<String>, why: impl Into<String>) -> Checked {
        Checked::new(group, CheckVerdict::Skipped, subject, why)
    }

    pub(super) fn ill(group: CheckGroup, subject: impl Into<String>, fault: &Fault) -> Checked {
        let subject = subject.into();
        let chain = fault.chain();
        // The line begins with the subject, or with its first word, the source.
        let source = subject.split_once(' ').map_or(subject.as_str(), |(source, _)| source);
        let detail = [subject.as_str(), source]
            .iter()
            .find_map(|told| chain.strip_prefix(&format!("{told}: ")))
            .unwrap_or(&chain)
            .to_owned();
        let checked = Checked::new(group, CheckVerdict::Failed, subject, detail);
        match fault.kind {
            _ if fault.advises => checked,
            // The general remedy leads here.
            kind @ FaultKind::CredentialsRefused => {
                checked.with_remedy(advice(REFUSED, &kind.entry(), Language::En))
            }
            kind => checked.with_remedy(kind.advice(Language::En)),
        }
    }

    pub(super) fn with_remedy(mut self, remedy: impl Into<String>) -> Checked {
        self.remedy = Some(remedy.into());
        self
    }
}
