//! Personal data in stored rows, treated anew: in small steps, beside whoever reads and writes meanwhile.
//!
//! A step is one transaction over a few of a table's blocks. Rows that somebody holds are left for the next pass.
//! What is rewritten twice is as what is rewritten once, so it may end at any time and begin again.

mod place;

use serde_json::{Map, Value as Json};
use sqlx::postgres::PgRow;
use sqlx::{AssertSqlSafe, Connection as _, Executor as _, PgConnection, Row as _};

use self::place::{Place, places};
use crate::domain::fault::{Fault, FaultKind};
use crate::domain::person::privacy::Rewrite;
use crate::store::fault::{StoreError, StoreResult};
use crate::store::ledger::quarantine::quarantine_merge;
use crate::store::ledger::walk_page::walks_forget;
use crate::store::pool::PgStore;
use crate::store::schema::derived::Misshapen;

/// Blocks of one step: half a mebibyte.
const BLOCKS: i64 = 64;

/// Shorter than PostgreSQL waits before it looks for a deadlock, so that it is never the reader who gives way.
const TRANSACTION: &str = "set local lock_timeout = '200ms'; set local statement_timeout = '60s'";

/// Passes over all tables, at most. A second one finds what was held or moved during the first.
const PASSES_MAX: usize = 5;

/// What rewriting a table comes to.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct RewrittenTable {
    /// The table.
    pub table: String,
    /// Rows changed, or to be changed.
    pub rows: u64,
    /// Rows that are still to be changed: others held them, or their new key is there already.
    pub left: u64,
}

impl PgStore {
    /// Rewrites what is stored, or, where `dry`, counts the rows that would be rewritten. Tables without such
    /// rows are not in the answer.
    ///
    /// # Errors
    /// Database faults. Steps that were done stand.
    pub async fn rewrite(&self, rewrite: &Rewrite, dry: bool) -> Result<Vec<RewrittenTable>, Fault> {
        self.rewrite_all(rewrite, dry).await.map_err(|error| error.during("rewriting personal data"))
    }

    async fn rewrite_all(&self, rewrite: &Rewrite, dry: bool) -> StoreResult<Vec<RewrittenTable>> {
        self.refuse_where_distributed("rewriting personal data").await?;
        let mut connection = self.pool.acquire().await?;
        let mut tables: Vec<RewrittenTable> = Vec::new();
        for place in places(&mut connection, rewrite).await? {
            let mut table = RewrittenTable { table: place.table.clone(), rows: 0, left: 0 };
            if dry {
                table.rows = pass(&mut connection, &place, rewrite, false).await?;
            } else {
                for _ in 0..PASSES_MAX {
                    let rows = pass(&mut connection, &place, rewrite, true).await?;
                    table.rows += rows;
                    table.left = pass(&mut connection, &place, rewrite, false).await?;
                    if table.left == 0 {
                        break;
                    }
                }
            }
            match tables.last_mut().filter(|last| last.table == table.table) {
                Some(last) => {
                    last.rows += table.rows;
                    last.left += table.left;
                }
                None if 0 < table.rows + table.left => tables.push(table),
                None => {}
            }
        }
        if !dry && !tables.is_empty() {
            walks_forget(&mut connection).await?;
        }
        Ok(tables)
    }
}

