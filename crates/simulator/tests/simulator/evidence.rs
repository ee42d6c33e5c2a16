//! What a vendor says that its own rows contradict, and how deep its lists reach.

use std::collections::BTreeSet;

use ccsync_simulator::{Change, Channel, SimulatorConfig};
use reqwest::Response;
use rstest::rstest;
use serde_json::{Value, json};

use super::{CALLS, CHATS, Play, WINDOWS, play, play_with, small};

/// The calls of the first window, by the honest default.
async fn calls(play: &Play) -> Vec<Value> {
    play.walk(CALLS, WINDOWS[0].0, WINDOWS[0].1, "10").await
}

async fn groups(play: &Play, size: u64) -> Value {
    play.moor("queueQueue", json!({"page": 1, "pageSize": size})).await
}

fn ids(rows: &[Value], name: &str) -> BTreeSet<String> {
    rows.iter().map(|row| row[name].to_string()).collect()
}

async fn raw_page(play: &Play, path: &str, page_no: &str) -> Response {
    let token = play.token().await;
    let (start, end) = WINDOWS[0];
    let query = [("start_datetime", start), ("end_datetime", end), ("page_no", page_no), ("page_size", "10")];
    play.quality(path, &token, &query).await
}

#[rstest]
#[case::more("+3", |rows: usize| Some(json!(rows + 3)))]
#[case::fewer("-3", |rows: usize| Some(json!(rows - 3)))]
#[case::zero("zero", |_: usize| Some(json!(0)))]
#[case::negative("negative", |_: usize| Some(json!(-1)))]
#[case::null("null", |_: usize| Some(Value::Null))]
#[case::absent("absent", |_: usize| None)]
#[case::text("text", |rows: usize| Some(json!(rows.to_string())))]
#[case::word("word", |_: usize| Some(json!("many")))]
#[tokio::test]
async fn a_total_stays_wrong_as_long_as_its_switch_is_set(
    #[case] value: &str,
    #[case] told: fn(usize) -> Option<Value>,
) {
    let play = play_with(&[("sobot_call_total", value), ("moor_total", value)]).await;
    let rows = calls(&play).await;
    for page in ["1", "2", "99"] {
        let body = play.page(CALLS, page, "10").await;
        assert_eq!(body.get("total_count"), told(rows.len()).as_ref(), "page {page}");
    }
    for name in ["queueQueue", "queueQueueAgentClaimStatus"] {
        let body = play.moor(name, json!({"pageSize": 100})).await;
        assert_eq!(body["data"].get("count"), told(23).as_ref());
        assert_eq!(body["data"]["list"].as_array().unwrap().len(), 23);
    }
    play.sim.set_switches(ccsync_simulator::Switches::default());
    assert_eq!(play.page(CALLS, "1", "10").await["total_count"], rows.len());
    assert_eq!(groups(&play, 100).await["data"]["count"], 23);
}

#[tokio::test]
async fn a_total_can_be_capped_while_every_row_is_listed() {
    let play = play_with(&[("sobot_call_total_cap", "20"), ("moor_total_cap", "7")]).await;
    assert!(20 < calls(&play).await.len());
    assert_eq!(play.page(CALLS, "1", "10").await["total_count"], 20);
    let list = groups(&play, 100).await;
    assert_eq!(
        (list["data"]["count"].clone(), list["data"]["list"].as_array().unwrap().len()),
        (json!(7), 23)
    );
}

#[tokio::test]
async fn a_list_can_end_at_a_depth_while_its_total_stays() {
    for (how, on_third) in [("empty", 0), ("cut", 5)] {
        let play = play_with(&[
            ("sobot_call_depth", "25"),
            ("sobot_chat_depth", "25"),
            ("moor_depth", "25"),
            ("sobot_behind_depth", how),
            ("moor_behind_depth", how),
        ])
        .await;
        for path in [CALLS, CHATS] {
            assert_eq!(play.page(path, "2", "10").await["items"].as_array().unwrap().len(), 10);
            assert_eq!(play.page(path, "3", "10").await["items"].as_array().unwrap().len(), on_third);
            assert_eq!(play.page(path, "4", "10").await["items"].as_array().unwrap().len(), 0);
        }
        let all = play.sim.truth().calls.len();
        let total = play.page(CALLS, "4", "10").await["total_count"].as_u64().unwrap();
        assert!(25 < total && total < all as u64, "{total}");
        // The page reaches behind the depth, whatever is on it.
        let list = groups(&play, 100).await;
        let shown = if how == "cut" { 23 } else { 0 };
        let body = (list["data"]["count"].clone(), list["data"]["list"].as_array().unwrap().len());
        assert_eq!(body, (json!(23), shown));
    }
}

