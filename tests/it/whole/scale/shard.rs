//! One account's commits stay on one machine. PostgreSQL's own hash partitions by `source` stand in for the machines of
//! a cluster: it tells for each whether anybody looked into it.

use std::collections::BTreeMap;

use ccsync::engine::verify::VerifyOrder;
use sqlx::{Connection as _, PgConnection};
use tokio_util::sync::CancellationToken;

use crate::support::db::TestDb;
use crate::support::harness::{QUICK, TestWorld, small_world};
use crate::whole::system::history::assert_histories_are_whole;
use crate::whole::system::steps::{change_twenty_calls, sync_well};
use crate::whole::system::truth;

/// Every table that a vendor fills becomes eight, by a hash of its source.
const SHARDS: &str = "
do $$
declare
    one record;
begin
    for one in select schemaname, tablename from pg_tables where schemaname in ('sobot', 'moor', 'workbench') loop
        execute format('alter table %I.%I set schema public', one.schemaname, one.tablename);
        execute format('create table %I.%I (like public.%I including all) partition by hash (source)',
            one.schemaname, one.tablename, one.tablename);
        for shard in 0..7 loop
            execute format('create table public.%I partition of %I.%I for values with (modulus 8, remainder %s)',
                one.tablename || '_shard_' || shard, one.schemaname, one.tablename, shard);
        end loop;
    end loop;
end $$;
";

/// Table, whether it is where the vendor's only source lies, and how often somebody looked into it.
const LOOKED_INTO: &str = "
select s.relname::text,
    satisfies_hash_partition(i.inhparent, 8, right(s.relname, 1)::integer, p.relnamespace::regnamespace::text),
    coalesce(s.seq_scan, 0) + coalesce(s.idx_scan, 0)
from pg_stat_all_tables s
join pg_inherits i on i.inhrelid = s.relid
join pg_class p on p.oid = i.inhparent
where s.relname like '%\\_shard\\_%'
";

/// A connection of its own: when it ends, all that it did is counted.
async fn alone(db: &TestDb, sql: &'static str) {
    let mut connection = PgConnection::connect_with(&db.options()).await.unwrap();
    sqlx::raw_sql(sql).execute(&mut connection).await.unwrap();
    let pid: i32 = sqlx::query_scalar("select pg_backend_pid()").fetch_one(&mut connection).await.unwrap();
    connection.close().await.unwrap();
    // What a session did is told as it ends, which is after it was told to.
    let mut witness = PgConnection::connect_with(&db.options()).await.unwrap();
    let still = "select exists (select from pg_stat_activity where pid = $1)";
    while sqlx::query_scalar::<_, bool>(still).bind(pid).fetch_one(&mut witness).await.unwrap() {
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
}

type Looks = BTreeMap<String, (bool, i64)>;

async fn looks(db: &TestDb) -> Looks {
    let mut connection = PgConnection::connect_with(&db.options()).await.unwrap();
    let looks: Vec<(String, bool, i64)> =
        sqlx::query_as(LOOKED_INTO).fetch_all(&mut connection).await.unwrap();
    looks.into_iter().map(|(name, home, looks)| (name, (home, looks))).collect()
}

/// Table, whether it is the source's, and whether somebody looked into it since.
async fn looked_into(db: &TestDb, before: &Looks) -> Vec<(String, bool, bool)> {
    let now = looks(db).await;
    now.into_iter()
        .map(|(name, (home, looks))| {
            let looked = before[&name].1 < looks;
            (name, home, looked)
        })
        .collect()
}

#[tokio::test]
async fn reads_changes_tombstones_and_retention_of_an_account_look_into_no_other_shard() {
    let world = TestWorld::quick(small_world()).await;
    let db = &world.test.db;
    let keep = [
        ("CCSYNC__SOURCES__SOBOT__CALL_RESULT__RETENTION", "4d"),
        ("CCSYNC__SOURCES__SOBOT__CALL_RESULT__LOOKBACK", "3d"),
    ];
    // Before the tables are no longer as the migrations made them.
    let keeper = world.another_app(&[QUICK, &keep].concat()).await;
    alone(db, SHARDS).await;
    let before = looks(db).await;
    sync_well(&world.test).await;
    change_twenty_calls(&world.test).await;
    for _ in 0..3 {
        sync_well(&world.test).await;
        world.clock.advance(std::time::Duration::from_secs(5));
    }
    let stop = CancellationToken::new();
    for verified in world.test.app.verify(&[], &VerifyOrder::default(), true, &stop).await.unwrap() {
        assert!(verified.verification.agrees(), "{:?}", verified.verification);
    }
    let removed = keeper.expire(&[], &stop).await.unwrap();
    assert!(removed.iter().flat_map(|stream| &stream.tables).any(|table| table.table == "sobot.call_result"));
    // Ended sessions have told what they did.
    for app in [&keeper, &world.test.app] {
        app.database().store.close().await;
    }
    let shards = looked_into(db, &before).await;
    assert_eq!(shards.len(), 16 * 8);
    let astray: Vec<_> = shards.iter().filter(|(_, home, looked)| !home && *looked).collect();
    assert!(astray.is_empty(), "statements that do not name their one source: {astray:?}");
    for table in ["call_result", "call_result_history", "chat_result", "agent", "queue", "queue_member"] {
        let home = |(name, home, looked): &&(String, bool, bool)| {
            *home && *looked && name.starts_with(table) && name.len() == table.len() + "_shard_0".len()
        };
        assert_eq!(shards.iter().filter(home).count(), 1, "{table} was not looked into at all");
    }
    // And whoever names no source is seen.
    alone(db, "select count(*) from sobot.chat_result").await;
    let seen = looked_into(db, &before).await;
    assert_eq!(
        seen.iter().filter(|(name, _, looked)| name.starts_with("chat_result_shard") && *looked).count(),
        8
    );
    assert_histories_are_whole(&world.test).await;
}

#[tokio::test]
async fn what_a_sharded_table_holds_is_what_the_vendor_has() {
    let world = TestWorld::quick(small_world()).await;
    alone(&world.test.db, SHARDS).await;
    sync_well(&world.test).await;
    truth::assert_tables_are_the_vendors(&world.test).await;
    let before = truth::fact_table_writes(&world.test).await;
    sync_well(&world.test).await;
    assert_eq!(truth::fact_table_writes(&world.test).await, before, "a rerun writes nothing");
}
