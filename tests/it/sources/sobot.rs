//! Sobot's two endpoints: what is asked, and what becomes of every answer the documents leave room for.

use std::sync::Arc;
use std::time::Duration;

use ccsync::domain::fault::{Fault, FaultKind};
use ccsync::domain::page::{Closing, Page, PageRequest};
use ccsync::domain::privacy::{Policy, Privacy};
use ccsync::domain::record::{Row, Value};
use ccsync::domain::window::TimeWindow;
use ccsync::engine::port::source::Source;
use ccsync::sources::sobot::{SobotAccount, SobotConfig};
use rstest::rstest;

use crate::sources::support::{ManualClock, MemoryVault, Reply, Vendor, client, instant, printed};

const TOKEN: &str = "4ac37cb2e9c740dba4b75a34d5358802";

/// The document's samples, letter by letter.
const CALL: &str = r#"{
"items": [
{
"standard_score_max": "123.5",
"pulse_max": "22.0",
"minus": "0.0",
"agent_email": "132@sobot.com",
"qualify_time": "1554971786077",
"call_start_datetime": "1553594283000",
"agent_name": "testxx",
"total_score": "132",
"call_log_jestid": "b212d432-ea8f-4701-9637-d01c8a5d9945",
"total_score_max": "11.0",
"pulse": "122.0",
"agentid": "2856580f156a4f9ea73dd4e9ac86896e",
"standard_score": "10.0",
"minus_max": "33.0"
}],
"page_count": 1,
"page_no": 1,
"page_size": 15,
"ret_code": "000000",
"ret_msg": "操作成功",
"total_count": 1
}"#;
const CHAT: &str = r#"{
"items": [
{
"add_quality_score": "20.0",
"add_total_score": "20.0",
"chat_start_datetime": "1572851882000",
"cid": "eca23a4cb2ba45bbab32b6878775cfd2",
"agent_email": "123456@123.com",
"minus_quality_score": "-10.0",
"minus_total_score": "-20.0",
"quality_score": "210.0",
"schemeid": "44aea7fd6f57414f98d190bac0ee2d42",
"agent_name": "在线客服",
"agentid": "61673ee8d98d4282a95cdad38ffd5f5b",
"standard_quality_score": "200.0",
"standard_total_score": "200.0",
"total_score": "200.0",
"update_datetime": "1572954558319"
}
],
"ret_code": "000000",
"ret_msg": "查询成功"
}"#;

struct Bench {
    vendor: Vendor,
    account: SobotAccount,
}

async fn bench(phone: Policy) -> Bench {
    let vendor = Vendor::start().await;
    let clock = ManualClock::at("2026-01-02T00:00:00+08:00");
    let vault = MemoryVault::new(&clock);
    vault.put(TOKEN);
    let config = SobotConfig {
        source: "sobot-sh".into(),
        base_url: vendor.base.clone(),
        app_id: "app1".into(),
        app_key: "k3y-of-app1".into(),
        privacy: Privacy { phone, ..Privacy::default() },
    };
    Bench { account: SobotAccount::new(config, client(), vault, clock), vendor }
}

impl Bench {
    async fn ask(&self, source: Arc<dyn Source>, reply: Reply) -> Result<Page, Fault> {
        self.vendor.reply("quality", reply);
        source.fetch(&request()).await
    }

    async fn calls(&self, reply: Reply) -> Result<Page, Fault> {
        self.ask(self.account.call_result(), reply).await
    }
}

async fn calls(reply: Reply) -> Result<Page, Fault> {
    bench(Policy::Mask).await.calls(reply).await
}

