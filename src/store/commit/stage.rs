//! Rows on their way: binary COPY into the fact table, or into a table that only this session sees.

use sqlx::{Error, Executor as _, PgConnection};

use crate::domain::row::record::Row;
use crate::domain::row::table::TableShape;
use crate::store::commit::copy::{CHUNK_BYTES, CopyBuffer};
use crate::store::commit::transaction::Context;
use crate::store::fault::StoreResult;
use crate::store::statement::touched::expect_touched;
use crate::store::statement::{Stage, copy_new, copy_stage, create_stage, stage_name};
use crate::telemetry::failpoint::{Failpoint, failpoint};

/// Puts the rows, in this order, into the staging table, which must be empty.
pub(in crate::store) async fn stage_rows(
    connection: &mut PgConnection,
    table: &TableShape,
    stage: Stage,
    rows: &[&Row],
) -> StoreResult<()> {
    connection.execute(sqlx::raw_sql(create_stage(table, stage))).await?;
    copy_rows(connection, table, stage, rows).await
}

/// The same where the staging table is known to exist.
pub(in crate::store) async fn copy_rows(
    connection: &mut PgConnection,
    table: &TableShape,
    stage: Stage,
    rows: &[&Row],
) -> StoreResult<()> {
    let copied = send(connection, &copy_stage(table, stage), rows, CopyBuffer::row).await?;
    expect_touched(&stage_name(table, stage), "staging rows", rows.len(), copied)
}

/// Puts rows that are not stored yet, in this order, straight into the fact table. A row that another worker has
/// stored meanwhile stops it all.
pub(in crate::store) async fn copy_first_versions(
    connection: &mut PgConnection,
    context: &Context<'_>,
    table: &TableShape,
    rows: &[&Row],
) -> StoreResult<()> {
    let write = |buffer: &mut CopyBuffer, row: &Row| buffer.first_version(context, row);
    let copied = send(connection, &copy_new(table), rows, write).await?;
    expect_touched(table.name, "storing new rows", rows.len(), copied)
}

/// Answers how many rows the database took.
async fn send(
    connection: &mut PgConnection,
    statement: &str,
    rows: &[&Row],
    write: impl Fn(&mut CopyBuffer, &Row) -> Result<(), serde_json::Error>,
) -> StoreResult<u64> {
    let mut copy = connection.copy_in_raw(statement).await?;
    let mut buffer = CopyBuffer::new();
    for row in rows {
        write(&mut buffer, row).map_err(|error| Error::Encode(error.into()))?;
        if CHUNK_BYTES <= buffer.bytes().len() {
            copy.send(buffer.bytes()).await?;
            buffer.clear();
        }
    }
    buffer.finish();
    copy.send(buffer.bytes()).await?;
    failpoint(Failpoint::RowsStaged).await?;
    Ok(copy.finish().await?)
}
