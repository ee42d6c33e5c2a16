//! The commands and the feed: what each says, and that none says a token.

use ccsync_simulator::MonitorRates;
use rustix::process::Signal;

use super::setup::FeedSetup;
use crate::support::db::TestDb;
use crate::support::harness::eventually;
use crate::support::process::Workspace;

#[tokio::test]
async fn only_run_follows_a_feed_and_the_other_commands_say_so() {
    let db = TestDb::create().await;
    let setup = FeedSetup::new(2, MonitorRates::default(), 1, db.url()).await;
    let workspace = Workspace::new(&setup.configuration("", ""));
    for command in [&["sync", "workbench.agent_monitor"][..], &["plan", "setup/workbench.agent_monitor"]] {
        let refused = workspace.run(command).await.expect(2);
        assert!(refused.talk().contains("only `ccsync run` follows it"), "{}", refused.stderr);
    }
    let passed_over = workspace.run(&["sync"]).await.expect(0);
    assert_eq!(
        passed_over.talk().lines().next(),
        Some("note: setup/workbench.agent_monitor is a live feed; only `ccsync run` follows it")
    );
    let opened: usize =
        setup.simulator.monitor_truth().agents.iter().map(|agent| agent.connections.len()).sum();
    assert_eq!(opened, 0, "a command opened a socket");
}

#[tokio::test]
async fn check_opens_the_socket_of_each_agent_and_closes_it_again_and_names_those_that_are_refused() {
    let db = TestDb::create().await;
    let setup = FeedSetup::new(2, MonitorRates::default(), 1, db.url()).await;
    let workspace = Workspace::new(&setup.configuration("", ""));
    let checked = workspace.run(&["check", "--json"]).await.expect(0).json();
    let checks = checked["checks"].as_array().unwrap();
    let feed = checks.iter().find(|check| check["subject"] == "setup/workbench.agent_monitor").unwrap();
    assert_eq!(feed["detail"], "the sockets of 2 agents open");
    eventually(std::time::Duration::from_secs(30), async || {
        let agents = setup.simulator.monitor_truth().agents;
        let closed = |agent: &ccsync_simulator::AgentTruth| {
            matches!(&agent.connections[..], [one] if one.end.as_deref() == Some("client"))
        };
        if agents.iter().all(closed) { Ok(()) } else { Err(format!("{agents:?}")) }
    })
    .await;
    // The second agent's token is the one that is wrong.
    let second = setup.configuration("", "").replace("s3cret-token-1", "s3cret-token-wrong");
    let refused = Workspace::new(&second).run(&["check"]).await;
    assert!(refused.stdout.contains("agent 1002: expected a websocket, got HTTP 401"), "{}", refused.stdout);
    let wrong = setup.configuration("", "").replace("s3cret-token-0", "s3cret-token-wrong");
    let refused = Workspace::new(&wrong).run(&["check"]).await;
    assert_ne!(refused.code, Some(0));
    assert!(refused.stdout.contains("agent 1001: expected a websocket, got HTTP 401"), "{}", refused.stdout);
    assert!(!format!("{refused:?}").contains("s3cret"), "{refused:?}");
}

#[tokio::test]
async fn check_opens_no_second_socket_beside_a_daemon_that_listens() {
    let db = TestDb::create().await;
    let setup = FeedSetup::new(1, MonitorRates::default(), 1, db.url()).await;
    let workspace = Workspace::new(&setup.configuration("", ""));
    let daemon = workspace.start(&["run"]);
    let connections = || setup.simulator.monitor_truth().agents[0].connections.len();
    eventually(std::time::Duration::from_secs(40), async || match connections() {
        0 => Err("no socket yet".to_owned()),
        _ => Ok(()),
    })
    .await;
    let checked = workspace.run(&["check", "--json"]).await.json();
    let checks = checked["checks"].as_array().unwrap();
    let feed = checks.iter().find(|check| check["subject"] == "setup/workbench.agent_monitor").unwrap();
    assert_eq!(
        feed["detail"],
        "a running ccsync follows 1 agent; no second socket is opened, and what stands here as a token is not tried"
    );
    assert_eq!(connections(), 1);
    daemon.stop(rustix::process::Signal::TERM).await.expect(0);
}

#[tokio::test]
async fn a_daemon_at_its_most_talkative_says_no_token_and_nothing_of_what_came() {
    let db = TestDb::create().await;
    let rates = MonitorRates { garbage: 5.0, cut: 1.0, ..MonitorRates::lively(20.0) };
    let setup = FeedSetup::new(2, rates, 1, db.url()).await;
    let workspace = Workspace::new(&setup.configuration("", "")).with("CCSYNC__LOG__FILTER", "trace");
    let daemon = workspace.start(&["run"]);
    let pool = db.pool().await;
    eventually(std::time::Duration::from_secs(60), async || {
        let gaps: i64 =
            sqlx::query_scalar("select count(*) from workbench.feed_gap").fetch_one(pool).await.unwrap();
        if 2 < gaps { Ok(()) } else { Err(format!("{gaps} gaps")) }
    })
    .await;
    let ended = daemon.stop(Signal::TERM).await.expect(0);
    assert!(ended.stderr.contains("agent 1001 is heard"), "{}", ended.stderr);
    for secret in ["s3cret", "15711356914", "13900001111", "公告", "garbage 1"] {
        let line = ended.stderr.lines().find(|line| line.contains(secret));
        assert!(line.is_none(), "{secret} in {line:?}");
    }
}
