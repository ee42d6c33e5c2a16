//! Rows on their way: binary COPY into a table that only this session sees.

use sqlx::{Error, Executor as _, PgConnection};

use crate::domain::record::Row;
use crate::domain::table::TableShape;
use crate::store::copy::CopyBuffer;
use crate::store::fault::Done;
use crate::store::statement::{Stage, copy_stage, create_stage};

/// Sent once this much has gathered: enough to make round trips cheap, little enough to hold.
const CHUNK_BYTES: usize = 256 * 1024;

/// Puts the rows, in this order, into the staging table, which must be empty.
pub(super) async fn stage_rows(
    connection: &mut PgConnection,
    table: &TableShape,
    stage: Stage,
    rows: &[&Row],
) -> Done<()> {
    connection.execute(sqlx::raw_sql(create_stage(table, stage))).await?;
    copy_rows(connection, table, stage, rows).await
}

/// The same where the staging table is known to exist.
pub(super) async fn copy_rows(
    connection: &mut PgConnection,
    table: &TableShape,
    stage: Stage,
    rows: &[&Row],
) -> Done<()> {
    let mut copy = connection.copy_in_raw(&copy_stage(table, stage)).await?;
    let mut buffer = CopyBuffer::new();
    for row in rows {
        buffer.row(row).map_err(|error| Error::Encode(error.into()))?;
        if CHUNK_BYTES <= buffer.bytes().len() {
            copy.send(buffer.bytes()).await?;
            buffer.clear();
        }
    }
    buffer.finish();
    copy.send(buffer.bytes()).await?;
    copy.finish().await?;
    Ok(())
}