/// One look at every block; answers how many rows were, or are to be, changed.
async fn pass(
    connection: &mut PgConnection,
    place: &Place,
    rewrite: &Rewrite,
    write: bool,
) -> StoreResult<u64> {
    let blocks: i64 =
        sqlx::query_scalar("select pg_relation_size($1::regclass) / current_setting('block_size')::bigint")
            .bind(&place.lies_in)
            .fetch_one(&mut *connection)
            .await?;
    let mut rows = 0;
    for start in (0..blocks).step_by(BLOCKS as usize) {
        match step(connection, place, rewrite, (start, start + BLOCKS), write).await {
            Ok(changed) => rows += changed,
            // Somebody is in the way: it is left for the next pass.
            Err(StoreError::Sql(error)) if is_busy(&error) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(rows)
}

async fn step(
    connection: &mut PgConnection,
    place: &Place,
    rewrite: &Rewrite,
    blocks: (i64, i64),
    write: bool,
) -> StoreResult<u64> {
    let mut transaction = connection.begin().await?;
    transaction.execute(sqlx::raw_sql(TRANSACTION)).await?;
    let found = sqlx::query(AssertSqlSafe(place.select(rewrite, write)))
        .bind(format!("({},0)", blocks.0))
        .bind(format!("({},0)", blocks.1))
        .fetch_all(&mut *transaction)
        .await?;
    let mut changed = Vec::new();
    for row in &found {
        changed.extend(changed_row(place, rewrite, row)?);
    }
    if !write || changed.is_empty() {
        transaction.rollback().await?;
        return Ok(changed.len() as u64);
    }
    let mut savepoint = transaction.begin().await?;
    let rows = match update(&mut savepoint, place, &changed).await {
        Ok(rows) => {
            savepoint.commit().await?;
            rows
        }
        Err(error) if is_taken(&error) => {
            savepoint.rollback().await?;
            one_by_one(&mut transaction, place, &changed).await?
        }
        Err(error) => return Err(error.into()),
    };
    transaction.commit().await?;
    Ok(rows)
}

/// Row by row, because the new key of some is taken.
async fn one_by_one(connection: &mut PgConnection, place: &Place, changed: &[Changed]) -> StoreResult<u64> {
    let mut rows = 0;
    for row in changed {
        let mut savepoint = connection.begin().await?;
        match update(&mut savepoint, place, std::slice::from_ref(row)).await {
            Ok(count) => {
                savepoint.commit().await?;
                rows += count;
            }
            Err(error) if is_taken(&error) => {
                savepoint.rollback().await?;
                rows += merge(connection, place, row).await?;
            }
            Err(error) => return Err(error.into()),
        }
    }
    Ok(rows)
}

/// A record that a reader quarantined anew before its older entry was rewritten is one entry again; other rows
/// whose new key is taken stay as they are.
async fn merge(connection: &mut PgConnection, place: &Place, row: &Changed) -> StoreResult<u64> {
    match row.hash {
        Some(hash) if place.is_quarantine() => quarantine_merge(connection, &row.at, hash).await,
        _ => Ok(0),
    }
}

/// Somebody holds what this would need: a new key that another transaction has just written, say.
fn is_busy(error: &sqlx::Error) -> bool {
    let code = error.as_database_error().and_then(|answer| answer.code());
    code.is_some_and(|code| matches!(code.as_ref(), "40001" | "40P01" | "55P03"))
}

fn is_taken(error: &sqlx::Error) -> bool {
    error.as_database_error().is_some_and(|answer| answer.is_unique_violation())
}

/// A row's place, the new texts of its columns, and its new hash where it has one.
struct Changed {
    at: String,
    texts: Vec<Option<String>>,
    hash: Option<uuid::Uuid>,
}

fn changed_row(place: &Place, rewrite: &Rewrite, row: &PgRow) -> StoreResult<Option<Changed>> {
    let source: Option<String> = row.try_get("the_source")?;
    let mut texts = Vec::with_capacity(place.columns.len());
    let mut any = false;
    for (index, column) in place.columns.iter().enumerate() {
        let text: Option<String> = row.try_get(format!("text_{index}").as_str())?;
        let new = text.as_deref().map(|text| place.rewritten(rewrite, source.as_deref(), column, text));
        match new {
            Some(Some(new)) => {
                any = true;
                texts.push(new);
            }
            _ => texts.push(text),
        }
    }
    if !any {
        return Ok(None);
    }
    let columns: sqlx::types::Json<Map<String, Json>> = row.try_get("columns")?;
    let hash = place.hash(columns.0, &texts).map_err(|Misshapen| {
        let message = format!("a row of {} is not of its shape; it was not changed", place.table);
        StoreError::Fault(Fault::new(FaultKind::DatabaseRefused, message))
    })?;
    Ok(Some(Changed { at: row.try_get("at")?, texts, hash }))
}

async fn update(connection: &mut PgConnection, place: &Place, rows: &[Changed]) -> Result<u64, sqlx::Error> {
    let at: Vec<&str> = rows.iter().map(|row| row.at.as_str()).collect();
    let hashes: Vec<Option<uuid::Uuid>> = rows.iter().map(|row| row.hash).collect();
    let mut query = sqlx::query(AssertSqlSafe(place.update())).bind(at).bind(hashes);
    for index in 0..place.columns.len() {
        let texts: Vec<Option<String>> = rows.iter().map(|row| row.texts[index].clone()).collect();
        query = query.bind(texts);
    }
    Ok(query.execute(connection).await?.rows_affected())
}
