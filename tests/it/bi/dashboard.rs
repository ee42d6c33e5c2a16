//! The dashboards in `integrations`: what they ask is answered.

use serde_json::Value;
use sqlx::AssertSqlSafe;

use crate::support::harness::{TestWorld, small_world};
use crate::system::steps::sync_well;

const GRAFANA: &str = include_str!("../../../integrations/grafana/quality.json");

const SUPERSET: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/integrations/superset/quality/datasets/ccsync");

/// What Grafana makes of its macros and of the variable `source`.
fn expanded(sql: &str) -> String {
    sql.replace("$__timeFrom()", "'2026-02-20T00:00:00Z'")
        .replace("$__timeTo()", "'2026-03-10T00:00:00Z'")
        .replace("$source", "'sobot'")
}

#[tokio::test]
async fn every_panel_of_the_dashboard_is_answered() {
    let world = TestWorld::quick(small_world()).await;
    sync_well(&world.test).await;
    let dashboard: Value = serde_json::from_str(GRAFANA).unwrap();
    let panels = dashboard["panels"].as_array().unwrap();
    assert!(10 <= panels.len());
    for panel in panels {
        let title = panel["title"].as_str().unwrap();
        let sql = expanded(panel["targets"][0]["rawSql"].as_str().unwrap());
        assert!(!sql.contains('$') && sql.contains("from bi."), "{title}: {sql}");
        let rows = sqlx::query(AssertSqlSafe(sql.clone())).fetch_all(world.test.pool().await).await;
        let rows = rows.unwrap_or_else(|error| panic!("{title}: {error}\n{sql}"));
        // Nobody followed a feed in this world.
        assert_eq!(rows.is_empty(), title == "Time of agents", "{title}: {} rows", rows.len());
    }
    let variable = dashboard["templating"]["list"][0]["query"].as_str().unwrap();
    let sources: Vec<String> = sqlx::query_scalar(AssertSqlSafe(variable.to_owned()))
        .fetch_all(world.test.pool().await)
        .await
        .unwrap();
    assert_eq!(sources, ["sobot"]);
}

#[tokio::test]
async fn every_column_and_metric_of_the_superset_datasets_is_there() {
    let db = crate::support::db::TestDb::create().await;
    let mut datasets = 0;
    for file in std::fs::read_dir(SUPERSET).unwrap() {
        let text = std::fs::read_to_string(file.unwrap().path()).unwrap();
        let values = |key: &str| -> Vec<&str> {
            let lines = text.lines().map(|line| line.trim_start().trim_start_matches("- "));
            lines.filter_map(|line| line.strip_prefix(key)).filter(|value| *value != "null").collect()
        };
        let table = values("table_name: ")[0];
        let columns = values("column_name: ").join(", ");
        let metrics = values("expression: ").join(", ");
        assert!(!columns.is_empty() && !metrics.is_empty(), "{table}");
        for sql in [format!("select {columns} from bi.{table}"), format!("select {metrics} from bi.{table}")]
        {
            let told = sqlx::query(AssertSqlSafe(sql.clone())).fetch_all(db.pool().await).await;
            assert!(told.is_ok(), "{sql}: {:?}", told.err());
        }
        datasets += 1;
    }
    assert_eq!(datasets, 7);
}
