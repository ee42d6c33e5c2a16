//! Writing to a vendor, and the log of it. Only commands of a person come here: `app/write/action` and
//! `app/write/roster` alone name these ports, and a test holds them to it.

use async_trait::async_trait;

use crate::domain::fault::Fault;
use crate::domain::vendor::action::ActionDraft;
use crate::engine::port::budget::BudgetKey;

/// One write, ready to be sent to one vendor account.
///
/// Inside: authentication, the vendor's names and codes. Outside: the log, the budget, and any decision to
/// try again, which is a person's.
#[async_trait]
pub trait Actor: Send + Sync {
    /// What would be sent, fit to be shown.
    fn draft(&self) -> &ActionDraft;

    /// The limit under which it is sent.
    fn budget(&self) -> &BudgetKey;

    /// Sends one request, never a second, and so is used up by it.
    async fn act(self: Box<Self>) -> Reply;
}

/// What came of the one request.
#[derive(Debug)]
pub enum Reply {
    /// The vendor says that it was done.
    Done {
        /// Its code.
        code: Option<String>,
        /// Its words, short.
        message: Option<String>,
        /// What it made, for the log: the number of a new skill group.
        result: Option<String>,
        /// What it told besides, for the person alone.
        details: Option<String>,
    },
    /// The vendor says that it was not done.
    Refused(Fault),
    /// The request did not leave this machine.
    Unsent(Fault),
    /// No answer, or one that does not say whether it was done.
    Unknown(Fault),
}
