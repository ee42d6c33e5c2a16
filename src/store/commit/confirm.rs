//! Whether a row that left its window could be in one that was not read since.

use std::collections::HashSet;

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use crate::domain::proof::window::TimeWindow;
use crate::domain::stream::StreamId;
use crate::store::commit::transaction::Context;
use crate::store::fault::StoreResult;

/// Those of the instants `since` up to which nothing is left unread: each later window of the ledger was
/// read after its end, or after the instant.
///
/// A result that is scored again leaves its window for the one of the new score. Where that one could not
/// be read, its worker was killed or the vendor fails there, the row is absent and by no means gone.
pub(in crate::store) async fn confirmed_absences(
    connection: &mut PgConnection,
    context: &Context<'_>,
    stream: StreamId,
    window: TimeWindow,
    since: &[DateTime<Utc>],
) -> StoreResult<HashSet<DateTime<Utc>>> {
    if since.is_empty() {
        return Ok(HashSet::new());
    }
    let confirmed: Vec<DateTime<Utc>> = sqlx::query_scalar(
        r#"
        select since from unnest($4::timestamptz[]) as since
        where not exists (
            select from sync.time_window
            where source = $1 and stream = $2 and window_start >= $3 and window_start < since
                and (read_at is null or read_at < least(window_end, since))
        )
        "#,
    )
    .bind(context.source)
    .bind(stream.as_str())
    .bind(window.end)
    .bind(since)
    .fetch_all(connection)
    .await?;
    Ok(confirmed.into_iter().collect())
}
