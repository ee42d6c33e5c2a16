//! The configuration as a JSON Schema, for editors. It is made of what the reader asks for while it reads `default.toml`
//! with every setting in it, and of that file's comments: there is no second list.

use std::collections::BTreeMap;

use chrono::DateTime;
use config::{FileFormat, Format as _, Value};
use serde_json::{Map, Value as Json, json};

use crate::config::parse::error::Report;
use crate::config::parse::layer::DEFAULTS;
use crate::config::parse::read;
use crate::config::section::{notify, source};

/// The schema (draft 7).
pub fn schema() -> Json {
    let report = Report::default();
    // What is wrong with the examples together (two forms of one secret) is no matter of their shape.
    let tree = FileFormat::Toml.parse(None, &with_every_setting()).unwrap_or_default();
    read::settings(&Value::new(None, tree), DateTime::UNIX_EPOCH, &report);
    let (comments, values) = (comments(), toml::from_str::<Json>(DEFAULTS).unwrap_or_default());
    let mut root = Table::default();
    for (path, mut shape) in report.shapes() {
        if let Some(text) = comments.get(path.as_str()) {
            shape["description"] = json!(text);
        }
        if let Some(default) = path.split('.').try_fold(&values, |table, key| table.get(key)) {
            shape["default"] = default.clone();
        }
        root.insert(&path, shape);
    }
    let mut schema = root.schema();
    let defaults = schema["properties"]["defaults"]["properties"].take();
    let vendors = source::KINDS.map(|(kind, _)| (kind, &defaults[kind]));
    let targets = notify::KINDS.map(|(kind, _)| (kind, &defaults["notify"]));
    schema["properties"]["sources"] = named(&vendors);
    schema["properties"]["notify"] = named(&targets);
    schema["properties"]["defaults"]["properties"] = defaults;
    schema["$schema"] = json!("http://json-schema.org/draft-07/schema#");
    schema["title"] = json!("Configuration of ccsync");
    schema
}

/// Tables under names that the operator chooses, each of one of these kinds, with what a table of that kind may say.
fn named(kinds: &[(&str, &Json)]) -> Json {
    let of_kind = |(kind, table): &(&str, &Json)| {
        let mut table = (*table).clone();
        table["properties"]["kind"] = json!({ "const": kind });
        json!({ "if": { "properties": { "kind": { "const": kind } }, "required": ["kind"] }, "then": table })
    };
    let any = json!({
        "type": "object",
        "required": ["kind"],
        "properties": { "kind": { "enum": kinds.iter().map(|(kind, _)| *kind).collect::<Vec<_>>() } },
        "allOf": kinds.iter().map(of_kind).collect::<Vec<_>>(),
    });
    json!({ "type": "object", "additionalProperties": any })
}

/// The file with its settings without default switched on: the lines with `#` and no space after it.
pub(in crate::config) fn with_every_setting() -> String {
    let switch_on = |line: &'static str| match line.strip_prefix('#') {
        Some(setting) if !setting.is_empty() && !setting.starts_with(' ') => setting,
        _ => line,
    };
    DEFAULTS.lines().map(switch_on).collect::<Vec<_>>().join("\n")
}

/// What stands above each setting, by its path.
fn comments() -> BTreeMap<String, String> {
    let (mut comments, mut section, mut above) = (BTreeMap::new(), String::new(), Vec::new());
    let text = with_every_setting();
    for line in text.lines() {
        if let Some(comment) = line.strip_prefix("# ") {
            above.push(comment.to_owned());
        } else if line.starts_with('[') {
            let name = line.trim_matches(['[', ']']);
            section = if line.starts_with("[[") { format!("{name}[0].") } else { format!("{name}.") };
            above.clear();
        } else if let Some((key, _)) = line.split_once(" = ") {
            if !above.is_empty() {
                comments.insert(format!("{section}{key}"), above.join(" "));
            }
            above.clear();
        } else {
            above.clear();
        }
    }
    comments
}

/// A table of settings.
#[derive(Default)]
struct Table {
    settings: BTreeMap<String, Json>,
    tables: BTreeMap<String, Table>,
    lists: BTreeMap<String, Table>,
}

impl Table {
    fn insert(&mut self, path: &str, shape: Json) {
        let Some((key, rest)) = path.split_once('.') else {
            self.settings.insert(path.to_owned(), shape);
            return;
        };
        let inner = match key.strip_suffix("[0]") {
            Some(list) => self.lists.entry(list.to_owned()).or_default(),
            None => self.tables.entry(key.to_owned()).or_default(),
        };
        inner.insert(rest, shape);
    }

    fn schema(self) -> Json {
        let mut properties: Map<String, Json> = self.settings.into_iter().collect();
        properties.extend(self.tables.into_iter().map(|(key, table)| (key, table.schema())));
        let list = |table: Table| json!({ "type": "array", "items": table.schema() });
        properties.extend(self.lists.into_iter().map(|(key, table)| (key, list(table))));
        json!({ "type": "object", "additionalProperties": false, "properties": properties })
    }
}
