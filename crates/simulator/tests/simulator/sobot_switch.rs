use ccsync_simulator::{Change, Channel};
use serde_json::{Map, Value, json};

use super::{CALLS, CHATS, Play, WINDOWS, md5_hex, play_with, sorted};

fn insert(play: &Play, channel: Channel, fields: &Value) {
    let fields = fields.as_object().unwrap().clone();
    play.sim.mutate(Change::Insert { channel, fields, omit: vec![] }).unwrap();
}

/// A call at 2026-01-10 09:30 that was inspected on the 12th at 10:00:00.500.
fn plant(play: &Play) {
    let fields = json!({
        "call_log_jestid": "planted", "agentid": "a", "total_score": "90.5",
        "call_start_datetime": "1768008600000", "qualify_time": "1768183200500",
    });
    insert(play, Channel::Call, &fields);
}

async fn sees(play: &Play, start: &str, end: &str) -> usize {
    let rows = play.walk(CALLS, start, end, "100").await;
    rows.iter().filter(|row| row["call_log_jestid"] == "planted").count()
}

#[tokio::test]
async fn a_new_token_ends_the_older_unless_switched_off() {
    for (value, expected) in [("on", "900002"), ("off", "000000")] {
        let play = play_with(&[("sobot_takeover", value)]).await;
        let first = play.token().await;
        play.token().await;
        let query = [("start_datetime", WINDOWS[0].0), ("end_datetime", WINDOWS[0].1), ("page_no", "1")];
        let body: Value = play.quality(CALLS, &first, &query).await.json().await.unwrap();
        assert_eq!(body["ret_code"], expected);
    }
}

#[tokio::test]
async fn a_refused_token_can_be_a_401() {
    let play = play_with(&[("sobot_token_status", "http_401")]).await;
    let answer = play.quality(CALLS, "x", &[]).await;
    assert_eq!(answer.status(), 401);
    assert_eq!(answer.json::<Value>().await.unwrap()["ret_code"], "900002");
}

#[tokio::test]
async fn an_old_create_time_can_be_refused() {
    let play = play_with(&[("sobot_create_time", "fresh")]).await;
    assert_eq!(play.get_token().await["ret_code"], "000000");
    let sign = md5_hex("demo-app1569397773demo-key");
    let old = play.get(&format!("/api/get_token?appid=demo-app&create_time=1569397773&sign={sign}")).await;
    assert_eq!(old["ret_code"], "900003");
}

#[tokio::test]
async fn an_edition_without_the_api_answers_700046() {
    let play = play_with(&[("sobot_entitled", "off")]).await;
    assert_eq!(play.page(CALLS, "1", "5").await["ret_code"], "700046");
}

#[tokio::test]
async fn the_window_filters_the_quality_time_or_the_contact_time() {
    let contact = ("2026-01-10 09:00:00", "2026-01-10 10:00:00");
    let quality = ("2026-01-12 10:00:00", "2026-01-12 11:00:00");
    for (value, seen) in [("quality", quality), ("contact", contact)] {
        let play = play_with(&[("sobot_filter", value)]).await;
        plant(&play);
        for window in [contact, quality] {
            assert_eq!(sees(&play, window.0, window.1).await, usize::from(window == seen));
        }
        assert_eq!(sorted(play.walk_all(CALLS).await), sorted(play.sim.truth().calls));
    }
}

#[tokio::test]
async fn the_end_of_a_window_includes_its_second_or_its_instant_or_nothing() {
    for (value, same_second, next) in [("inclusive", 1, 1), ("exclusive", 0, 1), ("inclusive_instant", 0, 1)]
    {
        let play = play_with(&[("sobot_end", value)]).await;
        plant(&play);
        assert_eq!(sees(&play, "2026-01-12 09:00:00", "2026-01-12 10:00:00").await, same_second);
        assert_eq!(sees(&play, "2026-01-12 09:00:00", "2026-01-12 10:00:01").await, next);
    }
    // On the instant itself the two narrow readings differ.
    for (value, expected) in [("exclusive", 0), ("inclusive_instant", 1)] {
        let play = play_with(&[("sobot_end", value)]).await;
        insert(&play, Channel::Call, &json!({"call_log_jestid": "planted", "qualify_time": "1768183200000"}));
        assert_eq!(sees(&play, "2026-01-12 09:00:00", "2026-01-12 10:00:00").await, expected);
    }
}

#[tokio::test]
async fn a_second_inspection_changes_the_row_or_adds_one() {
    for (value, expected) in [("in_place", 1), ("extra_row", 2)] {
        let play = play_with(&[("sobot_rescoring", value)]).await;
        plant(&play);
        let mut fields = Map::new();
        fields.insert("total_score".into(), "12.5".into());
        play.sim
            .mutate(Change::Rescore { channel: Channel::Call, id: "planted".into(), agentid: None, fields })
            .unwrap();
        let truth = play.sim.truth().calls;
        let rows: Vec<_> = truth.iter().filter(|row| row["call_log_jestid"] == "planted").collect();
        assert_eq!(rows.len(), expected);
        let newest = rows.last().unwrap();
        assert_eq!(newest["total_score"], "12.5");
        assert_eq!(newest["qualify_time"], play.now().timestamp_millis().to_string());
        assert!(rows.iter().all(|row| row["agentid"] == "a"));
    }
}

