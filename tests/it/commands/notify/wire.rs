//! What each messenger gets, and what of its answers is a yes.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use ccsync::ops::notify::target::TargetKind;
use ccsync::report::alert::{AlertKind, Severity};
use ccsync::report::language::Language;
use ccsync::report::notice::{AlertChange, Change, Notice};
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

use super::messenger::Messenger;
use super::{alert, target};

fn hmac(key: &str, message: &str) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key.as_bytes()).unwrap();
    mac.update(message.as_bytes());
    mac.finalize().into_bytes().to_vec()
}

fn notice() -> Notice {
    let failing = alert(AlertKind::StreamFailing, "window 2026-03-01: vendor said <at id=all></at> & more");
    let over = alert(AlertKind::SchemaDrift, "a new field");
    Notice {
        at: "2026-03-08T04:00:00Z".parse().unwrap(),
        changes: vec![AlertChange::of(Change::Raised, &failing), AlertChange::of(Change::Cleared, &over)],
    }
}

#[tokio::test]
async fn wecom_gets_markdown_in_its_robots_form() {
    let messenger = Messenger::that_answers(200, r#"{"errcode":0,"errmsg":"ok"}"#).await;
    target(TargetKind::WeCom, &messenger, None).send(&notice()).await.unwrap();
    let got = messenger.got().remove(0);
    assert_eq!((got.path.as_str(), got.query.as_str()), ("/hook/s3cretpath", "key=s3cretkey"));
    let body = got.json();
    assert_eq!(body["msgtype"], "markdown");
    insta::assert_snapshot!(body["markdown"]["content"].as_str().unwrap(), @r#"
    ## ccsync: 1 to look at, 1 over
    **[critical] a stream fails – sobot/sobot.call_result**, since 2026-03-08 10:00:00
    window 2026-03-01: vendor said ‹at id=all›‹/at› ＆ more
    What to do: see the failure in `ccsync status`; it names what to do; see docs/runbook.md#stream_failing

    **[over] the vendor departs from its documents – sobot/sobot.call_result**, since 2026-03-08 10:00:00

    Status: https://ccsync.example.com/
    "#);
}

#[tokio::test]
async fn dingtalk_gets_a_signature_of_time_and_secret_in_the_address() {
    let messenger = Messenger::that_answers(200, r#"{"errcode":0,"errmsg":"ok"}"#).await;
    target(TargetKind::DingTalk, &messenger, Some("SEC1")).send(&notice()).await.unwrap();
    let got = messenger.got().remove(0);
    let query: Vec<(String, String)> =
        url::form_urlencoded::parse(got.query.as_bytes()).into_owned().collect();
    let millis = notice().at.timestamp_millis().to_string();
    let signed = BASE64_STANDARD.encode(hmac("SEC1", &format!("{millis}\nSEC1")));
    let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    assert_eq!(query, [pair("key", "s3cretkey"), pair("timestamp", &millis), pair("sign", &signed)]);
    let body = got.json();
    assert_eq!(
        (&body["msgtype"], &body["markdown"]["title"]),
        (&"markdown".into(), &"ccsync: 1 to look at, 1 over".into())
    );
}

#[tokio::test]
async fn feishu_gets_a_card_signed_by_time_and_secret_in_chinese_where_that_is_wanted() {
    let messenger = Messenger::that_answers(200, r#"{"code":0,"data":{},"msg":"success"}"#).await;
    let mut target = target(TargetKind::Feishu, &messenger, Some("sec"));
    target.wording.language = Language::ZhCn;
    target.send(&notice()).await.unwrap();
    let body = messenger.got().remove(0).json();
    let seconds = notice().at.timestamp().to_string();
    assert_eq!(body["timestamp"], seconds.as_str());
    assert_eq!(body["sign"], BASE64_STANDARD.encode(hmac(&format!("{seconds}\nsec"), "")));
    assert_eq!(
        (&body["msg_type"], &body["card"]["header"]["template"]),
        (&"interactive".into(), &"red".into())
    );
    insta::assert_snapshot!(body["card"]["elements"][0]["content"].as_str().unwrap(), @r#"
    **[严重] 数据流读取失败 – sobot/sobot.call_result**, 自 2026-03-08 10:00:00 起
    window 2026-03-01: vendor said ‹at id=all›‹/at› ＆ more
    处理办法：see the failure in `ccsync status`; it names what to do；详见 docs/runbook.md#stream_failing

    **[已恢复] 厂商数据与其文档不符 – sobot/sobot.call_result**, 自 2026-03-08 10:00:00 起

    状态页：https://ccsync.example.com/
    "#);
}

#[tokio::test]
async fn slack_gets_text_with_its_own_kind_of_bold() {
    let messenger = Messenger::that_answers(200, "ok").await;
    target(TargetKind::Slack, &messenger, None).send(&notice()).await.unwrap();
    let body = messenger.got().remove(0).json();
    let text = body["text"].as_str().unwrap();
    assert!(
        text.starts_with(
            "*ccsync: 1 to look at, 1 over*\n*[critical] a stream fails – sobot/sobot.call_result*"
        ),
        "{text}"
    );
}

#[tokio::test]
async fn a_webhook_gets_each_change_as_json_and_a_signature_of_the_body() {
    let messenger = Messenger::that_answers(204, "").await;
    target(TargetKind::Webhook, &messenger, Some("key")).send(&notice()).await.unwrap();
    let got = messenger.got().remove(0);
    let hex: String = hmac("key", &got.body).iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(got.signature, Some(format!("sha256={hex}")));
    let body = got.json();
    assert_eq!((&body["version"], &body["changes"][1]["change"]), (&1.into(), &"cleared".into()));
    insta::assert_snapshot!(body["changes"][0].to_string(), @r#"{"change":"raised","kind":"stream_failing","message":"window 2026-03-01: vendor said <at id=all></at> & more","remedy":"see the failure in `ccsync status`; it names what to do","severity":"critical","since":"2026-03-08T02:00:00Z","source":"sobot","stream":"sobot.call_result"}"#);
}

#[tokio::test]
async fn an_answer_that_says_no_is_a_failure_with_its_words_and_without_what_is_secret() {
    for (kind, status, answer, part) in [
        (TargetKind::WeCom, 200, r#"{"errcode":45009,"errmsg":"freq out of limit"}"#, "45009"),
        (TargetKind::DingTalk, 200, r#"{"errcode":310000,"errmsg":"sign not match SEC9"}"#, "310000"),
        (TargetKind::Feishu, 200, r#"{"code":19021,"msg":"sign match fail"}"#, "19021"),
        (TargetKind::Feishu, 200, "<html>", "html"),
        (TargetKind::Slack, 404, "no_service", "no_service"),
        (TargetKind::Webhook, 500, "broken", "HTTP 500"),
    ] {
        let messenger = Messenger::that_answers(status, answer).await;
        let secret = matches!(kind, TargetKind::DingTalk | TargetKind::Feishu).then_some("SEC9");
        let said = target(kind, &messenger, secret).send(&notice()).await.unwrap_err().chain();
        assert!(said.contains("notify.ops") && said.contains(part), "{said}");
        assert!(!said.contains("s3cret") && !said.contains("SEC9"), "{said}");
    }
    let messenger = Messenger::that_answers(200, "ok").await;
    let gone = target(TargetKind::Slack, &messenger, None);
    drop(messenger);
    tokio::task::yield_now().await;
    if let Err(fault) = gone.send(&notice()).await {
        assert!(!fault.chain().contains("s3cret"), "{}", fault.chain());
    }
}

#[tokio::test]
async fn hundreds_of_changes_fit_into_what_wecom_takes() {
    let messenger = Messenger::that_answers(200, r#"{"errcode":0}"#).await;
    let one = alert(AlertKind::QuarantineGrowing, &"长".repeat(200));
    let changes = vec![AlertChange::of(Change::Raised, &one); 300];
    assert_eq!(one.severity, Severity::Warning);
    let notice = Notice { changes, ..notice() };
    let mut target = target(TargetKind::WeCom, &messenger, None);
    target.wording.language = Language::ZhCn;
    target.send(&notice).await.unwrap();
    let body = messenger.got().remove(0).json();
    let text = body["markdown"]["content"].as_str().unwrap();
    assert!(text.len() <= 4_096, "{}", text.len());
    assert!(text.contains("另有 29"), "{text}");
}
