//! `sync.row_count`: live rows of each table, told by whoever writes or removes them, in the same transaction.
//!
//! To be called behind all that locks fact rows, and before the counts of a run: whoever waits here for another worker
//! holds nothing that the other one waits for.

use std::collections::BTreeMap;

use sqlx::PgConnection;

use crate::domain::stream::{StreamId, StreamKey};
use crate::store::fault::StoreResult;
use crate::store::statement::touched::expect_touched;

/// The stream whose rows lie in a table, with the table's own name; `None` where they are not counted.
pub(in crate::store) fn counted_as(table: &str) -> Option<(StreamId, &'static str)> {
    StreamId::all().find_map(|stream| {
        let name = stream.spec().counted_tables().find(|name| *name == table)?;
        Some((stream, name))
    })
}

/// Live rows that came or went, by source, stream and table.
#[derive(Default)]
pub(in crate::store) struct RowCountChange(BTreeMap<(String, StreamId, &'static str), i64>);

impl RowCountChange {
    /// Rows of a table that became live, and rows that ceased to be.
    pub(in crate::store) fn add(&mut self, stream: &StreamKey, table: &'static str, came: u64, went: u64) {
        let change = i64::try_from(came).unwrap_or(i64::MAX) - i64::try_from(went).unwrap_or(i64::MAX);
        *self.0.entry((stream.source.to_string(), stream.stream, table)).or_default() += change;
    }
}

/// Adds what changed. Writes nothing where nothing did.
pub(in crate::store) async fn row_count_add_in_txn(
    connection: &mut PgConnection,
    change: &RowCountChange,
) -> StoreResult<()> {
    let changed: Vec<_> = change.0.iter().filter(|(_, change)| **change != 0).collect();
    if changed.is_empty() {
        return Ok(());
    }
    // Sorted: all workers lock in one order.
    let done = sqlx::query(
        r#"
        insert into sync.row_count as r (source, stream, table_name, live)
        select * from unnest($1::text[], $2::text[], $3::text[], $4::bigint[])
        on conflict (source, stream, table_name) do update set live = r.live + excluded.live
        "#,
    )
    .bind(changed.iter().map(|((source, ..), _)| source.as_str()).collect::<Vec<_>>())
    .bind(changed.iter().map(|((_, stream, _), _)| stream.as_str()).collect::<Vec<_>>())
    .bind(changed.iter().map(|((.., table), _)| *table).collect::<Vec<_>>())
    .bind(changed.iter().map(|(_, change)| **change).collect::<Vec<_>>())
    .execute(connection)
    .await?;
    expect_touched("sync.row_count", "counting rows", changed.len(), done.rows_affected())
}

/// Counts a stream's rows anew: some may have been removed or added by hand.
pub(in crate::store) async fn row_count_refresh_in_txn(
    connection: &mut PgConnection,
    stream: &StreamKey,
) -> StoreResult<()> {
    sqlx::query("select sync.row_count_refresh($1, $2, $3)")
        .bind(&stream.source)
        .bind(stream.stream.as_str())
        .bind(stream.stream.counted_tables().collect::<Vec<_>>())
        .execute(connection)
        .await?;
    Ok(())
}
