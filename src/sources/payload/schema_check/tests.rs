use super::*;
use crate::domain::vendor::schema::TEXT_OR_NUMBER;
use crate::report::language::Language;

static OBJECT: ObjectSchema = ObjectSchema {
    path: "",
    fields: &[
        FieldSchema::new(&["score", "points"], TEXT_OR_NUMBER).optional(),
        FieldSchema::new(&["rule"], TEXT_OR_NUMBER).one_of(&["random", "120"]).optional(),
        FieldSchema::new(&["claims"], &[JsonType::Bool]).optional(),
        FieldSchema::new(&["members"], &[JsonType::List]).optional(),
    ],
};

fn drifts(objects: &[&str]) -> Vec<SchemaDrift> {
    let mut seen = Observation::default();
    for json in objects {
        let _ = open_known(json, &Privacy::MESSAGE, &OBJECT, &mut seen);
    }
    seen.into_drifts()
}

fn sentences(json: &str) -> Vec<String> {
    drifts(&[json]).iter().map(|drift| drift.sentence(Language::En)).collect()
}

#[test]
fn every_known_reading_of_a_field_is_as_documented() {
    for json in [
        r#"{"score": "1.5", "rule": "random", "claims": true, "members": [{}]}"#,
        r#"{"points": 1.5, "rule": 120, "claims": false, "members": []}"#,
        r#"{"score": null, "rule": null, "claims": null, "members": null}"#,
        r#"{"score": "", "rule": " ", "claims": "", "members": ""}"#,
        r#"{" score": "1", "rule ": "120", "score": "2"}"#,
        r#"{"score": "1", "points": "2", "rule": "\u0072andom"}"#,
        "{}",
    ] {
        assert_eq!(sentences(json), Vec::<String>::new(), "{json}");
    }
}

#[test]
fn each_kind_of_departure_is_told_by_its_shape() {
    for (json, sentence) in [
        (r#"{"extra": true}"#, "field `extra` is in no document; it came as boolean"),
        (r#"{"extra": ""}"#, "field `extra` is in no document; it came as empty text"),
        (r#"{"extra": [1, 2]}"#, "field `extra` is in no document; it came as list of 2"),
        (r#"{"extra": -12.5}"#, "field `extra` is in no document; it came as negative number of 3 digits"),
        (r#"{"备注": "好"}"#, "field `备注` is in no document; it came as text of 1 characters"),
        (
            r#"{"score": {}}"#,
            "field `score` came as object (object without fields), documented is text or number",
        ),
        (r#"{"points": false}"#, "field `score` came as boolean (boolean), documented is text or number"),
        (r#"{"claims": 1}"#, "field `claims` came as number (number of 1 digits), documented is boolean"),
        (r#"{"members": "x"}"#, "field `members` came as text (text of 1 characters), documented is list"),
        (
            r#"{"rule": "turns"}"#,
            "field `rule` has an undocumented value (turns), documented are random, 120",
        ),
        (r#"{"rule": 720}"#, "field `rule` has an undocumented value (720), documented are random, 120"),
        (r#""x""#, "an element came as text, documented is object"),
    ] {
        assert_eq!(sentences(json), [sentence], "{json}");
    }
}

#[test]
fn what_could_not_be_kept_as_it_was_sent_is_told() {
    let told = |json: &str| {
        let kinds = drifts(&[json]).into_iter().filter(|drift| drift.kind != DriftKind::NewField);
        kinds.map(|drift| format!("{} {}", drift.kind.as_str(), drift.field)).collect::<Vec<_>>()
    };
    for (json, kinds) in [
        (r#"{"rule":"random","score":"x\ud83d"}"#, vec!["replaced_text score"]),
        (r#"{"score":"x\udcff"}"#, vec!["replaced_text score"]),
        (r#"{"score":"x\u0000","points":"\ud83d\ude00"}"#, vec!["replaced_text score"]),
        (r#"{"score":1,"score":2}"#, vec!["repeated_field score"]),
        (r#"{"x":{"a":"\ud83d","a":1}}"#, vec!["replaced_text x", "repeated_field x"]),
        (r#"{"x":1e131072}"#, vec!["kept_as_text x"]),
        (r#"{"x":1e400,"y":20261127100000123456}"#, vec![]),
        (r#"{"a\ud83d":1}"#, vec!["replaced_text (a name of 7 characters)"]),
    ] {
        assert_eq!(told(json), kinds, "{json}");
    }
}

#[test]
fn nothing_that_is_told_holds_personal_data() {
    let phone = "13812345678";
    for json in [
        format!(r#"{{"mobile": "{phone}", "number": {phone}}}"#),
        r#"{"mail": "wang@example.com", "person": "王小明"}"#.to_owned(),
        format!(r#"{{"{phone}": 1, "138-1234-5678": 2, "wang@example.com": 3}}"#),
        format!(r#"{{"by_agent": {{"{phone}": 1, "wang@example.com": 2, "王小明": 3, "fine": 4}}}}"#),
        format!(r#"{{"rule": "{phone}", "claims": "{phone}", "score": ["{phone}"]}}"#),
        r#"{"rule": "wang@example.com", "claims": "王小明"}"#.to_owned(),
    ] {
        let told = serde_json::to_string(&drifts(&[&json])).unwrap();
        assert_ne!(told, "[]", "{json}");
        for secret in [phone, "1234", "5678", "example.com", "王小明"] {
            assert!(!told.contains(secret), "{secret} in {told}");
        }
    }
}

#[test]
fn a_hostile_name_is_neither_long_nor_a_control_sequence_and_ids_as_names_are_one_departure() {
    let long = "x".repeat(1_000_000);
    let hostile = format!(r#"{{"{long}": 1, "\u001b[2J": 2, "": 3, "a\u0000b": 4, "<script>": 5}}"#);
    for drift in drifts(&[&hostile]) {
        assert!(drift.field.len() <= 40, "{}", drift.field);
        assert!(drift.field.chars().all(|letter| letter.is_ascii_alphanumeric() || " ()".contains(letter)));
    }
    let ids: Vec<String> = (0..5000).map(|id| format!(r#"{{"field_{}": 1}}"#, 100_000 + id)).collect();
    let fields: Vec<_> = drifts(&ids.iter().map(String::as_str).collect::<Vec<_>>());
    assert_eq!(fields.iter().map(|drift| drift.field.as_str()).collect::<Vec<_>>(), ["field_######"]);
}

#[test]
fn a_record_that_cannot_be_read_is_looked_at_whole() {
    let kinds: Vec<_> = drifts(&[r#"{"claims": {"x": 1}, "rule": "turns", "zzz": 1}"#])
        .iter()
        .map(|drift| drift.kind)
        .collect();
    assert_eq!(kinds, [DriftKind::NewField, DriftKind::ChangedType, DriftKind::UnknownCode]);
}

proptest::proptest! {
    #[test]
    fn no_name_and_no_value_makes_looking_panic(name in ".*", text in ".*", number in proptest::num::f64::ANY) {
        let json = serde_json::json!({ &name: &text, "score": {&text: number}, "rule": &text, "x": [number] });
        let told = drifts(&[&json.to_string()]);
        proptest::prop_assert!(told.iter().all(|drift| drift.field.chars().count() <= NAME_MAX));
    }
}
