//! 7moor's two reading endpoints: signature, three envelopes, two meanings of 403, groups and members.

use std::sync::Arc;
use std::time::Duration;

use ccsync::domain::fault::{Fault, FaultKind};
use ccsync::domain::person::privacy::{Policy, Privacy};
use ccsync::domain::row::record::{Record, Value};
use ccsync::domain::stream::StreamId;
use ccsync::domain::vendor::page::{Closing, Page, PageRequest};
use ccsync::engine::port::source::Source;
use ccsync::sources::moor::{MoorAccount, MoorConfig};
use rstest::rstest;

use crate::reads::sources::support::{
    CountingBudget, ManualClock, Reply, Vendor, client, instant, moor_limits, printed,
};

const GROUP: &str = r#"{"displayName":"阿瓦达哇多23","exten":"10018590","assignRule":"priority","isMemory":true,
"memoryTime":"120","updateTime":"2022-01-04 16:17:27","updateAgent":"",
"assignMembers":[{"agentNumber":"23234","agentName":"yanxiaoqi","priority":"0"}]}"#;
const CLAIM: &str = r#"{"displayName":"30003","exten":"10019345","assignRule":"random","assignMembers":[
{"agentNumber":"30003","agentName":"测试外呼选号","pcAutoClaim":true,"mobileAutoClaim":true,"priority":"0","phone":"15711356914"}]}"#;
const SIG: &str = "88996D9907E0EE52C5DAF8EFFCC31CFC";
const AUTHORIZATION: &str = "TjAwMDAwMDAwNTU2OjIwMTYxMDEzMTEzNjEy";

struct Bench {
    vendor: Vendor,
    clock: Arc<ManualClock>,
    account: MoorAccount,
    budget: Arc<CountingBudget>,
}

async fn bench(phone: Policy) -> Bench {
    let vendor = Vendor::start().await;
    let clock = ManualClock::at("2016-10-13T11:36:12+08:00");
    let config = MoorConfig {
        source: "moor-1".into(),
        base_url: vendor.base.clone(),
        account_id: "N00000000556".into(),
        api_secret: "secret".into(),
        privacy: Privacy { phone, ..Privacy::default() },
    };
    let budget = Arc::new(CountingBudget::default());
    let account = MoorAccount::new(config, client(), moor_limits(budget.clone()), clock.clone());
    Bench { account, budget, clock, vendor }
}

async fn ask(source: Arc<dyn Source>) -> Result<Page, Fault> {
    source.fetch(&PageRequest { window: None, page_no: 2, page_size: 100 }).await
}

async fn queue(reply: Reply) -> Result<Page, Fault> {
    let bench = bench(Policy::Mask).await;
    bench.vendor.rule(move |_| Some(reply.clone()));
    ask(bench.account.stream(StreamId::MOOR_QUEUE)).await
}

fn nested(elements: &str, count: usize) -> String {
    format!(r#"{{"success":true,"data":{{"count":{count},"list":[{elements}]}},"message":"200 ok!"}}"#)
}

async fn group(element: &str) -> Record {
    queue(Reply::json(nested(element, 1))).await.unwrap().records.remove(0)
}

fn text(text: &str) -> Value<'_> {
    Value::text(text)
}

#[tokio::test]
async fn a_request_is_signed_by_one_reading_of_the_clock_in_beijing_time() {
    let bench = bench(Policy::Mask).await;
    bench.vendor.reply("queueQueue", Reply::json(nested(GROUP, 1)));
    let source = bench.account.stream(StreamId::MOOR_QUEUE);
    assert_eq!((source.stream(), source.closing()), (StreamId::MOOR_QUEUE, Closing::Total));
    ask(source).await.unwrap();
    let seen = &bench.vendor.seen()[0];
    assert_eq!(
        (seen.method.as_str(), seen.path.as_str()),
        ("POST", "/v20210827/webChat/queueQueue/N00000000556")
    );
    assert_eq!(seen.query, format!("sig={SIG}"));
    assert_eq!(seen.header("authorization"), AUTHORIZATION);
    assert_eq!(seen.header("content-type"), "application/json;charset=utf-8");
    assert_eq!(
        serde_json::from_str::<serde_json::Value>(&seen.body).unwrap(),
        serde_json::json!({"page": 2, "pageSize": 100})
    );
}

#[tokio::test]
async fn the_documents_group_becomes_one_row_for_itself_and_one_for_each_member() {
    let record = group(GROUP).await;
    assert_eq!(record.rejects, []);
    let [queue, member] = &record.rows[..] else { panic!("{record:?}") };
    assert_eq!(queue.table.name, "moor.queue");
    assert_eq!(
        queue.values().collect::<Vec<_>>(),
        [
            text("10018590"),
            text("阿瓦达哇多23"),
            text("priority"),
            Value::Bool(true),
            Value::Integer(120),
            Value::Instant(instant("2022-01-04T16:17:27+08:00")),
            Value::Null,
        ]
    );
    assert_eq!(member.table.name, "moor.queue_member");
    assert_eq!(
        member.values().collect::<Vec<_>>(),
        [text("10018590"), text("23234"), text("yanxiaoqi"), Value::Integer(0)]
    );
    assert!(queue.extra.is_empty() && member.extra.is_empty());
}

