//! The delivered tables held against what a vendor says now.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use serde::Serialize;

use crate::domain::fault::Fault;
use crate::domain::proof::absence::AbsenceCase;
use crate::domain::proof::window::TimeWindow;
use crate::domain::row::record::{Reject, Row};
use crate::domain::stream::StreamKey;

/// In what way a table and the vendor differ over one row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum DifferenceKind {
    /// The vendor has it; the table does not, or has it marked deleted.
    Missing,
    /// The table has it; the vendor does not.
    Extra,
    /// Both have it with different content.
    Stale,
}

impl DifferenceKind {
    /// Its name in reports.
    pub const fn as_str(self) -> &'static str {
        match self {
            DifferenceKind::Missing => "missing",
            DifferenceKind::Extra => "extra",
            DifferenceKind::Stale => "stale",
        }
    }
}

/// One row over which table and vendor differ. Names columns, never their values.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// In what way.
    pub kind: DifferenceKind,
    /// The table.
    pub table: &'static str,
    /// Its key, without the source, in the order of the primary key.
    pub key: Vec<String>,
    /// The window it was found in; `None` for snapshots, and for rows that no window owns.
    pub window: Option<TimeWindow>,
    /// Which columns differ, for [`DifferenceKind::Stale`].
    pub columns: Vec<String>,
    /// The vendor dates its version after our last read of the window: the next read brings it, and
    /// nothing was lost so far.
    pub newer: bool,
    /// A read has missed the row already, and a further one decides whether it is gone.
    pub pending: bool,
    /// When the first read began that missed it; `None` where none has.
    pub absent_since: Option<DateTime<Utc>>,
}

impl Difference {
    /// The key as a person writes it.
    pub fn key_text(&self) -> String {
        self.key.join("/")
    }

    /// Whether the other is about the same row in the same way.
    pub fn is_same(&self, other: &Difference) -> bool {
        self.kind == other.kind && self.table == other.table && self.key == other.key
    }
}

/// The tables held against the rows of one window or snapshot.
#[derive(Debug, Default)]
pub struct Comparison {
    /// What differs, in the order of table and key.
    pub differences: Vec<Difference>,
    /// Rows that came here although another window owns them: table and key.
    pub elsewhere: Vec<(&'static str, Vec<String>)>,
    /// Windows in which the extra rows were seen besides their owning window.
    pub observed_in: Vec<TimeWindow>,
}

/// Reads the delivered tables, not the log of what was delivered. Writes nothing.
#[async_trait]
pub trait Compare: Send + Sync {
    /// Holds `rows`, all that the vendor returned for `window` (or its whole snapshot), against the tables of
    /// the stream: every typed column and `extra`. A row that another window owns and whose version here
    /// is an earlier one is not looked at: the vendor keeps both, and the later one rules. `read_at` is when
    /// the window was last read.
    ///
    /// # Errors
    /// Database faults.
    async fn compare(
        &self,
        stream: &StreamKey,
        window: Option<TimeWindow>,
        rows: Vec<Row>,
        read_at: Option<DateTime<Utc>>,
    ) -> Result<Comparison, Fault>;

    /// Live rows of a windowed stream that lie in no window that was ever read: nothing can confirm them.
    ///
    /// # Errors
    /// Database faults.
    async fn orphaned(&self, stream: &StreamKey) -> Result<Vec<Difference>, Fault>;

    /// How many of these records are such that an operator dropped them from quarantine.
    ///
    /// # Errors
    /// Database faults.
    async fn dropped(&self, stream: &StreamKey, rejects: &[Reject]) -> Result<u64, Fault>;

    /// The open absence alarms of a stream, oldest first.
    ///
    /// # Errors
    /// Database faults.
    async fn open_alarms(&self, stream: &StreamKey) -> Result<Vec<AbsenceCase>, Fault>;
}
