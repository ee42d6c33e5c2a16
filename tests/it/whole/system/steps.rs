//! What several of these tests do.

use std::time::Duration;

use ccsync::domain::proof::run::RunOutcome;
use ccsync::engine::pass::reader::PassReport;
use ccsync_simulator::{Change, Channel, FaultRates};
use serde_json::Value;
use sqlx::AssertSqlSafe;

use super::history::assert_histories_are_whole;
use super::truth;
use crate::support::harness::{TestApp, TestWorld};

/// Syncs; every stream must succeed.
pub async fn sync_well(test: &TestApp) -> Vec<PassReport> {
    let reports = test.sync().await;
    for report in &reports {
        assert_eq!(report.outcome, RunOutcome::Succeeded, "{report:?}");
    }
    reports
}

/// Three quiet syncs, after which even what vanished is known to be gone, and then the tables are the
/// vendors'. A chat page states no total: the first read differs from the one before and proves nothing, the
/// second agrees with it and misses the row, the third marks it deleted.
pub async fn assert_settles(world: &TestWorld) {
    world.test.simulator.set_fault_rates(FaultRates::none());
    world.test.simulator.clear_scripts();
    for _ in 0..3 {
        sync_well(&world.test).await;
        world.clock.advance(Duration::from_secs(5));
    }
    truth::assert_tables_are_the_vendors(&world.test).await;
    assert_histories_are_whole(&world.test).await;
    assert_eq!(world.test.simulator.journal().writes(), 0);
}

/// Makes a change at the vendors.
pub fn change(test: &TestApp, change: Change) -> String {
    test.simulator.mutate(change).unwrap()
}

/// Deletes every fourth of twenty calls at the vendor and scores the others again: tombstones and histories come of it.
pub async fn change_twenty_calls(test: &TestApp) {
    let ids: Vec<String> = sqlx::query_scalar(
        "select call_log_jestid from sobot.call_result where source = 'sobot' order by 1 limit 20",
    )
    .fetch_all(test.pool().await)
    .await
    .unwrap();
    for (index, id) in ids.into_iter().enumerate() {
        let (channel, agentid, fields) = (Channel::Call, None, serde_json::Map::new());
        let order = match index % 4 {
            0 => Change::Delete { channel, id, agentid },
            _ => Change::Rescore { channel, id, agentid, fields },
        };
        change(test, order);
    }
}

/// One value out of the database.
pub async fn value<T>(test: &TestApp, sql: &str) -> T
where
    T: Send + Unpin + for<'r> sqlx::Decode<'r, sqlx::Postgres> + sqlx::Type<sqlx::Postgres>,
{
    sqlx::query_scalar(AssertSqlSafe(sql.to_owned())).fetch_one(test.pool().await).await.unwrap()
}

/// One row out of the database as JSON; null where there is none.
pub async fn row(test: &TestApp, sql: &str) -> Value {
    let sql = format!("select coalesce((select to_jsonb(r) from ({sql}) r), 'null')");
    value(test, &sql).await
}