#[tokio::test]
async fn the_documents_claim_state_becomes_one_row_for_each_member_with_the_phone_as_configured() {
    for (policy, phone) in [
        (Policy::Mask, text("157****6914")),
        (Policy::Keep, text("15711356914")),
        (Policy::Drop, Value::Null),
    ] {
        let bench = bench(policy).await;
        bench.vendor.reply("queueQueueAgentClaimStatus", Reply::json(nested(CLAIM, 1)));
        let source = bench.account.stream(StreamId::MOOR_AGENT_CLAIM_STATUS);
        assert_eq!((source.stream(), source.closing()), (StreamId::MOOR_AGENT_CLAIM_STATUS, Closing::Total));
        let page = ask(source).await.unwrap();
        assert_eq!(bench.vendor.seen()[0].path, "/v20210827/webChat/queueQueueAgentClaimStatus/N00000000556");
        let row = &page.records[0].rows[0];
        assert_eq!(row.table.name, "moor.agent_claim_status");
        assert_eq!(
            row.values().collect::<Vec<_>>(),
            [
                text("10019345"),
                text("30003"),
                text("30003"),
                text("random"),
                text("测试外呼选号"),
                Value::Bool(true),
                Value::Bool(true),
                Value::Integer(0),
                phone,
            ]
        );
        assert!(row.extra.is_empty());
    }
}

#[rstest]
#[case::nested(r#"{"success":true,"data":{"count":7,"list":[E]},"message":"200 ok!"}"#)]
#[case::nested_text_count(r#"{"success":"true","data":{"count":"7","list":[E]}}"#)]
#[case::nested_root_count(r#"{"success":true,"count":7,"data":{"list":[E]}}"#)]
#[case::flat(r#"{"code":200,"success":true,"message":"success!","count":7,"data":[E]}"#)]
#[case::flat_code_only(r#"{"code":"200","count":"7","data":[E]}"#)]
#[case::root_list(r#"{"code":200,"count":7,"list":[E],"message":"ok"}"#)]
#[case::odd_code(r#"{"code":0,"success":true,"count":7,"list":[E]}"#)]
#[tokio::test]
async fn each_of_the_three_envelopes_is_read(#[case] body: &str) {
    for status in [200, 500] {
        let page = queue(Reply::status(status, body.replace('E', GROUP))).await.unwrap();
        assert_eq!((page.records.len(), page.total, page.page_size), (1, Some(7), None));
        assert_eq!(page.records[0].rows.len(), 2);
    }
}

#[rstest]
#[case(r#"{"success":true,"data":{"count":0,"list":[]}}"#)]
#[case(r#"{"success":true,"data":{"count":0,"list":null}}"#)]
#[case(r#"{"success":true,"data":{"count":0}}"#)]
#[case(r#"{"code":200,"count":0,"data":[]}"#)]
#[case(r#"{"code":200,"count":"0","data":null}"#)]
#[case(r#"{"code":200,"count":0}"#)]
#[tokio::test]
async fn an_empty_list_may_be_absent_where_the_count_says_so(#[case] body: &str) {
    let page = queue(Reply::json(body)).await.unwrap();
    assert_eq!((page.records.len(), page.total), (0, Some(0)));
}

#[rstest]
#[case(r#"{"success":true,"message":"200 ok!"}"#, "holds no list")]
#[case(r#"{"code":200,"data":null}"#, "holds no list")]
#[case(r#"{"success":true,"data":"x"}"#, "field `data`: expected a list, got text")]
#[case(r#"{"success":true,"count":3,"data":{"total":3}}"#, "holds no list")]
#[case(
    r#"{"success":true,"data":{"count":1,"list":{"exten":"1"}}}"#,
    "field `data.list`: expected a list, got an object"
)]
#[case(r#"{"data":{"count":1,"list":[]}}"#, "expected JSON with a code or success, got other JSON")]
#[case("<html>502</html>", "an HTML page of 16 bytes, HTTP 200")]
#[case("", "an empty body")]
#[tokio::test]
async fn an_answer_that_does_not_say_what_it_is_is_malformed(#[case] body: &str, #[case] said: &str) {
    let fault = queue(Reply::json(body)).await.unwrap_err();
    assert_eq!(fault.kind, FaultKind::Malformed);
    assert!(fault.message.contains(said), "{fault}");
}