#[tokio::test]
async fn the_quality_time_has_either_name() {
    let play =
        play_with(&[("sobot_call_time", "quality_datetime"), ("sobot_chat_time", "update_time")]).await;
    let truth = play.sim.truth();
    assert!(truth.calls.iter().all(|r| r.get("qualify_time").is_none() && r["quality_datetime"].is_string()));
    assert!(truth.chats.iter().all(|r| r.get("update_datetime").is_none() && r["update_time"].is_string()));
}

#[tokio::test]
async fn scores_and_instants_can_be_numbers() {
    let play = play_with(&[("sobot_values", "numbers")]).await;
    plant(&play);
    let truth = play.sim.truth().calls;
    let row = truth.iter().find(|row| row["call_log_jestid"] == "planted").unwrap();
    assert_eq!(row["total_score"], 90.5);
    assert_eq!(row["qualify_time"], 1_768_183_200_500_i64);
}

#[tokio::test]
async fn an_empty_page_has_an_empty_list_a_null_or_nothing() {
    for (value, expected) in [("empty", Some(json!([]))), ("null", Some(Value::Null)), ("absent", None)] {
        let play = play_with(&[("sobot_empty_items", value)]).await;
        assert_eq!(play.page(CHATS, "999", "100").await.get("items"), expected.as_ref());
        assert!(play.page(CHATS, "1", "100").await["items"].is_array());
    }
}

#[tokio::test]
async fn rows_come_newest_or_oldest_first() {
    for (value, descending) in [("newest_first", true), ("oldest_first", false)] {
        let play = play_with(&[("sobot_order", value)]).await;
        let rows = play.walk(CALLS, WINDOWS[0].0, WINDOWS[0].1, "9").await;
        let times: Vec<i64> =
            rows.iter().map(|row| row["qualify_time"].as_str().unwrap().parse().unwrap()).collect();
        assert!(times.len() > 20);
        assert!(times.windows(2).all(|pair| pair[0] == pair[1] || (pair[0] > pair[1]) == descending));
    }
}

#[tokio::test]
async fn a_long_window_is_refused_only_when_spans_are_limited() {
    for (value, expected) in [("limit_31d", "400003"), ("none", "000000")] {
        let play = play_with(&[("sobot_span", value)]).await;
        let token = play.token().await;
        let query = [
            ("start_datetime", "2025-01-01 00:00:00"),
            ("end_datetime", "2026-12-31 00:00:00"),
            ("page_no", "1"),
        ];
        let body: Value = play.quality(CALLS, &token, &query).await.json().await.unwrap();
        assert_eq!(body["ret_code"], expected);
    }
}

#[tokio::test]
async fn page_sizes_can_be_capped() {
    let free = play_with(&[]).await;
    assert_eq!(free.page(CALLS, "1", "60").await["items"].as_array().unwrap().len(), 60);
    let play = play_with(&[("sobot_call_page_cap", "50"), ("sobot_chat_page_cap", "20")]).await;
    let call = play.page(CALLS, "1", "60").await;
    assert_eq!(call["page_size"], 50);
    assert_eq!(call["items"].as_array().unwrap().len(), 50);
    assert_eq!(play.page(CHATS, "1", "60").await["items"].as_array().unwrap().len(), 20);
    assert_eq!(sorted(play.walk_all(CHATS).await), sorted(play.sim.truth().chats));
}

#[tokio::test]
async fn chats_take_dates_with_or_without_a_time() {
    for (value, date, datetime) in [
        ("both", "000000", "000000"),
        ("date_only", "000000", "400005"),
        ("datetime_only", "400005", "000000"),
    ] {
        let play = play_with(&[("sobot_chat_dates", value)]).await;
        let token = play.token().await;
        for (text, expected) in [("2026-01-05", date), ("2026-01-05 00:00:00", datetime)] {
            let query = [("start_datetime", text), ("end_datetime", text)];
            let body: Value = play.quality(CHATS, &token, &query).await.json().await.unwrap();
            assert_eq!(body["ret_code"], expected, "{value} {text}");
        }
    }
    let play = play_with(&[]).await;
    let day = play.walk(CHATS, "2026-01-15", "2026-01-15", "100").await;
    let seconds = play.walk(CHATS, "2026-01-15 00:00:00", "2026-01-15 23:59:59", "100").await;
    assert_eq!(day, seconds);
    assert!(!day.is_empty());
}

#[tokio::test]
async fn some_rows_have_a_field_that_no_document_names() {
    for (value, expected) in [("some_rows", true), ("none", false)] {
        let play = play_with(&[("sobot_extra_field", value)]).await;
        let truth = play.sim.truth();
        assert_eq!(truth.chats.iter().any(|row| row.get("quality_remark").is_some()), expected);
        assert!(truth.chats.iter().any(|row| row.get("quality_remark").is_none()));
    }
}
