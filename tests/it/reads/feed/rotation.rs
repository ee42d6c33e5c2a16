//! Tokens are replaced while they are in use.

use std::time::Duration;

use ccsync_simulator::MonitorRates;
use sqlx::PgPool;

use super::setup::{FeedSetup, extno};
use crate::support::db::TestDb;
use crate::support::harness::eventually;
use crate::support::process::Workspace;

const TIMEOUT: Duration = Duration::from_secs(60);

async fn heard(pool: &PgPool, agents: &[&str]) {
    eventually(TIMEOUT, async || {
        let open: Vec<String> = sqlx::query_scalar(
            "select extno from sync.feed_session where stay_since is not null order by extno",
        )
        .fetch_all(pool)
        .await
        .unwrap();
        if open == agents { Ok(()) } else { Err(format!("heard are {open:?}")) }
    })
    .await;
}

#[tokio::test]
async fn a_token_that_was_replaced_is_told_of_its_agent_and_read_again_and_the_others_have_no_gap() {
    let db = TestDb::create().await;
    let pool = db.pool().await;
    let setup = FeedSetup::new(3, MonitorRates::lively(5.0), 1, db.url()).await.with_token_files();
    let workspace = Workspace::new(&setup.configuration("", ""));
    let daemon = workspace.start(&["run"]);
    heard(pool, &["1001", "1002", "1003"]).await;
    setup.simulator.rotate_monitor_token(&extno(1), "s3cret-new");
    heard(pool, &["1001", "1003"]).await;
    eventually(TIMEOUT, async || {
        let status = workspace.run(&["status", "--json"]).await.json();
        let agents = status["feeds"][0]["agents"].as_array().unwrap().clone();
        let kinds: Vec<_> = agents.iter().map(|agent| agent["failure_kind"].as_str()).collect();
        if kinds == [None, Some("credentials_refused"), None] { Ok(()) } else { Err(format!("{agents:?}")) }
    })
    .await;
    let shown = workspace.run(&["status"]).await.stdout;
    assert!(shown.contains("1002 (credentials refused)"), "{shown}");
    assert!(!shown.contains("s3cret"), "{shown}");
    let checked = workspace.run(&["check"]).await.expect(1);
    assert!(checked.stdout.contains("agent 1002: expected a websocket, got HTTP 401"), "{}", checked.stdout);

    setup.write_token(1, "s3cret-new");
    heard(pool, &["1001", "1002", "1003"]).await;
    eventually(TIMEOUT, async || {
        let failing = "select count(*) from sync.feed_session where failing_since is not null";
        match sqlx::query_scalar::<_, i64>(failing).fetch_one(pool).await.unwrap() {
            0 => Ok(()),
            count => Err(format!("{count} are said to fail")),
        }
    })
    .await;
    let gaps: Vec<(String, String)> =
        sqlx::query_as("select extno, reason from workbench.feed_gap").fetch_all(pool).await.unwrap();
    assert_eq!(gaps, [("1002".to_owned(), "closed".to_owned())]);
    daemon.stop(rustix::process::Signal::TERM).await.expect(0);
}
