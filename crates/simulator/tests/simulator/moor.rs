use ccsync_simulator::{Change, Endpoint, MoorAccount, Now, SimulatorConfig};
use chrono::{DateTime, TimeDelta};
use rstest::rstest;
use serde_json::{Value, json};

use super::{Play, base64, md5_hex, play, play_with, small, sorted};

/// All groups, read until the count is reached.
async fn snapshot(play: &Play, name: &str) -> Vec<Value> {
    let mut rows = Vec::new();
    for page in 1.. {
        let body = play.moor(name, json!({"page": page, "pageSize": 7})).await;
        let list = body["data"]["list"].as_array().unwrap();
        rows.extend(list.clone());
        if list.is_empty() || rows.len() as u64 >= body["data"]["count"].as_u64().unwrap() {
            break;
        }
    }
    rows
}

#[tokio::test]
async fn the_documents_signature_is_accepted() {
    let account = MoorAccount { account: "N00000000556".into(), secret: "secret".into() };
    let at = DateTime::parse_from_rfc3339("2016-10-13T11:36:12+08:00").unwrap();
    let config = SimulatorConfig { moor_accounts: vec![account], ..small() };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let config = SimulatorConfig { now: Now::fixed(at.to_utc()), ..config };
    let sim = ccsync_simulator::Simulator::start(config, listener).unwrap();
    let sig = "88996D9907E0EE52C5DAF8EFFCC31CFC";
    let url = format!("{}/v20210827/webChat/queueQueue/N00000000556?sig={sig}", sim.base_url());
    let answer = super::http()
        .post(url)
        .header("Authorization", "TjAwMDAwMDAwNTU2OjIwMTYxMDEzMTEzNjEy")
        .header("Content-Type", "application/json;charset=utf-8;")
        .body("")
        .send()
        .await
        .unwrap();
    let body: Value = answer.json().await.unwrap();
    assert_eq!(body["success"], true);
    assert_eq!(body["data"]["count"], 23);
    assert_eq!(body["data"]["list"].as_array().unwrap().len(), 10);
    assert_eq!(body["message"], "200 ok!");
    sim.stop().await;
}

#[tokio::test]
async fn walking_all_pages_gives_exactly_the_groups_and_claims() {
    let play = play(small()).await;
    let truth = play.sim.truth();
    assert_eq!(truth.groups.len(), 23);
    assert_eq!(sorted(snapshot(&play, "queueQueue").await), sorted(truth.groups));
    assert_eq!(sorted(snapshot(&play, "queueQueueAgentClaimStatus").await), sorted(truth.claims));
}

#[tokio::test]
async fn rows_have_the_documents_fields() {
    let play = play(small()).await;
    let truth = play.sim.truth();
    let keys = |row: &Value| row.as_object().unwrap().keys().cloned().collect::<Vec<_>>().join(" ");
    let member = |rows: &[Value]| {
        let member = rows.iter().find_map(|row| row["assignMembers"].get(0)).unwrap();
        assert!(member["priority"].is_string());
        keys(member)
    };
    assert_eq!(
        keys(&truth.groups[0]),
        "assignMembers assignRule displayName exten isMemory memoryTime updateAgent updateTime"
    );
    assert_eq!(member(&truth.groups), "agentName agentNumber priority");
    assert_eq!(keys(&truth.claims[0]), "assignMembers assignRule displayName exten");
    assert_eq!(member(&truth.claims), "agentName agentNumber mobileAutoClaim pcAutoClaim phone priority");
    assert!(truth.groups.iter().any(|group| group["updateAgent"] == ""));
    let mut names: Vec<_> = truth.groups.iter().map(|group| group["displayName"].to_string()).collect();
    names.sort();
    names.dedup();
    assert!(names.len() < truth.groups.len(), "names must repeat");
}

#[tokio::test]
async fn an_exten_makes_the_other_filters_void_and_an_unknown_one_is_empty() {
    let play = play(small()).await;
    let body =
        play.moor("queueQueue", json!({"exten": "10018503", "displayName": "nobody", "page": 9})).await;
    assert_eq!(body["data"]["count"], 1);
    assert_eq!(body["data"]["list"][0]["exten"], "10018503");
    let body = play.moor("queueQueue", json!({"exten": "1"})).await;
    assert_eq!((body["success"].clone(), body["data"]["count"].clone()), (true.into(), 0.into()));
    assert_eq!(body["data"]["list"], json!([]));
}

#[rstest]
#[case::both_now("both", 0, true)]
#[case::both_old("both", -299, true)]
#[case::both_too_old("both", -302, false)]
#[case::both_ahead("both", 299, true)]
#[case::both_far_ahead("both", 302, false)]
#[case::past_ahead("past_only", 2, false)]
#[case::past_old("past_only", -299, true)]
#[case::past_now("past_only", 0, true)]
#[tokio::test]
async fn a_timestamp_is_of_now(#[case] switch: &str, #[case] seconds: i64, #[case] accepted: bool) {
    let play = play_with(&[("moor_sig_window", switch)]).await;
    let answer = play.moor_at("queueQueue", json!({}), play.now() + TimeDelta::seconds(seconds)).await;
    let body: Value = answer.json().await.unwrap();
    assert_eq!(body["success"], accepted);
    if !accepted {
        assert_eq!(body["code"], 403);
        assert!(!body["message"].as_str().unwrap().contains("frequency"));
    }
}

