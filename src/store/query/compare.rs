//! The delivered tables held against what a vendor says now: typed columns and `extra`, not stored hashes, so
//! that damage done behind our back is found as well.

use std::collections::HashMap;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use sqlx::postgres::PgRow;
use sqlx::types::Json;
use sqlx::{Connection as _, Executor as _, FromRow as _, PgConnection, Row as _};
use tracing::Instrument as _;

use crate::domain::fault::{Fault, FaultKind};
use crate::domain::proof::absence::AbsenceCase;
use crate::domain::proof::window::TimeWindow;
use crate::domain::row::record::{Reject, Row};
use crate::domain::row::table::TableShape;
use crate::domain::stream::StreamKey;
use crate::engine::port::compare::{Compare, Comparison, Difference, DifferenceKind};
use crate::store::answered::{answered, in_time};
use crate::store::commit::absence::Key;
use crate::store::commit::absence_note::noted_of;
use crate::store::commit::merge::by_table;
use crate::store::commit::stage::copy_rows;
use crate::store::fault::StoreResult;
use crate::store::ledger::quarantine::count_dropped;
use crate::store::pool::PgStore;
use crate::store::statement::{Stage, create_stage, differing, not_staged, orphaned};

/// A statement may look at a whole table; nobody waits for its locks.
const COMPARING: &str = "set transaction isolation level repeatable read; set local random_page_cost = 1.1;";

#[async_trait]
impl Compare for PgStore {
    /// It runs as a task of its own: the driver loses count of the answers when a COPY is dropped.
    async fn compare(
        &self,
        stream: &StreamKey,
        window: Option<TimeWindow>,
        rows: Vec<Row>,
        read_at: Option<DateTime<Utc>>,
    ) -> Result<Comparison, Fault> {
        let doing = format!("comparing the tables of {stream} with the vendor");
        let store = self.clone();
        let asked = Asked { key: stream.clone(), window, read_at };
        let limited = doing.clone();
        let task = async move {
            let mut connection = store.pool.acquire().await?;
            let outcome = in_time(&limited, compare_on(&mut connection, &asked, &rows)).await;
            if outcome.is_err() {
                // Whatever state it is in, it serves nobody again.
                connection.close_on_drop();
            }
            outcome
        };
        match tokio::spawn(task.in_current_span()).await {
            Ok(outcome) => outcome.map_err(|error| error.during(&doing)),
            Err(_) => Err(Fault::new(FaultKind::DatabaseUnreachable, format!("{doing}: it was stopped"))),
        }
    }

    async fn orphaned(&self, stream: &StreamKey) -> Result<Vec<Difference>, Fault> {
        let mut all = Vec::new();
        for table in stream.stream.tables() {
            let rows = sqlx::query_as(orphaned(table))
                .bind(&stream.source)
                .bind(stream.stream.as_str())
                .fetch_all(&self.pool);
            let doing = format!("looking for rows of {} that no window holds", table.name);
            let rows: Vec<Orphaned> = answered(&doing, rows).await?;
            for (key, start, end) in rows {
                let owner = TimeWindow::from_bounds(start, end);
                all.push(extra(table, key, owner, None));
            }
        }
        Ok(all)
    }

    async fn dropped(&self, stream: &StreamKey, rejects: &[Reject]) -> Result<u64, Fault> {
        let doing = format!("looking for records of {stream} that were dropped");
        answered(&doing, count_dropped(&self.pool, stream, rejects)).await
    }

    async fn open_alarms(&self, stream: &StreamKey) -> Result<Vec<AbsenceCase>, Fault> {
        let is_ours =
            |case: &AbsenceCase| case.alarm.source == stream.source && case.alarm.stream == stream.stream;
        Ok(self.alarms().await?.into_iter().filter(is_ours).collect())
    }
}

/// Key, and the owning window that it claims.
type Orphaned = (Key, Option<DateTime<Utc>>, Option<DateTime<Utc>>);

struct Asked {
    key: StreamKey,
    window: Option<TimeWindow>,
    read_at: Option<DateTime<Utc>>,
}

async fn compare_on(connection: &mut PgConnection, asked: &Asked, rows: &[Row]) -> StoreResult<Comparison> {
    let mut of_table = by_table(rows, &mut 0);
    let mut transaction = connection.begin().await?;
    transaction.execute(sqlx::raw_sql(COMPARING)).await?;
    for table in asked.key.stream.tables() {
        transaction.execute(sqlx::raw_sql(create_stage(table, Stage::Compared))).await?;
    }
    // Not before: a transaction that only reads creates nothing, not even this.
    transaction.execute("set transaction read only").await?;
    let mut comparison = Comparison::default();
    for table in asked.key.stream.tables() {
        let rows = of_table.remove(table.name).unwrap_or_default();
        copy_rows(&mut transaction, table, Stage::Compared, &rows).await?;
        compare_staged(&mut transaction, asked, table, &mut comparison).await?;
        find_extra(&mut transaction, asked, table, &mut comparison).await?;
    }
    // What stays is the empty staging table, for the next window.
    transaction.commit().await?;
    Ok(comparison)
}

