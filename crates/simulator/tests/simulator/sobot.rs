use ccsync_simulator::{Change, Channel, Endpoint, SimulatorConfig, SobotAccount};
use chrono::TimeDelta;
use rstest::rstest;
use serde_json::{Value, json};

use super::{CALLS, CHATS, Play, WINDOWS, md5_hex, play, play_with, small, sorted};

const DAY: [(&str, &str); 4] = [
    ("start_datetime", "2026-01-05 00:00:00"),
    ("end_datetime", "2026-01-05 23:59:59"),
    ("page_no", "1"),
    ("page_size", "15"),
];

async fn code(play: &Play, path: &str, query: &[(&str, &str)]) -> Value {
    let token = play.token().await;
    let body: Value = play.quality(path, &token, query).await.json().await.unwrap();
    body["ret_code"].clone()
}

#[tokio::test]
async fn the_documents_token_request_is_answered_with_a_token() {
    let account = SobotAccount { app_id: "1".into(), app_key: "2".into() };
    let play = play(SimulatorConfig { sobot_accounts: vec![account], ..small() }).await;
    let sign = "258eec3118705112b2c53dc8043d4d34";
    let body = play.get(&format!("/api/get_token?appid=1&create_time=1569397773&sign={sign}")).await;
    assert_eq!(body["ret_code"], "000000");
    assert_eq!(body["ret_msg"], "操作成功");
    assert_eq!(body["item"]["expires_in"], "86400");
    assert_eq!(body["item"]["token"].as_str().unwrap().len(), 32);
    assert_eq!(play.sim.journal().tokens_issued, 1);
}

#[tokio::test]
async fn a_wrong_signature_and_an_unknown_appid_have_their_codes() {
    let play = play(small()).await;
    let wrong = play.get("/api/get_token?appid=demo-app&create_time=1&sign=00").await;
    assert_eq!(wrong["ret_code"], "900003");
    let unknown = play.get("/api/get_token?appid=nobody&create_time=1&sign=00").await;
    assert_eq!(unknown["ret_code"], "900004");
}

#[tokio::test]
async fn a_missing_an_invented_and_an_expired_token_are_refused() {
    let play = play(SimulatorConfig { token_life_s: 60, ..small() }).await;
    let empty: Value = play.quality(CALLS, "", &DAY).await.json().await.unwrap();
    assert_eq!(empty["ret_code"], "900001");
    let invented: Value = play.quality(CALLS, &"a".repeat(32), &DAY).await.json().await.unwrap();
    assert_eq!(invented["ret_code"], "900002");
    let token = play.token().await;
    let fresh: Value = play.quality(CALLS, &token, &DAY).await.json().await.unwrap();
    assert_eq!(fresh["ret_code"], "000000");
    play.advance(TimeDelta::seconds(60));
    let expired = play.quality(CALLS, &token, &DAY).await;
    assert_eq!(expired.status(), 200);
    assert_eq!(expired.json::<Value>().await.unwrap()["ret_code"], "900002");
}

#[rstest]
#[case::start_missing(CALLS, &[("end_datetime", "2026-01-05 23:59:59"), ("page_no", "1")], "400001")]
#[case::end_missing(CALLS, &[("start_datetime", "2026-01-05 23:59:59"), ("page_no", "1")], "400004")]
#[case::page_missing(CALLS, &DAY[..2], "400004")]
#[case::end_first(CALLS, &[("start_datetime", "2026-01-05 00:00:01"), ("end_datetime", "2026-01-05 00:00:00"), ("page_no", "1")], "400002")]
#[case::too_long(CALLS, &[("start_datetime", "2026-01-01 00:00:00"), ("end_datetime", "2026-02-01 00:00:01"), ("page_no", "1")], "400003")]
#[case::no_time(CALLS, &[("start_datetime", "2026-01-05"), ("end_datetime", "2026-01-05"), ("page_no", "1")], "400005")]
#[case::milliseconds(CHATS, &[("start_datetime", "1767225600000"), ("end_datetime", "1767225600000")], "400005")]
#[case::a_date_for_chats(CHATS, &[("start_datetime", "2026-01-05"), ("end_datetime", "2026-01-05")], "000000")]
#[case::no_page_for_chats(CHATS, &DAY[..2], "000000")]
#[case::huge_page(CHATS, &[DAY[0], DAY[1], ("page_no", "18446744073709551615"), ("page_size", "10000")], "000000")]
#[tokio::test]
async fn parameters_are_checked(#[case] path: &str, #[case] query: &[(&str, &str)], #[case] expected: &str) {
    let play = play(small()).await;
    assert_eq!(code(&play, path, query).await, expected);
    let other = play_with(&[("sobot_parameter_codes", "unknown")]).await;
    let unknown = if expected == "000000" { expected } else { "999999" };
    assert_eq!(code(&other, path, query).await, unknown);
}

#[tokio::test]
async fn walking_all_pages_gives_exactly_the_truth() {
    let play = play(small()).await;
    let truth = play.sim.truth();
    assert_eq!(truth.calls.len(), 137);
    assert_eq!(truth.chats.len(), 223);
    assert_eq!(sorted(play.walk_all(CALLS).await), sorted(truth.calls));
    assert_eq!(sorted(play.walk_all(CHATS).await), sorted(truth.chats));
}

