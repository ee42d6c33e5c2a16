//! What the ledger lets go of by age alone, whatever stream it belongs to. Rows of a stream whose time is over are
//! `store/privacy/retention`'s. docs/scaling.md has every table of `sync` with what bounds it.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::{Connection as _, Executor as _};

use crate::domain::fault::Fault;
use crate::store::answered::answered;
use crate::store::fault::StoreResult;
use crate::store::ledger::certificate::{KEPT_DAYS, KEPT_NEWEST};
use crate::store::pool::PgStore;

/// Rows of one transaction: others wait for none of them, and a stop loses little.
const STEP: i64 = 5_000;

/// Certificates and runs are looked for in all of them.
const TRANSACTION: &str =
    "set local lock_timeout = '10s'; set local statement_timeout = '15min'; set local jit = off";

/// $1: runs that began before, $2: the most at once. The last one of each stream says when it was read.
const RUNS: &str = r#"
delete from sync.run
where id in (
    select r.id
    from sync.run r
    where r.started_at < $1 and r.outcome <> 'running'
        and exists (
            select from sync.run n
            where n.source = r.source and n.stream = r.stream and (r.started_at, r.id) < (n.started_at, n.id)
        )
    order by r.id
    limit $2
    for update skip locked
)
"#;

/// $1: certificates committed before, $2: the most at once, $3: how many of each window stay. A commit does the same for
/// its own window; windows that are read no more are left to this.
const CERTIFICATES: &str = r#"
with crowded as (
    select source, stream, window_start, window_end
    from sync.certificate
    group by source, stream, window_start, window_end
    having $3 < count(*)
), surplus as (
    select old.id
    from crowded w
    cross join lateral (
        select c.id, c.committed_at
        from sync.certificate c
        where c.source = w.source and c.stream = w.stream
            and (c.window_start = w.window_start or w.window_start is null and c.window_start is null)
            and (c.window_end = w.window_end or w.window_end is null and c.window_end is null)
        order by c.committed_at desc, c.id desc
        offset $3
    ) old
    where old.committed_at < $1
    limit $2
)
delete from sync.certificate where id in (select id from surplus)
"#;

/// $1: records resolved or read after all before, $2: the most at once. What an operator dropped stays: it would come back.
const QUARANTINE: &str = r#"
delete from sync.quarantine
where id in (
    select id from sync.quarantine where state in ('resolved', 'retried') and resolved_at < $1
    limit $2
    for update skip locked
)
"#;

/// $1: leases that ended before, $2: the most at once. Their windows are read no more, or by nobody.
const LEASES: &str = r#"
delete from sync.lease
where name in (select name from sync.lease where expires_at < $1 limit $2 for update skip locked)
"#;

const RUN_DAYS: &str = "delete from sync.run_day where day < $1::date and 0 < $2";
const REREAD_DAYS: &str = "delete from sync.reread_day where day < $1::date and 0 < $2";
const LAGS: &str = "delete from sync.revision_lag where month < $1::date and 0 < $2";

/// Days of a leap year, and a month to compare it with.
const DAYS_KEPT: i64 = 400;
/// Late results older than a year tell nothing of today's; a second one for whoever looks back.
const LAGS_KEPT: i64 = 2 * 366;
/// The same of records that were read after all.
const RESOLVED_KEPT: i64 = 90;
/// A database that was away for days finds its feeds' leases where they were.
const LEASES_KEPT: i64 = 30;

impl PgStore {
    /// Removes what is too old of the ledger, runs after `runs_kept`, in small transactions, and answers how many rows of
    /// each table.
    ///
    /// # Errors
    /// Database faults. What was removed before stays removed.
    pub async fn prune_ledger(
        &self,
        now: DateTime<Utc>,
        runs_kept: Duration,
    ) -> Result<Vec<(&'static str, u64)>, Fault> {
        let days = |days: i64| Some(TimeDelta::days(days));
        let places = [
            ("sync.run", RUNS, TimeDelta::from_std(runs_kept).ok()),
            ("sync.run_day", RUN_DAYS, days(DAYS_KEPT)),
            ("sync.certificate", CERTIFICATES, days(KEPT_DAYS)),
            ("sync.quarantine", QUARANTINE, days(RESOLVED_KEPT)),
            ("sync.lease", LEASES, days(LEASES_KEPT)),
            ("sync.reread_day", REREAD_DAYS, days(DAYS_KEPT)),
            ("sync.revision_lag", LAGS, days(LAGS_KEPT)),
        ];
        let mut removed = Vec::new();
        for (table, statement, kept) in places {
            let Some(before) = kept.and_then(|kept| now.checked_sub_signed(kept)) else { continue };
            let pruned = self.prune(statement, before);
            match answered(&format!("removing what is too old of {table}"), pruned).await? {
                0 => {}
                rows => removed.push((table, rows)),
            }
        }
        Ok(removed)
    }

    async fn prune(&self, statement: &'static str, before: DateTime<Utc>) -> StoreResult<u64> {
        let mut connection = self.pool.acquire().await?;
        let mut pruned = 0;
        loop {
            let mut transaction = connection.begin().await?;
            transaction.execute(sqlx::raw_sql(TRANSACTION)).await?;
            let query = sqlx::query(statement).bind(before).bind(STEP);
            let query = if statement == CERTIFICATES { query.bind(KEPT_NEWEST) } else { query };
            let step = query.persistent(false).execute(&mut *transaction).await?.rows_affected();
            transaction.commit().await?;
            pruned += step;
            if step < STEP.unsigned_abs() {
                return Ok(pruned);
            }
        }
    }
}
