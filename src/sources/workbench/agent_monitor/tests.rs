use super::*;
use crate::domain::person::privacy::{CustomFieldPolicy, Privacy};
use crate::domain::row::record::Reject;

fn privacy(custom_fields: CustomFieldPolicy) -> MessagePrivacy {
    MessagePrivacy { personal: Privacy::default(), custom_fields }
}

fn heard(text: &str) -> FeedMessage {
    read(text.to_owned(), "1001", (&privacy(CustomFieldPolicy::Drop), NoticeTime::Unknown), 100_000)
}

fn rejected(text: &str, custom_fields: CustomFieldPolicy) -> (Reject, bool) {
    match read(text.to_owned(), "1001", (&privacy(custom_fields), NoticeTime::Unknown), 500) {
        FeedMessage::Reject { reject, ends_state } => (reject, ends_state),
        other => panic!("{other:?}"),
    }
}

/// The document's own example, its HTML unescaped.
const INFO: &str = r#"{"method": "info", "sessionId": "32001b21-9f76-4fc5-9f5a-6bf10dc63e1c",
    "city": "北京-北京", "extno": "1003", "info": {"admin_id": 1, "edit_stamp": "2021-08-30 14:13:08",
    "extno": "1001", "fields": "{\"年龄\": \"39\", \"多选2\": [\"张三\", \"李四\"], \"长文本\": \"\"}",
    "group": "default", "import_stamp": "2021-08-26 18:17:52", "name": "", "project_id": 1, "status": 0,
    "task_id": 0, "telephone": "123456", "uuid": "beeb8dda-87fb-4f7d-aa60-a4dee98e2e08", "vip": true}}"#;

