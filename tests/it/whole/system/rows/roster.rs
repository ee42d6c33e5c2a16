//! Skill groups, their members and their claims change: what is gone is marked at once, what comes back
//! goes on from where it was.

use ccsync_simulator::Change;
use serde_json::json;

use crate::support::harness::{TestWorld, small_world};
use crate::whole::system::history::assert_histories_are_whole;
use crate::whole::system::steps::{change, row, sync_well, value};
use crate::whole::system::truth;

#[tokio::test]
async fn a_member_who_leaves_and_comes_back_has_a_history_without_gaps() {
    let world = TestWorld::quick(small_world()).await;
    let test = &world.test;
    sync_well(test).await;
    let truth = test.simulator.truth();
    let from = truth.groups.iter().find(|g| g["assignMembers"][0].is_object()).unwrap();
    let number = from["assignMembers"][0]["agentNumber"].as_str().unwrap().to_owned();
    let in_group = |group: &&serde_json::Value| {
        group["assignMembers"].as_array().unwrap().iter().any(|m| m["agentNumber"] == number.as_str())
    };
    let to = truth.groups.iter().find(|group| !in_group(group)).unwrap();
    let (from, to) = (from["exten"].as_str().unwrap().to_owned(), to["exten"].as_str().unwrap().to_owned());
    let step = |from: &str, to: &str| Change::MoveAgent {
        agent_number: number.clone(),
        from: Some(from.to_owned()),
        to: Some(to.to_owned()),
    };
    let state = |table: &str, exten: &str| {
        format!(
            "select revision, deleted_at is not null as gone from {table}
             where exten = '{exten}' and agent_number = '{number}'"
        )
    };
    for (round, (left, entered)) in [(&from, &to), (&to, &from)].into_iter().enumerate() {
        change(test, step(left, entered));
        sync_well(test).await;
        truth::assert_tables_are_the_vendors(test).await;
        let revisions = if round == 0 { (2, 1) } else { (2, 3) };
        for table in ["moor.queue_member", "moor.agent_claim_status"] {
            let gone = row(test, &state(table, left)).await;
            assert_eq!(gone, json!({"revision": revisions.0, "gone": true}), "{table}");
            let here = row(test, &state(table, entered)).await;
            assert_eq!(here, json!({"revision": revisions.1, "gone": false}), "{table}");
        }
    }
    let absent = format!(
        "select count(*) from moor.queue_member_history where exten = '{from}' and agent_number = '{number}'
         and deleted_at is not null and valid_from < valid_to"
    );
    assert_eq!(value::<i64>(test, &absent).await, 1, "the time in between is told");
    assert_histories_are_whole(test).await;
}

#[tokio::test]
async fn each_change_of_a_claim_is_one_row_of_history_and_no_change_is_none() {
    let world = TestWorld::quick(small_world()).await;
    let test = &world.test;
    sync_well(test).await;
    let truth = test.simulator.truth();
    let group = truth.claims.iter().find(|g| g["assignMembers"][0].is_object()).unwrap();
    let member = &group["assignMembers"][0];
    let (number, pc) = (member["agentNumber"].as_str().unwrap(), member["pcAutoClaim"].as_bool().unwrap());
    let history = "select count(*) from moor.agent_claim_status_history";
    let places = format!(
        "select count(*) from moor.agent_claim_status where agent_number = '{number}' and deleted_at is null"
    );
    let places: i64 = value(test, &places).await;
    for flips in 1..=3 {
        let pc = Some(if flips % 2 == 1 { !pc } else { pc });
        change(test, Change::SetClaim { agent_number: number.to_owned(), pc, mobile: None });
        sync_well(test).await;
        sync_well(test).await;
        assert_eq!(value::<i64>(test, history).await, flips * places);
    }
    truth::assert_tables_are_the_vendors(test).await;
    assert_histories_are_whole(test).await;
}

#[tokio::test]
async fn a_group_that_vanishes_goes_with_its_members_and_a_new_one_comes_with_its_own() {
    let world = TestWorld::quick(small_world()).await;
    let test = &world.test;
    sync_well(test).await;
    let exten = test.simulator.truth().groups[0]["exten"].as_str().unwrap().to_owned();
    change(test, Change::RemoveGroup { exten: exten.clone() });
    let agent_numbers = vec!["8001".to_owned(), "8002".to_owned()];
    let new = change(test, Change::AddGroup { display_name: "夜间".to_owned(), agent_numbers });
    sync_well(test).await;
    truth::assert_tables_are_the_vendors(test).await;
    for table in ["moor.queue", "moor.queue_member", "moor.agent_claim_status"] {
        let live = |exten: &str| {
            format!("select count(*) from {table} where exten = '{exten}' and deleted_at is null")
        };
        assert_eq!(value::<i64>(test, &live(&exten)).await, 0, "{table}");
        let expected = if table == "moor.queue" { 1 } else { 2 };
        assert_eq!(value::<i64>(test, &live(&new)).await, expected, "{table}");
    }
    assert_histories_are_whole(test).await;
}
