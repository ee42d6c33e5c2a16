//! What is stored already: by key and content hash, so that only what differs travels.

use chrono::{DateTime, Utc};
use sqlx::postgres::{PgArguments, PgRow};
use sqlx::query::Query;
use sqlx::{FromRow as _, PgConnection, Postgres};

use crate::domain::proof::window::TimeWindow;
use crate::domain::row::record::{ContentHash, Row};
use crate::domain::row::table::TableShape;
use crate::store::commit::transaction::Context;
use crate::store::fault::StoreResult;
use crate::store::statement::{Statement, probe};

/// Keys in one round trip.
const CHUNK_KEYS: usize = 10_000;

/// The stored version of a row.
pub(in crate::store) struct Stored {
    /// Index into the rows that were asked for.
    pub(in crate::store) index: usize,
    /// Of its content.
    pub(in crate::store) hash: ContentHash,
    /// The vendor's time of it.
    pub(in crate::store) version_at: Option<DateTime<Utc>>,
    /// Marked deleted.
    pub(in crate::store) deleted: bool,
    /// The window whose read delivered it.
    pub(in crate::store) owner: Option<TimeWindow>,
}

/// Ordinal, content hash, version, marked deleted, owner. By place: a look-up by name for each value of each row
/// shows.
type Found = (i64, uuid::Uuid, Option<DateTime<Utc>>, bool, Option<DateTime<Utc>>, Option<DateTime<Utc>>);

/// What is stored under the keys of these rows; rows that are not stored are left out.
pub(in crate::store) async fn stored_versions(
    connection: &mut PgConnection,
    context: &Context<'_>,
    table: &'static TableShape,
    rows: &[&Row],
) -> StoreResult<Vec<Stored>> {
    let mut stored = Vec::new();
    for (chunk, part) in rows.chunks(CHUNK_KEYS).enumerate() {
        let keys = key_arrays(table, part.iter().map(|row| row.key()));
        let found = query_with_keys(context, context.window, probe(table), keys);
        let found = found.try_map(|row: PgRow| Found::from_row(&row)).fetch_all(&mut *connection).await?;
        stored.extend(found.into_iter().map(|(ord, hash, version_at, deleted, start, end)| Stored {
            // Ordinals begin at 1.
            index: chunk * CHUNK_KEYS + usize::try_from(ord - 1).unwrap_or_default(),
            hash: ContentHash(hash.into_bytes()),
            version_at,
            deleted,
            owner: TimeWindow::from_bounds(start, end),
        }));
    }
    Ok(stored)
}

/// One array for each column of the key.
pub(in crate::store) fn key_arrays<'r, K: Iterator<Item = &'r str>>(
    table: &TableShape,
    keys: impl Iterator<Item = K>,
) -> Vec<Vec<&'r str>> {
    let mut arrays = vec![Vec::new(); table.key_len];
    for key in keys {
        for (array, part) in arrays.iter_mut().zip(key) {
            array.push(part);
        }
    }
    arrays
}

/// A statement with the context and the key arrays. It is planned anew each time: a plan made while the table was
/// small would be kept when it no longer is.
pub(in crate::store) fn query_with_keys<'q>(
    context: &Context<'_>,
    window: Option<TimeWindow>,
    statement: Statement,
    keys: Vec<Vec<&'q str>>,
) -> Query<'q, Postgres, PgArguments> {
    let query = context.bind(sqlx::query(statement), window);
    keys.into_iter().fold(query, |query, array| query.bind(array)).persistent(false)
}

/// Runs such a statement, and says how many rows it wrote.
pub(in crate::store) async fn run_with_keys(
    connection: &mut PgConnection,
    context: &Context<'_>,
    window: Option<TimeWindow>,
    statement: Statement,
    keys: Vec<Vec<&str>>,
) -> StoreResult<u64> {
    Ok(query_with_keys(context, window, statement, keys).execute(connection).await?.rows_affected())
}
