//! The daily end of what the ledger keeps for a while: runs, certificates, leases of nobody.

use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use crate::app::App;
use crate::app::background::retention::RETRY;
use crate::domain::fault::Fault;
use crate::engine::pass::fault_policy::log_failure;
use crate::scheduler::cron::CronSchedule;

impl App {
    /// Removes what is too old of the ledger, and answers how many rows of each table.
    ///
    /// # Errors
    /// Database faults. What was removed before stays removed.
    pub async fn prune_ledger(&self) -> Result<Vec<(&'static str, u64)>, Fault> {
        let runs_kept = self.settings.scheduler.runs_kept;
        self.database.store.prune_ledger(self.overrides.clock.now(), runs_kept).await
    }
}

/// At the start, and whenever `scheduler.retention` says, in one process after the other: rows that another one is at are
/// passed over.
pub(in crate::app) async fn prune_daily(app: Arc<App>, schedule: CronSchedule, stop: CancellationToken) {
    loop {
        let wait = match app.prune_ledger().await {
            Ok(_) => {
                let now = app.overrides.clock.now();
                schedule.next_tick(now).and_then(|tick| (tick - now).to_std().ok()).unwrap_or(RETRY)
            }
            Err(fault) => {
                log_failure("removing what is too old of the ledger", &fault);
                RETRY
            }
        };
        tokio::select! {
            () = stop.cancelled() => return,
            () = app.overrides.clock.sleep(wait) => {}
        }
    }
}
