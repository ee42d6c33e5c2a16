//! What must hold of every table and its history, whatever happened.

use sqlx::{AssertSqlSafe, PgPool};

use super::steps::value;
use super::truth::TABLES;
use crate::support::harness::TestApp;

/// Panics unless each row's versions are numbered from 1 without a gap, follow one another in time without
/// a gap, and differ from the one before.
pub async fn assert_histories_are_whole(test: &TestApp) {
    histories_are_whole(test.pool().await).await;
}

/// The same for a product that runs elsewhere.
pub async fn histories_are_whole(pool: &PgPool) {
    for table in TABLES {
        let keys = key(table);
        let broken = format!(
            "with versions as (
                select {keys}, revision, changed_at as valid_from, null::timestamptz as valid_to,
                    content_hash, deleted_at from {table}
                union all
                select {keys}, revision, valid_from, valid_to, content_hash, deleted_at from {table}_history
            ), stepped as (
                select *, lag(revision) over w as r, lag(valid_to) over w as until,
                    lag(content_hash) over w as hash, lag(deleted_at) over w as gone
                from versions window w as (partition by {keys} order by revision)
            )
            select count(*) from stepped
            where revision <> coalesce(r, 0) + 1 or valid_from <> until or valid_to < valid_from
                or (hash = content_hash and gone is not distinct from deleted_at)"
        );
        let broken: i64 = sqlx::query_scalar(AssertSqlSafe(broken)).fetch_one(pool).await.unwrap();
        assert_eq!(broken, 0, "{table}: versions do not follow one another");
    }
}

fn key(table: &str) -> &'static str {
    match table {
        "sobot.call_result" => "source, call_log_jestid, agentid",
        "sobot.chat_result" => "source, cid, schemeid, agentid",
        "moor.queue" => "source, exten",
        _ => "source, exten, agent_number",
    }
}

/// Panics unless the windows in the ledger are apart and, from the first to the present, without a gap.
pub async fn assert_ledger_covers_all(test: &TestApp, stream: &str) {
    let overlapping_or_apart = format!(
        "select count(*) from (
            select window_start, lag(window_end) over (order by window_start) as before
            from sync.time_window where stream = '{stream}'
        ) w where before <> window_start"
    );
    assert_eq!(value::<i64>(test, &overlapping_or_apart).await, 0, "{stream}");
    let unread = format!("select count(*) from sync.time_window where stream = '{stream}' and reads = 0");
    assert_eq!(value::<i64>(test, &unread).await, 0, "{stream}");
}

/// Every row of every table of the database, as `table: text`.
pub async fn whole_database(test: &TestApp) -> Vec<String> {
    let pool = test.pool().await;
    let tables: Vec<String> = sqlx::query_scalar(
        "select format('%I.%I', schemaname, tablename) from pg_tables
         where schemaname not like 'pg\\_%' and schemaname <> 'information_schema' order by 1",
    )
    .fetch_all(pool)
    .await
    .unwrap();
    let mut texts = Vec::new();
    for table in tables {
        let sql = format!("select '{table}: ' || t::text from {table} t");
        texts.extend(sqlx::query_scalar::<_, String>(AssertSqlSafe(sql)).fetch_all(pool).await.unwrap());
    }
    texts
}
