//! Sources that are not configured any more, told and retired.

use sqlx::{AssertSqlSafe, PgPool};

use super::{count, read, workspace};

/// Rows of a source in every relation of schema `bi` that has sources.
async fn in_bi(pool: &PgPool, source: &str) -> Vec<(String, i64)> {
    let columns: Vec<(String, String)> = sqlx::query_as(
        "select format('%I.%I', n.nspname, c.relname), a.attname
         from pg_attribute a join pg_class c on c.oid = a.attrelid join pg_namespace n on n.oid = c.relnamespace
         where n.nspname = 'bi' and c.relkind = 'v' and a.attname like '%source' and a.attnum > 0 order by 1, 2",
    )
    .fetch_all(pool)
    .await
    .unwrap();
    assert!(20 < columns.len(), "{columns:?}");
    let mut rows = Vec::new();
    for (view, column) in columns {
        let sql = format!("select count(*) from {view} where {column} = $1");
        let found: i64 = sqlx::query_scalar(AssertSqlSafe(sql)).bind(source).fetch_one(pool).await.unwrap();
        rows.push((format!("{view}.{column}"), found));
    }
    rows
}

/// A source of each kind without a configuration, in every table that a vendor fills.
async fn with_others(pool: &PgPool) {
    let tables: Vec<String> = sqlx::query_scalar(
        "select format('%I.%I', n.nspname, c.relname) from pg_class c join pg_namespace n on n.oid = c.relnamespace
         where c.relkind = 'r' and n.nspname in ('sobot', 'moor')",
    )
    .fetch_all(pool)
    .await
    .unwrap();
    for table in tables.iter().chain(&["sync.time_window".to_owned(), "sync.snapshot".to_owned()]) {
        let sql = format!(
            "insert into {table} select (jsonb_populate_record(t, '{{\"source\": \"gone\"}}')).* from {table} t"
        );
        sqlx::raw_sql(AssertSqlSafe(sql)).execute(pool).await.unwrap();
    }
    sqlx::raw_sql(
        "insert into sync.source (name, kind, erasure_name) values ('gone', 'sobot', 'gone');
         insert into sync.feed_session (source, extno, seen_to) values ('gone', '1001', now());
         insert into workbench.agent_status (source, extno, since, status_name, connection_id, message_no, revision,
                first_seen_at, changed_at, run_id)
            select 'gone', '1001', now() - interval '1 day', 'idle', gen_random_uuid(), 1, 1, now(), now(), max(id)
            from sync.run;
         insert into workbench.feed_gap (source, extno, since, until, reason, first_seen_at, changed_at, run_id)
            select 'gone', '1002', now() - interval '1 day', now(), 'disconnected', now(), now(), max(id) from sync.run",
    )
    .execute(pool)
    .await
    .unwrap();
}

#[tokio::test]
async fn a_retired_source_leaves_every_relation_of_bi_and_its_rows_stay() {
    let setup = read().await;
    let pool = setup.db.pool().await;
    let without = (in_bi(pool, "sobot").await, in_bi(pool, "moor").await);
    with_others(pool).await;
    let with: i64 = in_bi(pool, "gone").await.iter().map(|(_, rows)| rows).sum();
    assert!(0 < with);
    let stored = count(pool, "select count(*) from sobot.call_result where source = 'gone'").await;
    assert_eq!(stored, 150);
    let shown = setup.run(&["source", "retire", "gone"]).await.expect(0);
    assert!(shown.stdout.contains("  sobot.call_result: 150\n"), "{}", shown.stdout);
    assert!(0 < in_bi(pool, "gone").await.iter().map(|(_, rows)| rows).sum::<i64>());
    setup.run(&["source", "retire", "gone", "--yes"]).await.expect(0);
    let left: Vec<_> = in_bi(pool, "gone").await.into_iter().filter(|(_, rows)| 0 < *rows).collect();
    assert_eq!(left, []);
    assert_eq!((in_bi(pool, "sobot").await, in_bi(pool, "moor").await), without);
    assert_eq!(count(pool, "select count(*) from sobot.call_result where source = 'gone'").await, stored);
    setup.run(&["source", "retire", "gone", "--undo", "--yes"]).await.expect(0);
    assert_eq!(in_bi(pool, "gone").await.iter().map(|(_, rows)| rows).sum::<i64>(), with);
}

