//! What the next pass would read, and why.

use crate::app::{App, StreamChoice};
use crate::domain::fault::Fault;
use crate::domain::proof::lag::LagCurve;
use crate::domain::stream::StreamKey;
use crate::engine::pass::reader::{PassOrder, ReadPolicy};
use crate::engine::plan::planner::PlannedWindow;
use crate::engine::plan::reread::{Learned, closing_age_of};
use crate::engine::port::store::{ReadRecord, Scope, Store as _};

/// What the next pass over a stream would read.
#[derive(Debug, serde::Serialize)]
pub struct StreamPlan {
    /// The stream.
    #[serde(flatten)]
    pub key: StreamKey,
    /// Windows in reading order; empty for a snapshot stream.
    pub windows: Vec<PlannedWindow>,
    /// Whether the snapshot would be read.
    pub snapshot: bool,
    /// Requests at least, by what the last reads brought.
    pub requests: u64,
    /// What re-reading rests on; `None` for a snapshot stream.
    pub rereading: Option<Rereading>,
}

/// By what windows are read again, as `plan` explains it.
#[derive(Debug, serde::Serialize)]
pub struct Rereading {
    /// Late and changed results seen so far; `None` while the constant look-back rules.
    pub changes_seen: Option<f64>,
    /// Expected late and changed results for each row within the look-back.
    pub changes_per_row: Option<f64>,
    /// Age in hours at which a window of the usual size is final; that of the look-back while nothing is known.
    pub final_after_hours: i64,
    /// Requests that rereads have cost today.
    pub requests_today: u64,
    /// Requests that they may cost in a day.
    pub requests_per_day: Option<u64>,
}

impl App {
    /// What the next `sync` would read. Touches neither vendor nor database; a database without our schema
    /// counts as empty.
    ///
    /// # Errors
    /// Database faults.
    pub async fn plan(&self, chosen: &[StreamChoice]) -> Result<Vec<StreamPlan>, Fault> {
        self.ask_database_for_time().await;
        let ready = self.database.store.pending_migrations().await?.is_empty();
        if ready {
            self.confirm_accounts().await?;
        }
        let mut plans = Vec::new();
        for stream in self.chosen(chosen) {
            let (ledger, learned) = match ready {
                true => (
                    self.database.store.reads(&stream.reader.key, None).await?,
                    stream.reader.learned().await?,
                ),
                false => Default::default(),
            };
            let order = PassOrder::sync(stream.reader.clock.now());
            let due = stream.reader.due_by(&ledger, &learned, &order);
            let page_size = u64::from(stream.reader.config.walk.page_size);
            let requests = due.iter().map(|due| due.before.rows.unsigned_abs() / page_size + 1).sum();
            let windows = due.iter().filter_map(|due| due.planned).collect();
            let snapshot = due.iter().any(|due| due.scope == Scope::Snapshot);
            let rereading = rereading(&stream.reader.policy, &ledger, &learned);
            plans.push(StreamPlan { key: stream.reader.key.clone(), windows, snapshot, requests, rereading });
        }
        Ok(plans)
    }
}

fn rereading(policy: &ReadPolicy, ledger: &[ReadRecord], learned: &Learned) -> Option<Rereading> {
    let ReadPolicy::Windows(policy) = policy else { return None };
    let mut sizes: Vec<u64> = ledger.iter().map(|record| record.rows.unsigned_abs()).collect();
    sizes.sort_unstable();
    let usual = sizes.get(sizes.len() / 2).copied().unwrap_or_default();
    let known = learned.curve.as_ref();
    Some(Rereading {
        changes_seen: known.map(|curve| curve.changes),
        changes_per_row: known.map(LagCurve::total),
        final_after_hours: closing_age_of(usual, learned, policy).num_hours(),
        requests_today: learned.requests_today,
        requests_per_day: policy.reread_requests_per_day,
    })
}
