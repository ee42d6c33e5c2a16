use std::collections::HashSet;
use std::time::{Duration, Instant};

use ccsync_simulator::{Change, ChangeKind, ChangeRates, Channel, SimulatorConfig};
use serde_json::{Map, Value, json};

use super::{CALLS, CHATS, play, small};

#[tokio::test]
async fn the_same_seed_gives_the_same_truth_and_another_seed_another() {
    let first = play(small()).await.sim.truth();
    assert_eq!(first, play(small()).await.sim.truth());
    let other = play(SimulatorConfig { seed: 2, ..small() }).await.sim.truth();
    assert_ne!(first.calls, other.calls);
    assert_ne!(first.groups, other.groups);
}

#[tokio::test]
async fn natural_keys_are_unique_but_ids_are_not() {
    let truth = play(SimulatorConfig { calls: 5_000, chats: 5_000, ..small() }).await.sim.truth();
    let text = |row: &Value, name: &str| row[name].as_str().unwrap().to_owned();
    let calls: HashSet<_> =
        truth.calls.iter().map(|row| (text(row, "call_log_jestid"), text(row, "agentid"))).collect();
    assert_eq!(calls.len(), 5_000);
    let ids: HashSet<_> = truth.calls.iter().map(|row| text(row, "call_log_jestid")).collect();
    assert!(ids.len() < 5_000);
    let chats: HashSet<_> = truth
        .chats
        .iter()
        .map(|row| (text(row, "cid"), text(row, "schemeid"), text(row, "agentid")))
        .collect();
    assert_eq!(chats.len(), 5_000);
    assert_eq!(truth.ever.chats.len(), 5_000);
}

#[tokio::test]
async fn scores_add_up_and_some_are_unusual() {
    let truth = play(SimulatorConfig { calls: 3_000, ..small() }).await.sim.truth();
    let tenths =
        |row: &Value, name: &str| (row[name].as_str().unwrap().parse::<f64>().unwrap() * 10.0).round() as i64;
    let mut over = 0;
    for row in &truth.calls {
        let parts = ["standard_score", "pulse", "minus"].map(|name| tenths(row, name));
        assert_eq!(tenths(row, "total_score"), parts.iter().sum::<i64>());
        over += usize::from(tenths(row, "pulse") > tenths(row, "pulse_max"));
    }
    assert!(over > 20);
    assert!(truth.calls.iter().any(|row| tenths(row, "minus") < 0));
    assert!(truth.calls.iter().any(|row| row["agent_email"] == ""));
    assert!(truth.calls.iter().any(|row| row["agent_name"].as_str().unwrap().contains('🌸')));
    for row in &truth.calls {
        let at = |name: &str| row[name].as_str().unwrap().parse::<i64>().unwrap();
        assert!(at("call_start_datetime") <= at("qualify_time"));
    }
}

#[tokio::test]
async fn a_deleted_row_is_gone_but_not_forgotten() {
    let play = play(small()).await;
    let before = play.sim.truth();
    let id = before.calls[0]["call_log_jestid"].as_str().unwrap().to_owned();
    play.sim.mutate(Change::Delete { channel: Channel::Call, id: id.clone(), agentid: None }).unwrap();
    let after = play.sim.truth();
    assert_eq!(after.calls.len(), before.calls.len() - 1);
    assert_eq!(after.ever, before.ever);
    assert_eq!(play.walk_all(CALLS).await.len(), after.calls.len());
    let again = Change::Delete { channel: Channel::Call, id: "nothing".into(), agentid: None };
    assert!(play.sim.mutate(again).unwrap_err().contains("nothing"));
}

#[tokio::test]
async fn agents_move_and_claims_flip_and_groups_come_and_go() {
    let play = play(small()).await;
    let exten = play
        .sim
        .mutate(Change::AddGroup {
            display_name: "新组".into(),
            agent_numbers: vec!["8001".into(), "x".into()],
        })
        .unwrap();
    let other = play.sim.truth().groups[0]["exten"].as_str().unwrap().to_owned();
    let claims = |exten: &str| {
        let claims = play.sim.truth().claims;
        claims.into_iter().find(|group| group["exten"] == exten)
    };
    assert_eq!(claims(&exten).unwrap()["assignMembers"].as_array().unwrap().len(), 1);
    let set = Change::SetClaim { agent_number: "8001".into(), pc: Some(true), mobile: Some(false) };
    play.sim.mutate(set).unwrap();
    let member = claims(&exten).unwrap()["assignMembers"][0].clone();
    assert_eq!(
        (member["pcAutoClaim"].clone(), member["mobileAutoClaim"].clone()),
        (true.into(), false.into())
    );
    let from = Some(exten.clone());
    play.sim
        .mutate(Change::MoveAgent { agent_number: "8001".into(), from, to: Some(other.clone()) })
        .unwrap();
    assert_eq!(claims(&exten).unwrap()["assignMembers"], json!([]));
    let moved = claims(&other).unwrap();
    assert!(moved["assignMembers"].as_array().unwrap().iter().any(|m| m["agentNumber"] == "8001"));
    play.sim.mutate(Change::RemoveGroup { exten: exten.clone() }).unwrap();
    assert!(claims(&exten).is_none());
    assert!(play.sim.truth().ever.groups.contains(&exten));
}

#[tokio::test]
async fn every_kind_of_change_can_happen_by_chance() {
    let play = play(small()).await;
    for kind in ChangeKind::ALL {
        let before = play.sim.truth();
        play.sim.mutate(Change::Random { kind }).unwrap();
        assert_ne!(play.sim.truth(), before, "{kind:?}");
    }
}

#[tokio::test]
async fn the_data_changes_by_itself_at_the_set_rates() {
    let play = play(small()).await;
    let before = play.sim.truth();
    tokio::time::sleep(Duration::from_millis(250)).await;
    assert_eq!(play.sim.truth(), before, "nothing changes unasked");
    play.sim.set_change_rates(ChangeRates { new_result: 100.0, ..ChangeRates::default() });
    let begun = Instant::now();
    while play.sim.truth().ever.calls.len() < before.calls.len() + 5 {
        assert!(begun.elapsed() < Duration::from_secs(60));
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn a_large_data_set_is_made_at_once_and_paged_quickly() {
    let begun = Instant::now();
    let play = play(SimulatorConfig { calls: 100_000, chats: 100_000, ..small() }).await;
    let made = begun.elapsed();
    let begun = Instant::now();
    let page = play.page(CHATS, "20", "1000").await;
    let paged = begun.elapsed();
    assert_eq!(page["items"].as_array().unwrap().len(), 1000);
    // Generous: unoptimised code on a busy machine. Measured far below.
    assert!(made < Duration::from_secs(60), "{made:?}");
    assert!(paged < Duration::from_secs(30), "{paged:?}");
    println!("made in {made:?}, paged in {paged:?}");
}

#[tokio::test]
async fn a_rescored_row_moves_to_its_new_time() {
    let play = play(small()).await;
    let row = play.sim.truth().chats[0].clone();
    let id = row["cid"].as_str().unwrap().to_owned();
    let rescore = Change::Rescore {
        channel: Channel::Chat,
        id: id.clone(),
        agentid: row["agentid"].as_str().map(str::to_owned),
        fields: Map::new(),
    };
    play.sim.mutate(rescore).unwrap();
    let now = play.walk(CHATS, "2026-03-02 10:00:00", "2026-03-02 10:00:00", "10").await;
    assert_eq!(now.len(), 1);
    assert_eq!(now[0]["cid"], id);
    assert_eq!(play.walk_all(CHATS).await.len(), 222);
}
