//! Histories cut into months, of a database that is in use.

use std::time::Duration;

use ccsync::domain::stream::StreamKey;
use ccsync::engine::port::retention::{Retention as _, RetentionOrder};
use ccsync::engine::port::store::Scope;
use chrono::{DateTime, Utc};
use sqlx::{AssertSqlSafe, Connection as _, PgConnection};
use uuid::Uuid;

use crate::data::store::support::*;
use crate::support::process::{Setup, recent_world};

/// Everything of the analysts' schemas but the rows: columns, comments, rights, indexes, views.
const SHAPE: &str = "
select format('%s.%s %s not null %s: %s', n.nspname, c.relname, a.attname, a.attnotnull, col_description(c.oid, a.attnum))
from pg_attribute a join pg_class c on c.oid = a.attrelid join pg_namespace n on n.oid = c.relnamespace
where n.nspname in ('bi', 'moor', 'sobot', 'workbench') and a.attnum > 0 and c.relkind in ('r', 'p', 'v')
union all
select format('%s.%s: %s, for %s, %s', n.nspname, c.relname, obj_description(c.oid, 'pg_class'),
    (select string_agg(a.grantee::regrole || ' ' || a.privilege_type, ',' order by a.grantee, a.privilege_type)
     from aclexplode(c.relacl) a), c.reloptions)
from pg_class c join pg_namespace n on n.oid = c.relnamespace
where n.nspname in ('bi', 'moor', 'sobot', 'workbench') and c.relkind in ('r', 'p', 'v')
union all
select replace(pg_get_indexdef(i.indexrelid), ' ON ONLY ', ' ON ') || coalesce(obj_description(i.indexrelid, 'pg_class'), '')
from pg_index i join pg_class c on c.oid = i.indrelid join pg_namespace n on n.oid = c.relnamespace
where n.nspname in ('moor', 'sobot', 'workbench') and not i.indisprimary
union all
-- A column without a name in the second arm of a union gets one when its text is read again; nobody sees it.
select v.viewname || replace(pg_get_viewdef(format('%I.%I', v.schemaname, v.viewname)::regclass), ' AS timestamptz,', ',')
from pg_views v where v.schemaname in ('bi', 'operator')
order by 1";

fn noon(day: &str) -> DateTime<Utc> {
    format!("{day}T12:00:00Z").parse().unwrap()
}

async fn lines(fresh: &Fresh, sql: &str) -> Vec<String> {
    sqlx::query_scalar(AssertSqlSafe(sql.to_owned())).fetch_all(&fresh.db).await.unwrap()
}

async fn run(fresh: &Fresh, sql: &str) {
    sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).execute(&fresh.db).await.unwrap();
}

/// The months of a history and how many rows each has.
async fn months(fresh: &Fresh, history: &str) -> Vec<String> {
    let sql = format!(
        "select tableoid::regclass::text || ' ' || count(*) from {history} group by tableoid order by 1"
    );
    lines(fresh, &sql).await
}

async fn groups(fresh: &Fresh, name: &str, hour: i64) {
    let rows = vec![queue("1", name), queue("2", "as ever"), member("1", "8001")];
    fresh.read(&queues(), Scope::Snapshot, rows, hour).await;
}

/// A database with versions of three months, whose operator has a view and a right of their own.
async fn filled() -> Fresh {
    let fresh = fresh_store().await;
    for (month, name) in ["a", "b", "c", "d"].into_iter().enumerate() {
        groups(&fresh, name, 1 + 31 * 24 * i64::try_from(month).unwrap()).await;
    }
    for score in 1..4 {
        fresh.read(&calls(), day(), many_calls(3, score), 30 * 24 * score).await;
    }
    run(
        &fresh,
        "create schema operator;
        create view operator.versions with (security_barrier = true) as
            select h.exten, h.display_name, count(*) over () as n from moor.queue_history h;
        create view operator.over_it as select * from operator.versions;
        comment on index moor.queue_history_valid_to is 'the operator''s word'",
    )
    .await;
    fresh
}

const EVERYTHING: [&str; 4] = [
    "select h::text from moor.queue_history h order by 1",
    "select h::text from sobot.call_result_history h order by 1",
    "select h::text from bi.skill_group_member_history h order by 1",
    "select v::text from operator.over_it v order by 1",
];

