//! Migrations, comments, and agreement of tables and catalogue.

use ccsync::domain::fault::FaultKind;
use ccsync::domain::stream::StreamId;
use ccsync::store::{PgStore, StoreConfig, migration_sql};
use sqlx::AssertSqlSafe;
use sqlx::postgres::PgConnectOptions;
use uuid::Uuid;

use crate::data::store::support::*;

#[tokio::test]
async fn nothing_in_our_schemas_lacks_a_comment() {
    let fresh = fresh_store().await;
    let bare: Vec<String> = sqlx::query_scalar(
        r#"
        select n.nspname from pg_namespace n
        where n.nspname in ('sobot', 'moor', 'workbench', 'sync', 'bi') and obj_description(n.oid, 'pg_namespace') is null
        union all
        select c.oid::regclass::text from pg_class c join pg_namespace n on n.oid = c.relnamespace
        where n.nspname in ('sobot', 'moor', 'workbench', 'sync', 'bi') and c.relkind in ('r', 'v', 'm', 'p')
            and obj_description(c.oid, 'pg_class') is null
        union all
        select c.oid::regclass::text || '.' || a.attname
        from pg_class c join pg_namespace n on n.oid = c.relnamespace join pg_attribute a on a.attrelid = c.oid
        where n.nspname in ('sobot', 'moor', 'workbench', 'sync', 'bi') and c.relkind in ('r', 'v', 'm', 'p')
            and a.attnum > 0 and not a.attisdropped and col_description(c.oid, a.attnum) is null
        order by 1
        "#,
    )
    .fetch_all(&fresh.db)
    .await
    .unwrap();
    assert_eq!(bare, Vec::<String>::new());
}

/// A table with its comments, columns, constraints and indexes, as text; what analysts' views need beside them is theirs.
const PICTURE: &str = r#"
select jsonb_pretty(jsonb_build_array(obj_description(c.oid, 'pg_class'), c.reloptions,
    (select jsonb_agg(jsonb_build_array(a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull,
            pg_get_expr(d.adbin, d.adrelid), col_description(c.oid, a.attnum)) order by a.attnum)
        from pg_attribute a left join pg_attrdef d on d.adrelid = c.oid and d.adnum = a.attnum
        where a.attrelid = c.oid and 0 < a.attnum),
    (select jsonb_agg(pg_get_constraintdef(k.oid) order by k.conname) from pg_constraint k where k.conrelid = c.oid),
    (select jsonb_agg(i.indexdef order by i.indexdef) from pg_indexes i
        where i.schemaname || '.' || i.tablename = $1 and i.indexdef not like '%business_day(%'),
    (select jsonb_build_array(pg_get_functiondef(p.oid), obj_description(p.oid, 'pg_proc')) from pg_proc p
        where p.oid::regproc::text = $1 || '_as_of')))
from pg_class c where c.oid = $1::regclass
"#;

async fn pictures(fresh: &Fresh, tables: &[String]) -> Vec<String> {
    let mut pictures = Vec::new();
    for table in tables {
        pictures.push(sqlx::query_scalar(PICTURE).bind(table).fetch_one(&fresh.db).await.unwrap());
    }
    pictures
}

#[tokio::test]
async fn the_migrations_make_what_the_streams_declare() {
    let fresh = fresh_store().await;
    for stream in StreamId::all() {
        let tables: Vec<_> = stream.all_tables().collect();
        let Some(sql) = migration_sql(stream) else {
            assert!(stream.tables().is_empty(), "{stream}");
            continue;
        };
        let migrated = pictures(&fresh, &tables).await;
        let drop = format!("drop table {} cascade", tables.join(", "));
        sqlx::query(AssertSqlSafe(drop)).execute(&fresh.db).await.unwrap();
        sqlx::raw_sql(AssertSqlSafe(sql)).execute(&fresh.db).await.unwrap();
        for (declared, migrated) in pictures(&fresh, &tables).await.iter().zip(&migrated) {
            assert_eq!(declared, migrated, "{stream}");
        }
    }
}

#[tokio::test]
async fn migrating_is_needed_once_and_safe_to_repeat_and_to_do_at_once() {
    let fresh = fresh_database().await;
    let folder = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/migrations")).unwrap();
    let files =
        folder.filter(|entry| entry.as_ref().unwrap().path().extension().is_some_and(|end| end == "sql"));
    assert_eq!(fresh.store.pending_migrations().await.unwrap().len(), files.count());
    let fault = fresh.store.schema_ready().await.unwrap_err();
    assert!(fault.kind == FaultKind::DatabaseRefused && fault.message.contains("ccsync migrate"), "{fault}");
    let outcomes = tokio::join!(fresh.store.migrate(), fresh.store.migrate(), fresh.store.migrate());
    outcomes.0.unwrap();
    outcomes.1.unwrap();
    outcomes.2.unwrap();
    fresh.store.migrate().await.unwrap();
    fresh.store.schema_ready().await.unwrap();
}

