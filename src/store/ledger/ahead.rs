//! What a host whose clock was ahead has left in the ledger: reads dated in the future, windows that were called
//! complete before they were over. Nothing of it is known to be so; it becomes due again.

use std::time::Duration;

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use crate::domain::fault::Fault;
use crate::domain::stream::StreamKey;
use crate::store::answered::answered;
use crate::store::fault::StoreResult;
use crate::store::ledger::time_window::lock_in_txn;
use crate::store::pool::PgStore;

/// Windows that have not begun, in which nothing can have been found. They are gaps when their time comes.
const DROP: &str = r#"
delete from sync.time_window
where source = $1 and stream = $2 and $3 + interval '60 seconds' < window_start and rows = 0
"#;

/// Windows whose last read is dated ahead of the present, that claim more than the past, or that claimed more than the
/// past by the database's clock when they were committed (the run's last sign of life). When they were really read is
/// unknown: long enough ago to be due.
const REOPEN: &str = r#"
update sync.time_window w
set state = 'open', complete_to = w.window_start,
    read_at = least(w.read_at, w.window_start, $3 - interval '1 day'),
    first_read_at = least(w.first_read_at, w.window_start, $3 - interval '1 day')
where w.source = $1 and w.stream = $2 and w.state <> 'failed'
    and (
        $3 + interval '60 seconds' < greatest(w.read_at, w.complete_to)
        or $4 and w.state = 'complete' and exists (
            select from sync.run r
            where r.id = w.run_id and r.heartbeat_at + interval '60 seconds' < w.complete_to
        )
    )
"#;

const SNAPSHOT: &str = r#"
update sync.snapshot
set read_at = $3 - interval '1 day', complete_to = least(complete_to, $3 - interval '1 day'),
    first_read_at = least(first_read_at, $3 - interval '1 day')
where source = $1 and stream = $2 and $3 + interval '60 seconds' < read_at
"#;

/// What only dates an entry is dated now.
const DATES: [&str; 5] = [
    r#"
    update sync.time_window set failed_at = $3, failing_since = least(failing_since, $3)
    where source = $1 and stream = $2 and $3 + interval '60 seconds' < failed_at
    "#,
    r#"
    update sync.snapshot set failed_at = $3, failing_since = least(failing_since, $3)
    where source = $1 and stream = $2 and $3 + interval '60 seconds' < failed_at
    "#,
    r#"
    update sync.run set started_at = least(started_at, $3), finished_at = least(finished_at, $3)
    where source = $1 and stream = $2 and $3 + interval '60 seconds' < greatest(started_at, finished_at)
        and outcome <> 'running'
    "#,
    // Days to come hold what runs dated ahead did.
    r#"
    with ahead as (
        delete from sync.run_day d
        using sync.stream s
        where d.source = $1 and d.stream = $2 and s.source = d.source and s.stream = d.stream
            and (($3 + interval '60 seconds') at time zone s.timezone)::date < d.day
        returning d.*, ($3 at time zone s.timezone)::date as today
    )
    insert into sync.run_day as d (source, stream, day, runs, requests, rows_read, changes)
    select source, stream, today, sum(runs), sum(requests), sum(rows_read), sum(changes)
    from ahead
    group by source, stream, today
    on conflict (source, stream, day) do update set runs = d.runs + excluded.runs,
        requests = d.requests + excluded.requests, rows_read = d.rows_read + excluded.rows_read,
        changes = d.changes + excluded.changes
    "#,
    r#"
    update sync.certificate set read_at = least(read_at, $3), committed_at = least(committed_at, $3)
    where source = $1 and stream = $2 and $3 + interval '60 seconds' < greatest(read_at, committed_at)
    "#,
];

