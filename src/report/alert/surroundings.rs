//! What a process sees around it.

use chrono::{DateTime, Duration, Utc};

use crate::domain::stream::StreamKey;
use crate::report::alert::AlertKind;
use crate::report::phrase::Phrase;

/// What a process sees around it, and what it knows without the report.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Surroundings {
    /// By how much the vendors' clocks differ at least, by source, where answers were measured.
    pub clock_skews: Vec<ClockSkew>,
    /// By how much the database's clock is ahead of this host's; `None` where both are one, or it was not asked.
    pub database_skew: Option<Duration>,
    /// The disk under `database.data_dir`, where ccsync keeps something there.
    pub disk: Option<DiskSpace>,
    /// What waits on disk for the database, by feed.
    pub spools: Vec<SpoolFill>,
    /// Why nothing is read, or nothing of a source.
    pub refusals: Vec<Refusal>,
}

/// Why nothing is read, or nothing of a source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// `DatabaseRefused` or `SourceRefused`.
    pub kind: AlertKind,
    /// The source, where it is one's.
    pub source: Option<String>,
    /// Since when; `None` where that is not known.
    pub since: Option<DateTime<Utc>>,
    /// What a pass says of it.
    pub message: String,
    /// What the operator can do.
    pub remedy: Phrase,
}

/// The difference of two clocks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClockSkew {
    /// The source.
    pub source: String,
    /// By how much its clock is ahead of ours; negative: behind.
    pub ahead: Duration,
    /// Its header does not move on from answer to answer.
    pub stands_still: bool,
}

/// Room on a disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DiskSpace {
    /// A directory on it.
    pub directory: String,
    /// Bytes that are free for us.
    pub free_bytes: u64,
    /// Bytes in all.
    pub size_bytes: u64,
}

/// How full a spool is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SpoolFill {
    /// The feed.
    pub key: StreamKey,
    /// Bytes that wait.
    pub bytes: u64,
    /// Bytes that there is room for.
    pub bytes_max: u64,
}