#[tokio::test]
async fn cutting_keeps_rows_columns_comments_rights_indexes_and_views() {
    let fresh = filled().await;
    let shape = lines(&fresh, SHAPE).await;
    let mut before = Vec::new();
    for sql in EVERYTHING {
        before.push(lines(&fresh, sql).await);
    }
    assert!(before.iter().all(|rows| !rows.is_empty()), "{before:?}");
    assert!(shape.iter().any(|line| line.contains("bi_reader SELECT")), "{shape:?}");
    let again = fresh.again().await;
    let now = noon("2026-04-10");
    let (one, two) = tokio::join!(fresh.store.partition_histories(now), again.store.partition_histories(now));
    one.unwrap();
    two.unwrap();
    let now = lines(&fresh, SHAPE).await;
    let only = |these: &[String], those: &[String]| -> Vec<String> {
        these.iter().filter(|line| !those.contains(line)).cloned().collect()
    };
    assert_eq!((only(&now, &shape), only(&shape, &now)), (vec![], vec![]));
    for (sql, rows) in EVERYTHING.into_iter().zip(before) {
        assert_eq!(lines(&fresh, sql).await, rows, "{sql}");
    }
    assert_eq!(
        months(&fresh, "moor.queue_history").await,
        [
            "partition.moor_queue_history_2026_02 1",
            "partition.moor_queue_history_2026_03 1",
            "partition.moor_queue_history_2026_04 1"
        ]
    );
    let bare = "select c.relname || '.' || coalesce(a.attname, '') from pg_class c
        join pg_namespace n on n.oid = c.relnamespace and n.nspname = 'partition'
        left join pg_attribute a on a.attrelid = c.oid and 0 < a.attnum and not a.attisdropped
        where c.relkind = 'r' and (obj_description(c.oid, 'pg_class') is null or col_description(c.oid, a.attnum) is null)";
    assert_eq!(lines(&fresh, bare).await, Vec::<String>::new());
    let whole = "select count(*) from pg_class where relname like '%\\_whole'";
    assert_eq!(fresh.count(whole).await, 0);
    let file = "select sum(pg_relation_filenode(c.oid)::bigint)::bigint from pg_class c
        join pg_namespace n on n.oid = c.relnamespace where n.nspname = 'partition' and c.relkind = 'r'";
    let files = fresh.count(file).await;
    fresh.store.partition_histories(noon("2026-04-11")).await.unwrap();
    assert_eq!(fresh.count(file).await, files, "what was cut is not cut again");
}

#[tokio::test]
async fn analysts_read_a_cut_history_and_see_no_pieces() {
    let fresh = filled().await;
    let before = fresh.store.dictionary().await.unwrap();
    fresh.store.partition_histories(noon("2026-04-10")).await.unwrap();
    assert_eq!(fresh.store.dictionary().await.unwrap(), before);
    let login = format!("analyst_{}", Uuid::new_v4().simple());
    let password = secrecy::SecretString::from("told".to_owned());
    fresh.store.grant_bi_reader(&login, Some(&password)).await.unwrap();
    let options = fresh.options.clone().username(&login).password("told");
    let mut connection = PgConnection::connect_with(&options).await.unwrap();
    for (sql, allowed) in [
        ("select count(*) from moor.queue_history", true),
        ("select count(*) from bi.skill_group_member_history", true),
        ("select count(*) from sobot.call_result_as_of('2026-02-01')", true),
        ("select count(*) from partition.moor_queue_history_2026_02", false),
    ] {
        let answer: Result<i64, _> = sqlx::query_scalar(sql).fetch_one(&mut connection).await;
        assert_eq!(answer.is_ok(), allowed, "{sql}: {answer:?}");
    }
    connection.close().await.unwrap();
    run(&fresh, &format!("revoke bi_reader from {login}; drop role {login}")).await;
}

#[tokio::test]
async fn versions_go_to_their_month_and_what_has_none_goes_to_the_rest_until_it_has() {
    let fresh = filled().await;
    fresh.store.partition_histories(noon("2026-04-10")).await.unwrap();
    // Hours 3800 and 6000 of the year: June, for which there is a month already, and September.
    groups(&fresh, "e", 3_800).await;
    groups(&fresh, "f", 6_000).await;
    let found = months(&fresh, "moor.queue_history").await;
    assert!(found.contains(&"partition.moor_queue_history_2026_06 1".to_owned()), "{found:?}");
    assert!(found.contains(&"partition.moor_queue_history_rest 1".to_owned()), "{found:?}");
    let rows = lines(&fresh, EVERYTHING[0]).await;
    assert_eq!(
        fresh.store.extend_months(noon("2026-09-30")).await.unwrap(),
        6 * 5,
        "July to November, of six"
    );
    assert_eq!(fresh.store.extend_months(noon("2026-09-30")).await.unwrap(), 0);
    let found = months(&fresh, "moor.queue_history").await;
    assert!(found.contains(&"partition.moor_queue_history_2026_09 1".to_owned()), "{found:?}");
    assert!(!found.iter().any(|month| month.contains("_rest")), "{found:?}");
    assert_eq!(lines(&fresh, EVERYTHING[0]).await, rows);
    // A month keeps one row for each version.
    let double = "insert into moor.queue_history select * from moor.queue_history";
    let refused = sqlx::query(double).execute(&fresh.db).await.unwrap_err();
    assert!(refused.as_database_error().unwrap().is_unique_violation(), "{refused}");
}

async fn expire(fresh: &Fresh, key: StreamKey, cut: DateTime<Utc>) -> u64 {
    let term = Duration::from_secs(60);
    let order = RetentionOrder { key, cut };
    let fence = fresh.store.retention_lease(&order.key, Uuid::new_v4(), term).await.unwrap().unwrap();
    let mut rows = 0;
    loop {
        let step = fresh.store.expire_step(&order, fence, term, 1_000).await.unwrap();
        if step.is_empty() {
            break;
        }
        rows += step.iter().map(|table| table.rows).sum::<u64>();
    }
    fresh.store.expire_end(&order, fence, cut).await.unwrap();
    rows
}

