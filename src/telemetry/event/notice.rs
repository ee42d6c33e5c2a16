//! Notices to people.

use metrics::counter;

use crate::domain::row::text::counted;
use crate::telemetry::event::log;
use crate::telemetry::metric;

/// A target took a notice.
#[derive(Debug)]
pub struct NoticeSent<'a> {
    /// The target's name.
    pub target: &'a str,
    /// Changes of alerts in it.
    pub changes: usize,
}

impl NoticeSent<'_> {
    /// Writes it down.
    pub fn emit(self) {
        let labels = [(metric::TARGET, self.target.to_owned()), (metric::OUTCOME, "sent".to_owned())];
        counter!(metric::NOTICES, &labels).increment(1);
        tracing::info!(
            target: "ccsync",
            notify = self.target,
            changes = self.changes,
            "told notify.{} of {}",
            self.target,
            counted(self.changes, "change"),
        );
    }
}

/// A target did not take a notice.
#[derive(Debug)]
pub struct NoticeFailed<'a> {
    /// The target's name.
    pub target: &'a str,
    /// Why not; it names the target.
    pub message: &'a str,
    /// It is not tried again.
    pub given_up: bool,
}

impl NoticeFailed<'_> {
    /// Writes it down.
    pub fn emit(self) {
        let labels = [(metric::TARGET, self.target.to_owned()), (metric::OUTCOME, "failed".to_owned())];
        counter!(metric::NOTICES, &labels).increment(1);
        let end = if self.given_up { "it is given up" } else { "it is tried again" };
        log!(
            if self.given_up, error else warn,
            notify = self.target,
            error = self.message,
            "a notice was not sent, {end}: {}",
            self.message,
        );
    }
}
