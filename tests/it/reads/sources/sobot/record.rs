//! What becomes of an element, whatever is in it.

use ccsync::domain::person::privacy::Policy;
use ccsync::domain::row::record::{Row, Value};
use ccsync::domain::stream::StreamId;

use super::{at, bench, calls, success};
use crate::reads::sources::support::{Reply, instant};

/// The rows and the reasons of one call element.
async fn call(element: &str) -> (Vec<Row>, Vec<String>) {
    let page = calls(Reply::json(success(&format!(r#""items":[{element}],"total_count":1"#)))).await.unwrap();
    let record = page.records.into_iter().next().unwrap();
    (record.rows, record.rejects.into_iter().map(|reject| reject.reason).collect())
}

#[tokio::test]
async fn strings_and_numbers_and_either_name_of_the_quality_time_give_the_same_row() {
    let (strings, _) =
        call(r#"{"call_log_jestid":"c","agentid":"7","total_score":"132.0","qualify_time":"1554971786077"}"#)
            .await;
    let (numbers, _) =
        call(r#"{"agentid":7,"call_log_jestid":"c","total_score":132,"quality_datetime":1554971786077,"pulse":null}"#)
            .await;
    assert_eq!(strings[0].hash, numbers[0].hash);
    assert_eq!(strings[0].version_at(), numbers[0].version_at());
}

#[tokio::test]
async fn names_of_the_older_twin_are_understood_for_chats() {
    let bench = bench(Policy::Mask).await;
    let body = success(
        r#""items":[{"cid":"c","schemeid":"s","staffid":"a","staff_name":"n","email":"e@x","chat_start_time":"1572851882000","update_time":1572954558319,"quality_score":1.5}]"#,
    );
    let page = bench.ask(bench.account.stream(StreamId::SOBOT_CHAT_RESULT), Reply::json(body)).await.unwrap();
    let row = &page.records[0].rows[0];
    assert_eq!(row.key().collect::<Vec<_>>(), ["c", "s", "a"]);
    assert_eq!(row.version_at(), Some(instant("2019-11-05T19:49:18.319+08:00")));
    assert!(row.extra.is_empty(), "{:?}", row.extra);
}

#[tokio::test]
async fn one_bad_element_costs_only_itself() {
    let items = [
        r#"{"call_log_jestid":"1","agentid":"a","total_score":"abc"}"#,
        r#"{"call_log_jestid":"2","agentid":"a","total_score":"1"}"#,
        r#"{"call_log_jestid":"3","agentid":" "}"#,
        r#"{"agentid":"a"}"#,
        r#"{"call_log_jestid":"5","agentid":"a","total_score":1e131072}"#,
        r#"{"call_log_jestid":"6","agentid":"a","agent_name":["x"]}"#,
        r#"{"call_log_jestid":"7","agentid":"a","call_start_datetime":"gestern"}"#,
        "[]",
        "null",
        r#""15711356914""#,
    ];
    let page = calls(Reply::json(success(&format!(r#""items":[{}],"total_count":10"#, items.join(",")))))
        .await
        .unwrap();
    let reasons: Vec<_> = page
        .records
        .iter()
        .map(|record| record.rejects.first().map_or("", |reject| reject.reason.as_str()))
        .collect();
    assert_eq!(
        reasons,
        [
            "field `total_score`: expected a number, got text of 3 characters",
            "",
            "field `agentid`: expected a part of the key, got nothing",
            "field `call_log_jestid`: expected a part of the key, got nothing",
            "field `total_score`: expected a number, got a number of 8 characters",
            "field `agent_name`: expected text, got a list",
            "field `call_start_datetime`: expected an instant, got text of 7 characters",
            "expected an object, got a list",
            "expected an object, got nothing",
            "expected an object, got text of 11 characters",
        ]
    );
    assert_eq!(page.records[0].rejects[0].payload, items[0]);
    assert_eq!(page.records[9].rejects[0].payload, r#""157****6914""#);
    let identities: std::collections::HashSet<_> =
        page.records.iter().map(|record| record.identity).collect();
    assert_eq!(identities.len(), 10);
}

#[tokio::test]
async fn a_key_that_no_index_can_hold_is_rejected() {
    let (rows, reasons) =
        call(&format!(r#"{{"call_log_jestid":"{}","agentid":"a"}}"#, "x".repeat(501))).await;
    assert_eq!(rows, []);
    assert_eq!(
        reasons,
        ["field `call_log_jestid`: expected a part of the key of at most 500 bytes, got 501"]
    );
}

#[tokio::test]
async fn what_no_database_can_hold_is_replaced_and_the_row_lives() {
    let body = b"{\"ret_code\":\"000000\",\"items\":[{\"call_log_jestid\":\"c\",\"agentid\":\"a\",\"agent_name\":\"x\\u0000y\\ud800z\xff\n\",\"k\":\"\\udc00\"}]}";
    let page = calls(Reply { body: body.to_vec(), ..Reply::json("") }).await.unwrap();
    let row = &page.records[0].rows[0];
    assert_eq!(at(row, "agent_name"), Value::text("x\u{fffd}y\u{fffd}z\u{fffd}\n"));
    assert_eq!(row.extra["k"], "\u{fffd}");
}

#[tokio::test]
async fn fields_without_a_column_are_kept_and_phone_numbers_treated_as_configured() {
    let element = r#"{"call_log_jestid":"c","agentid":"a","agent_email":"15711356914@qq.com","quality_datetime":"1554971786077","qualify_time":"1554971786078","note":{"tel":"15711356914","n":[1,1.5]}}"#;
    let body = success(&format!(r#""items":[{element}],"total_count":1"#));
    for (phone, email, extra) in [
        (
            Policy::Mask,
            "157****6914@qq.com",
            serde_json::json!({"qualify_time":"1554971786078","note":{"tel":"157****6914","n":[1,1.5]}}),
        ),
        (
            Policy::Keep,
            "15711356914@qq.com",
            serde_json::json!({"qualify_time":"1554971786078","note":{"tel":"15711356914","n":[1,1.5]}}),
        ),
        (
            Policy::Drop,
            "@qq.com",
            serde_json::json!({"qualify_time":"1554971786078","note":{"tel":null,"n":[1,1.5]}}),
        ),
    ] {
        let page = bench(phone).await.calls(Reply::json(body.clone())).await.unwrap();
        let row = &page.records[0].rows[0];
        assert_eq!(at(row, "agent_email"), Value::text(email));
        assert_eq!(serde_json::Value::Object(row.extra.clone()), extra);
    }
}