fn popup(custom_fields: CustomFieldPolicy) -> CallPopup {
    match read(INFO.to_owned(), "1009", (&privacy(custom_fields), NoticeTime::Unknown), 100_000) {
        FeedMessage::Popup(popup) => *popup,
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_documents_examples_are_read_whole() {
    let FeedMessage::Notice(notice) = heard(r#"{"method":"notice","status":0,"time":"00:04:17"}"#) else {
        panic!()
    };
    assert_eq!((notice.state, notice.elapsed_s), (AgentState::SignedOut, Some(257)));
    assert_eq!(
        heard(r#"{"method":"message","msg":"公告内容"}"#),
        FeedMessage::Announcement(Announcement { msg: Some("公告内容".into()), extra: Map::new() })
    );
    let popup = popup(CustomFieldPolicy::Keep);
    let at = |text: &str| Some(chrono::DateTime::parse_from_rfc3339(text).unwrap().to_utc());
    let text = |text: &str| Some(text.to_owned());
    assert_eq!(popup.session_id, "32001b21-9f76-4fc5-9f5a-6bf10dc63e1c");
    assert_eq!((popup.city, popup.extno, popup.info_extno), (text("北京-北京"), text("1003"), text("1001")));
    assert_eq!(popup.admin_id, Some(1));
    assert_eq!(popup.edit_stamp, at("2021-08-30T14:13:08+08:00"));
    assert_eq!(popup.import_stamp, at("2021-08-26T18:17:52+08:00"));
    assert_eq!((popup.info_group, popup.info_name), (text("default"), None));
    assert_eq!((popup.project_id, popup.info_status, popup.task_id), (text("1"), text("0"), text("0")));
    assert_eq!(popup.telephone, text("****56"));
    assert_eq!(popup.info_uuid, text("beeb8dda-87fb-4f7d-aa60-a4dee98e2e08"));
    assert_eq!(Json::Object(popup.extra), serde_json::json!({"info": {"vip": true}}));
    assert_eq!(
        Json::Object(popup.fields.unwrap()),
        serde_json::json!({"年龄": "39", "多选2": ["张三", "李四"], "长文本": ""})
    );
}

#[test]
fn custom_fields_are_stored_only_as_the_setting_allows() {
    assert_eq!(popup(CustomFieldPolicy::Drop).fields, None);
    let named = popup(CustomFieldPolicy::Only(["年龄".to_owned()].into())).fields.unwrap();
    assert_eq!(Json::Object(named), serde_json::json!({"年龄": "39"}));
}

#[test]
fn string_and_number_are_one_and_the_waiting_time_comes_in_several_forms() {
    for (text, elapsed) in [
        (r#"{"method":"notice","status":"2","time":"27:00:00"}"#, Some(97_200)),
        (r#"{"method":"notice","status":2,"time":75}"#, Some(75)),
        (r#"{"method":"notice","status":2.0,"time":null}"#, None),
        (r#"{"method":"notice","status":2}"#, None),
        (r#"{"method":"notice","status":2,"time":"soon"}"#, None),
    ] {
        let FeedMessage::Notice(notice) = heard(text) else { panic!("{text}") };
        assert_eq!((notice.state, notice.elapsed_s), (AgentState::Busy, elapsed), "{text}");
        assert_eq!(
            notice.extra.contains_key("time"),
            text.contains("soon") || text.contains("null"),
            "{text}"
        );
    }
}

#[test]
fn the_time_of_a_notice_is_read_as_the_setting_says() {
    let told = |time| {
        let text = r#"{"method":"notice","status":2,"time":"00:01:15"}"#.to_owned();
        match read(text, "1001", (&privacy(CustomFieldPolicy::Drop), time), 500) {
            FeedMessage::Notice(notice) => {
                (notice.elapsed_s, notice.counts_state, notice.extra.contains_key("time"))
            }
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(told(NoticeTime::Unknown), (Some(75), false, false));
    assert_eq!(told(NoticeTime::State), (Some(75), true, false));
    assert_eq!(told(NoticeTime::Wait), (None, false, true), "it is kept, and says nothing of the state");
}

#[test]
fn an_odd_field_costs_its_column_and_is_told_and_the_popup_is_stored() {
    for (field, sent, expected) in [
        ("edit_stamp", r#""0000-00-00 00:00:00""#, "an instant"),
        ("import_stamp", r#"{"at": 1}"#, "an instant"),
        ("admin_id", "9999999999", "a whole number"),
        ("admin_id", r#""boss""#, "a whole number"),
        ("fields", r#""no JSON""#, "an object"),
        ("name", r#"["a"]"#, "text"),
        ("uuid", "{}", "text"),
    ] {
        let text = format!(
            r#"{{"method":"info","sessionId":"s-1","city":"北京","info":{{"group":"default","{field}":{sent}}}}}"#
        );
        let read =
            read(text.clone(), "1001", (&privacy(CustomFieldPolicy::Keep), NoticeTime::Unknown), 100_000);
        let FeedMessage::Altered { message, drifts } = read else { panic!("{text}") };
        let FeedMessage::Popup(popup) = *message else { panic!("{text}") };
        assert_eq!(
            (popup.session_id.as_str(), popup.info_group.as_deref()),
            ("s-1", Some("default")),
            "{text}"
        );
        let told: Vec<_> =
            drifts.iter().map(|drift| (drift.field.as_str(), drift.expected.as_str())).collect();
        assert_eq!(told, [(format!("info.{field}").as_str(), expected)], "{text}");
        let kept = popup.extra.get("info").and_then(|info| info.get(field)).is_some();
        assert!(kept, "what has no column stays: {text}");
    }
    // Where custom fields are not kept, what they are in is not, either.
    let text = r#"{"method":"info","sessionId":"s-1","info":{"fields":["13800001111"]}}"#.to_owned();
    let only = CustomFieldPolicy::Only(["年龄".to_owned()].into());
    let read = read(text, "1001", (&privacy(only), NoticeTime::Unknown), 100_000);
    assert!(!format!("{read:?}").contains("13800001111"), "{read:?}");
    let FeedMessage::Altered { message, .. } =
        heard(r#"{"method":"info","sessionId":"s-1","city":["x"],"info":{}}"#)
    else {
        panic!()
    };
    assert!(matches!(*message, FeedMessage::Popup(_)));
}

#[test]
fn what_is_quarantined_names_its_agent() {
    let (reject, _) = rejected(r#"{"method":"dance"}"#, CustomFieldPolicy::Drop);
    assert!(reject.reason.starts_with("agent 1001: field `method`"), "{}", reject.reason);
}

#[test]
fn what_cannot_be_read_is_quarantined_whole_with_its_reason() {
    let drop = || CustomFieldPolicy::Drop;
    assert_eq!(rejected("hello 15711356914", drop()).0.payload, "hello 157****6914");
    let (reject, ends_state) = rejected(r#"{"method":"notice","status":7}"#, drop());
    assert!(ends_state && reject.reason.contains("got 7"), "{reject:?}");
    for text in [r#"{"method":"dance"}"#, r#"{"status":1}"#, r#"{"method":"info"}"#, "[]", ""] {
        let (reject, ends_state) = rejected(text, drop());
        assert!(!ends_state && reject.payload == text, "{text}: {reject:?}");
    }
    let large = format!(r#"{{"method":"message","msg":"{}"}}"#, "长".repeat(500));
    let (reject, _) = rejected(&large, drop());
    assert!(reject.payload == large && reject.reason.contains("at most 500 bytes"), "{}", reject.reason);
}

#[test]
fn no_custom_field_and_no_phone_number_comes_through_a_reject() {
    let texts = [
        r#"{"method":"dance","info":{"fields":"{\"秘密\":\"s3cret\"}","telephone":"8000123"}}"#,
        r#"{"method":"dance","info":"{\"fields\":{\"秘密\":\"s3cret\"}}","telephone":"8000123"}"#,
        r#"{"method":"info","sessionId":"1","telephone":"8000123","info":{"fields":"{\"秘密\":\"s3cret\"}""#,
    ];
    for text in texts {
        let (reject, _) = rejected(text, CustomFieldPolicy::Drop);
        assert!(!reject.payload.contains("s3cret"), "{}", reject.payload);
    }
    for text in &texts[..2] {
        let (reject, _) = rejected(text, CustomFieldPolicy::Drop);
        assert!(!reject.payload.contains("8000123"), "{}", reject.payload);
    }
}

#[test]
fn a_key_that_would_have_to_be_altered_rejects_its_message_and_an_altered_text_is_told() {
    let details = |text: &str| match heard(text) {
        FeedMessage::Altered { drifts, message } => {
            let details = drifts.iter().map(|drift| format!("{} {}", drift.kind.as_str(), drift.field));
            assert!(
                !matches!(*message, FeedMessage::Altered { .. } | FeedMessage::Reject { .. }),
                "{message:?}"
            );
            details.collect::<Vec<_>>()
        }
        FeedMessage::Reject { reject, .. } => vec![format!("reject {}", reject.payload)],
        _ => Vec::new(),
    };
    for id in [r"s\ud83d", r"s\ud83e", r"s\u0000"] {
        let sent = format!(r#"{{"method":"info","sessionId":"{id}"}}"#);
        assert_eq!(details(&sent), [format!("reject {sent}")]);
    }
    assert_eq!(details(r#"{"method":"message","msg":"x\ud83d"}"#), ["replaced_text msg"]);
    assert_eq!(details(r#"{"method":"message","msg":"x","msg":"y"}"#), ["repeated_field msg"]);
    assert_eq!(
        details(r#"{"method":"message","msg":"😀\ud83d\ude00","n":20261127100000123456}"#),
        Vec::<String>::new()
    );
    let info = r#"{"method":"info","sessionId":"1","info":{"name":"x\udcff","deep":{"a":1,"a":2}}}"#;
    assert_eq!(
        details(info),
        ["replaced_text info", "replaced_text info.name", "repeated_field info", "repeated_field info.deep"]
    );
    let within = r#"{"method":"info","sessionId":"1","info":"{\"name\":\"x\\ud83d\"}"}"#;
    assert_eq!(details(within), ["replaced_text info.name"]);
}

proptest::proptest! {
    #[test]
    fn no_text_makes_reading_panic(text in ".{0,200}", fields in ".{0,50}") {
        heard(&text);
        let fields = serde_json::to_string(&fields).unwrap();
        heard(&format!(r#"{{"method":"info","sessionId":"1","info":{{"fields":{fields}}}}}"#));
    }
}