#[tokio::test]
async fn a_month_that_is_too_old_for_all_sources_is_dropped_whole() {
    let fresh = filled().await;
    // Another account's, of February.
    let other = StreamKey { source: "other".into(), ..queues() };
    for (name, hour) in [("x", 31 * 24 + 1), ("y", 31 * 24 + 9)] {
        fresh.read(&other, Scope::Snapshot, vec![queue("1", name)], hour).await;
    }
    fresh.store.partition_histories(noon("2026-04-10")).await.unwrap();
    let left = async || months(&fresh, "moor.queue_history").await;
    let file = "select to_regclass('partition.moor_queue_history_2026_02') is not null";
    assert_eq!(left().await[0], "partition.moor_queue_history_2026_02 2");
    assert_eq!(expire(&fresh, queues(), noon("2026-03-20")).await, 2);
    // One of March is kept: it is at the same place of its month as the removed one of February was of its own.
    assert_eq!(
        left().await,
        ["partition.moor_queue_history_2026_02 1", "partition.moor_queue_history_2026_04 1"]
    );
    assert!(fresh.value::<bool>(file).await, "the other account keeps its versions");
    assert_eq!(expire(&fresh, other, noon("2026-03-20")).await, 1);
    assert!(!fresh.value::<bool>(file).await);
    assert_eq!(left().await, ["partition.moor_queue_history_2026_04 1"]);
    // It is not made again.
    fresh.store.extend_months(noon("2026-04-11")).await.unwrap();
    assert!(!fresh.value::<bool>(file).await);
}

#[tokio::test]
async fn who_reads_a_history_is_not_in_the_way_of_retention_nor_it_in_theirs() {
    let fresh = filled().await;
    fresh.store.partition_histories(noon("2026-04-10")).await.unwrap();
    let mut reader = fresh.db.begin().await.unwrap();
    sqlx::query("select count(*) from moor.queue_history").execute(&mut *reader).await.unwrap();
    assert_eq!(expire(&fresh, queues(), noon("2026-03-01")).await, 1, "row by row");
    let file = "select to_regclass('partition.moor_queue_history_2026_02') is not null";
    assert!(fresh.value::<bool>(file).await);
    reader.rollback().await.unwrap();
    assert_eq!(expire(&fresh, queues(), noon("2026-03-02")).await, 0);
    assert!(!fresh.value::<bool>(file).await, "the empty month goes the next time");
}

#[tokio::test]
async fn another_zone_of_business_days_is_no_hindrance() {
    let fresh = filled().await;
    fresh.store.partition_histories(noon("2026-04-10")).await.unwrap();
    run(&fresh, "select sync.business_zone_set('America/New_York')").await;
    run(&fresh, "set enable_seqscan = off").await;
    let wrong = "select count(*) from sobot.call_result_history where bi.business_day(valid_to) is null";
    assert_eq!(fresh.count(wrong).await, 0);
}

#[tokio::test]
async fn what_cannot_be_made_anew_is_refused_and_nothing_was_changed() {
    let fresh = filled().await;
    run(
        &fresh,
        "create materialized view operator.kept as select exten from moor.agent_claim_status_history",
    )
    .await;
    let fault = fresh.store.partition_histories(noon("2026-04-10")).await.unwrap_err();
    assert!(fault.message.contains("agent_claim_status_history"), "{fault}");
    let cut = "select count(*) from pg_partitioned_table";
    assert_eq!(fresh.count(cut).await, 0, "all six or none");
    run(&fresh, "drop materialized view operator.kept").await;
    fresh.store.partition_histories(noon("2026-04-10")).await.unwrap();
    assert_eq!(fresh.count(cut).await, 6);
}

#[tokio::test]
async fn the_setting_cuts_at_migrate_and_the_product_goes_on_as_before() {
    let setup = Setup::new(recent_world(), "").await;
    setup.run(&["sync"]).await.expect(0);
    let setup = setup.with("CCSYNC__DATABASE__PARTITIONED", "month");
    setup.run(&["migrate"]).await.expect(0);
    let cut: i64 = sqlx::query_scalar("select count(*) from pg_partitioned_table")
        .fetch_one(setup.db.pool().await)
        .await
        .unwrap();
    assert_eq!(cut, 6);
    for _ in 0..6 {
        let kind = ccsync_simulator::ChangeKind::Rescored;
        let _ = setup.simulator.mutate(ccsync_simulator::Change::Random { kind });
    }
    setup.run(&["sync"]).await.expect(0);
    crate::whole::system::truth::assert_tables_are(&setup.simulator, setup.db.pool().await).await;
    crate::whole::system::history::histories_are_whole(setup.db.pool().await).await;
    setup.run(&["verify"]).await.expect(0);
}
