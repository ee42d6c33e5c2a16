//! The ledger and the tables.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, NaiveDate, Utc};
use serde::Serialize;

use crate::domain::fault::{Fault, FaultKind};
use crate::domain::person::forgotten::ForgottenList;
use crate::domain::proof::certificate::{Certificate, UnverifiedReason, Verdict};
use crate::domain::proof::lag::LagTable;
use crate::domain::proof::run::{Counts, RunId, RunOutcome, Trigger};
use crate::domain::proof::window::TimeWindow;
use crate::domain::row::record::{Reject, Row};
use crate::domain::row::share::Share;
use crate::domain::row::table::TableShape;
use crate::domain::stream::StreamKey;
use crate::domain::vendor::drift::SchemaDrift;
use crate::report::status::StreamDeclaration;

/// What a lease is taken on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Scope {
    /// One window of a windowed stream.
    Window(TimeWindow),
    /// The whole of a snapshot stream.
    Snapshot,
}

/// The right of one worker to commit one scope, until it ends or another worker takes it over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lease {
    /// The stream.
    pub stream: StreamKey,
    /// The scope.
    pub scope: Scope,
    /// Grows with every lease ever given: the store refuses a commit under an older one.
    pub fence: i64,
}

/// State of a window or snapshot in the ledger.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ReadState {
    /// Read whole, and all of it was old enough to be called complete.
    Complete,
    /// Read whole, but its end was too young when it was read: it will be read again.
    Open,
    /// The last attempt failed and none before it succeeded.
    Failed,
}

/// A window, or the snapshot, as the ledger knows it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ReadRecord {
    /// The window; `None` for a snapshot.
    pub window: Option<TimeWindow>,
    /// State. A window that was read once stays `Complete` or `Open` when a later attempt fails.
    pub state: ReadState,
    /// When the last committed read began; `None` if none was ever committed.
    pub read_at: Option<DateTime<Utc>>,
    /// Complete up to here: `read_at` minus the settling time, at most the window's end.
    pub complete_to: Option<DateTime<Utc>>,
    /// Number of committed reads.
    pub reads: i32,
    /// Of the last committed read.
    pub verdict: Option<Verdict>,
    /// Why it is unverified.
    pub unverified_reason: Option<UnverifiedReason>,
    /// Committed reads in a row that are unverified.
    pub unverified_reads: i32,
    /// Digest of the last committed read.
    pub digest: Option<u128>,
    /// Elements in the last committed read.
    pub rows: i64,
    /// The vendor's total in the last committed read.
    pub vendor_total: Option<i64>,
    /// Requests of the last committed read.
    pub requests: i64,
    /// Rows are missing from it, and a further read has to tell whether they are gone.
    pub missing: bool,
    /// The last failure, if it is newer than the last committed read.
    pub failure: Option<Failure>,
}

/// A failed attempt.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Failure {
    /// When.
    pub at: DateTime<Utc>,
    /// What kind ([`FaultKind::as_str`]).
    pub kind: String,
    /// The fault's chain.
    pub message: String,
    /// Attempts failed in a row.
    pub attempts: i32,
}

/// All that one read leaves behind, to be committed at once.
#[derive(Debug)]
pub struct Commit {
    /// The lease under which it was read; carries stream and scope.
    pub lease: Lease,
    /// The run it belongs to.
    pub run: RunId,
    /// The rows, each key at most once per table, in no particular order.
    pub rows: Vec<Row>,
    /// The records that could not be read.
    pub rejects: Vec<Reject>,
    /// How the elements departed from what is documented of them.
    pub drifts: Vec<SchemaDrift>,
    /// What was proven. A read whose verdict is `Unverified` deletes nothing.
    pub certificate: Certificate,
    /// An element came without the list that it should hold: of the objects of such lists, one read of a snapshot deletes
    /// nothing, whatever was proven of the elements.
    pub lacks_list: bool,
    /// When the read began.
    pub read_at: DateTime<Utc>,
    /// Complete up to here. Before the window's end: the window stays open.
    pub complete_to: DateTime<Utc>,
    /// A row must be absent from two closed reads at least this far apart to be marked deleted (windows);
    /// zero for snapshots, whose one closed read suffices.
    pub absence_settle: Duration,
    /// After this instant hardly anything is expected to change any more: a read that began later is final.
    /// `None` for snapshots.
    pub final_at: Option<DateTime<Utc>>,
    /// For a window that was complete before.
    pub reread: Option<Reread>,
    /// More than this share of a window or snapshot (and at least 20 rows) missing at once raises an alarm,
    /// and nothing is marked deleted.
    pub absence_max: Share,
    /// Scopes that the run has read or has still to read, as far as it knows: recorded with its counts.
    pub windows_due: u64,
    /// Rows that differ from the stored ones replace them whatever hash and version are stored: the tables were
    /// found damaged.
    pub overrule: bool,
    /// What the run counted for this scope outside the store: requests, rows read, superseded within the
    /// read. The store adds its own counts.
    pub counts: Counts,
    /// Version of the list of forgotten persons under which it was read; a commit under an older one is refused.
    pub list: i64,
    /// The instant written as `first_seen_at`, `changed_at`, `valid_from`, `valid_to`, `deleted_at`.
    pub now: DateTime<Utc>,
}

impl Commit {
    /// Whether the table holds objects of lists, some of which did not come.
    pub fn leaves_open(&self, table: &TableShape) -> bool {
        let list = self.lease.stream.stream.spec().list.as_ref();
        self.lacks_list && list.is_some_and(|list| list.table.name == table.name)
    }
}

