//! `sync.quarantine` as an operator deals with it: looked at, read again, dropped.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use sqlx::postgres::PgRow;
use sqlx::{Connection as _, Executor as _, PgConnection, Row as _};
use tracing::Instrument as _;

use crate::domain::fault::{Fault, FaultKind};
use crate::domain::proof::quarantine::{QuarantineEntry, QuarantineFilter};
use crate::domain::proof::run::{Counts, RunId};
use crate::domain::proof::window::TimeWindow;
use crate::domain::row::record::Row;
use crate::domain::row::text::storable;
use crate::domain::stream::{StreamId, StreamKey};
use crate::store::answered::{answered, in_time};
use crate::store::commit::agent::agents_update_in_txn;
use crate::store::commit::merge::{by_table, merge_table};
use crate::store::commit::owner::OwnedRows;
use crate::store::commit::row_count::{RowCountChange, row_count_add_in_txn};
use crate::store::commit::transaction::{Context, TRANSACTION};
use crate::store::fault::{StoreError, StoreResult};
use crate::store::ledger::run::run_add_in_txn;
use crate::store::pool::PgStore;
use crate::store::privacy::forgotten::list_hold_in_txn;

const ENTRIES: &str = r#"
select id, source, stream, window_start, window_end, reason, first_seen_at, last_seen_at, seen, state,
    resolved_at, decision, run_id, case when $5 then payload end as payload
from sync.quarantine
where ($1::bigint[] is null or id = any($1))
    and ($2::text is null or source = $2)
    and ($3::text is null or stream = $3)
    and ($4 or state = 'open')
order by id
"#;

impl PgStore {
    /// The entries, by number.
    ///
    /// # Errors
    /// Database faults.
    pub async fn quarantined(&self, filter: &QuarantineFilter) -> Result<Vec<QuarantineEntry>, Fault> {
        answered("reading the quarantine", entries(self, filter)).await
    }

    /// Stores the rows that an open entry gave and marks it retried, in one transaction, by the rules of
    /// [`commit`](crate::engine::port::store::Store::commit). Checkpoints and rows that the entry does not name stay
    /// as they are. `None`: the entry is not open any more, and nothing was written.
    ///
    /// # Errors
    /// Database faults; nothing was written then.
    pub async fn commit_retried(
        &self,
        entry: &QuarantineEntry,
        rows: &[Row],
        run: RunId,
        now: DateTime<Utc>,
    ) -> Result<Option<Counts>, Fault> {
        let doing = format!("storing the quarantined record {} of {}", entry.id, entry.key);
        let (pool, entry, rows) = (self.pool.clone(), entry.clone(), rows.to_vec());
        let limited = doing.clone();
        // A task of its own, as every commit: a caller that stops waiting must not drop a COPY half way.
        let task = async move {
            let mut connection = pool.acquire().await?;
            let outcome = in_time(&limited, retried_on(&mut connection, &entry, &rows, run, now)).await;
            if outcome.is_err() {
                // Whatever state it is in, it serves nobody again.
                connection.close_on_drop();
            }
            outcome
        };
        match tokio::spawn(task.in_current_span()).await {
            Ok(outcome) => outcome.map_err(|error: StoreError| error.during(&doing)),
            Err(_) => Err(Fault::new(
                FaultKind::DatabaseUnreachable,
                format!("{doing}: it was stopped before it ended; trying again is safe"),
            )),
        }
    }

    /// Notes why an open entry still cannot be read.
    ///
    /// # Errors
    /// Database faults.
    pub async fn still_unreadable(&self, id: i64, reason: &str) -> Result<(), Fault> {
        let noted = sqlx::query("update sync.quarantine set reason = $2 where id = $1 and state = 'open'")
            .bind(id)
            .bind(storable(reason))
            .execute(&self.pool);
        answered(&format!("noting why the quarantined record {id} cannot be read"), noted).await.map(|_| ())
    }

    /// Drops open entries: all of them, or none when one of them is not there or not open. Answers those
    /// that stood in the way.
    ///
    /// # Errors
    /// Database faults.
    pub async fn drop_quarantined(
        &self,
        ids: &[i64],
        decision: &str,
        now: DateTime<Utc>,
    ) -> Result<Vec<i64>, Fault> {
        answered("dropping quarantined records", dropped(self, ids, decision, now)).await
    }
}

