//! `ccsync forget` and `ccsync retention`: what they print and how they exit.

use crate::support::process::{Desk, recent_world};

async fn an_agent(desk: &Desk) -> String {
    sqlx::query_scalar("select agentid from sobot.call_result order by 1 limit 1")
        .fetch_one(desk.db.pool().await)
        .await
        .unwrap()
}

#[tokio::test]
async fn the_command_tells_counts_and_never_who_it_was() {
    let desk = Desk::new(recent_world(), "").await;
    desk.run(&["sync"]).await.expect(0);
    let agent = an_agent(&desk).await;
    let told = desk.run(&["forget", "--agent", &agent, "--source", "sobot"]).await.expect(0);
    assert!(told.stdout.contains("sobot.call_result: ") && told.talk().contains("add --yes"), "{told:?}");
    assert_eq!(an_agent(&desk).await, agent);
    let done =
        desk.run(&["forget", "--agent", &agent, "--source", "sobot", "--yes", "--json"]).await.expect(0);
    assert_eq!((&done.json()["forgotten"], &done.json()["id"]), (&true.into(), &1.into()));
    assert_ne!(an_agent(&desk).await, agent);
    let list = desk.run(&["forget", "list", "--json"]).await.expect(0);
    assert_eq!(list.json()[0]["kind"], "agent");
    desk.run(&["forget", "--undo", "1"]).await.expect(0);
    desk.run(&["forget", "--undo", "1", "--yes"]).await.expect(0);
    let again = desk.run(&["forget", "--undo", "1", "--yes"]).await.expect(2);
    let text = [told, done, list, again].map(|ended| format!("{}{}", ended.stdout, ended.talk())).concat();
    assert!(!text.contains(&agent), "{text}");
}

#[tokio::test]
async fn wrong_usage_is_told_as_such_and_changes_nothing() {
    let desk = Desk::new(recent_world(), "").await;
    desk.run(&["migrate"]).await.expect(0);
    for arguments in [
        &["forget"][..],
        &["forget", "--phone", "123", "--yes"],
        &["forget", "--agent", "x", "--phone", "13987654321"],
        &["forget", "--agent", "x", "--source", "nowhere", "--yes"],
        &["forget", "--undo", "7", "--yes"],
    ] {
        desk.run(arguments).await.expect(2);
    }
    let told = desk.run(&["retention"]).await.expect(0);
    assert!(told.stdout.contains("sobot/sobot.call_result: kept for ever"), "{told:?}");
    let done = desk.run(&["retention", "--yes", "--json"]).await.expect(0);
    assert_eq!(done.json()[0]["removed"], false);
}