#[tokio::test]
async fn every_view_and_function_reads_vendors_tables_without_retired_sources() {
    let setup = crate::support::db::TestDb::create().await;
    let wide: Vec<String> = sqlx::query_scalar(
        r"with text as (
            select format('%I.%I', n.nspname, c.relname) as name, pg_get_viewdef(c.oid) as text
            from pg_class c join pg_namespace n on n.oid = c.relnamespace
            where c.relkind = 'v' and n.nspname in ('bi', 'sync')
            union all
            select format('%I.%I', n.nspname, p.proname), p.prosrc from pg_proc p join pg_namespace n on n.oid = p.pronamespace
            where n.nspname in ('bi', 'sync') and p.prokind = 'f' and p.proretset
        )
        select name from text
        -- These say of each source and day how far it is read, by the ledger alone.
        where name not in ('bi.day_state', 'bi.week_state', 'bi.month_state')
            -- Sums are stored of all sources; whoever reads them leaves out the retired ones.
            and name !~ '^sync\.((agent|hour|score|channel)_day|agent_week|agent_month|agent_day_of_all|(agent|part|rescored)_of_day)$'
            and (select count(*) from regexp_matches(text, '(from|join)\s+\(*((sobot|moor|workbench)\.|sync\.feed_session)', 'gi'))
            > (select count(*) from regexp_matches(text, 'not sync\.is_retired', 'gi'))
        union all
        select name from text
        where name like 'bi.%' and text ~ 'sync\.((agent|hour|score|channel|group)_day|agent_week|agent_month)\M'
            and text !~* 'not sync\.is_retired\(q\.source\)'",
    )
    .fetch_all(setup.pool().await)
    .await
    .unwrap();
    assert_eq!(
        wide,
        Vec::<String>::new(),
        "a later migration narrows what it replaces by sync.without_retired"
    );
}

#[tokio::test]
async fn nothing_of_retirement_is_left_in_a_plan_while_no_source_is_retired() {
    let setup = crate::support::db::TestDb::create().await;
    let plan = async |pool: &PgPool| -> String {
        let lines: Vec<String> = sqlx::query_scalar(
            "explain (verbose) select * from bi.quality_revision union all select * from bi.quality_revision",
        )
        .fetch_all(pool)
        .await
        .unwrap();
        lines.join("\n")
    };
    let pool = setup.pool().await;
    assert!(!plan(pool).await.contains("is_retired"), "{}", plan(pool).await);
    assert!(!plan(pool).await.contains("'gone'"));
    sqlx::raw_sql(
        "insert into sync.source (name, kind, erasure_name, retired_at, retired_by)
            values ('gone', 'sobot', 'gone', now(), 'alice'), ('it''s', 'sobot', 'its', now(), 'alice');
         select sync.retired_apply()",
    )
    .execute(pool)
    .await
    .unwrap();
    let after = plan(pool).await;
    assert!(after.contains("{gone,it''s}") && !after.contains("is_retired"), "{after}");
}

#[tokio::test]
async fn a_source_that_is_not_configured_any_more_is_told_everywhere_and_refused_once_retired() {
    let setup = read().await;
    let without = workspace(&setup, |text| {
        let (before, rest) = text.split_once("[sources.sobot]").unwrap();
        let (_, moor) = rest.split_once("[sources.moor]").unwrap();
        format!("{before}[sources.moor]{moor}")
    });
    let checked = without.run(&["check"]).await.expect(0);
    assert!(checked.stdout.contains("is not configured here"), "{}", checked.stdout);
    assert!(checked.stdout.contains("`ccsync source retire sobot --yes`"), "{}", checked.stdout);
    let status = without.run(&["status", "--json"]).await.json();
    assert_eq!(status["unconfigured"][0]["source"], "sobot", "{status}");
    let alert =
        status["alerts"].as_array().unwrap().iter().find(|alert| alert["kind"] == "source_unconfigured");
    assert_eq!(alert.unwrap()["source"], "sobot");
    let text = without.run(&["status"]).await;
    assert!(text.stdout.contains("sobot is not configured here"), "{}", text.stdout);

    let configured = setup.run(&["source", "retire", "sobot", "--yes"]).await.expect(2);
    assert!(
        configured.stderr.contains("take [sources.sobot] out of the configuration"),
        "{}",
        configured.stderr
    );
    without.run(&["source", "retire", "sobot", "--yes"]).await.expect(0);
    let status = without.run(&["status", "--json"]).await.json();
    assert_eq!(status["unconfigured"], serde_json::json!([]), "{status}");
    let told = setup.run(&["sync"]).await.expect(2);
    assert!(told.stderr.contains("`ccsync source retire sobot --undo --yes`"), "{}", told.stderr);
    setup.run(&["source", "retire", "sobot", "--undo", "--yes"]).await.expect(0);
    setup.run(&["sync"]).await.expect(0);
}
