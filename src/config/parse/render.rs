//! The effective configuration as text, secrets hidden.

use std::fmt::Write;

use serde_json::{Map, Value as Json};

use crate::config::settings::Settings;

/// The form of the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// A configuration file: with the hidden secrets filled in it loads and means the same.
    Toml,
    /// The same tree for machines.
    Json,
}

/// The effective configuration. Secrets appear as `********`, or as the file that they came from.
pub fn render(settings: &Settings, format: Format) -> String {
    let tree = &settings.effective;
    match format {
        // The alternate form of a JSON value is its indented text.
        Format::Json => format!("{tree:#}\n"),
        Format::Toml => {
            let mut out = String::new();
            if let Json::Object(root) = tree {
                table(&mut out, "", root);
            }
            out
        }
    }
}

/// A table as TOML: its values first, for they would belong to a table that came before them.
fn table(out: &mut String, path: &str, map: &Map<String, Json>) {
    let is_block = |value: &Json| value.is_object() || is_blocks(value);
    for (key, value) in map.iter().filter(|(_, value)| !is_block(value)) {
        // Writing to a String cannot fail.
        let _ = writeln!(out, "{key} = {}", scalar(value));
    }
    for (key, value) in map.iter().filter(|(_, value)| is_block(value)) {
        let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
        let (open, close, items) = match value {
            Json::Array(items) => ("[[", "]]", items.as_slice()),
            value => ("[", "]", std::slice::from_ref(value)),
        };
        for item in items.iter().filter_map(Json::as_object) {
            let _ = writeln!(out, "\n{open}{path}{close}");
            table(out, &path, item);
        }
    }
}

fn is_blocks(value: &Json) -> bool {
    value.as_array().is_some_and(|items| !items.is_empty() && items.iter().all(Json::is_object))
}

/// JSON's text of a value is TOML's, but for one control character that JSON leaves as it is.
fn scalar(value: &Json) -> String {
    value.to_string().replace('\u{7f}', "\\u007f")
}
