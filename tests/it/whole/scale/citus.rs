//! What is asked of Citus, held against a stand-in: Citus itself is not part of these tests.

use ccsync::domain::fault::FaultKind;
use ccsync::store::{PgStore, StoreConfig};

use crate::data::store::support::{Fresh, calls, fresh_database, fresh_store, many_calls, window};
use crate::support::process::{Setup, recent_world};

/// What Citus brings, as far as it is called: its catalogue, and functions that note what they are told. The types are
/// those of its documents.
const STAND_IN: &str = "
    create schema stand_in;
    create table stand_in.pg_dist_partition (logicalrelid regclass, partmethod text, column_name text, beside text);
    create table stand_in.refused (name text);
    create function stand_in.create_distributed_table(
        table_name regclass, distribution_column text, distribution_type text default 'hash',
        colocate_with text default 'default', shard_count integer default null)
    returns void language plpgsql as $$
    declare
        narrow text;
    begin
        if current_setting('citus.multi_shard_modify_mode', true) is distinct from 'sequential' then
            raise 'not sequential';
        end if;
        -- As Citus: every unique key holds the column.
        select i.indexrelid::regclass::text into narrow from pg_index i
        where i.indrelid = table_name and (i.indisunique or i.indisexclusion) and not exists (
            select from pg_attribute a where a.attrelid = table_name and a.attname = distribution_column
                and a.attnum = any(i.indkey));
        if narrow is not null then
            raise 'cannot create constraint on %: %', table_name, narrow;
        end if;
        if exists (select from stand_in.refused r where r.name = table_name::text) then
            raise 'no worker nodes are available';
        end if;
        insert into stand_in.pg_dist_partition values (table_name, 'h', distribution_column, colocate_with);
    end $$;
    create function stand_in.create_reference_table(table_name regclass) returns void language sql as $$
        insert into stand_in.pg_dist_partition values (table_name, 'n', null, null) $$;
";

/// A store that takes the stand-in for Citus.
async fn stand_in(fresh: &Fresh) -> PgStore {
    sqlx::raw_sql(STAND_IN).execute(&fresh.db).await.unwrap();
    let config = StoreConfig::new(fresh.options.clone());
    PgStore::connect(&StoreConfig { citus_schema: "stand_in".to_owned(), ..config }).await.unwrap()
}

#[tokio::test]
async fn every_unique_key_of_every_vendors_table_holds_the_source() {
    let fresh = fresh_store().await;
    let narrow: Vec<String> = sqlx::query_scalar(
        "select i.indexrelid::regclass::text from pg_index i
         join pg_class c on c.oid = i.indrelid join pg_namespace n on n.oid = c.relnamespace
         where n.nspname in ('sobot', 'moor', 'workbench') and (i.indisunique or i.indisexclusion) and not exists (
            select from pg_attribute a where a.attrelid = c.oid and a.attname = 'source' and a.attnotnull
                and a.attnum = any(i.indkey))",
    )
    .fetch_all(&fresh.db)
    .await
    .unwrap();
    assert_eq!(narrow, Vec::<String>::new());
    let keys = "select count(*) from pg_index i join pg_class c on c.oid = i.indrelid
        join pg_namespace n on n.oid = c.relnamespace
        where n.nspname in ('sobot', 'moor', 'workbench') and i.indisprimary";
    let tables = "select count(*) from pg_tables where schemaname in ('sobot', 'moor', 'workbench')";
    assert_eq!(fresh.count(keys).await, fresh.count(tables).await, "a table without a key");
    // What Citus refuses or does not carry to its machines; triggers go before tables are distributed.
    sqlx::query("select sync.days_unwatch()").execute(&fresh.db).await.unwrap();
    for (what, sql) in [
        (
            "foreign keys",
            "select count(*) from pg_constraint c join pg_namespace n on n.oid = c.connamespace
            where c.contype = 'f' and n.nspname in ('sobot', 'moor', 'workbench')",
        ),
        (
            "triggers",
            "select count(*) from pg_trigger t join pg_class c on c.oid = t.tgrelid
            join pg_namespace n on n.oid = c.relnamespace where n.nspname in ('sobot', 'moor', 'workbench')",
        ),
        ("rules", "select count(*) from pg_rules where schemaname in ('sobot', 'moor', 'workbench')"),
        ("sequences", "select count(*) from pg_sequences where schemaname in ('sobot', 'moor', 'workbench')"),
        (
            "identities",
            "select count(*) from pg_attribute a join pg_class c on c.oid = a.attrelid
            join pg_namespace n on n.oid = c.relnamespace
            where n.nspname in ('sobot', 'moor', 'workbench') and a.attidentity <> ''",
        ),
    ] {
        assert_eq!(fresh.count(sql).await, 0, "{what}");
    }
}

