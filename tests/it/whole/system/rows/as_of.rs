//! The tables as they were known at an instant.

use std::time::Duration;

use ccsync_simulator::{Change, ChangeKind};
use sqlx::AssertSqlSafe;

use crate::support::harness::{TestWorld, small_world};
use crate::whole::system::steps::{sync_well, value};
use crate::whole::system::truth::TABLES;

/// All columns but the owning window, which can move without a version.
async fn columns(world: &TestWorld, table: &str) -> String {
    let sql = format!(
        "select string_agg(attname, ', ' order by attnum) from pg_attribute
         where attrelid = '{table}'::regclass and attnum > 0 and not attisdropped
            and attname not in ('window_start', 'window_end')"
    );
    value(&world.test, &sql).await
}

/// Keeps a copy of each table, and answers the instant.
async fn keep(world: &TestWorld, round: usize) -> chrono::DateTime<chrono::Utc> {
    let pool = world.test.pool().await;
    for table in TABLES {
        let copy = format!("create table copy_{round}_{} as table {table}", table.replace('.', "_"));
        sqlx::query(AssertSqlSafe(copy)).execute(pool).await.unwrap();
    }
    use ccsync::engine::port::clock::Clock as _;
    world.clock.now()
}

async fn rows(world: &TestWorld, sql: String) -> i64 {
    value(&world.test, &format!("select count(*) from ({sql}) r")).await
}

#[tokio::test]
async fn every_table_can_be_had_as_it_was_known_after_each_of_many_changes() {
    let world = TestWorld::quick(small_world()).await;
    let mut kept = Vec::new();
    for round in 0..6 {
        sync_well(&world.test).await;
        kept.push(keep(&world, round).await);
        world.clock.advance(Duration::from_secs(60));
        for kind in ChangeKind::ALL {
            // Where there is nothing of a kind to change, there is no change.
            let _ = world.test.simulator.mutate(Change::Random { kind });
        }
    }
    let mut changed = 0;
    for table in TABLES {
        let names = columns(&world, table).await;
        for (round, at) in kept.iter().enumerate() {
            let copy = format!("select {names} from copy_{round}_{}", table.replace('.', "_"));
            let known = format!("select {names} from {table}_as_of('{}')", at.to_rfc3339());
            let more = rows(&world, format!("{known} except all {copy}")).await;
            let less = rows(&world, format!("{copy} except all {known}")).await;
            assert_eq!((more, less), (0, 0), "{table} after round {round}");
            changed += rows(&world, format!("{copy} except all select {names} from {table}")).await;
        }
        let never = format!("select {names} from {table}_as_of('2000-01-01')");
        assert_eq!(rows(&world, never).await, 0, "{table}: nothing was known before the first read");
    }
    assert!(changed > 50, "the rounds changed too little to tell: {changed}");
}

#[tokio::test]
async fn a_report_of_last_month_is_made_again_to_the_digit() {
    let world = TestWorld::quick(small_world()).await;
    let report = |relation: String| {
        format!(
            "select coalesce(string_agg(r::text, ';' order by r.agentid), '') from (
                select agentid, count(*), sum(total_score), avg(standard_score), max(quality_datetime)
                from {relation} c where deleted_at is null group by agentid
            ) r"
        )
    };
    sync_well(&world.test).await;
    let then: String = value(&world.test, &report("sobot.call_result".to_owned())).await;
    use ccsync::engine::port::clock::Clock as _;
    let at = world.clock.now();
    world.clock.advance(Duration::from_secs(3_600));
    for kind in ChangeKind::ALL.into_iter().cycle().take(40) {
        let _ = world.test.simulator.mutate(Change::Random { kind });
    }
    sync_well(&world.test).await;
    let now: String = value(&world.test, &report("sobot.call_result".to_owned())).await;
    assert_ne!(now, then);
    let again = report(format!("sobot.call_result_as_of('{}')", at.to_rfc3339()));
    assert_eq!(value::<String>(&world.test, &again).await, then);
}

#[tokio::test]
async fn a_question_for_one_row_is_answered_by_the_indexes() {
    let world = TestWorld::quick(small_world()).await;
    sync_well(&world.test).await;
    let sql = "explain select * from sobot.call_result_as_of(now())
               where source = 'sobot' and call_log_jestid = 'x' and agentid = 'y'";
    let mut connection = world.test.pool().await.acquire().await.unwrap();
    // The tables of a test are so small that reading them whole is cheaper.
    sqlx::query("set enable_seqscan = off").execute(&mut *connection).await.unwrap();
    let plan: Vec<String> = sqlx::query_scalar(sql).fetch_all(&mut *connection).await.unwrap();
    let plan = plan.join("\n");
    assert!(plan.contains("on call_result ") && plan.contains("call_result_history_pkey"), "{plan}");
    assert!(!plan.contains("Function Scan") && !plan.contains("Seq Scan"), "{plan}");
}