#[rstest]
#[case(r#"{"code":400,"message":"Please check your parameters"}"#, FaultKind::RequestRefused, Some("400"))]
#[case(
    r#"{"code":"400","success":false,"message":"create Queue error"}"#,
    FaultKind::RequestRefused,
    Some("400")
)]
#[case(r#"{"code":210,"message":"no agent"}"#, FaultKind::RequestRefused, Some("210"))]
#[case(r#"{"code":500,"message":"server error"}"#, FaultKind::VendorFailed, Some("500"))]
#[case(r#"{"code":777,"message":"?"}"#, FaultKind::UnknownCode, Some("777"))]
#[case(r#"{"code":"BAD","message":"?"}"#, FaultKind::UnknownCode, Some("BAD"))]
#[case(r#"{"success":false,"message":"no"}"#, FaultKind::UnknownCode, None)]
#[case(r#"{"success":false,"code":200,"count":0,"data":[]}"#, FaultKind::UnknownCode, Some("200"))]
#[case(r#"{"success":true,"code":500,"count":0,"data":[]}"#, FaultKind::VendorFailed, Some("500"))]
#[tokio::test]
async fn a_failure_is_known_by_its_code(
    #[case] body: &str,
    #[case] kind: FaultKind,
    #[case] code: Option<&str>,
) {
    let fault = queue(Reply::json(body)).await.unwrap_err();
    assert_eq!((fault.kind, fault.code.as_deref()), (kind, code), "{fault}");
    assert!(fault.message.contains("moor-1/moor.queue: POST /v20210827/webChat/queueQueue"), "{fault}");
}

#[rstest]
#[case(200)]
#[case(403)]
#[tokio::test]
async fn too_many_requests_are_told_by_the_text_of_a_403_and_not_sent_again(#[case] status: u16) {
    let bench = bench(Policy::Mask).await;
    let body = r#"{"code":403,"message":"Server is busy, max request frequency is 20/min"}"#;
    bench.vendor.reply("queueQueue", Reply::status(status, body));
    let fault = ask(bench.account.stream(StreamId::MOOR_QUEUE)).await.unwrap_err();
    assert_eq!((fault.kind, fault.retry_after), (FaultKind::RateLimited, Some(Duration::from_secs(60))));
    assert!(fault.message.contains("20/min"), "{fault}");
    assert_eq!(bench.vendor.seen().len(), 1);
}