/// A staged row that the table does not have like this, or that another window owns.
#[derive(sqlx::FromRow)]
pub(in crate::store) struct Differing {
    pub(in crate::store) key: Key,
    absent: bool,
    deleted: bool,
    columns: Vec<String>,
    sent: Option<DateTime<Utc>>,
    kept: Option<DateTime<Utc>>,
    is_elsewhere: bool,
}

impl Differing {
    /// The stored row is not what the vendor sent here, and the vendor has no later version elsewhere.
    pub(in crate::store) fn is_damaged(&self) -> bool {
        let older_here = self.is_elsewhere && self.is_earlier_version();
        !older_here && !self.columns.is_empty()
    }

    fn is_earlier_version(&self) -> bool {
        self.sent.zip(self.kept).is_some_and(|(sent, kept)| sent < kept)
    }
}

/// What the staged rows differ in, and those whose owning window is not `window`.
pub(in crate::store) async fn differing_rows(
    connection: &mut PgConnection,
    source: &str,
    table: &TableShape,
    stage: Stage,
    window: Option<TimeWindow>,
) -> StoreResult<Vec<Differing>> {
    let found = sqlx::query(differing(table, stage))
        .bind(source.to_owned())
        .bind(window.map(|window| window.start))
        .bind(window.map(|window| window.end))
        .persistent(false)
        .fetch_all(connection)
        .await?;
    found.iter().map(|row| Ok(Differing::from_row(row)?)).collect()
}

async fn compare_staged(
    connection: &mut PgConnection,
    asked: &Asked,
    table: &'static TableShape,
    comparison: &mut Comparison,
) -> StoreResult<()> {
    let found = differing_rows(connection, &asked.key.source, table, Stage::Compared, asked.window).await?;
    for row in found {
        if row.is_elsewhere && !row.deleted {
            comparison.elsewhere.push((table.name, row.key.clone()));
            if row.is_earlier_version() {
                continue;
            }
        }
        let is_missing = row.absent || row.deleted;
        if !is_missing && row.columns.is_empty() {
            continue;
        }
        comparison.differences.push(Difference {
            kind: if is_missing { DifferenceKind::Missing } else { DifferenceKind::Stale },
            table: table.name,
            key: row.key,
            window: asked.window,
            columns: if is_missing { Vec::new() } else { row.columns },
            newer: row.sent.zip(asked.read_at).is_some_and(|(sent, read_at)| read_at < sent),
            pending: false,
            absent_since: None,
        });
    }
    Ok(())
}

async fn find_extra(
    connection: &mut PgConnection,
    asked: &Asked,
    table: &'static TableShape,
    comparison: &mut Comparison,
) -> StoreResult<()> {
    let mut query =
        sqlx::query_scalar::<_, Key>(not_staged(table, asked.window.is_some())).bind(&asked.key.source);
    if let Some(window) = asked.window {
        query = query.bind(window.start).bind(window.end);
    }
    let keys = query.persistent(false).fetch_all(&mut *connection).await?;
    if keys.is_empty() {
        return Ok(());
    }
    let absent = absent_since(connection, asked, table, &keys).await?;
    comparison.observed_in.extend(observed_elsewhere(connection, asked, table, &keys).await?);
    comparison.differences.extend(keys.into_iter().map(|key| {
        let since = absent.get(&key).copied();
        extra(table, key, asked.window, since)
    }));
    Ok(())
}

fn extra(
    table: &TableShape,
    key: Key,
    window: Option<TimeWindow>,
    absent_since: Option<DateTime<Utc>>,
) -> Difference {
    Difference {
        kind: DifferenceKind::Extra,
        table: table.name,
        key,
        window,
        columns: Vec::new(),
        newer: false,
        pending: absent_since.is_some(),
        absent_since,
    }
}

async fn absent_since(
    connection: &mut PgConnection,
    asked: &Asked,
    table: &TableShape,
    keys: &[Key],
) -> StoreResult<HashMap<Key, DateTime<Utc>>> {
    Ok(noted_of(connection, &asked.key.source, table, keys).await?.into_iter().collect())
}

async fn observed_elsewhere(
    connection: &mut PgConnection,
    asked: &Asked,
    table: &TableShape,
    keys: &[Key],
) -> StoreResult<Vec<TimeWindow>> {
    let observed_elsewhere = sqlx::query(
        r#"
        select distinct window_start, window_end from sync.observation
        where source = $1 and table_name = $2
            and key in (
                select array(select jsonb_array_elements_text(k.key)) from jsonb_array_elements($3) as k(key)
            )
        "#,
    );
    let rows = observed_elsewhere
        .bind(&asked.key.source)
        .bind(table.name)
        .bind(Json(keys))
        .fetch_all(connection)
        .await?;
    let window = |row: &PgRow| -> StoreResult<Option<TimeWindow>> {
        Ok(TimeWindow::new(row.try_get("window_start")?, row.try_get("window_end")?))
    };
    rows.iter().filter_map(|row| window(row).transpose()).collect()
}
