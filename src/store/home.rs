//! Homes that are no window any more.

use chrono::{DateTime, Utc};
use sqlx::{AssertSqlSafe, PgConnection};

use crate::domain::table::TableShape;
use crate::domain::window::TimeWindow;
use crate::store::absence::Seen;
use crate::store::commit::Context;
use crate::store::fault::Done;
use crate::store::statement::{Statement, move_all_home};

/// Homes of live rows that overlap [$3, $4) and reach beyond it, none of them begun before $2.
fn homes_beyond(table: &TableShape) -> Statement {
    AssertSqlSafe(format!(
        "select distinct t.window_start, t.window_end from {} t \
         where t.source = $1 and ($2::timestamptz is null or t.window_start >= $2) and t.window_start < $4 \
         and t.window_end > $3 and (t.window_start < $3 or $4 < t.window_end) and t.deleted_at is null",
        table.name,
    ))
}

/// Rows whose home reaches beyond this window are from windows of another length, and no read of today's would
/// ever miss them. What is not here can only be in the rest of the old home. After a doubtful read that is not
/// known: then it counts as at home here, where it will be missed if it is gone.
pub(super) async fn leave_old_homes(
    connection: &mut PgConnection,
    context: &Context<'_>,
    window: TimeWindow,
    seen: &Seen<'_>,
    since: Option<DateTime<Utc>>,
) -> Done<()> {
    let homes: Vec<(DateTime<Utc>, DateTime<Utc>)> = sqlx::query_as(homes_beyond(seen.table))
        .bind(context.source)
        .bind(since)
        .bind(window.start)
        .bind(window.end)
        .persistent(false)
        .fetch_all(&mut *connection)
        .await?;
    for home in homes.into_iter().filter_map(|(start, end)| TimeWindow::new(start, end)) {
        let rest = home.subtract(&[window]).into_iter().next_back().filter(|_| seen.closed);
        let rest = rest.unwrap_or(window);
        sqlx::query(move_all_home(seen.table))
            .bind(context.source)
            .bind(home.start)
            .bind(home.end)
            .bind(rest.start)
            .bind(rest.end)
            .execute(&mut *connection)
            .await?;
    }
    Ok(())
}