#[tokio::test]
async fn common_signing_mistakes_are_refused() {
    let play = play(small()).await;
    let sig = |stamp: &str| md5_hex(&format!("N00000000000demo-secret{stamp}")).to_uppercase();
    let header = |stamp: &str| base64(&format!("N00000000000:{stamp}"));
    let now = play.now().format("%Y%m%d%H%M%S").to_string();
    let utc = play.now().to_utc().format("%Y%m%d%H%M%S").to_string();
    let millis = play.now().timestamp_millis().to_string();
    let wrong = [
        (sig(&now).to_lowercase(), header(&now)),
        (sig(&utc), header(&utc)),
        (sig(&millis), header(&millis)),
        (sig(&now), header(&utc)),
        (sig(&now), base64(&format!("N1:{now}"))),
        (sig(&now), "%%%".to_owned()),
        (String::new(), header(&now)),
    ];
    for (sig, authorization) in wrong {
        let answer = play.moor_signed("queueQueue", json!({}), &sig, &authorization).await;
        assert_eq!(answer.status(), 200);
        assert_eq!(answer.json::<Value>().await.unwrap()["code"], 403);
    }
    let counts = play.sim.journal().counts(Endpoint::MoorQueue);
    assert_eq!(counts.answers["moor_403_auth"], 7);
}

#[tokio::test]
async fn a_lower_case_signature_is_accepted_when_lax() {
    let play = play_with(&[("moor_sig_case", "lax")]).await;
    let stamp = play.now().format("%Y%m%d%H%M%S").to_string();
    let sig = md5_hex(&format!("N00000000000demo-secret{stamp}"));
    let answer =
        play.moor_signed("queueQueue", json!({}), &sig, &base64(&format!("N00000000000:{stamp}"))).await;
    assert_eq!(answer.json::<Value>().await.unwrap()["success"], true);
}

#[tokio::test]
async fn a_body_that_is_no_object_is_a_bad_request() {
    for (value, status) in [("http_200", 200), ("same", 400)] {
        let play = play_with(&[("moor_status", value)]).await;
        let answer = play.moor_at("queueQueue", json!([1]), play.now()).await;
        assert_eq!(answer.status(), status);
        let body: Value = answer.json().await.unwrap();
        assert_eq!(body, json!({"code": 400, "message": "Please check your parameters"}));
    }
}

#[tokio::test]
async fn requests_over_the_limit_are_refused_and_counted() {
    let play = play(small()).await;
    for _ in 0..20 {
        assert_eq!(play.moor("queueQueue", json!({})).await["success"], true);
    }
    let over = play.moor("queueQueue", json!({})).await;
    let text = "Server is busy, max request frequency is 20/min";
    assert_eq!(over, json!({"code": 403, "message": text}));
    for _ in 0..100 {
        assert_eq!(play.moor("queueQueueAgentClaimStatus", json!({})).await["success"], true);
    }
    let over = play.moor("queueQueueAgentClaimStatus", json!({})).await;
    assert_eq!(over["message"], "Server is busy, max request frequency is 100/min");
    let journal = play.sim.journal();
    assert_eq!(journal.limit_violations(), 2);
    assert_eq!(journal.counts(Endpoint::MoorQueue).answers["moor_403_limit"], 1);
}

#[rstest]
#[case::sliding("sliding", false)]
#[case::fixed("fixed", true)]
#[case::off("off", true)]
#[tokio::test]
async fn a_minute_slides_or_is_the_clocks(#[case] switch: &str, #[case] allowed_after_the_full_minute: bool) {
    let play = play_with(&[("moor_minute", switch)]).await;
    play.advance(TimeDelta::seconds(55));
    for _ in 0..20 {
        play.moor("queueQueue", json!({})).await;
    }
    let twenty_first = play.moor("queueQueue", json!({})).await;
    assert_eq!(twenty_first["success"] == true, switch == "off");
    play.advance(TimeDelta::seconds(5));
    assert_eq!(play.moor("queueQueue", json!({})).await["success"] == true, allowed_after_the_full_minute);
    play.advance(TimeDelta::seconds(55));
    assert_eq!(play.moor("queueQueue", json!({})).await["success"], true);
}

#[tokio::test]
async fn a_limit_can_be_of_the_whole_account() {
    for (value, refused) in [("endpoint", false), ("account", true)] {
        let play = play_with(&[("moor_limit_scope", value), ("moor_status", "same")]).await;
        for _ in 0..20 {
            play.moor("queueQueueAgentClaimStatus", json!({})).await;
        }
        let answer = play.moor_at("queueQueue", json!({}), play.now()).await;
        assert_eq!(answer.status() == 403, refused);
    }
}