#[rstest]
#[case("refused", 200, "999999", 500)]
#[case("refused_code", 200, "500001", 501)]
#[case("refused_status", 500, "999999", 500)]
#[tokio::test]
async fn a_page_behind_the_depth_can_be_refused_in_elasticsearchs_words(
    #[case] how: &str,
    #[case] status: u16,
    #[case] code: &str,
    #[case] moor_code: u16,
) {
    let mut config = small();
    for (name, value) in [
        ("sobot_call_depth", "25"),
        ("sobot_chat_depth", "25"),
        ("moor_depth", "25"),
        ("sobot_behind_depth", how),
        ("moor_behind_depth", how),
    ] {
        config.switches.set(name, value).unwrap();
    }
    let play = play(config).await;
    for path in [CALLS, CHATS] {
        assert_eq!(raw_page(&play, path, "2").await.status(), 200);
        let refused = raw_page(&play, path, "3").await;
        assert_eq!(refused.status(), status);
        let body: Value = refused.json().await.unwrap();
        assert_eq!(body["ret_code"], code);
        let text = body["ret_msg"].as_str().unwrap();
        assert!(text.contains("from + size must be less than or equal to: [25] but was [30]"), "{text}");
    }
    let refused = play.moor_at("queueQueue", json!({"page": 3, "pageSize": 10}), play.now()).await;
    assert_eq!(refused.status(), status);
    let body: Value = refused.json().await.unwrap();
    assert_eq!(body["code"], moor_code);
    assert!(body["message"].as_str().unwrap().contains("from + size must be less than or equal to: [25]"));
}

#[tokio::test]
async fn some_rows_are_counted_and_never_listed_though_the_vendor_has_them() {
    let play = play_with(&[("sobot_call_unlisted", "10"), ("moor_unlisted", "10")]).await;
    let (first, again) = (calls(&play).await, calls(&play).await);
    assert_eq!(first, again);
    let total = play.page(CALLS, "1", "10").await["total_count"].as_u64().unwrap();
    assert!((first.len() as u64) < total, "{} of {total}", first.len());
    let list = groups(&play, 100).await;
    let shown = list["data"]["list"].as_array().unwrap().len();
    assert_eq!((list["data"]["count"].clone(), shown), (json!(23), 21));
    play.sim.set_switches(ccsync_simulator::Switches::default());
    let whole = calls(&play).await;
    assert_eq!(whole.len() as u64, total);
    assert!(ids(&first, "call_log_jestid").is_subset(&ids(&whole, "call_log_jestid")));
    assert_eq!(play.sim.truth().groups.len(), 23);
}

#[rstest]
#[case("empty_again")]
#[case("empty_before")]
#[tokio::test]
async fn the_rows_can_stand_twice_in_an_answer_once_empty(#[case] how: &str) {
    for envelope in ["nested", "flat", "root"] {
        let settings = [("sobot_items", how), ("moor_list", how), ("moor_envelope", envelope)];
        let play = play_with(&settings).await;
        let text = raw_page(&play, CALLS, "1").await.text().await.unwrap();
        let (first, second) = (text.find(r#""items":["#).unwrap(), text.rfind(r#""items":["#).unwrap());
        assert!(first < second, "{text}");
        let (full, empty) = if how == "empty_again" { (first, second) } else { (second, first) };
        assert!(text[empty..].starts_with(r#""items":[]"#) && text[full..].starts_with(r#""items":[{"#));
        assert!(serde_json::from_str::<Value>(&text).is_ok());
        let list = play.moor_at("queueQueue", json!({}), play.now()).await.text().await.unwrap();
        let name = if envelope == "flat" { r#""data":["# } else { r#""list":["# };
        assert_eq!(list.matches(name).count(), 2, "{list}");
        assert!(serde_json::from_str::<Value>(&list).is_ok(), "{list}");
    }
}

#[tokio::test]
async fn the_time_of_day_in_a_calls_bounds_can_be_ignored() {
    let config = SimulatorConfig { calls: 400, ..small() };
    let honest = play(config.clone()).await;
    let day = ("2026-01-14 00:00:00", "2026-01-15 00:00:00");
    let half = ("2026-01-14 00:00:00", "2026-01-14 12:00:00");
    let hour = ("2026-01-14 12:00:00", "2026-01-14 13:00:00");
    let whole = honest.walk(CALLS, day.0, day.1, "10").await;
    assert!(honest.walk(CALLS, half.0, half.1, "10").await.len() < whole.len());
    let mut config = config;
    config.switches.set("sobot_call_bounds", "day").unwrap();
    let play = play(config).await;
    for (start, end) in [day, half, hour] {
        assert_eq!(play.walk(CALLS, start, end, "10").await, whole, "{start} to {end}");
    }
}

#[tokio::test]
async fn many_calls_can_fall_into_one_second() {
    let play = play(small()).await;
    let at_ms = 1_768_183_200_000;
    play.sim.mutate(Change::Crowd { channel: Channel::Call, count: 60, at_ms }).unwrap();
    let rows = play.walk(CALLS, "2026-01-12 10:00:00", "2026-01-12 10:00:00", "50").await;
    assert!((60..70).contains(&rows.len()), "{}", rows.len());
    assert_eq!(ids(&rows, "call_log_jestid").len(), rows.len());
    let change: Change =
        serde_json::from_value(json!({"change": "crowd", "channel": "chat", "count": 2, "at_ms": at_ms}))
            .unwrap();
    play.sim.mutate(change).unwrap();
    assert_eq!(play.sim.truth().chats.len(), 225);
}