#[tokio::test]
async fn a_database_of_a_newer_ccsync_is_refused() {
    let fresh = fresh_store().await;
    sqlx::query(
        "insert into sync.migration (version, description, success, checksum, execution_time) values (29990101000000, 'later', true, '', 0)",
    )
    .execute(&fresh.db)
    .await
    .unwrap();
    for fault in [fresh.store.migrate().await.unwrap_err(), fresh.store.schema_ready().await.unwrap_err()] {
        assert_eq!(fault.kind, FaultKind::DatabaseRefused);
        assert!(fault.message.contains("29990101000000") && fault.message.contains("newer"), "{fault}");
    }
}

#[tokio::test]
async fn a_database_with_somebody_elses_tables_in_our_places_is_refused_and_left_alone() {
    let fresh = fresh_database().await;
    for sql in ["create schema sync", "create table sync.theirs ()"] {
        sqlx::query(sql).execute(&fresh.db).await.unwrap();
    }
    let fault = fresh.store.migrate().await.unwrap_err();
    assert!(fault.kind == FaultKind::DatabaseRefused && fault.message.contains("sync.theirs"), "{fault}");
    for sql in ["drop schema sync cascade", "create schema moor", "create table moor.queue ()"] {
        sqlx::query(sql).execute(&fresh.db).await.unwrap();
    }
    let fault = fresh.store.migrate().await.unwrap_err();
    assert!(fault.message.contains("moor.queue"), "{fault}");
    assert_eq!(fresh.count("select count(*) from pg_namespace where nspname = 'sync'").await, 0);
    // Other tables in a schema of ours, where none of ours will be, are no hindrance.
    for sql in ["drop table moor.queue", "create table moor.theirs ()"] {
        sqlx::query(sql).execute(&fresh.db).await.unwrap();
    }
    fresh.store.migrate().await.unwrap();
}

#[tokio::test]
async fn a_connection_that_fails_says_where_to_whom_and_never_the_password() {
    let fresh = fresh_database().await;
    let missing = StoreConfig::new(fresh.options.clone().database("nowhere").password("s3cret"));
    let fault = PgStore::connect(&missing).await.unwrap_err();
    assert_eq!(fault.kind, FaultKind::DatabaseRefused);
    assert!(fault.message.contains("`nowhere`") && fault.message.contains("create the database"), "{fault}");
    let closed =
        PgConnectOptions::new_without_pgpass().host("127.0.0.1").port(1).username("u").password("s3cret");
    let fault = PgStore::connect(&StoreConfig::new(closed)).await.unwrap_err();
    assert_eq!(fault.kind, FaultKind::DatabaseUnreachable);
    assert!(fault.message.contains("127.0.0.1:1") && fault.message.contains("refused"), "{fault}");
    assert!(!fault.chain().contains("s3cret"));
    let config = StoreConfig::new(fresh.options.clone().password("s3cret"));
    let store = PgStore::connect(&config).await.unwrap();
    assert!(!format!("{config:?} {store:?}").contains("s3cret"));
    let mut admin = fresh.db.acquire().await.unwrap();
    // The cluster outlives the run, and databases of this form are swept by the next one.
    let name = format!("ccsync_test_0_0_{}", Uuid::new_v4().simple());
    let create =
        format!("create database {name} encoding 'EUC_CN' template template0 lc_collate 'C' lc_ctype 'C'");
    sqlx::query(AssertSqlSafe(create)).execute(&mut *admin).await.unwrap();
    let narrow = StoreConfig::new(fresh.options.clone().database(&name));
    let fault = PgStore::connect(&narrow).await.unwrap_err();
    sqlx::query(AssertSqlSafe(format!("drop database {name}"))).execute(&mut *admin).await.unwrap();
    assert!(fault.kind == FaultKind::DatabaseRefused && fault.message.contains("UTF8"), "{fault}");
}

#[tokio::test]
async fn a_missing_right_is_told_with_what_to_do() {
    use ccsync::engine::port::store::Store as _;
    let fresh = fresh_store().await;
    // Roles belong to the cluster, which outlives the run.
    let role = format!("guest_{}", Uuid::new_v4().simple());
    sqlx::query(AssertSqlSafe(format!("create role {role} login"))).execute(&fresh.db).await.unwrap();
    let guest = PgStore::connect(&StoreConfig::new(fresh.options.clone().username(&role))).await.unwrap();
    let fault = guest.reads(&calls(), None).await.unwrap_err();
    sqlx::query(AssertSqlSafe(format!("drop role {role}"))).execute(&fresh.db).await.unwrap();
    assert_eq!((fault.kind, fault.code.as_deref()), (FaultKind::DatabaseRefused, Some("42501")));
    assert!(fault.message.contains("reading the ledger of sobot/sobot.call_result"), "{fault}");
    // Before the first migration.
    let bare = fresh_database().await;
    let fault = bare.store.reads(&calls(), None).await.unwrap_err();
    assert!(fault.message.contains("run `ccsync check`"), "{fault}");
}