async fn entries(store: &PgStore, filter: &QuarantineFilter) -> StoreResult<Vec<QuarantineEntry>> {
    let rows = sqlx::query(ENTRIES)
        .bind(filter.ids.clone())
        .bind(filter.source.clone())
        .bind(filter.stream.map(StreamId::as_str))
        .bind(filter.closed_too)
        .bind(filter.payload)
        .fetch_all(&store.pool)
        .await?;
    rows.iter().map(entry).collect()
}

fn entry(row: &PgRow) -> StoreResult<QuarantineEntry> {
    let id = row.try_get("id")?;
    let stream: String = row.try_get("stream")?;
    let stream: StreamId = stream.parse().map_err(|why| {
        Fault::new(FaultKind::DatabaseRefused, format!("reading the quarantined record {id}: {why}"))
    })?;
    let start: Option<DateTime<Utc>> = row.try_get("window_start")?;
    let end: Option<DateTime<Utc>> = row.try_get("window_end")?;
    Ok(QuarantineEntry {
        id,
        key: StreamKey { source: row.try_get("source")?, stream },
        window: TimeWindow::from_bounds(start, end),
        reason: row.try_get("reason")?,
        first_seen_at: row.try_get("first_seen_at")?,
        last_seen_at: row.try_get("last_seen_at")?,
        seen: row.try_get("seen")?,
        state: row.try_get("state")?,
        resolved_at: row.try_get("resolved_at")?,
        decision: row.try_get("decision")?,
        run_id: row.try_get("run_id")?,
        payload: row.try_get("payload")?,
    })
}

async fn retried_on(
    connection: &mut PgConnection,
    entry: &QuarantineEntry,
    rows: &[Row],
    run: RunId,
    now: DateTime<Utc>,
) -> StoreResult<Option<Counts>> {
    let mut transaction = connection.begin().await?;
    transaction.execute(sqlx::raw_sql(TRANSACTION)).await?;
    // Somebody may have been forgotten since the record was looked up.
    list_hold_in_txn(&mut transaction).await?;
    let same: bool = sqlx::query_scalar(
        "select exists (select from sync.quarantine where id = $1 and ($2::text is null or payload = $2))",
    )
    .bind(entry.id)
    .bind(&entry.payload)
    .fetch_one(&mut *transaction)
    .await?;
    if !same {
        transaction.rollback().await?;
        return Ok(None);
    }
    let context = Context {
        source: &entry.key.source,
        window: entry.window,
        run,
        now,
        overrule: false,
        is_repeated: true,
    };
    let mut counts = Counts { rows_read: 1, ..Counts::default() };
    let mut rows_changed = RowCountChange::default();
    let mut of_table = by_table(rows, &mut counts.superseded);
    for table in entry.key.stream.tables() {
        let rows = of_table.remove(table.name).unwrap_or_default();
        let merged = merge_table(&mut transaction, &context, table, &rows, &OwnedRows::default()).await?;
        counts.inserted += merged.inserted;
        counts.updated += merged.updated;
        counts.unchanged += merged.unchanged;
        counts.superseded += merged.superseded;
        rows_changed.add(&entry.key, table.name, merged.inserted + merged.restored, 0);
        agents_update_in_txn(&mut transaction, &context, table, &merged.written).await?;
    }
    // Fact rows first, then the entry: the order of a commit, so that the two cannot lock each other out.
    let marked = sqlx::query(
        "update sync.quarantine set state = 'retried', resolved_at = $2 where id = $1 and state = 'open'",
    )
    .bind(entry.id)
    .bind(now)
    .execute(&mut *transaction)
    .await?;
    if marked.rows_affected() == 0 {
        transaction.rollback().await?;
        return Ok(None);
    }
    row_count_add_in_txn(&mut transaction, &rows_changed).await?;
    run_add_in_txn(&mut transaction, run, &counts, None).await?;
    transaction.commit().await?;
    Ok(Some(counts))
}

async fn dropped(store: &PgStore, ids: &[i64], decision: &str, now: DateTime<Utc>) -> StoreResult<Vec<i64>> {
    let wanted: BTreeSet<i64> = ids.iter().copied().collect();
    let mut transaction = store.pool.begin().await?;
    let done: Vec<i64> = sqlx::query_scalar(
        r#"
        update sync.quarantine set state = 'dropped', resolved_at = $3, decision = $2
        where id = any($1) and state = 'open'
        returning id
        "#,
    )
    .bind(ids)
    .bind(storable(decision))
    .bind(now)
    .fetch_all(&mut *transaction)
    .await?;
    let missing: Vec<i64> = wanted.into_iter().filter(|id| !done.contains(id)).collect();
    if missing.is_empty() {
        transaction.commit().await?
    } else {
        transaction.rollback().await?
    }
    Ok(missing)
}
