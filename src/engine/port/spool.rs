//! Where events wait while the database is away.

use std::path::PathBuf;

use async_trait::async_trait;
use uuid::Uuid;

use crate::domain::fault::Fault;
use crate::domain::vendor::feed::FeedEvent;

/// What stands at the head of a spool.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct SpoolHead {
    /// Events that are as they were written.
    pub events: Vec<FeedEvent>,
    /// Events before, between or behind them that are not. Whose they were is not known; their numbers are
    /// missing, and that makes the gap.
    pub damaged: u64,
    /// The file.
    pub file: PathBuf,
}

/// A bounded queue on disk. What `append` accepted outlives the process and a power cut; after a restart it
/// is found again, perhaps with events at its beginning that were taken before: storing them again is safe.
#[async_trait]
pub trait Spool: Send + Sync {
    /// Finds what an earlier process left, for `owner`. Until then it seems empty. Answers whose it was before: that
    /// process has ended.
    ///
    /// # Errors
    /// The disk refuses.
    async fn open(&self, owner: Uuid) -> Result<Option<Uuid>, Fault>;

    /// Appends as many of the events as there is room for, from the first on; answers how many.
    ///
    /// # Errors
    /// The disk refuses; none of them counts as accepted.
    async fn append(&self, events: &[FeedEvent]) -> Result<usize, Fault>;

    /// The oldest events, at most so many, without taking them.
    ///
    /// # Errors
    /// The disk refuses.
    async fn head(&self, count: usize) -> Result<SpoolHead, Fault>;

    /// Takes the events that the last `head` gave.
    ///
    /// # Errors
    /// The disk refuses.
    async fn advance(&self) -> Result<(), Fault>;

    /// Whether nothing waits.
    fn is_empty(&self) -> bool;
}