/// The same of the entries that belong to a table.
const DATES_OF_TABLE: [&str; 2] = [
    r#"
    update sync.absence set first_absent_at = $3
    where source = $1 and table_name = any($2) and $3 + interval '60 seconds' < first_absent_at
    "#,
    r#"
    update sync.observation set seen_at = $3
    where source = $1 and table_name = any($2) and $3 + interval '60 seconds' < seen_at
    "#,
];

/// Terms that end later than any that is given began by a clock that was ahead, before it was set back: nobody would
/// wait for their end. $1: how far in the future they may end, in seconds; where it is not the longest lease, it stands
/// beside.
const TERMS: [(&str, Option<f64>); 4] = [
    (
        "update sync.lease set expires_at = clock_timestamp() \
         where clock_timestamp() + make_interval(secs => $1) < expires_at",
        None,
    ),
    (
        "update sync.notice_turn set until = clock_timestamp() \
         where clock_timestamp() + make_interval(secs => $1) < until",
        None,
    ),
    // A vendor's Retry-After is believed for five minutes.
    (
        "update sync.request_budget set next_at = clock_timestamp() \
         where clock_timestamp() + make_interval(secs => $1) < next_at",
        Some(900.0),
    ),
    (
        "update sync.run set heartbeat_at = clock_timestamp() where outcome = 'running' \
         and clock_timestamp() + make_interval(secs => $1) < heartbeat_at",
        Some(60.0),
    ),
];

impl PgStore {
    /// Ends leases and pauses that end further in the future than any that is given, `longest` being the longest lease:
    /// the database's clock was set back under them. Who holds such a lease and lives renews it.
    ///
    /// # Errors
    /// Database faults.
    pub async fn end_terms_ahead(&self, longest: Duration) -> Result<u64, Fault> {
        let ended = async {
            let mut ended = 0;
            for (sql, own) in TERMS {
                let query = sqlx::query(sql).bind(own.unwrap_or(longest.as_secs_f64()));
                ended += query.execute(&self.pool).await?.rows_affected();
            }
            StoreResult::Ok(ended)
        };
        answered("looking for leases and pauses from the future", ended).await
    }

    /// Takes back what the ledger of a stream claims to know of the time after `now`, and answers how many windows (or
    /// whether the snapshot) became due again or were dropped. `own_clock`: the database's clock is not the host's, so
    /// that a run's last sign of life says when it was.
    ///
    /// # Errors
    /// Database faults.
    pub async fn mend_ahead(
        &self,
        stream: &StreamKey,
        now: DateTime<Utc>,
        own_clock: bool,
    ) -> Result<u64, Fault> {
        let mended = self.mend_ahead_in_txn(stream, now, own_clock);
        answered(&format!("looking for entries of {stream} from the future"), mended).await
    }

    async fn mend_ahead_in_txn(
        &self,
        stream: &StreamKey,
        now: DateTime<Utc>,
        own_clock: bool,
    ) -> StoreResult<u64> {
        let mut transaction = self.pool.begin().await?;
        lock_in_txn(&mut transaction, stream).await?;
        let connection: &mut PgConnection = &mut transaction;
        let name = stream.stream.as_str();
        let mut mended = 0;
        for sql in [DROP, SNAPSHOT] {
            let query = sqlx::query(sql).bind(&stream.source).bind(name).bind(now);
            mended += query.execute(&mut *connection).await?.rows_affected();
        }
        let reopened = sqlx::query(REOPEN).bind(&stream.source).bind(name).bind(now).bind(own_clock);
        mended += reopened.execute(&mut *connection).await?.rows_affected();
        for sql in DATES {
            sqlx::query(sql).bind(&stream.source).bind(name).bind(now).execute(&mut *connection).await?;
        }
        let tables: Vec<&str> = stream.stream.tables().iter().map(|table| table.name).collect();
        for sql in DATES_OF_TABLE {
            sqlx::query(sql).bind(&stream.source).bind(&tables).bind(now).execute(&mut *connection).await?;
        }
        transaction.commit().await?;
        Ok(mended)
    }
}