#[tokio::test]
async fn a_refused_signature_is_taken_afresh_once_and_both_clocks_are_told() {
    let bench = bench(Policy::Mask).await;
    let body = format!(r#"{{"code":"403","message":"bad {SIG} {AUTHORIZATION} secret 15711356914"}}"#);
    let refusal = Reply::json(body).header("date", "Thu, 13 Oct 2016 03:46:12 GMT");
    bench.vendor.reply("queueQueue", refusal.clone());
    bench.vendor.reply("queueQueue", refusal);
    let fault = ask(bench.account.stream(StreamId::MOOR_QUEUE)).await.unwrap_err();
    assert_eq!((fault.kind, fault.code.as_deref()), (FaultKind::CredentialsRefused, Some("403")));
    for part in ["2016-10-13 11:36:12", "2016-10-13 11:46:12", "600 s apart", "5 minutes"] {
        assert!(fault.message.contains(part), "{fault}");
    }
    for secret in [SIG, AUTHORIZATION, "bad secret", "15711356914"] {
        assert!(!printed(&fault).contains(secret), "{}", printed(&fault));
    }
    assert_eq!(bench.vendor.seen().len(), 2);
    assert!(!format!("{:?}", bench.account).contains("\"secret\""), "{:?}", bench.account);
}

#[tokio::test]
async fn a_signature_that_grew_old_on_the_way_is_replaced_by_a_fresh_one() {
    let bench = bench(Policy::Mask).await;
    bench.vendor.reply("queueQueue", Reply::json(r#"{"code":403}"#).after(Duration::from_millis(60)));
    bench.vendor.reply("queueQueue", Reply::json(nested(GROUP, 1)));
    let (page, ()) = tokio::join!(ask(bench.account.stream(StreamId::MOOR_QUEUE)), async {
        tokio::time::sleep(Duration::from_millis(20)).await;
        bench.clock.advance(chrono::Duration::seconds(1));
    });
    page.unwrap();
    let sigs: Vec<_> = bench.vendor.seen().iter().map(|seen| seen.parameter("sig")).collect();
    assert!(sigs.len() == 2 && sigs[0] != sigs[1], "{sigs:?}");
}

#[rstest]
#[case(401, FaultKind::CredentialsRefused)]
#[case(403, FaultKind::CredentialsRefused)]
#[case(429, FaultKind::RateLimited)]
#[case(503, FaultKind::VendorFailed)]
#[case(404, FaultKind::Malformed)]
#[tokio::test]
async fn without_an_envelope_the_status_decides(#[case] status: u16, #[case] kind: FaultKind) {
    assert_eq!(queue(Reply::status(status, "<html></html>")).await.unwrap_err().kind, kind);
}

#[tokio::test]
async fn a_member_that_cannot_be_read_costs_neither_its_group_nor_its_neighbours() {
    let record = group(
        r#"{"exten":"1","assignMembers":[{"agentNumber":"a"," priority":"3"},{"agentName":"x","phone":"15711356914"},
           {"agentNumber":"a","agentName":"again"},{"agentNumber":8000,"priority":1,"skill":"x"},7]}"#,
    )
    .await;
    let keys: Vec<_> = record.rows.iter().map(|row| row.key_text().replace('\u{1f}', "/")).collect();
    assert_eq!(keys, ["1", "1/a", "1/8000"]);
    assert_eq!(record.rows[1].value("priority"), Value::Integer(3));
    assert_eq!(record.rows[2].extra["skill"], "x");
    let reasons: Vec<_> = record.rejects.iter().map(|reject| reject.reason.as_str()).collect();
    assert_eq!(
        reasons,
        [
            "member: field `agentNumber`: expected a part of the key, got nothing",
            "member: expected an object, got a number of 1 characters",
        ]
    );
    assert!(record.rejects[0].payload.contains("157****6914"), "{:?}", record.rejects);
}

#[rstest]
#[case(r#"{"displayName":"x","assignMembers":[{"agentNumber":"a"}]}"#)]
#[case(r#"{"exten":"1","assignMembers":{"agentNumber":"a"}}"#)]
#[case(r#"{"exten":"1","isMemory":"maybe"}"#)]
#[case("[]")]
#[tokio::test]
async fn a_group_that_cannot_be_read_is_one_reject(#[case] element: &str) {
    let record = group(element).await;
    assert_eq!((record.rows.len(), record.rejects.len()), (0, 1));
    assert_eq!(record.rejects[0].payload, element);
}

#[tokio::test]
async fn a_group_without_members_or_memory_is_a_group() {
    let record =
        group(r#"{"exten":10,"memoryTime":"","isMemory":0,"assignMembers":null,"color":"red"}"#).await;
    assert_eq!(record.rows.len(), 1);
    assert_eq!(record.rows[0].value("exten"), text("10"));
    assert_eq!(
        (record.rows[0].value("is_memory"), record.rows[0].value("memory_time")),
        (Value::Bool(false), Value::Null)
    );
    assert_eq!(record.rows[0].extra["color"], "red");
}

#[tokio::test]
async fn what_a_group_has_beyond_its_columns_travels_with_each_claim_state() {
    let bench = bench(Policy::Mask).await;
    let element = r#"{"exten":"1","color":"red","assignMembers":[{"agentNumber":"a","pcAutoClaim":"1","mobileAutoClaim":0,"mobile":"0571-88"}]}"#;
    bench.vendor.reply("queueQueueAgentClaimStatus", Reply::json(nested(element, 1)));
    let page = ask(bench.account.stream(StreamId::MOOR_AGENT_CLAIM_STATUS)).await.unwrap();
    let row = &page.records[0].rows[0];
    assert_eq!(
        (row.value("pc_auto_claim"), row.value("mobile_auto_claim")),
        (Value::Bool(true), Value::Bool(false))
    );
    assert_eq!(
        serde_json::Value::Object(row.extra.clone()),
        serde_json::json!({"group": {"color": "red"}, "mobile": "****88"})
    );
}

#[tokio::test]
async fn budgets_are_named_after_account_host_and_endpoint() {
    let bench = bench(Policy::Mask).await;
    let host = format!("127.0.0.1:{}", bench.vendor.base.port().unwrap());
    for (stream, endpoint) in [
        (StreamId::MOOR_QUEUE, "queueQueue"),
        (StreamId::MOOR_AGENT_CLAIM_STATUS, "queueQueueAgentClaimStatus"),
    ] {
        assert_eq!(bench.account.budget_key(stream).name, format!("moor:N00000000556@{host}/{endpoint}"));
    }
}

#[tokio::test]
async fn a_signature_sent_again_is_counted_like_any_other_request() {
    let bench = bench(Policy::Mask).await;
    bench.vendor.reply("queueQueue", Reply::json(r#"{"code":403}"#));
    bench.vendor.reply("queueQueue", Reply::json(nested(GROUP, 1)));
    ask(bench.account.stream(StreamId::MOOR_QUEUE)).await.unwrap();
    let reserved = bench.budget.0.lock().unwrap().clone();
    assert_eq!(reserved, [bench.account.budget_key(StreamId::MOOR_QUEUE)], "the first one is the engine's");
}
