//! The dbt project, built by dbt itself.

use std::path::Path;

use tokio::process::Command;
use url::Url;

use crate::support::db::TestDb;
use crate::support::process::Workspace;

const PROJECT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/integrations/dbt");

/// An agent with results in January, March and April, and one that has no time.
const PAUSED: &str = "
    insert into sobot.call_result (source, call_log_jestid, agentid, agent_name, call_start_datetime, total_score,
        total_score_max, revision, first_seen_at, changed_at, content_hash, run_id)
    select 'sobot', 'paused-' || number, 'paused', 'paused', at, score, 100, 1, now(), now(), gen_random_uuid(), 1
    from (values (1, timestamptz '2025-01-10', 50), (2, '2025-03-10', 60), (3, '2025-04-10', 65), (4, null, 70))
        r (number, at, score)";

#[tokio::test]
#[ignore = "needs dbt: integrations/dbt/check installs it and runs this test"]
async fn dbt_builds_its_project_on_what_the_demo_filled() {
    let dbt =
        std::env::var("CCSYNC_DBT").expect("CCSYNC_DBT: the path of dbt; integrations/dbt/check gives it");
    let db = TestDb::empty().await;
    let workspace = Workspace::new("");
    workspace.run(&["demo", "--once", "--database", db.url()]).await.expect(0);

    sqlx::query(PAUSED).execute(db.pool().await).await.unwrap();
    let url: Url = db.url().parse().unwrap();
    let output = Command::new(dbt)
        .args([
            "build",
            "--profiles-dir",
            PROJECT,
            "--project-dir",
            PROJECT,
            "--no-use-colors",
            "--target-path",
        ])
        .arg(workspace.path().join("target"))
        .arg("--log-path")
        .arg(workspace.path().join("logs"))
        .env("PGHOST", url.host_str().unwrap())
        .env("PGPORT", url.port().unwrap().to_string())
        .env("PGUSER", url.username())
        .env("PGPASSWORD", url.password().unwrap_or_default())
        .env("PGDATABASE", url.path().trim_start_matches('/'))
        .output()
        .await
        .unwrap();
    let told = String::from_utf8_lossy(&output.stdout);
    println!("{}", told.lines().rev().take(6).collect::<Vec<_>>().join("\n"));
    assert!(output.status.success(), "{told}");
    let rows: i64 = sqlx::query_scalar("select count(*) from marts.agent_scorecard")
        .fetch_one(db.pool().await)
        .await
        .unwrap();
    assert!(0 < rows);
    let changes: Vec<String> = sqlx::query_scalar(
        "select concat_ws(' ', month, results, 'change', change_from_last_month::integer)
        from marts.agent_scorecard where agent_id = 'paused' order by month",
    )
    .fetch_all(db.pool().await)
    .await
    .unwrap();
    assert_eq!(
        changes,
        ["2025-01-01 1 change", "2025-03-01 1 change", "2025-04-01 1 change 5", "1 change"],
        "March is not compared with January"
    );
    assert!(Path::new(PROJECT).join("models/sources.yml").exists());
}
