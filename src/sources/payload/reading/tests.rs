use super::*;

fn open(json: &str) -> Fields<'_> {
    Fields::open(json, &Privacy::MESSAGE).unwrap()
}

#[test]
fn the_documented_name_wins_and_another_name_stays_only_if_it_says_something_else() {
    let names: Names = &["quality_datetime", "qualify_time"];
    let text = |json| {
        let mut fields = open(json);
        (fields.column(names, ColumnType::Text), Json::Object(fields.into_extra()).to_string())
    };
    let taken = |value: &'static str| Ok(Value::text(value));
    assert_eq!(
        text(r#"{"quality_datetime":"1","qualify_time":"2"}"#),
        (taken("1"), r#"{"qualify_time":"2"}"#.into())
    );
    assert_eq!(text(r#"{"quality_datetime":"1","qualify_time":1}"#), (taken("1"), "{}".into()));
    assert_eq!(text(r#"{"quality_datetime":"","qualify_time":"2"}"#), (taken("2"), "{}".into()));
    assert_eq!(text(r#"{"quality_datetime":"1","qualify_time":null}"#), (taken("1"), "{}".into()));
}

#[test]
fn blanks_around_a_name_are_not_part_of_it_unless_the_plain_name_is_there_too() {
    assert_eq!(open(r#"{" priority":"3"}"#).take("priority"), Scalar::Text("3".into()));
    let mut both = open(r#"{" priority":"3","priority":"4"}"#);
    assert_eq!(both.take("priority"), Scalar::Text("4".into()));
    assert_eq!(both.into_extra()[" priority"], "3");
}

#[test]
fn what_has_no_column_is_kept_without_phone_numbers_and_passwords() {
    let extra = open(
        r#"{"a":{"b":[1e+400,"15711356914"],"passwd":"x"},"huge":1e400,"phone":"0571-8888","password":"x","n":null}"#,
    )
    .into_extra();
    assert_eq!(
        Json::Object(extra).to_string(),
        r#"{"a":{"b":[1e+400,"157****6914"]},"huge":1e+400,"n":null,"phone":"057****8888"}"#
    );
}

#[test]
fn an_element_that_is_no_object_says_what_it_is() {
    let refused = |json| Fields::open(json, &Privacy::MESSAGE).unwrap_err();
    assert_eq!(refused("[]"), "expected an object, got a list");
    assert_eq!(refused(r#""15711356914""#), "expected an object, got text of 11 characters");
    assert_eq!(refused("null"), "expected an object, got nothing");
}

#[test]
fn a_rejects_payload_is_as_sent_but_for_what_privacy_forbids() {
    let payload = |raw: &str| reject(raw, String::new(), &Privacy::MESSAGE).payload;
    assert_eq!(payload(r#"{"b": 1.0, "a": "x"}"#), r#"{"b": 1.0, "a": "x"}"#);
    assert_eq!(payload(r#"{"phone": "15711356914"}"#), r#"{"phone":"157****6914"}"#);
    assert_eq!(
        payload(r#"{"x": "\u003115711356914", "phone": "8000123"}"#),
        r#"{"phone":"****23","x":"115711356914"}"#
    );
    assert_eq!(payload(r#"{"n": 1e400, "x": "15711356914"}"#), r#"{"n":1e+400,"x":"157****6914"}"#);
}

fn key_of(json: &str) -> Result<String, String> {
    let key = Fields::open(json, &Privacy::KEEP).unwrap().key(&["id"]);
    key.map(|key| key.into_text().unwrap().into_owned())
}

#[test]
fn a_key_that_would_have_to_be_altered_is_none() {
    for json in [
        r#"{"id":"x\ud83d"}"#,
        r#"{"id":"x\udcff"}"#,
        r#"{"id":"x\u0000"}"#,
        r#"{"id":"1","id":"2"}"#,
        r#"{"id":"1","id":null}"#,
    ] {
        assert!(key_of(json).unwrap_err().contains("`id`"), "{json}");
    }
    for (json, key) in [
        (r#"{"id":"x\ud83d\ude00"}"#, "x😀"),
        (r#"{"id":"x\ufffd"}"#, "x\u{fffd}"),
        (r#"{"id":"a\u0062"}"#, "ab"),
        (r#"{"id":"1","id":"\u0031"}"#, "1"),
        (r#"{"id":" 1 "}"#, " 1 "),
        (r#"{"id":1.0}"#, "1.0"),
        (r#"{"id":123456789012345678901234567890}"#, "123456789012345678901234567890"),
        (r#"{"id":"1","other":"\ud83d"}"#, "1"),
    ] {
        assert_eq!(key_of(json).as_deref(), Ok(key), "{json}");
    }
}

#[test]
fn a_list_that_stands_twice_loses_no_element() {
    for json in [
        r#"{"items":[1,2],"items":[]}"#,
        r#"{"items":[1],"n":0,"items":[2]}"#,
        r#"{"items":[1,2],"items":null}"#,
    ] {
        for mut fields in [open(json), Fields::open_around("items", json, &Privacy::MESSAGE).unwrap()] {
            let items: Vec<_> = fields.list("items").unwrap().into_iter().map(RawValue::get).collect();
            assert_eq!(items, ["1", "2"], "{json}");
        }
    }
}

#[test]
fn names_that_differ_in_what_no_text_can_hold_stay_apart() {
    let extra = open(r#"{"a\ud83d":1,"a\ud83e":2,"a\u0000":3}"#).into_extra();
    assert_eq!(Json::Object(extra).to_string(), r#"{"a\\u0000":3,"a\\ud83d":1,"a\\ud83e":2}"#);
}

#[test]
fn a_reject_read_again_is_rejected_again() {
    for raw in [
        r#"{"id":"x\ud83d","phone":"15711356914"}"#,
        r#"{"id":"x\u0000","phone":"15711356914"}"#,
        r#"{"id":"1","id":"2","mobile":"x 15711356914"}"#,
    ] {
        let payload = reject(raw, String::new(), &Privacy::default()).payload;
        assert!(!payload.contains("15711356914"), "{payload}");
        let opened = Fields::open(&payload, &Privacy::KEEP);
        assert!(opened.and_then(|mut fields| fields.key(&["id"])).is_err(), "{payload}");
    }
    assert_eq!(
        reject(r#"{"id":"x\ud83d","phone":"15711356914"}"#, String::new(), &Privacy::default()).payload,
        r#"{"id":"x\ud83d","phone":"157****6914"}"#
    );
}
