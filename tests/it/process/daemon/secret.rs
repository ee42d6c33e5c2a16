//! A secret that is replaced while the daemon runs.

use rustix::process::Signal;
use sqlx::PgPool;

use super::{Daemon, TIMEOUT, scheduled};
use crate::support::harness::eventually;
use crate::support::process::{Setup, recent_world};

async fn count(pool: &PgPool, sql: &'static str) -> i64 {
    sqlx::query_scalar(sql).fetch_one(pool).await.unwrap()
}

#[tokio::test]
async fn keys_that_are_replaced_in_their_files_work_without_a_restart() {
    let setup = scheduled(Setup::new(recent_world(), "").await, "*/2 * * * * *")
        .with("CCSYNC__ENGINE__RETRY_BASE", "10ms")
        .with("CCSYNC__ENGINE__RETRY_MAX", "20ms");
    let text = std::fs::read_to_string(setup.workspace.path().join("ccsync.toml")).unwrap();
    let text = text.replace(r#"app_key = "demo-key""#, r#"app_key_file = "app_key""#);
    let text = text.replace(r#"api_secret = "demo-secret""#, r#"api_secret_file = "api_secret""#);
    setup.workspace.write("ccsync.toml", &text);
    setup.workspace.write("app_key", "of-last-month\n");
    setup.workspace.write("api_secret", "of-last-month\n");
    let daemon = Daemon::start(&setup);
    let pool = setup.db.pool().await;
    eventually(TIMEOUT, async || {
        match count(pool, "select count(distinct source) from sync.run where outcome = 'failed'").await {
            2 => Ok(()),
            sources => Err(format!("{sources} sources are refused")),
        }
    })
    .await;
    assert_eq!(count(pool, "select count(*) from sobot.call_result").await, 0);

    setup.workspace.write("app_key", "demo-key\n");
    setup.workspace.write("api_secret", "demo-secret\n");
    eventually(TIMEOUT, async || {
        let calls = count(pool, "select count(*) from sobot.call_result").await;
        let groups = count(pool, "select count(*) from moor.queue").await;
        if calls == 150 && groups == 6 { Ok(()) } else { Err(format!("{calls} calls, {groups} groups")) }
    })
    .await;
    daemon.program.stop(Signal::TERM).await.expect(0);
}
