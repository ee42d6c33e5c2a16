//! Persons who are forgotten.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use serde::Serialize;

use crate::domain::fault::Fault;
use crate::domain::forgotten::Identifier;

/// Who is to be forgotten. `Debug` hides it.
#[derive(Clone)]
pub struct ForgetOrder {
    /// What the person is known by: kind, source (of agents), text in its normal form.
    pub known_by: Vec<(Identifier, String, String)>,
    /// What the entry is called: `agent` or `phone`.
    pub kind: &'static str,
    /// The source named, if one was.
    pub source: Option<String>,
    /// Who says so.
    pub operator: String,
    /// When.
    pub now: DateTime<Utc>,
}

impl std::fmt::Debug for ForgetOrder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ForgetOrder").field("kind", &self.kind).finish_non_exhaustive()
    }
}

/// What was done, or would be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Forgot {
    /// Number of the entry; `None` where nothing was done.
    pub id: Option<i64>,
    /// Rows that name the person, by table.
    pub tables: Vec<ForgotRows>,
}

/// One table's part.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ForgotRows {
    /// Qualified name.
    pub table: String,
    /// How many.
    pub rows: u64,
}

/// One entry of the list; nothing in it says who it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ForgottenEntry {
    /// Its number.
    pub id: i64,
    /// `agent` or `phone`.
    pub kind: String,
    /// The source whose agent it was; `None` for all.
    pub source: Option<String>,
    /// When.
    pub forgotten_at: DateTime<Utc>,
    /// By whom.
    pub forgotten_by: String,
    /// Rows that were rewritten.
    pub rows: i64,
    /// When it was undone.
    pub undone_at: Option<DateTime<Utc>>,
    /// By whom.
    pub undone_by: Option<String>,
}

/// The tables, as whoever forgets needs them.
#[async_trait]
pub trait Forgetting: Send + Sync {
    /// Addresses and numbers that stand in rows of these agents (source and id), as they are stored: whoever forgets
    /// an agent forgets them too.
    ///
    /// # Errors
    /// Database faults.
    async fn known_of_agents(&self, agents: &[(String, String)]) -> Result<Vec<String>, Fault>;

    /// Puts the person on the list and takes them out of every table, in one transaction: nothing that was read
    /// before can be committed after it. With `apply` unset nothing is written, and only told.
    ///
    /// # Errors
    /// Database faults: nothing was changed.
    async fn forget(&self, order: &ForgetOrder, apply: bool) -> Result<Forgot, Fault>;

    /// Takes an entry off the list: later reads store what the vendor still has.
    ///
    /// # Errors
    /// `RequestRefused` where there is no such entry or it was undone before; database faults.
    async fn remember(&self, id: i64, operator: &str, now: DateTime<Utc>) -> Result<(), Fault>;

    /// All entries, the oldest first.
    ///
    /// # Errors
    /// Database faults.
    async fn forgotten_entries(&self) -> Result<Vec<ForgottenEntry>, Fault>;
}
