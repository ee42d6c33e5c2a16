//! Rows are counted as they are written and removed.

use ccsync::domain::stream::StreamId;
use sqlx::PgPool;

/// Source, stream, table and live rows: as they were counted, and as they are.
const BOTH: &str = "
    with row as (
        select source, 'sobot.call_result' as stream, 'sobot.call_result' as table_name, deleted_at from sobot.call_result
        union all select source, 'sobot.chat_result', 'sobot.chat_result', deleted_at from sobot.chat_result
        union all select source, 'moor.queue', 'moor.queue', deleted_at from moor.queue
        union all select source, 'moor.queue', 'moor.queue_member', deleted_at from moor.queue_member
        union all select source, 'moor.agent_claim_status', 'moor.agent_claim_status', deleted_at
            from moor.agent_claim_status
        union all select source, 'workbench.agent_monitor', 'workbench.agent_status', deleted_at
            from workbench.agent_status
        union all select source, 'workbench.agent_monitor', 'workbench.announcement', deleted_at
            from workbench.announcement
        union all select source, 'workbench.agent_monitor', 'workbench.call_popup', deleted_at from workbench.call_popup
    ), live as (
        select source, stream, table_name, count(*) as live from row where deleted_at is null
        group by source, stream, table_name
    )
    select concat_ws('/', source, stream, table_name), coalesce(c.live, 0), coalesce(l.live, 0)
    from sync.row_count c
    full join live l using (source, stream, table_name)
    where coalesce(c.live, 0) <> coalesce(l.live, 0)";

/// Counts the rows of all streams of these sources (a relation `v`) anew.
pub fn count_anew(sources: &str) -> String {
    let of_stream = |stream: StreamId| {
        let tables: Vec<_> = stream.counted_tables().collect();
        let tables = tables.join(",");
        format!(
            "select sync.row_count_refresh(v.source, '{stream}', '{{{tables}}}') from {sources} where v.stream = '{stream}';"
        )
    };
    StreamId::all().map(of_stream).collect()
}

/// Panics where a number of live rows is not what was counted.
pub async fn assert_rows_are_counted(pool: &PgPool) {
    let wrong: Vec<(String, i64, i64)> = sqlx::query_as(BOTH).fetch_all(pool).await.unwrap();
    assert!(wrong.is_empty(), "table, rows counted, rows: {wrong:?}");
}
