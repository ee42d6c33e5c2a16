//! `ccsync forget` and `ccsync retention`: what they print and how they exit.

use crate::support::process::{Setup, recent_world};

async fn an_agent(setup: &Setup) -> String {
    sqlx::query_scalar("select agentid from sobot.call_result order by 1 limit 1")
        .fetch_one(setup.db.pool().await)
        .await
        .unwrap()
}

#[tokio::test]
async fn the_command_tells_counts_and_never_who_it_was() {
    let setup = Setup::new(recent_world(), "").await;
    setup.run(&["sync"]).await.expect(0);
    let agent = an_agent(&setup).await;
    let told = setup.run(&["forget", "--agent", &agent, "--source", "sobot"]).await.expect(0);
    assert!(told.stdout.contains("sobot.call_result: ") && told.talk().contains("add --yes"), "{told:?}");
    assert_eq!(an_agent(&setup).await, agent);
    let done =
        setup.run(&["forget", "--agent", &agent, "--source", "sobot", "--yes", "--json"]).await.expect(0);
    assert_eq!((&done.json()["forgotten"], &done.json()["id"]), (&true.into(), &1.into()));
    assert_ne!(an_agent(&setup).await, agent);
    let verified = setup.run(&["verify"]).await.expect(0);
    let list = setup.run(&["forget", "list", "--json"]).await.expect(0);
    assert_eq!(list.json()[0]["kind"], "agent");
    setup.run(&["forget", "--undo", "1"]).await.expect(0);
    setup.run(&["forget", "--undo", "1", "--yes"]).await.expect(0);
    let again = setup.run(&["forget", "--undo", "1", "--yes"]).await.expect(2);
    let text =
        [told, done, verified, list, again].map(|ended| format!("{}{}", ended.stdout, ended.talk())).concat();
    assert!(!text.contains(&agent), "{text}");
}

#[tokio::test]
async fn wrong_usage_is_told_as_such_and_changes_nothing() {
    let setup = Setup::new(recent_world(), "").await;
    setup.run(&["migrate"]).await.expect(0);
    for arguments in [
        &["forget"][..],
        &["forget", "--phone", "123", "--yes"],
        &["forget", "--agent", "x", "--phone", "13987654321"],
        &["forget", "--agent", "x", "--source", "nowhere", "--yes"],
        &["forget", "--undo", "7", "--yes"],
    ] {
        setup.run(arguments).await.expect(2);
    }
    let told = setup.run(&["retention"]).await.expect(0);
    assert!(told.stdout.contains("sobot/sobot.call_result: kept for ever"), "{told:?}");
    let done = setup.run(&["retention", "--yes", "--json"]).await.expect(0);
    assert_eq!(done.json()[0]["removed"], false);
}
