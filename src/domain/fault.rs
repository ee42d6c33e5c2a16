//! What can go wrong, as a closed list. What is done about each is decided in one place,
//! `engine::fault_policy`.

use std::error::Error as StdError;
use std::fmt;
use std::time::Duration;

use serde::Serialize;

/// The kind of a fault; it decides what happens next, the text around it only informs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum FaultKind {
    /// No connection, name not resolved, TLS failed, connection cut, no answer in time.
    Unreachable,
    /// HTTP 5xx, or the vendor's own word that it failed (Sobot 999999, 7moor 500).
    VendorFailed,
    /// The vendor says that there were too many requests; `retry_after` says for how long, where known.
    RateLimited,
    /// The answer cannot be understood: not JSON, an HTML page, a body cut short or too large, no code.
    Malformed,
    /// The token was refused, and so was one fetched afresh: another system uses the same account.
    TokenContested,
    /// The vendor refuses the account or its signature; a person must act.
    CredentialsRefused,
    /// The vendor refuses this request's parameters.
    RequestRefused,
    /// A code that no document lists.
    UnknownCode,
    /// An answer pointed to another host; its credentials must not follow.
    RedirectRefused,
    /// The walk over the pages did not close: pages repeated or totals disagreed each time.
    WalkUnsettled,
    /// The window holds more than one transaction should, and cannot be split further.
    WindowTooLarge,
    /// One answer holds far more than was asked for, or more than there is memory for.
    PageTooLarge,
    /// The database cannot be reached or ended the connection.
    DatabaseUnreachable,
    /// The database asks for another try: serialization, deadlock, lock timeout.
    DatabaseConflict,
    /// The database refuses: rights, missing objects, disk full, a newer schema.
    DatabaseRefused,
    /// A source's account does not fit the name under which its rows are stored, or the name is being changed.
    SourceRefused,
    /// A setting cannot be used as it stands.
    Misconfigured,
    /// Another worker holds or took over the lease.
    LeaseLost,
    /// The rules under which it was read are not those of now: a person was forgotten, or its time expired.
    Outdated,
    /// The process was told to stop.
    Cancelled,
}

impl FaultKind {
    /// Every kind.
    pub const ALL: [FaultKind; 20] = [
        FaultKind::Unreachable,
        FaultKind::VendorFailed,
        FaultKind::RateLimited,
        FaultKind::Malformed,
        FaultKind::TokenContested,
        FaultKind::CredentialsRefused,
        FaultKind::RequestRefused,
        FaultKind::UnknownCode,
        FaultKind::RedirectRefused,
        FaultKind::WalkUnsettled,
        FaultKind::WindowTooLarge,
        FaultKind::PageTooLarge,
        FaultKind::DatabaseUnreachable,
        FaultKind::DatabaseConflict,
        FaultKind::DatabaseRefused,
        FaultKind::SourceRefused,
        FaultKind::Misconfigured,
        FaultKind::LeaseLost,
        FaultKind::Outdated,
        FaultKind::Cancelled,
    ];

    /// The kind of this name, as the ledger has it.
    pub fn from_name(name: &str) -> Option<FaultKind> {
        FaultKind::ALL.into_iter().find(|kind| kind.as_str() == name)
    }

    /// The name used in metrics, logs and the ledger.
    pub const fn as_str(self) -> &'static str {
        match self {
            FaultKind::Unreachable => "unreachable",
            FaultKind::VendorFailed => "vendor_failed",
            FaultKind::RateLimited => "rate_limited",
            FaultKind::Malformed => "malformed",
            FaultKind::TokenContested => "token_contested",
            FaultKind::CredentialsRefused => "credentials_refused",
            FaultKind::RequestRefused => "request_refused",
            FaultKind::UnknownCode => "unknown_code",
            FaultKind::RedirectRefused => "redirect_refused",
            FaultKind::WalkUnsettled => "walk_unsettled",
            FaultKind::WindowTooLarge => "window_too_large",
            FaultKind::PageTooLarge => "page_too_large",
            FaultKind::DatabaseUnreachable => "database_unreachable",
            FaultKind::DatabaseConflict => "database_conflict",
            FaultKind::DatabaseRefused => "database_refused",
            FaultKind::SourceRefused => "source_refused",
            FaultKind::Misconfigured => "misconfigured",
            FaultKind::LeaseLost => "lease_lost",
            FaultKind::Outdated => "outdated",
            FaultKind::Cancelled => "cancelled",
        }
    }
}

