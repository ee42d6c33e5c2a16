//! What never reaches the database: whole phone numbers, and secrets outside the one table that holds them.

use std::collections::BTreeSet;

use ccsync_simulator::{Change, Channel, Endpoint, Fault};
use serde_json::json;

use crate::support::harness::{QUICK, TestApp, TestClock, TestWorld, small_world};
use crate::whole::system::history::whole_database;
use crate::whole::system::steps::{change, value};

/// A number that stands in a field which no document names.
const STRAY: &str = "13812345678";

/// Phone numbers in claims, in an unknown field, in what cannot be read, and in what is only history.
async fn sync_a_world_full_of_numbers(world: &TestWorld) -> BTreeSet<String> {
    let test = &world.test;
    for score in ["91.0", "abc"] {
        let fields = json!({"total_score": score, "remark": format!("call {STRAY} back")});
        let fields = fields.as_object().unwrap().clone();
        change(test, Change::Insert { channel: Channel::Call, fields, omit: Vec::new() });
    }
    // A window of chats is walked twice, and the second walk is the one that is stored.
    test.simulator.script(Endpoint::MoorAgentClaimStatus, [Fault::MalformedRecord.with(1)]);
    test.simulator.script(Endpoint::SobotChatResult, vec![Fault::MalformedRecord.with(1); 40]);
    test.sync().await;
    let mut numbers = BTreeSet::from([STRAY.to_owned()]);
    for group in test.simulator.truth().claims {
        for member in group["assignMembers"].as_array().unwrap() {
            numbers.insert(member["phone"].as_str().unwrap().to_owned());
            let agent_number = member["agentNumber"].as_str().unwrap().to_owned();
            change(test, Change::SetClaim { agent_number, pc: Some(true), mobile: Some(true) });
        }
    }
    test.sync().await;
    assert!(value::<i64>(test, "select count(*) from moor.agent_claim_status_history").await > 0);
    assert!(value::<i64>(test, "select count(*) from sync.quarantine").await >= 3);
    numbers
}

async fn rows_with<'a>(test: &TestApp, words: impl IntoIterator<Item = &'a String>) -> Vec<String> {
    let rows = whole_database(test).await;
    let words: Vec<_> = words.into_iter().collect();
    rows.into_iter().filter(|row| words.iter().any(|word| row.contains(*word))).collect()
}

#[tokio::test]
async fn no_whole_phone_number_and_no_secret_is_anywhere_in_the_database() {
    let world = TestWorld::quick(small_world()).await;
    let numbers = sync_a_world_full_of_numbers(&world).await;
    let test = &world.test;
    assert!(numbers.len() > 10);
    assert_eq!(rows_with(test, &numbers).await, Vec::<String>::new());

    let token: String = value(test, "select secret from sync.token").await;
    let secrets = ["demo-key".to_owned(), "demo-secret".to_owned(), token];
    let found = rows_with(test, &secrets).await;
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].starts_with("sync.token: "), "{found:?}");
}

#[tokio::test]
async fn failures_in_the_ledger_hold_no_secret_either() {
    let world = TestWorld::quick(small_world()).await;
    let test = &world.test;
    for endpoint in [Endpoint::SobotCallResult, Endpoint::SobotChatResult, Endpoint::MoorQueue] {
        test.simulator.script(endpoint, (0..400).map(|_| Fault::Redirect));
    }
    test.sync().await;
    let failed = "select count(*) from sync.run where message is not null";
    assert_eq!(value::<i64>(test, failed).await, 3);
    let token: String = value(test, "select secret from sync.token").await;
    let secrets = ["demo-key".to_owned(), "demo-secret".to_owned(), token, "sig=".to_owned()];
    let found = rows_with(test, &secrets).await;
    assert!(found.iter().all(|row| row.starts_with("sync.token: ")), "{found:?}");
}

#[tokio::test]
async fn whoever_configures_it_keeps_the_numbers_as_they_are() {
    let variables = [QUICK, &[("CCSYNC__PRIVACY__PHONE", "keep")]].concat();
    let world = TestWorld::on(TestClock::hurried(), small_world(), &variables).await;
    let numbers = sync_a_world_full_of_numbers(&world).await;
    let found = rows_with(&world.test, &numbers).await;
    for table in ["moor.agent_claim_status: ", "sobot.call_result: ", "sync.quarantine: "] {
        assert!(found.iter().any(|row| row.starts_with(table)), "no number in {table}");
    }
}
