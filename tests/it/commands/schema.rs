//! The schema of the configuration, by which editors complete and check it: it takes what the reader takes, and refuses
//! what the reader refuses.

use std::path::Path;

use regex::Regex;
use serde_json::{Value as Json, json};

const FILE: &str = "config/ccsync.schema.json";

/// What a schema says against a value, for the words that ours uses; each with its path.
fn complaints(schema: &Json, value: &Json, path: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut complain = |what: &str| found.push(format!("{path}: {what}"));
    let kind = match value {
        Json::Null => "null",
        Json::Bool(_) => "boolean",
        Json::Number(number) if number.is_i64() => "integer",
        Json::Number(_) => "number",
        Json::String(_) => "string",
        Json::Array(_) => "array",
        Json::Object(_) => "object",
    };
    let types = match &schema["type"] {
        Json::String(name) => vec![name.as_str()],
        Json::Array(names) => names.iter().filter_map(Json::as_str).collect(),
        _ => vec![kind],
    };
    if !types.contains(&kind) {
        complain(&format!("{kind} instead of {types:?}"));
    }
    if schema["enum"].as_array().is_some_and(|words| !words.contains(value)) {
        complain("none of the words");
    }
    if schema.get("const").is_some_and(|only| only != value) {
        complain("another word");
    }
    if let Some(number) = value.as_i64() {
        let bound = |name: &str| schema[name].as_i64();
        if bound("minimum").is_some_and(|least| number < least)
            || bound("maximum").is_some_and(|most| most < number)
        {
            complain("out of range");
        }
    }
    if let (Some(pattern), Some(text)) = (schema["pattern"].as_str(), value.as_str())
        && !Regex::new(pattern).unwrap().is_match(text)
    {
        complain("another form");
    }
    for name in schema["required"].as_array().into_iter().flatten().filter_map(Json::as_str) {
        if value.get(name).is_none() {
            complain(&format!("lacks {name}"));
        }
    }
    let more = &schema["additionalProperties"];
    for (key, inner) in value.as_object().into_iter().flatten() {
        let path = format!("{path}.{key}");
        match (schema["properties"].get(key), more) {
            (Some(known), _) => found.extend(complaints(known, inner, &path)),
            (None, Json::Bool(false)) => found.push(format!("{path}: unknown key")),
            (None, more) => found.extend(complaints(more, inner, &path)),
        }
    }
    for (index, inner) in value.as_array().into_iter().flatten().enumerate() {
        found.extend(complaints(&schema["items"], inner, &format!("{path}[{index}]")));
    }
    for case in schema["allOf"].as_array().into_iter().flatten() {
        if complaints(&case["if"], value, path).is_empty() {
            found.extend(complaints(&case["then"], value, path));
        }
    }
    found
}

fn said(text: &str) -> Vec<String> {
    complaints(&ccsync::config::schema(), &toml::from_str(text).unwrap(), "")
}

fn read(file: &str) -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(file)).unwrap()
}

#[test]
fn the_schema_takes_every_configuration_that_is_shipped() {
    for file in
        ["config/default.toml", "config/example.toml", "config/compose.toml", "config/compose-demo.toml"]
    {
        assert_eq!(said(&read(file)), Vec::<String>::new(), "{file}");
    }
    assert_eq!(said(&read("deploy/debian/ccsync.toml")), Vec::<String>::new());
    let own = "[sources.own]\nkind = \"workbench\"\nbase_url = \"http://10.0.0.8\"\n[[sources.own.agents]]\nextno = \"1\"\n\
               access_token_file = \"/run/token\"\n[notify.duty]\nkind = \"slack\"\nurl_file = \"/run/url\"\n";
    assert_eq!(said(own), Vec::<String>::new());
}

#[test]
fn the_schema_refuses_what_the_reader_refuses() {
    let sobot = "[sources.s]\nkind = \"sobot\"\n";
    for (text, wanted) in [
        ("timezon = \"UTC\"".to_owned(), ".timezon: unknown key"),
        ("[database]\npool_size = 0".to_owned(), ".database.pool_size: out of range"),
        ("[database]\npool_size = \"8\"".to_owned(), ".database.pool_size: string instead of [\"integer\"]"),
        ("[database]\ndistributed = \"yes\"".to_owned(), ".database.distributed: none of the words"),
        ("[http]\nread_timeout = 8".to_owned(), ".http.read_timeout: integer instead of [\"string\"]"),
        ("[http]\nread_timeout = \"8\"".to_owned(), ".http.read_timeout: another form"),
        ("[sources.s]\nbase_url = \"https://x\"".to_owned(), ".sources.s: lacks kind"),
        (format!("{sobot}[sources.s.queue]\nenabled = true"), ".sources.s.queue: unknown key"),
        (
            format!("{sobot}[sources.s.call_result]\ntotals = \"maybe\""),
            ".sources.s.call_result.totals: none of the words",
        ),
        ("[notify.n]\nkind = \"telex\"".to_owned(), ".notify.n.kind: none of the words"),
    ] {
        assert_eq!(said(&text), [wanted], "{text}");
    }
}

#[test]
fn the_schema_explains_each_setting_and_is_the_file_that_is_shipped() {
    let schema = ccsync::config::schema();
    let pool = &schema["properties"]["database"]["properties"]["pool_size"];
    assert_eq!((&pool["default"], &pool["type"]), (&json!(8), &json!("integer")));
    assert!(pool["description"].as_str().unwrap().contains("Connections kept"));
    let text = format!("{schema:#}\n");
    if std::env::var_os("CCSYNC_WRITE_DOCS").is_some() {
        std::fs::write(Path::new(env!("CARGO_MANIFEST_DIR")).join(FILE), &text).unwrap();
    }
    assert!(read(FILE) == text, "{FILE} is old: CCSYNC_WRITE_DOCS=1 cargo test --test it schema::");
}
