//! Pages of walks that are not committed yet, kept where the next worker finds them.

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use crate::domain::fault::Fault;
use crate::domain::proof::window::TimeWindow;
use crate::domain::vendor::page::{Page, PageRequest};
use crate::engine::port::store::Lease;

/// Which walk a page belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WalkMark {
    /// When the read began, by whoever began it.
    pub began: DateTime<Utc>,
    /// What the vendor was asked for; `None` for a snapshot.
    pub ask: Option<TimeWindow>,
    /// Grows when a read starts over: pages of two walks do not mix.
    pub number: i32,
    /// Version of the list of forgotten persons under which its pages are read.
    pub list: i64,
}

/// A walk that ended before its read was committed.
#[derive(Debug)]
pub struct KeptWalk {
    /// Which one.
    pub mark: WalkMark,
    /// Its pages, by number and size of the page asked for; of each the last answer.
    pub pages: Vec<(u32, u32, Page)>,
}

/// Keeps the pages of a lease's scope until its read is committed or given up. Losing them costs requests and
/// nothing else.
#[async_trait]
pub trait PageLog: Send + Sync {
    /// Keeps one page.
    ///
    /// # Errors
    /// Database faults.
    async fn keep(
        &self,
        lease: &Lease,
        mark: WalkMark,
        request: &PageRequest,
        page: &Page,
    ) -> Result<(), Fault>;

    /// The last walk over the scope of this lease, if its read was neither committed nor given up.
    ///
    /// # Errors
    /// Database faults.
    async fn kept(&self, lease: &Lease) -> Result<Option<KeptWalk>, Fault>;
}
