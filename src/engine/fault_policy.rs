//! From the kind of a fault to what is done about it and what the operator is told. The one place.

use crate::domain::fault::FaultKind;

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
    pub cure: &'static str,
}

/// The policy for a kind of fault. No wildcard arm: a new kind does not compile until someone decides.
pub const fn policy(kind: FaultKind) -> FaultPolicy {
    use Action::{FailWindow, RetryRequest, RetryWindow, StopStream, Yield};
    let (action, cure) = match kind {
        FaultKind::Unreachable => (
            RetryRequest,
            "check base_url, DNS, firewall and proxy between this host and the vendor; \
             nothing is lost, it goes on when the vendor answers",
        ),
        FaultKind::VendorFailed => (
            RetryRequest,
            "the vendor's own failure; it is tried again by itself, call the vendor if it lasts",
        ),
        FaultKind::RateLimited => {
            (RetryRequest, "lower requests_per_minute of the stream, or find out who else uses the account")
        }
        FaultKind::Malformed => (
            RetryRequest,
            "check that base_url is the API's address and that no proxy or login page answers in its place",
        ),
        FaultKind::TokenContested => (
            RetryWindow,
            "another system uses the same appid and renews its token; let both share one token, \
             or ask Sobot for an appid of your own for ccsync",
        ),
        FaultKind::CredentialsRefused => {
            (StopStream, "check account and secret of the source (and this host's clock) with `ccsync check`")
        }
        FaultKind::RequestRefused => (
            FailWindow,
            "the vendor does not accept what was asked; check start, window and page_size of the stream",
        ),
        FaultKind::UnknownCode => (
            RetryWindow,
            "no document lists this code; ask the vendor what it means, and report it as an issue of ccsync",
        ),
        FaultKind::RedirectRefused => (
            RetryWindow,
            "set base_url to the address that the vendor gave you; credentials never follow a redirect",
        ),
        FaultKind::WalkUnsettled => (
            RetryWindow,
            "the vendor's data changed faster than it could be read; a smaller window or a larger \
             page_size settles sooner",
        ),
        FaultKind::WindowTooLarge => (FailWindow, "configure a smaller window, or raise engine.pages_max"),
        FaultKind::DatabaseUnreachable => (
            RetryWindow,
            "check that PostgreSQL runs and that database.url is right; nothing is lost meanwhile",
        ),
        FaultKind::DatabaseConflict => (
            RetryWindow,
            "it is tried again by itself; look for long transactions in pg_stat_activity if it lasts",
        ),
        FaultKind::DatabaseRefused => (
            StopStream,
            "check the rights of the database user, the free disk space, and whether `ccsync migrate` has run",
        ),
        FaultKind::LeaseLost => (Yield, "another worker took this window over; nothing needs to be done"),
        FaultKind::Outdated => (
            Yield,
            "it is read again by itself; if it lasts, see that all workers on this database have one configuration",
        ),
        FaultKind::Cancelled => (Yield, "start ccsync again; it goes on where it stopped"),
    };
    FaultPolicy { action, cure }
}

impl FaultKind {
    /// What the operator can do about it.
    pub const fn cure(self) -> &'static str {
        policy(self).cure
    }
}
