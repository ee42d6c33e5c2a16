//! Sobot's two endpoints: what is asked, and what becomes of the documents' samples.

mod answer;
mod record;

use std::sync::Arc;

use ccsync::domain::fault::{Fault, FaultKind};
use ccsync::domain::person::privacy::{Policy, Privacy};
use ccsync::domain::proof::window::TimeWindow;
use ccsync::domain::row::record::{Row, Value};
use ccsync::domain::stream::StreamId;
use ccsync::domain::vendor::page::{Closing, Page, PageRequest};
use ccsync::engine::port::source::Source;
use ccsync::sources::sobot::{SobotAccount, SobotConfig};

use crate::reads::sources::support::{ManualClock, MemoryVault, Reply, Vendor, client, instant};

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
        let token = format!(r#"{{"ret_code":"000000","item":{{"token":"{TOKEN}","expires_in":"86400"}}}}"#);
        self.vendor.rule(move |seen| {
            Some(if seen.path.contains("quality") { reply.clone() } else { Reply::json(token.clone()) })
        });
        source.fetch(&request()).await
    }

    async fn calls(&self, reply: Reply) -> Result<Page, Fault> {
        self.ask(self.account.stream(StreamId::SOBOT_CALL_RESULT), reply).await
    }
}

async fn calls(reply: Reply) -> Result<Page, Fault> {
    bench(Policy::Mask).await.calls(reply).await
}

fn success(more: &str) -> String {
    format!(r#"{{"ret_code":"000000","ret_msg":"ok",{more}}}"#)
}

fn request() -> PageRequest {
    let window =
        TimeWindow::new(instant("2026-01-01T06:00:00+08:00"), instant("2026-01-01T12:00:00.5+08:00"));
    PageRequest { window, page_no: 3, page_size: 50 }
}

fn at<'a>(row: &'a Row, column: &str) -> Value<'a> {
    row.value(column)
}

fn number(row: &Row, column: &str) -> rust_decimal::Decimal {
    match at(row, column) {
        Value::Numeric(number) => number.to_string().parse().unwrap(),
        other => panic!("{column}: {other:?}"),
    }
}

#[tokio::test]
async fn a_page_of_calls_is_asked_for_as_the_document_says() {
    let bench = bench(Policy::Mask).await;
    let source = bench.account.stream(StreamId::SOBOT_CALL_RESULT);
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
    let source = bench.account.stream(StreamId::SOBOT_CHAT_RESULT);
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
    assert_eq!(at(row, "call_start_datetime"), Value::Instant(instant("2019-03-26T17:58:03+08:00")));
    assert_eq!(row.version_at(), Some(instant("2019-04-11T16:36:26.077+08:00")));
    let parts = number(row, "standard_score") + number(row, "pulse") + number(row, "minus");
    assert_eq!((number(row, "total_score"), parts), (132.into(), 132.into()));
    assert!(row.extra.is_empty(), "{:?}", row.extra);
}

#[tokio::test]
async fn the_documents_chat_becomes_a_row_whose_score_adds_up() {
    let bench = bench(Policy::Mask).await;
    let page = bench.ask(bench.account.stream(StreamId::SOBOT_CHAT_RESULT), Reply::json(CHAT)).await.unwrap();
    assert_eq!((page.total, page.page_size, page.records.len()), (None, None, 1));
    let row = &page.records[0].rows[0];
    assert_eq!(row.key().count(), 3);
    assert_eq!(at(row, "chat_start_datetime"), Value::Instant(instant("2019-11-04T15:18:02+08:00")));
    assert_eq!(row.version_at(), Some(instant("2019-11-05T19:49:18.319+08:00")));
    let parts = number(row, "standard_quality_score")
        + number(row, "add_quality_score")
        + number(row, "minus_quality_score");
    assert_eq!((number(row, "quality_score"), parts), (210.into(), 210.into()));
    assert!(row.extra.is_empty(), "{:?}", row.extra);
}

#[tokio::test]
async fn a_windowed_stream_is_not_read_without_a_window() {
    let bench = bench(Policy::Mask).await;
    let request = PageRequest { window: None, page_no: 1, page_size: 1 };
    let fault = bench.account.stream(StreamId::SOBOT_CALL_RESULT).fetch(&request).await.unwrap_err();
    assert_eq!(fault.kind, FaultKind::RequestRefused);
    assert_eq!(bench.vendor.seen().len(), 0);
}
