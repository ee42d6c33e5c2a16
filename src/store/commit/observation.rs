//! `sync.observation`: rows that a window contains although another one owns them.
//!
//! A row on a common bound is contained in two windows at every read, and a vendor whose bounds move shows a
//! row in the neighbour before its owning window misses it. The neighbour may never be read again, so what it showed
//! is remembered: written once, kept while its reads go on containing the row, and gone when one does not.

use std::collections::HashSet;

use sqlx::PgConnection;
use sqlx::types::Json;

use crate::domain::proof::window::TimeWindow;
use crate::store::commit::absence::{Key, Seen};
use crate::store::commit::owner::{assign_window, read_again};
use crate::store::commit::transaction::Context;
use crate::store::fault::StoreResult;
use crate::store::statement::touched::expect_touched;

/// Brings the observations of this window up to date: `owned_elsewhere` are the keys that the read contained and that
/// are owned by another window. A doubtful read adds and takes nothing away.
pub(in crate::store) async fn observations_update(
    connection: &mut PgConnection,
    context: &Context<'_>,
    window: TimeWindow,
    seen: &Seen<'_>,
    owned_elsewhere: &[Key],
) -> StoreResult<()> {
    let noted: Vec<Key> = sqlx::query_scalar(
        "select key from sync.observation where source = $1 and table_name = $2 and window_start = $3 and window_end = $4",
    )
    .bind(context.source)
    .bind(seen.table.name)
    .bind(window.start)
    .bind(window.end)
    .fetch_all(&mut *connection)
    .await?;
    let noted: HashSet<&Key> = noted.iter().collect();
    let new: Vec<&Key> = owned_elsewhere.iter().filter(|key| !noted.contains(key)).collect();
    if !new.is_empty() {
        let noted = sqlx::query(
            r#"
            insert into sync.observation as s (source, table_name, key, window_start, window_end, seen_at)
            select $1, $2, array(select jsonb_array_elements_text(k.key)), $3, $4, $5
            from jsonb_array_elements($6) as k(key)
            on conflict (source, table_name, key, window_start) do update
            set window_end = excluded.window_end, seen_at = excluded.seen_at
            "#,
        )
        .bind(context.source)
        .bind(seen.table.name)
        .bind(window.start)
        .bind(window.end)
        .bind(context.now)
        .bind(Json(&new))
        .execute(&mut *connection)
        .await?;
        let purpose = "noting rows of other windows";
        expect_touched("sync.observation", purpose, new.len(), noted.rows_affected())?;
    }
    let owned_elsewhere: HashSet<&Key> = owned_elsewhere.iter().collect();
    let over: Vec<&Key> = noted.into_iter().filter(|key| !owned_elsewhere.contains(key)).collect();
    if !seen.closed || over.is_empty() {
        return Ok(());
    }
    sqlx::query(
        r#"
        delete from sync.observation
        where source = $1 and table_name = $2 and window_start = $3
            and key in (
                select array(select jsonb_array_elements_text(k.key)) from jsonb_array_elements($4) as k(key)
            )
        "#,
    )
    .bind(context.source)
    .bind(seen.table.name)
    .bind(window.start)
    .bind(Json(&over))
    .execute(connection)
    .await?;
    Ok(())
}

/// Moves those of the missing rows that another window contains there, and takes them off the list. The windows that
/// cover their new owning window now are due again at once, since they have to confirm them.
pub(in crate::store) async fn move_to_observed(
    connection: &mut PgConnection,
    context: &Context<'_>,
    stream: &str,
    window: TimeWindow,
    seen: &Seen<'_>,
    missing: &mut Vec<Key>,
) -> StoreResult<Vec<Key>> {
    if missing.is_empty() {
        return Ok(Vec::new());
    }
    // Of several windows the one that was read last knows best.
    let found: Vec<(Key, chrono::DateTime<chrono::Utc>, chrono::DateTime<chrono::Utc>)> = sqlx::query_as(
        r#"
        select distinct on (s.key) s.key, s.window_start, s.window_end
        from sync.observation s
        left join sync.time_window w on w.source = s.source and w.stream = $6
            and w.window_start = s.window_start and w.window_end = s.window_end
        where s.source = $1 and s.table_name = $2 and (s.window_start, s.window_end) <> ($3, $4)
            and s.key in (
                select array(select jsonb_array_elements_text(k.key)) from jsonb_array_elements($5) as k(key)
            )
        order by s.key, w.read_at desc nulls last, s.seen_at desc
        "#,
    )
    .bind(context.source)
    .bind(seen.table.name)
    .bind(window.start)
    .bind(window.end)
    .bind(Json(&*missing))
    .bind(stream)
    .fetch_all(&mut *connection)
    .await?;
    let mut moved = Vec::with_capacity(found.len());
    for (key, start, end) in found {
        let Some(owner) = TimeWindow::new(start, end) else { continue };
        let keys = std::iter::once(key.iter().map(String::as_str));
        assign_window(connection, context, seen.table, owner, keys).await?;
        sqlx::query(
            "delete from sync.observation where source = $1 and table_name = $2 and key = $3 and window_start = $4",
        )
        .bind(context.source)
        .bind(seen.table.name)
        .bind(&key)
        .bind(owner.start)
        .execute(&mut *connection)
        .await?;
        read_again(connection, context, stream, owner, window).await?;
        moved.push(key);
    }
    let observed: HashSet<&Key> = moved.iter().collect();
    missing.retain(|key| !observed.contains(key));
    Ok(moved)
}

/// What a replaced window contained is taken to be in what remains of it.
pub(in crate::store) async fn observations_replace(
    connection: &mut PgConnection,
    context: &Context<'_>,
    seen: &Seen<'_>,
    old: TimeWindow,
    rest: Option<TimeWindow>,
) -> StoreResult<()> {
    sqlx::query(
        r#"
        with old as (
            delete from sync.observation
            where source = $1 and table_name = $2 and window_start = $3 and window_end = $4
                and (window_start <> $5 or $5::timestamptz is null)
            returning key, seen_at
        )
        insert into sync.observation (source, table_name, key, window_start, window_end, seen_at)
        select $1, $2, key, $5, $6, seen_at from old
        where $5::timestamptz is not null
        on conflict do nothing
        "#,
    )
    .bind(context.source)
    .bind(seen.table.name)
    .bind(old.start)
    .bind(old.end)
    .bind(rest.map(|rest| rest.start))
    .bind(rest.map(|rest| rest.end))
    .execute(connection)
    .await?;
    Ok(())
}
