//! When the sums that analysts' views read are stored anew.

use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::app::App;
use crate::domain::fault::Fault;
use crate::engine::pass::fault_policy::log_failure;

/// How often the daemon looks for changed days.
const LOOK: Duration = Duration::from_secs(10);

/// A day is left alone until its last change is this long ago: a window brings results of the days before it.
const QUIET: Duration = Duration::from_secs(10);

/// Of so many looks, one asks where agents are: one in five minutes, and after each in which days had changed.
const PLACES_EACH: u32 = 30;

impl App {
    /// Stores the sums of all changed days. A fault is logged: what is not stored is computed.
    pub async fn refresh_sums(&self, stop: &CancellationToken) {
        let refreshed = async {
            self.refresh_days(Duration::ZERO, stop).await?;
            self.database.store.refresh_places().await
        };
        if let Err(fault) = refreshed.await {
            log_failure("storing the sums of changed days", &fault);
        }
    }

    /// How many days.
    async fn refresh_days(&self, quiet: Duration, stop: &CancellationToken) -> Result<u32, Fault> {
        let mut days = 0;
        while !stop.is_cancelled() {
            match self.database.store.refresh_days(quiet).await? {
                0 => break,
                some => days += some,
            }
        }
        Ok(days)
    }

    async fn refresh_quiet_days(&self, look: u32, stop: &CancellationToken) -> Result<(), Fault> {
        let days = self.refresh_days(QUIET, stop).await?;
        if 0 < days || look.is_multiple_of(PLACES_EACH) {
            self.database.store.refresh_places().await?;
        }
        Ok(())
    }
}

/// Follows the changes of all processes, and those that were made by hand.
pub(in crate::app) async fn follow_changes(app: Arc<App>, stop: CancellationToken) {
    let mut look = 0_u32;
    loop {
        // The watch over the database tells of an outage; the next look makes up for this one.
        let _ = app.refresh_quiet_days(look, &stop).await;
        look = look.wrapping_add(1);
        tokio::select! {
            () = stop.cancelled() => return,
            () = app.overrides.clock.sleep(LOOK) => {}
        }
    }
}
