//! The call system's actions (`docs/vendors.md#call-system`).

use std::time::Duration;

use ccsync_simulator::{Endpoint, Fault};
use reqwest::Response;
use serde_json::{Value, json};

use super::{Play, play, play_with, small};

async fn order(play: &Play, path: &str, token: &str, fields: &[(&str, &str)]) -> Response {
    let request = play.http.post(format!("{}{path}", play.sim.base_url())).header("access_token", token);
    request.form(fields).send().await.unwrap()
}

async fn body(answer: Response) -> Value {
    answer.json().await.unwrap()
}

#[tokio::test]
async fn every_action_is_answered_as_the_document_prints_it_and_counted_as_a_write() {
    let play = play(small()).await;
    for (path, fields) in [
        ("/admin/agent/logon", &[("extno", "1001")][..]),
        ("/admin/agent/logout", &[("extno", "1001")]),
        ("/admin/agent/nextCall", &[]),
        ("/admin/agent/hold", &[]),
        ("/admin/agent/meeting", &[("tel", "1003")]),
        ("/admin/agent/addBlack", &[("info_uuid", "beeb8dda")]),
        ("/admin/sms_api/send", &[("telephone", "123456"), ("msg", "短信")]),
    ] {
        let answer = body(order(&play, path, "demo-token", fields).await).await;
        assert_eq!(answer, json!({"msg": "success", "code": 0, "data": 1}), "{path}");
        if !fields.is_empty() {
            let without = body(order(&play, path, "demo-token", &[]).await).await;
            assert_ne!(without["code"], 0, "{path}");
        }
    }
    let message = order(&play, "/admin/agent/getMsg", "demo-token", &[]).await.text().await.unwrap();
    assert!(message.starts_with(r#"{ "msg": "success", "code": 0, "data": "" "#), "{message}");
    assert!(serde_json::from_str::<Value>(&message).is_err(), "the document's sample is no JSON");
    assert_eq!(play.sim.journal().writes(), 13);
    let sms = play.sim.journal().requests_of(Endpoint::WorkbenchSendSms).next().cloned().unwrap();
    assert_eq!(sms.write, Some(json!({"telephone": "123456", "msg": "短信"})));
}

#[tokio::test]
async fn a_token_that_no_agent_has_is_refused() {
    let play = play_with(&[("workbench_status", "telling"), ("workbench_code", "string")]).await;
    let refused = order(&play, "/admin/agent/hold", "wrong", &[]).await;
    assert_eq!((refused.status().as_u16(), &body(refused).await["code"]), (401, &json!(401)));
    assert_eq!(body(order(&play, "/admin/agent/hold", "demo-token", &[]).await).await["code"], "0");
}

#[tokio::test]
async fn fields_can_be_taken_in_one_form_only() {
    for (switch, form, json_form) in [("either", 0, 0), ("form", 0, 400), ("json", 400, 0)] {
        let play = play_with(&[("workbench_body", switch)]).await;
        let answer = order(&play, "/admin/agent/meeting", "demo-token", &[("tel", "1003")]).await;
        assert_eq!(body(answer).await["code"], form, "{switch}");
        let request = play.http.post(format!("{}/admin/agent/meeting", play.sim.base_url()));
        let answer = request.header("access_token", "demo-token").json(&json!({"tel": "1003"})).send().await;
        assert_eq!(body(answer.unwrap()).await["code"], json_form, "{switch}");
    }
}

#[tokio::test]
async fn an_answer_can_be_lost_after_the_deed_or_before_it() {
    let play = play(small()).await;
    let members = |play: &Play| {
        let group = play.sim.truth().groups.into_iter().find(|group| group["exten"] == "10018501").unwrap();
        group["assignMembers"].as_array().unwrap().len()
    };
    for (late, agents) in [(0, vec!["8000"]), (300, vec!["8001", "8002"])] {
        play.sim.script(Endpoint::MoorAssignMembers, [Fault::LostAnswer.with(late)]);
        let list: Vec<Value> = agents.iter().map(|agent| json!({"agentNumber": agent})).collect();
        let fields = json!({"exten": "10018501", "assignMembers": list});
        let answer = play.moor_at("updateQueueAssignMembers", fields, play.now()).await;
        assert!(answer.bytes().await.is_err(), "the connection was cut");
        let done = async {
            while members(&play) != agents.len() {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(30), done).await.expect("the members in time");
    }
    assert_eq!(play.sim.journal().writes(), 2);
}