/// A fault with what is known of it. `Display` gives the message without the cause; the cause is in
/// [`StdError::source`] and is printed once, at the edge.
#[derive(Debug)]
pub struct Fault {
    /// What kind.
    pub kind: FaultKind,
    /// What was tried and what was answered, without secrets and personal data.
    pub message: String,
    /// The vendor's code, where it gave one.
    pub code: Option<String>,
    /// How long the vendor asks to wait, where it says so.
    pub retry_after: Option<Duration>,
    /// Whether the message itself says what to do, so that the kind's general advice would only confuse.
    pub advises: bool,
    /// Whether the vendor answers that it refuses this request: a code of its own, or HTTP 4xx. Not where its server
    /// failed (HTTP 5xx), nor where it limits requests.
    pub refuses: bool,
    cause: Option<Box<dyn StdError + Send + Sync>>,
}

impl Fault {
    /// A fault of this kind.
    pub fn new(kind: FaultKind, message: impl Into<String>) -> Fault {
        Fault {
            kind,
            message: message.into(),
            code: None,
            retry_after: None,
            advises: false,
            refuses: false,
            cause: None,
        }
    }

    /// With the vendor's code.
    #[must_use]
    pub fn with_code(mut self, code: impl Into<String>) -> Fault {
        self.code = Some(code.into());
        self
    }

    /// With the time the vendor asks to wait.
    #[must_use]
    pub fn with_retry_after(mut self, wait: Duration) -> Fault {
        self.retry_after = Some(wait);
        self
    }

    /// Of the vendor's answer under this HTTP status: it refuses the request, unless the status says that the server
    /// failed, or the fault is one of the account.
    #[must_use]
    pub fn answered_under(mut self, status: u16) -> Fault {
        use FaultKind::{Malformed, RequestRefused, UnknownCode, VendorFailed};
        let is_of_request = matches!(self.kind, VendorFailed | UnknownCode | RequestRefused | Malformed);
        self.refuses = status < 500 && is_of_request;
        self
    }

    /// Whose message says what to do.
    #[must_use]
    pub fn advising(mut self) -> Fault {
        self.advises = true;
        self
    }

    /// With something more to say.
    #[must_use]
    pub fn adding(mut self, more: &str) -> Fault {
        self.message = format!("{}; {more}", self.message);
        self
    }

    /// With what lies beneath.
    #[must_use]
    pub fn with_cause(mut self, cause: impl Into<Box<dyn StdError + Send + Sync>>) -> Fault {
        self.cause = Some(cause.into());
        self
    }

    /// The message and all causes on one line, for the ledger and for people.
    pub fn chain(&self) -> String {
        let mut text = self.message.clone();
        let mut next = self.source();
        while let Some(cause) = next {
            let part = cause.to_string();
            // Some libraries repeat their cause in their own message; once is enough.
            if !text.contains(&part) {
                text.push_str(": ");
                text.push_str(&part);
            }
            next = cause.source();
        }
        text
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl StdError for Fault {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.cause.as_deref().map(|cause| cause as &(dyn StdError + 'static))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_chain_names_each_cause_once() {
        let fault = Fault::new(FaultKind::Unreachable, "no answer from the vendor")
            .with_cause(std::io::Error::other("connection refused"));
        assert_eq!(fault.chain(), "no answer from the vendor: connection refused");
        assert_eq!(fault.to_string(), "no answer from the vendor");
    }
}
