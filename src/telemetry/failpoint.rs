//! Named places where a test build can be killed, held up or made to fail. Other builds have nothing of it:
//! only the development dependencies turn the failpoints of the crate `fail` on.
//!
//! `FAILPOINTS="commit.before=2*off->return(kill)"` kills the process at the third commit. The actions are
//! `return(kill)`, `return(error)` and `return(pause 3000)`, in milliseconds.

use std::time::Duration;

use chrono::TimeDelta;

use crate::domain::fault::{Fault, FaultKind};

macro_rules! failpoints {
    ($($variant:ident = $name:literal, $kind:ident;)* --- $($written:ident = $written_name:literal, $written_kind:ident;)* --- $($removed:ident = $removed_name:literal, $removed_kind:ident;)*) => {
        /// The places, in about the order in which a sync comes by, then those of writes and of removals.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Failpoint {
            $(#[doc = $name] $variant,)*
            $(#[doc = $written_name] $written,)*
            $(#[doc = $removed_name] $removed,)*
        }

        impl Failpoint {
            /// Every place that a sync comes by.
            pub const ALL: &[Failpoint] = &[$(Failpoint::$variant,)*];

            /// Every place that a write comes by, beside those of its request.
            pub const OF_WRITES: &[Failpoint] = &[$(Failpoint::$written,)*];

            /// Every place that the removal of old rows and of persons, and a change of a source, comes by.
            pub const OF_REMOVALS: &[Failpoint] = &[$(Failpoint::$removed,)*];

            /// The name in `FAILPOINTS`.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Failpoint::$variant => $name,)*
                    $(Failpoint::$written => $written_name,)*
                    $(Failpoint::$removed => $removed_name,)*
                }
            }

            /// What goes wrong there in life.
            const fn kind(self) -> FaultKind {
                match self {
                    $(Failpoint::$variant => FaultKind::$kind,)*
                    $(Failpoint::$written => FaultKind::$written_kind,)*
                    $(Failpoint::$removed => FaultKind::$removed_kind,)*
                }
            }
        }
    };
}

failpoints! {
    RunOpened = "run.opened", DatabaseUnreachable;
    LeaseTaken = "lease.taken", DatabaseUnreachable;
    BudgetReserved = "budget.reserved", DatabaseUnreachable;
    TokenRenewalBegun = "token.renewal_begun", Unreachable;
    TokenObtained = "token.obtained", Unreachable;
    TokenStored = "token.stored", DatabaseUnreachable;
    RequestReady = "request.ready", Unreachable;
    RequestAnswered = "request.answered", Unreachable;
    BodyRead = "body.read", Unreachable;
    PageParsed = "page.parsed", Malformed;
    WalkClosed = "walk.closed", WalkUnsettled;
    LeaseRenewed = "lease.renewed", DatabaseUnreachable;
    CommitBegun = "commit.begun", DatabaseUnreachable;
    LeaseHeld = "lease.held", DatabaseConflict;
    RowsProbed = "rows.probed", DatabaseConflict;
    RowsStaged = "rows.staged", DatabaseConflict;
    RowsInserted = "rows.inserted", DatabaseConflict;
    HistoryKept = "history.kept", DatabaseConflict;
    RowsReplaced = "rows.replaced", DatabaseConflict;
    AbsencesSettled = "absences.settled", DatabaseConflict;
    QuarantineWritten = "quarantine.written", DatabaseConflict;
    CheckpointWritten = "checkpoint.written", DatabaseConflict;
    CertificateWritten = "certificate.written", DatabaseConflict;
    CountsAdded = "counts.added", DatabaseConflict;
    LeaseEnded = "lease.ended", DatabaseConflict;
    CommitBefore = "commit.before", DatabaseUnreachable;
    CommitAfter = "commit.after", DatabaseUnreachable;
    RunClosed = "run.closed", DatabaseUnreachable;
    ---
    RosterObserved = "roster.observed", Unreachable;
    ActionIntended = "action.intended", DatabaseUnreachable;
    ActionMarked = "action.marked", DatabaseUnreachable;
    ActionReplied = "action.replied", DatabaseUnreachable;
    ActionSettled = "action.settled", DatabaseUnreachable;
    RosterConfirmed = "roster.confirmed", Unreachable;
    ---
    RetentionBegun = "retention.begun", DatabaseUnreachable;
    RetentionStepped = "retention.stepped", DatabaseUnreachable;
    ForgetListed = "forget.listed", DatabaseUnreachable;
    ForgetCleaned = "forget.cleaned", DatabaseUnreachable;
    DaysRefreshed = "days.refreshed", DatabaseUnreachable;
    SourceBegun = "source.begun", DatabaseUnreachable;
    SourceStep = "source.step", DatabaseUnreachable;
    SourceSwept = "source.swept", DatabaseUnreachable;
}

/// Holds what the environment orders for as long as it lives; `None` in builds without failpoints.
pub fn from_environment() -> Option<impl Drop> {
    fail::has_failpoints().then(fail::FailScenario::setup)
}

/// Does what a test ordered for this place; nothing else.
///
/// # Errors
/// The fault that is natural to the place, where `return(error)` was ordered.
pub async fn failpoint(place: Failpoint) -> Result<(), Fault> {
    let Some(order) = order(place.name()) else { return Ok(()) };
    match order.split_once(' ') {
        None if order == "kill" => {
            let _ = rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::KILL);
            std::future::pending().await
        }
        Some(("pause", length)) => {
            tokio::time::sleep(Duration::from_millis(length.parse().unwrap_or_default())).await;
            Ok(())
        }
        _ => Err(Fault::new(place.kind(), format!("a test ordered a fault at {}", place.name()))),
    }
}

/// A time that a test ordered in place of a constant: `FAILPOINTS="database.answer=return(5)"`, in seconds.
pub fn duration_ordered(name: &str) -> Option<Duration> {
    order(name).and_then(|seconds| seconds.parse().ok()).map(Duration::from_secs)
}

/// How far a test wants the host's clock to be ahead: `FAILPOINTS="clock=return(-3600)"`, in seconds.
pub fn clock_error() -> TimeDelta {
    order("clock").and_then(|seconds| seconds.parse().ok()).map_or(TimeDelta::zero(), TimeDelta::seconds)
}

fn order(name: &str) -> Option<String> {
    fail::fail_point!(name, |order| order);
    let _ = name;
    None
}
