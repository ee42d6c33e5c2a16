//! Sums of results by day, as analysts' views read them: changed days are stored anew, a month at a time.
//!
//! Nothing depends on when that happens: until then the views compute those days from their rows.

use std::time::Duration;

use sqlx::postgres::types::PgInterval;
use sqlx::{Connection as _, Executor as _, PgConnection};

use crate::domain::fault::Fault;
use crate::store::fault::StoreResult;
use crate::store::pool::PgStore;
use crate::telemetry::failpoint::{Failpoint, failpoint};

/// A month of a large account is a second's work; a change of places can be that of all days.
const TRANSACTION: &str = "set local lock_timeout = '10s'; set local statement_timeout = '15min'";

impl PgStore {
    /// Stores the sums of some days anew whose last change is this long ago, in one transaction, and says how many days.
    /// 0 where there are none left, or another process is at it.
    ///
    /// # Errors
    /// Database faults; the days are as they were then.
    pub async fn refresh_days(&self, quiet: Duration) -> Result<u32, Fault> {
        let refreshed = self.refresh_in_txn(Some(quiet)).await;
        refreshed.map_err(|error| error.during("storing the sums of changed days"))
    }

    /// Stores the sums by skill group anew of the days on which rosters or identities say something else now, and says
    /// how many days.
    ///
    /// # Errors
    /// Database faults; the days are as they were then.
    pub async fn refresh_places(&self) -> Result<u32, Fault> {
        let refreshed = self.refresh_in_txn(None).await;
        refreshed.map_err(|error| error.during("storing sums by skill group"))
    }

    async fn refresh_in_txn(&self, quiet: Option<Duration>) -> StoreResult<u32> {
        let mut connection = self.pool.acquire().await?;
        let mut transaction = connection.begin().await?;
        transaction.execute(sqlx::raw_sql(TRANSACTION)).await?;
        let query = match quiet {
            Some(quiet) => {
                let microseconds = i64::try_from(quiet.as_micros()).unwrap_or(i64::MAX);
                sqlx::query_scalar("select sync.days_refresh($1)").bind(PgInterval {
                    months: 0,
                    days: 0,
                    microseconds,
                })
            }
            None => sqlx::query_scalar("select sync.places_refresh()"),
        };
        let days: i32 = query.fetch_one(&mut *transaction).await?;
        failpoint(Failpoint::DaysRefreshed).await?;
        transaction.commit().await?;
        Ok(days.unsigned_abs())
    }
}

/// Makes the triggers that note changed days and sum up windows where they are lacking: histories that were cut into
/// months lose theirs.
pub(in crate::store) async fn watch_days(connection: &mut PgConnection) -> StoreResult<()> {
    connection.execute("select sync.days_watch(), sync.window_blocks_watch()").await?;
    Ok(())
}

/// Ends it: distributed tables take no triggers.
pub(in crate::store) async fn unwatch_days(connection: &mut PgConnection) -> StoreResult<()> {
    connection.execute("select sync.days_unwatch() where sync.days_stored()").await?;
    connection.execute("delete from sync.window_block").await?;
    Ok(())
}

/// Waits for a refresh that is under way and keeps others out until the transaction ends.
pub(in crate::store) async fn hold_days_in_txn(connection: &mut PgConnection) -> StoreResult<()> {
    connection.execute("select pg_catalog.pg_advisory_xact_lock(pg_catalog.hashtext('ccsync days'))").await?;
    Ok(())
}
