//! Exit codes. Part of the contract.

use std::process::ExitCode;

use ccsync::domain::proof::run::RunOutcome;
use ccsync::engine::pass::reader::PassReport;
use ccsync::report::runbook::{EXITS, ExitEntry};

/// How a command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Exit {
    /// All done.
    Done = 0,
    /// Failed.
    Failed = 1,
    /// Wrong usage or configuration.
    Usage = 2,
    /// Done in part: something was quarantined, a window that is over is unverified or still due, or a stream failed while
    /// others succeeded.
    Partial = 3,
    /// `verify` found a difference, or a window that is over and unverified or never read.
    Differs = 4,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> ExitCode {
        ExitCode::from(exit as u8)
    }
}

impl Exit {
    /// Its entry in the runbook.
    pub(super) fn entry(self) -> Option<String> {
        EXITS.iter().find(|entry| entry.code == self as u8).map(ExitEntry::entry)
    }

    /// From the reports of all passes of a command.
    pub(super) fn of(reports: &[PassReport]) -> Exit {
        let all = |outcome| reports.iter().all(|report| report.outcome == outcome);
        if all(RunOutcome::Succeeded) {
            Exit::Done
        } else if reports.iter().all(|r| matches!(r.outcome, RunOutcome::Failed | RunOutcome::Cancelled)) {
            Exit::Failed
        } else {
            Exit::Partial
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_runbook_has_every_exit_code() {
        let codes =
            [Exit::Done, Exit::Failed, Exit::Usage, Exit::Partial, Exit::Differs].map(|exit| exit as u8);
        assert_eq!(EXITS.map(|entry| entry.code), codes);
    }
}
