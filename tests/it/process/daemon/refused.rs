//! A source that gets another meaning while a daemon reads it: the daemon says so, by its own name, wherever it is asked.

use rustix::process::Signal;
use serde_json::Value;

use super::{Daemon, SCHEDULES, TIMEOUT, YEARLY, first_passes, scheduled};
use crate::support::harness::eventually;
use crate::support::process::{Setup, recent_world};

/// Waits until the source is changed: a lease that the daemon holds stands in the way for a moment.
async fn change(setup: &Setup, arguments: &[&str]) {
    eventually(TIMEOUT, async || {
        let ended = setup.run(arguments).await;
        if ended.code == Some(0) { Ok(()) } else { Err(ended.stderr) }
    })
    .await;
}

/// What a daemon whose source was changed says: at `/readyz`, in its status, in its metrics and in its log.
async fn assert_refused_by_name(daemon: Daemon) {
    eventually(TIMEOUT, async || match daemon.get("/readyz").await {
        (503, body) if body.contains("source sobot: since this process started") => Ok(()),
        (code, body) => Err(format!("{code}: {body}")),
    })
    .await;
    let (code, body) = daemon.get("/readyz").await;
    assert!(code == 503 && body.contains("Start ccsync again with the configuration of now"), "{body}");
    let report = async || serde_json::from_str::<Value>(&daemon.get("/api/status").await.1).unwrap();
    // It is read once a second, however many ask.
    eventually(TIMEOUT, async || match alert_of(&report().await) {
        Some(_) => Ok(()),
        None => Err(report().await.to_string()),
    })
    .await;
    let report = report().await;
    assert_eq!(report["healthy"], false, "{report}");
    let alert = alert_of(&report).unwrap();
    assert_eq!(alert["source"], "sobot", "{alert}");
    assert!(alert["since"].is_string() && alert["severity"] == "critical", "{alert}");
    assert!(alert["remedy"].as_str().unwrap().contains("start ccsync again"), "{alert}");
    let (_, metrics) = daemon.get("/metrics").await;
    assert!(metrics.contains(r#"ccsync_alert{alert="source_refused",severity="critical",source="sobot"} 1"#));
    daemon.program.says("the scheduled pass over sobot/sobot.call_result failed (source_refused)").await;
    let ended = daemon.program.stop(Signal::TERM).await.expect(0);
    assert!(ended.stderr.contains("reading sobot failed (source_refused)"), "{}", ended.stderr);
    assert!(!ended.stderr.contains("database cannot be reached"), "{}", ended.stderr);
}

fn alert_of(report: &Value) -> Option<Value> {
    report["alerts"].as_array()?.iter().find(|alert| alert["kind"] == "source_refused").cloned()
}

async fn read_by_a_daemon() -> (Setup, Daemon) {
    let setup = scheduled(Setup::new(recent_world(), "").await, YEARLY).with(SCHEDULES[0], "*/2 * * * * *");
    let daemon = Daemon::start(&setup);
    daemon.ready().await;
    first_passes(&setup).await;
    (setup, daemon)
}

#[tokio::test]
async fn a_daemon_whose_source_was_renamed_says_so_until_it_is_started_with_the_configuration_of_now() {
    let (setup, daemon) = read_by_a_daemon().await;
    change(&setup, &["source", "rename", "sobot", "sobot_main", "--yes"]).await;
    assert_refused_by_name(daemon).await;
    let status = setup.run(&["status"]).await.expect(0).stdout;
    let status = status.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(status.contains("needs attention"), "{status}");
    assert!(status.contains("`ccsync source rename sobot_main sobot --yes`"), "{status}");
    let text = std::fs::read_to_string(setup.workspace.path().join("ccsync.toml")).unwrap();
    setup.workspace.write("ccsync.toml", &text.replace("sources.sobot", "sources.sobot_main"));
    let daemon = Daemon::start(&setup);
    daemon.ready().await;
    daemon.program.stop(Signal::TERM).await.expect(0);
}

#[tokio::test]
async fn a_daemon_whose_source_was_purged_says_so_until_it_is_started_again() {
    let (setup, daemon) = read_by_a_daemon().await;
    change(&setup, &["source", "purge", "sobot", "--yes"]).await;
    assert_refused_by_name(daemon).await;
    let daemon = Daemon::start(&setup);
    daemon.ready().await;
    daemon.program.stop(Signal::TERM).await.expect(0);
}

#[tokio::test]
async fn a_daemon_under_which_a_newer_one_migrated_the_database_is_not_ready() {
    let setup = scheduled(Setup::new(recent_world(), "").await, YEARLY);
    let daemon = Daemon::start(&setup);
    let ready = async |code: u16| {
        let answers = async || match daemon.get("/readyz").await {
            (found, _) if found == code => Ok(()),
            (found, body) => Err(format!("{found} {body}")),
        };
        eventually(TIMEOUT, answers).await;
    };
    ready(200).await;
    let pool = setup.db.pool().await;
    sqlx::query(
        "insert into sync.migration (version, description, success, checksum, execution_time)
         values (99990101000000, 'of tomorrow', true, 'x', 0)",
    )
    .execute(pool)
    .await
    .unwrap();
    ready(503).await;
    let (_, body) = daemon.get("/readyz").await;
    assert!(body.contains("99990101000000") && body.contains("a newer one migrated it"), "{body}");
}