#[tokio::test]
async fn all_vendors_tables_are_distributed_side_by_side_once() {
    let fresh = fresh_store().await;
    let store = stand_in(&fresh).await;
    store.require_citus().await.unwrap();
    let done = store.distribute().await.unwrap();
    let all = "select string_agg(t.schemaname || '.' || t.tablename, ',' order by 1) from pg_tables t
        where t.schemaname in ('sobot', 'moor', 'workbench')";
    let distributed = "select string_agg(logicalrelid::text, ',' order by logicalrelid::text)
        from stand_in.pg_dist_partition where partmethod = 'h'";
    let sorted = async |sql| {
        let mut names: Vec<String> = fresh.value::<String>(sql).await.split(',').map(str::to_owned).collect();
        names.sort();
        names
    };
    assert_eq!(sorted(distributed).await, sorted(all).await, "every table that a vendor fills, and no other");
    let apart =
        "select count(*) from stand_in.pg_dist_partition where partmethod = 'h' and (column_name <> 'source'
        or (beside = 'default') <> (logicalrelid = 'sobot.call_result'::regclass)
        or beside not in ('default', 'sobot.call_result'))";
    assert_eq!(fresh.count(apart).await, 0);
    for checkpoint in ["sync.time_window", "sync.snapshot", "sync.feed_session"] {
        assert!(
            done.iter().any(|table| table == checkpoint),
            "{checkpoint} is written by every commit: {done:?}"
        );
    }
    let secret = "select count(*) from stand_in.pg_dist_partition where logicalrelid::text in ('sync.token', 'sync.quarantine')";
    assert_eq!(fresh.count(secret).await, 0, "secrets and raw records stay where they are");
    assert_eq!(store.distribute().await.unwrap(), Vec::<String>::new());
    fresh
        .read(&calls(), ccsync::engine::port::store::Scope::Window(window(24, 48)), many_calls(4, 2), 60)
        .await;
}

#[tokio::test]
async fn a_database_that_holds_rows_is_refused_and_stays_as_it_is() {
    let fresh = fresh_store().await;
    let store = stand_in(&fresh).await;
    fresh.read(&calls(), crate::data::store::support::day(), many_calls(3, 1), 30).await;
    let triggers = "select count(*) from pg_trigger where not tgisinternal";
    let before = fresh.count(triggers).await;
    let fault = store.distribute().await.unwrap_err();
    assert_eq!(fault.kind, FaultKind::DatabaseRefused);
    for told in ["experimental", "sobot.call_result", "\"none\"", "No table was distributed"] {
        assert!(fault.message.contains(told), "{told}: {}", fault.message);
    }
    assert_eq!(fresh.count("select count(*) from stand_in.pg_dist_partition").await, 0);
    assert_eq!(fresh.count(triggers).await, before);
    fresh
        .read(&calls(), ccsync::engine::port::store::Scope::Window(window(24, 48)), many_calls(4, 2), 60)
        .await;
}

#[tokio::test]
async fn a_refusal_in_the_middle_leaves_nothing_distributed() {
    let fresh = fresh_store().await;
    let store = stand_in(&fresh).await;
    let refuse = "insert into stand_in.refused values ('workbench.agent_status')";
    sqlx::query(refuse).execute(&fresh.db).await.unwrap();
    let fault = store.distribute().await.unwrap_err();
    assert!(fault.message.contains("no worker nodes are available"), "{fault}");
    assert_eq!(fresh.count("select count(*) from stand_in.pg_dist_partition").await, 0);
    sqlx::query("delete from stand_in.refused").execute(&fresh.db).await.unwrap();
    assert!(!store.distribute().await.unwrap().is_empty());
}

#[tokio::test]
async fn without_the_extension_nothing_is_begun_and_it_is_told_what_to_do() {
    let fresh = fresh_database().await;
    let fault = fresh.store.require_citus().await.unwrap_err();
    assert_eq!(fault.kind, FaultKind::DatabaseRefused);
    let mut setup = Setup::new(recent_world(), "").await;
    let empty = crate::support::db::TestDb::empty().await;
    setup = setup.with("CCSYNC__DATABASE__URL", empty.url()).with("CCSYNC__DATABASE__DISTRIBUTED", "citus");
    let ended = setup.run(&["migrate"]).await.expect(1);
    for told in
        ["create extension citus", "shared_preload_libraries", "database.distributed", "Nothing was changed"]
    {
        assert!(ended.stderr.contains(told), "{told}: {}", ended.stderr);
    }
    let schemas = "select count(*) from pg_namespace where nspname in ('sync', 'sobot', 'bi')";
    let schemas: i64 = sqlx::query_scalar(schemas).fetch_one(empty.pool().await).await.unwrap();
    assert_eq!(schemas, 0);
}

#[tokio::test]
async fn what_finds_rows_by_their_place_is_refused_where_a_place_is_on_every_machine() {
    let fresh = fresh_store().await;
    let store = stand_in(&fresh).await;
    let rewrite = || ccsync::domain::person::privacy::Rewrite::Apply(std::collections::BTreeMap::new());
    store.rewrite(&rewrite(), true).await.unwrap();
    store.distribute().await.unwrap();
    let fault = store.rewrite(&rewrite(), true).await.unwrap_err();
    assert!(fault.message.contains("undistribute_table"), "{fault}");
}

#[tokio::test]
async fn months_are_cut_before_the_tables_are_distributed_and_not_after() {
    let fresh = fresh_store().await;
    let store = stand_in(&fresh).await;
    let now = "2026-04-10T12:00:00Z".parse().unwrap();
    store.partition_histories(now).await.unwrap();
    store.distribute().await.unwrap();
    store.partition_histories(now).await.unwrap();
    let fresh = fresh_store().await;
    let store = stand_in(&fresh).await;
    store.distribute().await.unwrap();
    let fault = store.partition_histories(now).await.unwrap_err();
    assert!(
        fault.message.contains("undistribute_table") && fault.message.contains("database.partitioned"),
        "{fault}"
    );
    assert_eq!(fresh.count("select count(*) from pg_partitioned_table").await, 0);
}