/// The rows and the reasons of one call element.
async fn call(element: &str) -> (Vec<Row>, Vec<String>) {
    let page = calls(Reply::json(success(&format!(r#""items":[{element}],"total_count":1"#)))).await.unwrap();
    let record = page.records.into_iter().next().unwrap();
    (record.rows, record.rejects.into_iter().map(|reject| reject.reason).collect())
}

fn success(more: &str) -> String {
    format!(r#"{{"ret_code":"000000","ret_msg":"ok",{more}}}"#)
}

fn request() -> PageRequest {
    let window =
        TimeWindow::new(instant("2026-01-01T06:00:00+08:00"), instant("2026-01-01T12:00:00.5+08:00"));
    PageRequest { window, page_no: 3, page_size: 50 }
}

fn at<'a>(row: &'a Row, column: &str) -> &'a Value {
    &row.values[row.table.columns.iter().position(|known| known.name == column).unwrap()]
}

fn number(row: &Row, column: &str) -> rust_decimal::Decimal {
    match at(row, column) {
        Value::Numeric(number) => *number,
        other => panic!("{column}: {other:?}"),
    }
}

#[tokio::test]
async fn a_page_of_calls_is_asked_for_as_the_document_says() {
    let bench = bench(Policy::Mask).await;
    let source = bench.account.call_result();
    assert_eq!((source.stream().as_str(), source.closing()), ("sobot.call_result", Closing::Total));
    bench.ask(source, Reply::json(CALL)).await.unwrap();
    let seen = &bench.vendor.seen()[0];
    assert_eq!((seen.method.as_str(), seen.path.as_str()), ("GET", "/api/interceptor/5/quality/call_result"));
    assert_eq!(
        seen.query,
        "start_datetime=2026-01-01%2006%3A00%3A00&end_datetime=2026-01-01%2012%3A00%3A01&page_no=3&page_size=50"
    );
    assert_eq!(seen.header("token"), TOKEN);
    assert!(seen.header("user-agent").starts_with("ccsync/"));
}

#[tokio::test]
async fn a_page_of_chats_is_asked_for_by_whole_days() {
    let bench = bench(Policy::Mask).await;
    let source = bench.account.chat_result();
    assert_eq!((source.stream().as_str(), source.closing()), ("sobot.chat_result", Closing::EmptyPage));
    bench.ask(source, Reply::json(CHAT)).await.unwrap();
    let seen = &bench.vendor.seen()[0];
    assert_eq!(seen.path, "/api/interceptor/5/quality/chat_result");
    assert_eq!(seen.parameter("start_datetime"), "2026-01-01 00:00:00");
    assert_eq!(seen.parameter("end_datetime"), "2026-01-02 00:00:00");
    assert_eq!((seen.parameter("page_no"), seen.parameter("page_size")), ("3".into(), "50".into()));
}

#[tokio::test]
async fn the_documents_call_becomes_a_row_whose_score_adds_up() {
    let page = calls(Reply::json(CALL)).await.unwrap();
    assert_eq!((page.total, page.page_size, page.records.len()), (Some(1), Some(15), 1));
    let row = &page.records[0].rows[0];
    assert_eq!(
        row.key().collect::<Vec<_>>(),
        ["b212d432-ea8f-4701-9637-d01c8a5d9945", "2856580f156a4f9ea73dd4e9ac86896e"]
    );
    assert_eq!(*at(row, "call_start_datetime"), Value::Instant(instant("2019-03-26T17:58:03+08:00")));
    assert_eq!(row.version_at(), Some(instant("2019-04-11T16:36:26.077+08:00")));
    let parts = number(row, "standard_score") + number(row, "pulse") + number(row, "minus");
    assert_eq!((number(row, "total_score"), parts), (132.into(), 132.into()));
    assert!(row.extra.is_empty(), "{:?}", row.extra);
}

#[tokio::test]
async fn the_documents_chat_becomes_a_row_whose_score_adds_up() {
    let bench = bench(Policy::Mask).await;
    let page = bench.ask(bench.account.chat_result(), Reply::json(CHAT)).await.unwrap();
    assert_eq!((page.total, page.page_size, page.records.len()), (None, None, 1));
    let row = &page.records[0].rows[0];
    assert_eq!(row.key().count(), 3);
    assert_eq!(*at(row, "chat_start_datetime"), Value::Instant(instant("2019-11-04T15:18:02+08:00")));
    assert_eq!(row.version_at(), Some(instant("2019-11-05T19:49:18.319+08:00")));
    let parts = number(row, "standard_quality_score")
        + number(row, "add_quality_score")
        + number(row, "minus_quality_score");
    assert_eq!((number(row, "quality_score"), parts), (210.into(), 210.into()));
    assert!(row.extra.is_empty(), "{:?}", row.extra);
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
    let page = bench.ask(bench.account.chat_result(), Reply::json(body)).await.unwrap();
    let row = &page.records[0].rows[0];
    assert_eq!(row.key().collect::<Vec<_>>(), ["c", "s", "a"]);
    assert_eq!(row.version_at(), Some(instant("2019-11-05T19:49:18.319+08:00")));
    assert!(row.extra.is_empty(), "{:?}", row.extra);
}

#[rstest]
#[case::absent(r#""total_count":0"#)]
#[case::null(r#""items":null,"total_count":"0""#)]
#[case::empty(r#""items":[],"total_count":0"#)]
#[case::blank(r#""items":"","total_count":0"#)]
#[tokio::test]
async fn absent_null_and_empty_items_are_an_empty_page(#[case] more: &str) {
    let page = calls(Reply::json(success(more))).await.unwrap();
    assert_eq!((page.records.len(), page.total), (0, Some(0)));
}

#[tokio::test]
async fn one_bad_element_costs_only_itself() {
    let items = [
        r#"{"call_log_jestid":"1","agentid":"a","total_score":"abc"}"#,
        r#"{"call_log_jestid":"2","agentid":"a","total_score":"1"}"#,
        r#"{"call_log_jestid":"3","agentid":" "}"#,
        r#"{"agentid":"a"}"#,
        r#"{"call_log_jestid":"5","agentid":"a","total_score":1e400}"#,
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
            "field `total_score`: expected a number, got a number of 5 characters",
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
    assert_eq!(*at(row, "agent_name"), Value::Text("x\u{fffd}y\u{fffd}z\u{fffd}\n".into()));
    assert_eq!(row.extra["k"], "\u{fffd}");
}

#[tokio::test]
async fn fields_without_a_column_are_kept_and_phone_numbers_treated_as_configured() {
    let element = r#"{"call_log_jestid":"c","agentid":"a","agent_email":"15711356914@qq.com","quality_datetime":"1554971786077","qualify_time":"1554971786078","note":{"tel":"15711356914","n":[1,1.50]}}"#;
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
        assert_eq!(*at(row, "agent_email"), Value::Text(email.into()));
        assert_eq!(serde_json::Value::Object(row.extra.clone()), extra);
    }
}

#[rstest]
#[case("900003", FaultKind::CredentialsRefused)]
#[case("900004", FaultKind::CredentialsRefused)]
#[case("700046", FaultKind::CredentialsRefused)]
#[case("999999", FaultKind::VendorFailed)]
#[case("700001", FaultKind::RequestRefused)]
#[case("700009", FaultKind::RequestRefused)]
#[case("400003", FaultKind::RequestRefused)]
#[case("400258", FaultKind::UnknownCode)]
#[case("123456", FaultKind::UnknownCode)]
#[tokio::test]
async fn the_code_decides_whatever_the_status(#[case] code: &str, #[case] kind: FaultKind) {
    for status in [200, 400, 500, 503] {
        let body = format!(r#"{{"ret_code":"{code}","ret_msg":"坏了 15711356914 {TOKEN}","items":[]}}"#);
        let fault = calls(Reply::status(status, body)).await.unwrap_err();
        assert_eq!((fault.kind, fault.code.as_deref()), (kind, Some(code)), "HTTP {status}: {fault}");
        for part in
            ["sobot-sh/sobot.call_result", "/quality/call_result", code, "坏了", &format!("HTTP {status}")]
        {
            assert!(fault.message.contains(part), "{fault}");
        }
        for secret in ["15711356914", TOKEN, "k3y-of-app1"] {
            assert!(!printed(&fault).contains(secret), "{}", printed(&fault));
        }
    }
}

#[tokio::test]
async fn success_is_what_the_body_says_even_under_a_status_of_failure() {
    assert_eq!(calls(Reply::status(500, CALL)).await.unwrap().records.len(), 1);
    assert_eq!(calls(Reply::json(r#"{"ret_code":0,"items":[]}"#)).await.unwrap().records.len(), 0);
}

#[rstest]
#[case(200, "<html>Login</html>", FaultKind::Malformed, "an HTML page of 18 bytes, HTTP 200")]
#[case(200, "", FaultKind::Malformed, "an empty body, HTTP 200")]
#[case(200, "{\"items\":[]}", FaultKind::Malformed, "other JSON of 12 bytes")]
#[case(200, "{\"ret_code\":null}", FaultKind::Malformed, "other JSON")]
#[case(200, "{\"ret_code\":\"000000\",\"items\":[{", FaultKind::Malformed, "other JSON of 31 bytes")]
#[case(200, "ok", FaultKind::Malformed, "other text of 2 bytes")]
#[case(404, "<html></html>", FaultKind::Malformed, "HTTP 404")]
#[case(403, "<html></html>", FaultKind::CredentialsRefused, "HTTP 403")]
#[case(429, "", FaultKind::RateLimited, "HTTP 429")]
#[case(502, "<html></html>", FaultKind::VendorFailed, "HTTP 502")]
#[tokio::test]
async fn without_an_envelope_the_status_decides(
    #[case] status: u16,
    #[case] body: &str,
    #[case] kind: FaultKind,
    #[case] said: &str,
) {
    let fault = calls(Reply::status(status, body)).await.unwrap_err();
    assert_eq!(fault.kind, kind, "{fault}");
    assert!(fault.message.contains(said), "{fault}");
}

#[tokio::test]
async fn retry_after_is_passed_on() {
    let fault = calls(Reply::status(429, "").header("retry-after", "7")).await.unwrap_err();
    assert_eq!(fault.retry_after, Some(Duration::from_secs(7)));
    let busy =
        Reply::status(503, r#"{"ret_code":"999999"}"#).header("retry-after", "Thu, 01 Jan 2026 16:00:30 GMT");
    assert_eq!(calls(busy).await.unwrap_err().retry_after, Some(Duration::from_secs(30)));
}

#[rstest]
#[case(r#""items":{}"#, "field `items`: expected a list, got an object")]
#[case(
    r#""items":[],"total_count":"many""#,
    "field `total_count`: expected a count, got text of 4 characters"
)]
#[case(
    r#""items":[],"total_count":-1"#,
    "field `total_count`: expected a count, got a number of 2 characters"
)]
#[tokio::test]
async fn a_success_that_cannot_be_understood_is_malformed(#[case] more: &str, #[case] said: &str) {
    let fault = calls(Reply::json(success(more))).await.unwrap_err();
    assert_eq!(fault.kind, FaultKind::Malformed);
    assert!(fault.message.contains(said), "{fault}");
}

#[tokio::test]
async fn a_windowed_stream_is_not_read_without_a_window() {
    let bench = bench(Policy::Mask).await;
    let request = PageRequest { window: None, page_no: 1, page_size: 1 };
    let fault = bench.account.call_result().fetch(&request).await.unwrap_err();
    assert_eq!(fault.kind, FaultKind::RequestRefused);
    assert_eq!(bench.vendor.seen().len(), 0);
}