#[tokio::test]
async fn lists_have_three_envelopes_and_a_code_or_none() {
    for (envelope, code, expected) in [
        ("nested", "as_documented", "data message success"),
        ("nested", "number", "code data message success"),
        ("flat", "as_documented", "code count data message success"),
        ("flat", "absent", "count data message success"),
        ("root", "as_documented", "code count list message"),
        ("root", "absent", "count list message success"),
    ] {
        let play = play_with(&[("moor_envelope", envelope), ("moor_code", code)]).await;
        let body = play.moor("queueQueue", json!({})).await;
        let keys = body.as_object().unwrap().keys().cloned().collect::<Vec<_>>().join(" ");
        assert_eq!(keys, expected);
        let list = [&body["data"]["list"], &body["data"], &body["list"]].into_iter().find(|v| v.is_array());
        assert_eq!(list.unwrap().as_array().unwrap().len(), 10);
    }
    let play = play_with(&[("moor_envelope", "flat"), ("moor_code", "string")]).await;
    assert_eq!(play.moor("queueQueue", json!({})).await["code"], "200");
}

#[tokio::test]
async fn page_size_can_be_capped_and_names_matched_in_part() {
    let play = play_with(&[("moor_page_cap", "4"), ("moor_name_match", "substring")]).await;
    let body = play.moor("queueQueue", json!({"pageSize": 100})).await;
    assert_eq!(body["data"]["list"].as_array().unwrap().len(), 4);
    assert_eq!(body["data"]["count"], 23);
    let name = play.sim.truth().groups[0]["displayName"].as_str().unwrap().to_owned();
    let part: String = name.chars().take(2).collect();
    let found = play.moor("queueQueue", json!({"displayName": part})).await;
    assert!(found["data"]["count"].as_u64().unwrap() > 0);
    let exact = play_with(&[]).await;
    let found = exact.moor("queueQueue", json!({"displayName": part})).await;
    assert_eq!(found["data"]["count"], 0);
    let found = exact.moor("queueQueue", json!({"displayName": name})).await;
    assert!(found["data"]["count"].as_u64().unwrap() > 0);
}

#[tokio::test]
async fn claims_can_require_a_filter() {
    let play = play_with(&[("moor_claim_filter", "required")]).await;
    assert_eq!(play.moor("queueQueueAgentClaimStatus", json!({})).await["code"], 400);
    let one = play.moor("queueQueueAgentClaimStatus", json!({"exten": "10018501"})).await;
    assert_eq!(one["data"]["count"], 1);
}

#[tokio::test]
async fn memory_time_and_update_time_have_two_readings() {
    let play = play_with(&[("moor_memory_time", "when_memory"), ("moor_update_time", "stays")]).await;
    let before = play.sim.truth().groups;
    for group in &before {
        assert_eq!(group.get("memoryTime").is_some(), group["isMemory"] == true);
    }
    let change = Change::MoveAgent { agent_number: "8001".into(), from: None, to: Some("10018501".into()) };
    play.sim.mutate(change.clone()).unwrap();
    assert_eq!(play.sim.truth().groups[1]["updateTime"], before[1]["updateTime"]);
    let other = play_with(&[]).await;
    other.sim.mutate(change).unwrap();
    assert_eq!(other.sim.truth().groups[1]["updateTime"], "2026-03-02 10:00:00");
    assert!(other.sim.truth().groups.iter().all(|group| group.get("memoryTime").is_some()));
}

#[tokio::test]
async fn writes_work_and_are_counted() {
    let play = play(small()).await;
    let body = json!({
        "displayName": "阿瓦达哇多", "assignRule": "nonsense", "isMemory": true, "memoryTime": "5",
        "assignMembers": [{"agentNumber": "8000", " priority": 3}, {"agentNumber": "none"}],
    });
    let added = play.moor("addQueue", body).await;
    assert_eq!((added["code"].clone(), added["success"].clone()), (200.into(), true.into()));
    let exten = added["data"]["exten"].as_str().unwrap().to_owned();
    let find = |exten: &str| {
        let groups = play.sim.truth().groups;
        groups.into_iter().find(|group| group["exten"] == exten).unwrap()
    };
    let group = find(&exten);
    assert_eq!((group["assignRule"].clone(), group["memoryTime"].clone()), ("random".into(), "120".into()));
    assert_eq!(group["assignMembers"].as_array().unwrap().len(), 1);
    assert_eq!(group["assignMembers"][0]["priority"], "3");
    let body = json!({"exten": exten, "assignMembers": [{"agentNumber": "8001"}, {"agentNumber": "8002"}]});
    assert_eq!(play.moor("updateQueueAssignMembers", body).await["code"], 200);
    let numbers: Vec<_> =
        find(&exten)["assignMembers"].as_array().unwrap().iter().map(|m| m["agentNumber"].clone()).collect();
    assert_eq!(numbers, ["8001", "8002"]);
    for (name, body) in [("addQueue", json!({})), ("updateQueueAssignMembers", json!({"exten": "1"}))] {
        let refused = play.moor(name, body).await;
        assert_eq!(refused, json!({"code": 400, "success": false, "message": "create Queue error"}));
    }
    let journal = play.sim.journal();
    assert_eq!(journal.writes(), 4);
    assert_eq!(journal.counts(Endpoint::MoorAddQueue).writes, 2);
}
