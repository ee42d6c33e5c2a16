//! From the kind of a fault to what is done about it and what the operator is told. The one place.

use crate::domain::fault::{Fault, FaultKind};
use crate::report::language::Language;
use crate::report::phrase::{Phrase, remedy};
use crate::report::runbook::{RUNBOOK, advice};
use crate::telemetry::event;

/// What the engine does after a fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// The same request again, with backoff; when the tries are used up, as [`Action::RetryWindow`].
    RetryRequest,
    /// The window again, later in the same pass, a few times.
    RetryWindow,
    /// This window is given up until the next pass; the others go on.
    FailWindow,
    /// No other window would fare better before a person acted: the pass ends.
    StopStream,
    /// Not a failure: somebody else's turn, or the process was told to stop.
    Yield,
}

/// What is done about a fault and what the operator is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FaultPolicy {
    /// What the engine does.
    pub action: Action,
    /// What the operator can do, as one sentence.
    pub remedy: Phrase,
}

/// The policy for a kind of fault. No wildcard arm: a new kind does not compile until someone decides.
pub const fn policy(kind: FaultKind) -> FaultPolicy {
    use Action::{FailWindow, RetryRequest, RetryWindow, StopStream, Yield};
    let (action, remedy) = match kind {
        FaultKind::Unreachable => (RetryRequest, remedy::UNREACHABLE),
        FaultKind::VendorFailed => (RetryRequest, remedy::VENDOR_FAILED),
        FaultKind::RateLimited => (RetryRequest, remedy::RATE_LIMITED),
        FaultKind::Malformed => (RetryRequest, remedy::MALFORMED),
        FaultKind::TokenContested => (RetryWindow, remedy::TOKEN_CONTESTED),
        FaultKind::CredentialsRefused => (StopStream, remedy::CREDENTIALS_REFUSED),
        FaultKind::RequestRefused => (FailWindow, remedy::REQUEST_REFUSED),
        FaultKind::UnknownCode => (RetryWindow, remedy::UNKNOWN_CODE),
        FaultKind::RedirectRefused => (RetryWindow, remedy::REDIRECT_REFUSED),
        FaultKind::WalkUnsettled => (RetryWindow, remedy::WALK_UNSETTLED),
        FaultKind::WindowTooLarge => (FailWindow, remedy::WINDOW_TOO_LARGE),
        FaultKind::PageTooLarge => (FailWindow, remedy::PAGE_TOO_LARGE),
        FaultKind::DatabaseUnreachable => (RetryWindow, remedy::DATABASE_UNREACHABLE),
        FaultKind::DatabaseConflict => (RetryWindow, remedy::DATABASE_CONFLICT),
        FaultKind::DatabaseRefused => (StopStream, remedy::DATABASE_REFUSED),
        FaultKind::SourceRefused => (StopStream, remedy::SOURCE_REFUSED),
        FaultKind::Misconfigured => (StopStream, remedy::MISCONFIGURED),
        FaultKind::LeaseLost => (Yield, remedy::LEASE_LOST),
        FaultKind::Outdated => (Yield, remedy::OUTDATED),
        FaultKind::Cancelled => (Yield, remedy::CANCELLED),
    };
    FaultPolicy { action, remedy }
}

impl FaultKind {
    /// What the operator can do about it.
    pub const fn remedy(self) -> Phrase {
        policy(self).remedy
    }

    /// The same, with its entry in the runbook.
    pub fn advice(self, language: Language) -> String {
        advice(self.remedy().text(language), &self.entry(), language)
    }
}

/// What is said behind a fault's message: what to do and where more is said of it, unless the message has it.
pub(in crate::engine) fn hint(kind: FaultKind, message: &str, advises: bool) -> Option<String> {
    match advises {
        false => Some(kind.advice(Language::En)),
        true if message.contains(RUNBOOK) => None,
        true => Some(format!("see {}", kind.entry())),
    }
}

/// Writes down that something failed that the process does by itself, under the fault's own name.
pub fn log_failure(task: &str, fault: &Fault) {
    let (kind, message) = (fault.kind, fault.chain());
    if kind == FaultKind::DatabaseUnreachable {
        return event::DatabaseUnreachable { message: &message }.emit();
    }
    let remedy = hint(kind, &message, fault.advises).unwrap_or_default();
    let is_due_again = policy(kind).action != Action::StopStream;
    event::TaskFailed { task, kind, message: &message, remedy: &remedy, is_due_again }.emit();
}
