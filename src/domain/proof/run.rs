//! One pass over one stream, and what it counted.

use serde::{Deserialize, Serialize};

/// The number of a run in `sync.run`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
pub struct RunId(pub i64);

/// Why a run was started.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Trigger {
    /// A cron tick, or the catch-up at the start of the daemon.
    Schedule,
    /// `ccsync sync`.
    Sync,
    /// `ccsync backfill`.
    Backfill,
    /// `ccsync quarantine retry`.
    Retry,
    /// `ccsync verify --repair`: what is stored counts for nothing against what the vendor sends.
    Repair,
    /// The daemon follows a live feed, from its start to its end.
    Feed,
}

impl Trigger {
    /// The name stored in `sync.run`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Trigger::Schedule => "schedule",
            Trigger::Sync => "sync",
            Trigger::Backfill => "backfill",
            Trigger::Retry => "retry",
            Trigger::Repair => "repair",
            Trigger::Feed => "feed",
        }
    }
}

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RunOutcome {
    /// All that was due was read and nothing was quarantined.
    Succeeded,
    /// Something was quarantined, or some windows failed while others were read.
    Partial,
    /// Nothing that was due could be read.
    Failed,
    /// The process was told to stop.
    Cancelled,
}

impl RunOutcome {
    /// The name stored in `sync.run`.
    pub const fn as_str(self) -> &'static str {
        match self {
            RunOutcome::Succeeded => "succeeded",
            RunOutcome::Partial => "partial",
            RunOutcome::Failed => "failed",
            RunOutcome::Cancelled => "cancelled",
        }
    }
}

/// What a commit or a run counted. Rows are rows of fact tables.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Counts {
    /// Windows or snapshots committed.
    pub windows: u64,
    /// Requests sent to the vendor.
    pub requests: u64,
    /// Elements received in the walks that counted.
    pub rows_read: u64,
    /// First versions written.
    pub inserted: u64,
    /// Later versions written, revived rows included.
    pub updated: u64,
    /// Rows found as they were.
    pub unchanged: u64,
    /// Rows left alone because a later version is stored, and earlier ones of equal keys within a read.
    pub superseded: u64,
    /// Rows marked deleted.
    pub deleted: u64,
    /// Records quarantined.
    pub quarantined: u64,
}

impl std::ops::AddAssign for Counts {
    fn add_assign(&mut self, other: Counts) {
        self.windows += other.windows;
        self.requests += other.requests;
        self.rows_read += other.rows_read;
        self.inserted += other.inserted;
        self.updated += other.updated;
        self.unchanged += other.unchanged;
        self.superseded += other.superseded;
        self.deleted += other.deleted;
        self.quarantined += other.quarantined;
    }
}
