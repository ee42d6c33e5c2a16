//! Nothing that was sent is altered in silence: charsets, digits and keys, from a vendor's bytes through HTTP to the
//! tables and back.

use std::sync::{Arc, Mutex};

use ccsync::app::App;
use ccsync::domain::stream::StreamId;
use ccsync::engine::verify::VerifyOrder;
use ccsync::report::alert::{AlertKind, Severity};
use ccsync::report::status::StreamState;
use encoding_rs::{BIG5, GB18030, GBK};
use tokio_util::sync::CancellationToken;

use crate::reads::sources::support::{Reply, Vendor};
use crate::support::db::TestDb;
use crate::support::harness::{QUICK, TestClock, configured_app};

/// The one day on which the vendor has calls.
const DAY: &str = "2026-03-03";
const NO_ITEMS: &str = r#"{"ret_code":"000000","items":[],"total_count":0,"page_no":1,"page_size":20}"#;
const JSON: &str = "application/json;charset=UTF-8";

/// What the vendor answers when it is asked for the calls of that day, and for its groups.
#[derive(Default)]
struct Script {
    calls: Option<Reply>,
    groups: Option<Reply>,
}

/// A product, its database, and a vendor that says what it is told to.
struct Bench {
    app: Arc<App>,
    db: TestDb,
    script: Arc<Mutex<Script>>,
    _vendor: Vendor,
}

fn reply(content_type: &str, body: impl Into<Vec<u8>>) -> Reply {
    let mut reply = Reply::json("").header("content-type", content_type);
    reply.body = body.into();
    reply
}