#[tokio::test]
async fn call_pages_tell_their_totals_and_chat_pages_do_not() {
    let play = play(small()).await;
    let call = play.page(CALLS, "2", "7").await;
    let total = call["total_count"].as_u64().unwrap();
    assert_eq!(call["page_no"], 2);
    assert_eq!(call["page_size"], 7);
    assert_eq!(call["page_count"], total.div_ceil(7));
    assert_eq!(call["items"].as_array().unwrap().len(), 7);
    let keys = |value: &Value| value.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    assert_eq!(keys(&play.page(CHATS, "1", "7").await), ["items", "ret_code", "ret_msg"]);
}

#[tokio::test]
async fn rows_have_the_documents_fields_and_types() {
    let play = play_with(&[("sobot_extra_field", "none")]).await;
    let truth = play.sim.truth();
    let keys = |row: &Value| row.as_object().unwrap().keys().cloned().collect::<Vec<_>>().join(" ");
    assert_eq!(
        keys(&truth.calls[0]),
        "agent_email agent_name agentid call_log_jestid call_start_datetime minus minus_max pulse pulse_max \
         qualify_time standard_score standard_score_max total_score total_score_max"
    );
    assert_eq!(
        keys(&truth.chats[0]),
        "add_quality_score add_total_score agent_email agent_name agentid chat_start_datetime cid \
         minus_quality_score minus_total_score quality_score schemeid standard_quality_score \
         standard_total_score total_score update_datetime"
    );
    for row in truth.calls.iter().chain(&truth.chats) {
        assert!(row.as_object().unwrap().values().all(Value::is_string), "{row}");
    }
}

#[tokio::test]
async fn a_space_may_be_a_plus_or_percent_encoded() {
    let play = play(small()).await;
    let token = play.token().await;
    for space in ["%20", "+"] {
        let query = format!(
            "start_datetime=2026-01-05{space}00:00:00&end_datetime=2026-01-06{space}00:00:00&page_no=1"
        );
        let url = format!("{}{CALLS}?{query}", play.sim.base_url());
        let body: Value =
            play.http.get(url).header("token", &token).send().await.unwrap().json().await.unwrap();
        assert_eq!(body["ret_code"], "000000");
        assert_eq!(body["page_size"], 15);
    }
}

#[tokio::test]
async fn planted_rows_are_sent_as_they_were_given() {
    let play = play(small()).await;
    let fields = json!({
        "cid": "c1", "schemeid": "s1", "agentid": "a1",
        "update_datetime": "1767600000000", "quality_score": "abc", "novel": {"deep": [1]},
    });
    let id = play
        .sim
        .mutate(Change::Insert {
            channel: Channel::Chat,
            fields: fields.as_object().unwrap().clone(),
            omit: vec!["agent_name".into()],
        })
        .unwrap();
    assert_eq!(id, "c1");
    let rows = play.walk(CHATS, "2026-01-05 16:00:00", "2026-01-05 16:00:00", "100").await;
    let row = rows.iter().find(|row| row["cid"] == "c1").unwrap();
    for (name, value) in fields.as_object().unwrap() {
        assert_eq!(&row[name], value);
    }
    assert!(row.get("agent_name").is_none());
}

#[tokio::test]
async fn the_journal_knows_windows_pages_and_accounts() {
    let play = play(small()).await;
    play.page(CALLS, "3", "11").await;
    let journal = play.sim.journal();
    let entry = journal.requests_of(Endpoint::SobotCallResult).next().unwrap();
    assert_eq!(entry.start.as_deref(), Some(WINDOWS[0].0));
    assert_eq!(entry.end.as_deref(), Some(WINDOWS[0].1));
    assert_eq!((entry.page, entry.page_size, entry.rows), (Some(3), Some(11), 11));
    assert_eq!((entry.account.as_str(), entry.answer.as_str()), ("demo-app", "ok"));
    let counts = journal.counts(Endpoint::SobotCallResult);
    assert_eq!((counts.requests, counts.rows, counts.answers["ok"]), (1, 11, 1));
    assert_eq!(counts.per_minute["2026-03-02T02:00Z"], 1);
    assert_eq!(journal.writes(), 0);
}

#[tokio::test]
async fn accounts_keep_their_tokens_apart() {
    let account = |name: &str| SobotAccount { app_id: name.into(), app_key: "demo-key".into() };
    let accounts = vec![account("demo-app"), account("other")];
    let play = play(SimulatorConfig { sobot_accounts: accounts, ..small() }).await;
    let token = play.token().await;
    let sign = md5_hex("other1demo-key");
    let other = play.get(&format!("/api/get_token?appid=other&create_time=1&sign={sign}")).await;
    assert_eq!(other["ret_code"], "000000");
    let body: Value = play.quality(CALLS, &token, &DAY).await.json().await.unwrap();
    assert_eq!(body["ret_code"], "000000");
}
