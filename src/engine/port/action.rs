//! Writing to a vendor, and the log of it. Only commands of a person come here: `app/action` and
//! `app/roster` alone name these ports, and a test holds them to it.

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use crate::domain::action::{ActionDraft, ActionRecord, KnownAgent, Settlement};
use crate::domain::fault::Fault;
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
        told: Option<String>,
    },
    /// The vendor says that it was not done.
    Refused(Fault),
    /// The request did not leave this machine.
    Unsent(Fault),
    /// No answer, or one that does not say whether it was done.
    Unknown(Fault),
}

/// The log of writes. Each method is a transaction of its own.
#[async_trait]
pub trait ActionLog: Send + Sync {
    /// Records an intent, and answers its number.
    ///
    /// # Errors
    /// Database faults. Nothing may be sent then.
    async fn intend(&self, draft: &ActionDraft, operator: &str, now: DateTime<Utc>) -> Result<i64, Fault>;

    /// From here on the vendor may have it: the state is unknown until an answer is recorded.
    ///
    /// # Errors
    /// Database faults. Nothing may be sent then.
    async fn sending(&self, id: i64, now: DateTime<Utc>) -> Result<(), Fault>;

    /// Records the answer, or why there is none.
    ///
    /// # Errors
    /// Database faults: the state stays unknown.
    async fn settle(&self, id: i64, settlement: &Settlement, now: DateTime<Utc>) -> Result<(), Fault>;

    /// Records what a look at the vendor showed of an action whose answer is unknown.
    ///
    /// # Errors
    /// Database faults.
    async fn observe(&self, id: i64, done: bool, now: DateTime<Utc>) -> Result<(), Fault>;

    /// The actions, newest first, `limit` at most.
    ///
    /// # Errors
    /// Database faults.
    async fn actions(&self, limit: i64) -> Result<Vec<ActionRecord>, Fault>;

    /// The actions of this command on this target whose answer is unknown and which no look has settled,
    /// oldest first.
    ///
    /// # Errors
    /// Database faults.
    async fn unknown_actions(
        &self,
        source: &str,
        command: &str,
        target: &str,
    ) -> Result<Vec<ActionRecord>, Fault>;

    /// The agents whom the tables know as members of this source's skill groups.
    ///
    /// # Errors
    /// Database faults.
    async fn known_agents(&self, source: &str) -> Result<Vec<KnownAgent>, Fault>;
}