/// A complete window read again: what it showed of late and revised results is recorded with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reread {
    /// When the read before began.
    pub read_before: DateTime<Utc>,
    /// Rows that the window had then.
    pub rows_before: u64,
    /// The business day whose budget of rereads pays for it; `None` where it was due for another reason.
    pub paid_by: Option<NaiveDate>,
}

/// What a stream's re-reads showed so far.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct LagLedger {
    /// Changes by age.
    pub table: LagTable,
    /// Requests that the day asked about has paid for rereads.
    pub requests_today: u64,
}

/// A run to be opened.
#[derive(Debug, Clone)]
pub struct RunStart {
    /// The stream.
    pub stream: StreamKey,
    /// Why.
    pub trigger: Trigger,
    /// Who: one number per process.
    pub worker: uuid::Uuid,
    /// When.
    pub now: DateTime<Utc>,
}

/// How a run ended.
#[derive(Debug, Clone, Copy)]
pub struct RunEnd<'a> {
    /// How.
    pub outcome: RunOutcome,
    /// The first failure.
    pub message: Option<&'a str>,
    /// Requests that neither a commit nor a failed attempt has counted.
    pub requests: u64,
    /// When.
    pub now: DateTime<Utc>,
}

/// The database as the engine needs it. All methods may be called by many tasks and processes at once.
#[async_trait]
pub trait Store: Send + Sync {
    /// All windows of a stream (or its one snapshot record), oldest first; those that overlap `within`, where it is
    /// given.
    ///
    /// # Errors
    /// Database faults.
    async fn reads(&self, stream: &StreamKey, within: Option<TimeWindow>) -> Result<Vec<ReadRecord>, Fault>;

    /// What re-reads of a windowed stream showed from the month of `since` on, and what rereads have
    /// cost on the business day `day`.
    ///
    /// # Errors
    /// Database faults.
    async fn lag(&self, stream: &StreamKey, since: NaiveDate, day: NaiveDate) -> Result<LagLedger, Fault>;

    /// Takes the lease on a scope for `term` by the database's clock; `None` while another worker holds a
    /// live one. A lease whose term has passed is taken over under a higher fence.
    ///
    /// # Errors
    /// Database faults.
    async fn lease(
        &self,
        stream: &StreamKey,
        scope: Scope,
        worker: uuid::Uuid,
        term: Duration,
    ) -> Result<Option<Lease>, Fault>;

    /// Takes the lease on the first of these scopes that no other worker holds a live one on; `None` while others
    /// hold them all.
    ///
    /// # Errors
    /// Database faults.
    async fn lease_first(
        &self,
        stream: &StreamKey,
        scopes: &[Scope],
        worker: uuid::Uuid,
        term: Duration,
    ) -> Result<Option<Lease>, Fault> {
        for scope in scopes {
            let lease = self.lease(stream, *scope, worker, term).await?;
            if lease.is_some() {
                return Ok(lease);
            }
        }
        Ok(None)
    }

    /// Extends the lease by `term` from now.
    ///
    /// # Errors
    /// `LeaseLost` if it is no longer this worker's, and database faults.
    async fn renew(&self, lease: &Lease, term: Duration) -> Result<(), Fault>;

    /// Ends the lease early. Not an error if it is gone already.
    ///
    /// # Errors
    /// Database faults.
    async fn release(&self, lease: &Lease) -> Result<(), Fault>;

    /// Opens a run. Runs of workers that are gone are closed as interrupted on the way.
    ///
    /// # Errors
    /// Database faults.
    async fn run_start(&self, start: &RunStart) -> Result<RunId, Fault>;

    /// Closes a run; its counts stand already, from the commits, but for the requests of walks that came to nothing.
    ///
    /// # Errors
    /// Database faults.
    async fn run_finish(&self, run: RunId, end: &RunEnd<'_>) -> Result<(), Fault>;

    /// Commits rows, history, tombstones, quarantine, ledger entry and run counts, and ends the lease, in
    /// one transaction that holds only if the lease is still this worker's. There is no other way to move
    /// a checkpoint. Committing the same read twice changes no fact table the second time.
    ///
    /// A row equal to the stored one (by content hash) is not written, not even locked. A row whose
    /// `version_at` is earlier than the stored one's is left alone and counted as superseded.
    ///
    /// A departure from the vendor's schema is recorded when the stream shows it first, and never written again.
    /// Beyond [`DRIFTS_MAX`](crate::domain::vendor::drift::DRIFTS_MAX) of a stream one entry stands for the rest.
    ///
    /// # Errors
    /// `LeaseLost`, and `Outdated` where it was read under rules of before: nothing was written. Database faults: nothing was written, or, when the connection was
    /// lost while the commit was under way, it is not known; committing again under a new lease is safe.
    async fn commit(&self, commit: Commit) -> Result<Counts, Fault>;

    /// Records a failed attempt in the ledger and the requests it cost in the run, and ends the lease. No
    /// row and no earlier checkpoint changes.
    ///
    /// # Errors
    /// `LeaseLost` and database faults.
    async fn record_failure(
        &self,
        lease: &Lease,
        run: RunId,
        kind: FaultKind,
        message: &str,
        requests: u64,
        now: DateTime<Utc>,
    ) -> Result<(), Fault>;

    /// The list of forgotten persons as it stands, which sources apply from here on. A store without persons to
    /// forget has an empty one.
    ///
    /// # Errors
    /// Database faults.
    async fn forgotten(&self) -> Result<Arc<ForgottenList>, Fault> {
        Ok(Arc::default())
    }

    /// Tells the database which streams are configured, replacing what it was told before. Writes only
    /// what differs. Streams that are configured no longer keep their rows and their ledger.
    ///
    /// # Errors
    /// Database faults.
    async fn declare(&self, streams: &[StreamDeclaration]) -> Result<(), Fault>;
}