impl Bench {
    async fn new() -> Bench {
        let script = Arc::new(Mutex::new(Script::default()));
        let vendor = Vendor::start().await;
        let says = script.clone();
        vendor.rule(move |seen| {
            let says = says.lock().unwrap();
            let path = seen.path.as_str();
            if path.ends_with("/get_token") {
                let token = "t".repeat(32);
                let token =
                    format!(r#"{{"ret_code":"000000","item":{{"token":"{token}","expires_in":"86400"}}}}"#);
                return Some(reply(JSON, token));
            }
            if path.contains("queueQueue") {
                let claims = path.contains("AgentClaimStatus");
                let none = reply(JSON, r#"{"success":true,"data":{"count":0,"list":[]}}"#);
                return Some(says.groups.clone().filter(|_| !claims).unwrap_or(none));
            }
            let asked = path.ends_with("/call_result") && seen.parameter("start_datetime").starts_with(DAY);
            Some(says.calls.clone().filter(|_| asked).unwrap_or_else(|| reply(JSON, NO_ITEMS)))
        });
        let db = TestDb::create().await;
        let base = vendor.base.as_str().trim_end_matches('/');
        let app = configured_app(base, &db, &TestClock::hurried(), QUICK).await;
        Bench { app, db, script, _vendor: vendor }
    }

    fn says(&self, content_type: &str, body: impl Into<Vec<u8>>) {
        self.script.lock().unwrap().calls = Some(reply(content_type, body));
    }

    /// Rows inserted, updated and quarantined.
    async fn sync(&self) -> [u64; 3] {
        let mut sums = [0; 3];
        for report in self.app.sync(&[], &CancellationToken::new()).await.unwrap() {
            assert!(report.failures.is_empty(), "{report:?}");
            let counts = report.counts;
            for (sum, count) in sums.iter_mut().zip([counts.inserted, counts.updated, counts.quarantined]) {
                *sum += count;
            }
        }
        sums
    }

    /// What `verify` finds different.
    async fn differences(&self) -> Vec<String> {
        let (order, stop) = (VerifyOrder::default(), CancellationToken::new());
        let verified = self.app.verify(&[], &order, false, &stop).await.unwrap();
        let found = verified.into_iter().flat_map(|one| one.verification.differences);
        found
            .map(|one| format!("{} {}: {}", one.kind.as_str(), one.key_text(), one.columns.join(",")))
            .collect()
    }

    /// Nothing differs, and one more sync writes nothing.
    async fn is_settled(&self) {
        assert_eq!(self.differences().await, Vec::<String>::new());
        let mark = "select coalesce(string_agg(ctid::text || xmin::text, ',' order by ctid), '') from sobot.call_result";
        let before = self.texts(mark).await;
        let [inserted, updated, _] = self.sync().await;
        assert_eq!((inserted, updated, self.texts(mark).await), (0, 0, before));
    }

    async fn texts(&self, sql: &'static str) -> Vec<String> {
        sqlx::query_scalar(sql).fetch_all(self.db.pool().await).await.unwrap()
    }

    async fn drifts(&self) -> Vec<String> {
        self.texts(
            "select trim(concat_ws(' ', kind, field, observed)) from sync.schema_drift \
             where kind not in ('new_field', 'missing_field') order by 1",
        )
        .await
    }
}

/// One call, `fields` in place of its own or beside them.
fn call(fields: &str) -> String {
    let mut call = String::from("{");
    for (name, json) in [
        ("call_log_jestid", r#""c1""#),
        ("agentid", r#""a1""#),
        ("agent_name", r#""n""#),
        ("call_start_datetime", r#""1772500000000""#),
        ("quality_datetime", r#""1772503600000""#),
        ("total_score", r#""1.5""#),
    ] {
        if !fields.contains(&format!("\"{name}\"")) {
            call.push_str(&format!("\"{name}\":{json},"));
        }
    }
    call + fields + "}"
}

fn page(calls: &[String]) -> String {
    let (items, total) = (calls.join(","), calls.len());
    format!(r#"{{"ret_code":"000000","items":[{items}],"total_count":{total},"page_no":1,"page_size":20}}"#)
}

#[tokio::test]
async fn a_declared_charset_is_honoured_and_its_keys_stay_apart() {
    let agents = ["坐席一", "坐席二", "坐席三", "坐席四"];
    let calls: Vec<_> = agents
        .iter()
        .map(|agent| call(&format!(r#""agentid":"{agent}","agent_name":"名{agent}""#)))
        .collect();
    let body = page(&calls);
    let units = |order: fn(u16) -> [u8; 2]| body.encode_utf16().flat_map(order).collect::<Vec<u8>>();
    let bench = Bench::new().await;
    for (turn, (content_type, bytes)) in [
        ("application/json;charset=GBK", GBK.encode(&body).0.into_owned()),
        ("application/json; Charset = \"gb18030\"", GB18030.encode(&body).0.into_owned()),
        ("application/json;charset=big5", BIG5.encode(&body).0.into_owned()),
        ("application/json", [vec![0xff, 0xfe], units(u16::to_le_bytes)].concat()),
        ("application/json;charset=UTF-16BE", units(u16::to_be_bytes)),
        ("application/json;charset=utf8", [b"\xef\xbb\xbf".to_vec(), body.clone().into_bytes()].concat()),
        ("application/json;charset=klingon-8", body.clone().into_bytes()),
    ]
    .into_iter()
    .enumerate()
    {
        // Simplified and traditional characters of these names are the same in each of the charsets.
        bench.says(content_type, bytes);
        assert_eq!(bench.sync().await, [if turn == 0 { 4 } else { 0 }, 0, 0], "{content_type}");
        let names =
            bench.texts("select agent_name from sobot.call_result order by agent_name collate \"C\"").await;
        assert_eq!(names, ["名坐席一", "名坐席三", "名坐席二", "名坐席四"], "{content_type}");
    }
    bench.is_settled().await;
    assert_eq!(bench.drifts().await, ["unknown_charset (answer) klingon-8"]);
}

#[tokio::test]
async fn rows_and_quarantined_records_are_as_many_as_elements_were_sent() {
    let bench = Bench::new().await;
    let keys = [r"x\ud83d", r"x\ud83e", r"y\ud83d\ude00", r"z\u0000", r"z\ufffd"];
    let calls: Vec<_> = keys.iter().map(|key| call(&format!(r#""call_log_jestid":"{key}""#))).collect();
    bench.says(JSON, page(&calls));
    assert_eq!(bench.sync().await, [2, 0, 3]);
    let stored = bench.texts("select call_log_jestid from sobot.call_result order by 1").await;
    assert_eq!(stored, ["y😀", "z\u{fffd}"]);
    let payloads = bench.texts("select payload from sync.quarantine where state = 'open'").await;
    for key in [r#""x\ud83d""#, r#""x\ud83e""#, r#""z\u0000""#] {
        assert_eq!(payloads.iter().filter(|payload| payload.contains(key)).count(), 1, "{key}");
    }
    bench.is_settled().await;

    // Bytes that are no UTF-8 in a key, and in a text that is none.
    let body =
        page(&["K1", "K2", "N"].map(|key| call(&format!(r#""agentid":"{key}","agent_name":"M{key}""#))));
    let mut bytes = body.into_bytes();
    for (index, place) in [(0, b"\"K1\""), (1, b"\"K2\"")] {
        let at = bytes.windows(4).position(|window| window == place).unwrap();
        bytes[at + 2] = [0xfe, 0xff][index];
    }
    let at = bytes.windows(3).position(|window| window == b"\"MN").unwrap();
    bytes[at + 2] = 0xc3;
    bench.says(JSON, bytes);
    assert_eq!(bench.sync().await, [1, 0, 2]);
    let names = bench.texts("select agent_name from sobot.call_result where agentid = 'N'").await;
    assert_eq!(names, ["M\u{fffd}"]);
    let payloads = bench.texts("select payload from sync.quarantine where payload like '%\\\\udcf%'").await;
    assert_eq!(payloads.len(), 2, "{payloads:?}");
    let told = bench.drifts().await;
    for field in ["agent_name", "agentid", "call_log_jestid"] {
        assert!(told.iter().any(|drift| drift.starts_with(&format!("replaced_text {field}"))), "{told:?}");
    }
}

#[tokio::test]
async fn a_number_without_a_column_is_kept_digit_for_digit_and_its_last_digit_is_a_revision() {
    let bench = Bench::new().await;
    let with = |digit: u8, plain: &str| {
        page(&[call(&format!(
            r#""ticket_no":2026112710000012345{digit},"ratio":0.1234567890123456789{digit},"n":{{"plain":{plain}}}"#
        ))])
    };
    let digits =
        "select concat_ws(' ', extra ->> 'ticket_no', extra ->> 'ratio', revision) from sobot.call_result";
    bench.says(JSON, with(1, "1e2"));
    assert_eq!(bench.sync().await, [1, 0, 0]);
    assert_eq!(bench.texts(digits).await, ["20261127100000123451 0.12345678901234567891 1"]);
    for plain in ["100", "100.0", "100.00", "1E+2"] {
        bench.says(JSON, with(1, plain));
        assert_eq!(bench.sync().await, [0, 0, 0], "{plain}");
    }
    bench.is_settled().await;
    bench.says(JSON, with(2, "1e2"));
    assert_eq!(bench.differences().await, ["stale c1/a1: extra"]);
    assert_eq!(bench.sync().await, [0, 1, 0]);
    assert_eq!(bench.texts(digits).await, ["20261127100000123452 0.12345678901234567892 2"]);
    bench.is_settled().await;
    bench.says(JSON, page(&[call(r#""huge":1e131072,"fine":1e400"#)]));
    assert_eq!(bench.sync().await, [0, 1, 0]);
    let kinds =
        "select jsonb_typeof(extra -> 'huge') || jsonb_typeof(extra -> 'fine') from sobot.call_result";
    assert_eq!(bench.texts(kinds).await, ["stringnumber"]);
    bench.is_settled().await;
    assert_eq!(bench.drifts().await, ["kept_as_text huge"]);
}

#[tokio::test]
async fn a_score_is_stored_exactly_whatever_its_digits_or_quarantined() {
    let bench = Bench::new().await;
    let long = format!("0.{}1", "0".repeat(16_382));
    let scores = [
        ("0.3333333333333333333333333333333333", "0.3333333333333333333333333333333333"),
        ("99.99999999999999999999999999999", "99.99999999999999999999999999999"),
        ("12345678901234567890123456789.5", "12345678901234567890123456789.5"),
        ("1e-30", "0.000000000000000000000000000001"),
        ("0.000000000000000000000000000001", "0.000000000000000000000000000001"),
        ("-1.50e3", "-1500"),
        (long.as_str(), long.as_str()),
    ];
    let unfit = ["1e131072", "1e-16384", "NaN", "1_0"];
    let score = |(index, text): (usize, &str)| {
        call(&format!(r#""call_log_jestid":"s{index:02}","total_score":"{text}""#))
    };
    let sent = scores.iter().map(|(sent, _)| *sent).chain(unfit);
    bench.says(JSON, page(&sent.enumerate().map(score).collect::<Vec<_>>()));
    assert_eq!(bench.sync().await, [scores.len() as u64, 0, unfit.len() as u64]);
    let stored =
        bench.texts("select total_score::text from sobot.call_result order by call_log_jestid").await;
    assert_eq!(stored, scores.map(|(_, stored)| stored));
    bench.is_settled().await;
}

#[tokio::test]
async fn an_answer_whose_records_stand_twice_loses_none_and_tells_it() {
    let bench = Bench::new().await;
    let calls: Vec<_> = (0..5).map(|id| call(&format!(r#""call_log_jestid":"d{id}""#))).collect();
    let items = calls.join(",");
    let body =
        format!(r#"{{"ret_code":"000000","items":[{items}],"total_count":5,"items":[],"page_size":20}}"#);
    bench.says(JSON, body);
    assert_eq!(bench.sync().await, [5, 0, 0]);
    bench.is_settled().await;
    assert_eq!(bench.drifts().await, ["repeated_field (answer).items"]);

    // A field of a record that stands twice is told; one of its key is quarantined.
    let twice = [
        call(r#""call_log_jestid":"e1","agent_name":"a","agent_name":"b""#),
        call(r#""call_log_jestid":"e2","call_log_jestid":"e3""#),
    ];
    bench.says(JSON, page(&twice));
    assert_eq!(bench.sync().await, [1, 0, 1]);
    assert_eq!(
        bench.texts("select agent_name from sobot.call_result where call_log_jestid = 'e1'").await,
        ["b"]
    );
    assert!(bench.drifts().await.contains(&"repeated_field agent_name".to_owned()));
}

#[tokio::test]
async fn a_member_whose_key_would_have_to_be_altered_costs_neither_its_group_nor_its_neighbours() {
    let bench = Bench::new().await;
    let group = r#"{"exten":"1","displayName":"组","assignMembers":[
        {"agentNumber":"8\ud83d","agentName":"a","priority":"0"},{"agentNumber":"8\ud83e","agentName":"b"},
        {"agentNumber":"8\u0000","agentName":"c"},{"agentNumber":"8\ufffd","agentName":"d"}]}"#;
    let lost = r#"{"exten":"2\udc00","displayName":"组","assignMembers":[]}"#;
    let body = |list: &str| format!(r#"{{"success":true,"data":{{"count":2,"list":[{list}]}}}}"#);
    let both = body(&format!("{group},{lost}"));
    bench.script.lock().unwrap().groups =
        Some(reply("application/json;charset=GBK", GBK.encode(&both).0.into_owned()));
    assert_eq!(bench.sync().await, [2, 0, 4]);
    assert_eq!(bench.texts("select agent_number from moor.queue_member").await, ["8\u{fffd}"]);
    assert_eq!(bench.texts("select display_name from moor.queue").await, ["组"]);
    bench.is_settled().await;
    // A list that stands twice is one list.
    let twice = format!(r#"{{"success":true,"data":{{"count":1,"list":[{group}]}},"data":{{"list":[]}}}}"#);
    bench.script.lock().unwrap().groups = Some(reply(JSON, twice));
    assert_eq!(bench.sync().await, [0, 0, 3]);
    assert!(bench.drifts().await.contains(&"repeated_field (answer).data".to_owned()));
    // So is a member that is listed twice, as it was listed first.
    let members = r#"{"agentNumber":"9","agentName":"a"},{"agentNumber":"9","agentName":"b"}"#;
    let group = format!(r#"{{"exten":"1","displayName":"组","assignMembers":[{members}]}}"#);
    let listed = format!(r#"{{"success":true,"data":{{"count":1,"list":[{group}]}}}}"#);
    bench.script.lock().unwrap().groups = Some(reply(JSON, listed));
    bench.sync().await;
    assert_eq!(bench.texts("select agent_name from moor.queue_member where agent_number = '9'").await, ["a"]);
    assert!(bench.drifts().await.contains(&"repeated_field assignMembers[]".to_owned()));
}

/// GBK bytes that are declared as UTF-8: no key of the window can be read.
#[tokio::test]
async fn a_window_of_which_every_record_is_quarantined_is_not_called_well_until_the_vendor_sends_it_readable()
{
    let bench = Bench::new().await;
    let calls = ["一", "二", "三"].map(|id| call(&format!("\"call_log_jestid\":\"客户{id}\"")));
    let body = GBK.encode(&page(&calls)).0.into_owned();
    bench.says(JSON, body.clone());
    assert_eq!(bench.sync().await, [0, 0, 3]);
    let status = bench.app.status().await.unwrap();
    let stream = status.streams.iter().find(|stream| stream.stream == StreamId::SOBOT_CALL_RESULT).unwrap();
    assert_eq!((stream.state(), stream.quarantined), (StreamState::Quarantined, 3));
    let alert = status.alerts.iter().find(|alert| alert.kind == AlertKind::WindowQuarantined).unwrap();
    assert!(!status.healthy && alert.severity == Severity::Critical, "{alert:?}");
    assert_eq!(
        alert.message,
        "sobot/sobot.call_result: the last read of 1 window or snapshot brought only quarantined records, 3 in all; the table \
         has what earlier reads brought, if anything; the first is 2026-03-03"
    );
    assert!(alert.remedy.contains("`ccsync quarantine list`"), "{alert:?}");
    bench.says("application/json;charset=GBK", body);
    assert_eq!(bench.sync().await, [3, 0, 0]);
    let status = bench.app.status().await.unwrap();
    let stream = status.streams.iter().find(|stream| stream.stream == StreamId::SOBOT_CALL_RESULT).unwrap();
    assert_ne!(stream.state(), StreamState::Quarantined);
    assert!(
        !status.alerts.iter().any(|alert| alert.kind == AlertKind::WindowQuarantined),
        "{:?}",
        status.alerts
    );
    bench.is_settled().await;
}
