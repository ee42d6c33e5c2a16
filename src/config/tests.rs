//! What only the inside can tell: that `default.toml` and the reader know the same settings.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use config::{FileFormat, Format, Map, Value, ValueKind};

use crate::config::parse::error::Report;
use crate::config::parse::layer::DEFAULTS;
use crate::config::parse::read;
use crate::config::schema::with_every_setting;

fn now() -> DateTime<Utc> {
    DateTime::parse_from_rfc3339("2026-06-15T04:00:00Z").unwrap().to_utc()
}

fn leaves(path: &str, value: &Value, out: &mut BTreeSet<String>) {
    match &value.kind {
        ValueKind::Table(table) => table_leaves(path, table, out),
        ValueKind::Array(items) if !items.is_empty() => {
            items.iter().enumerate().for_each(|(index, item)| leaves(&format!("{path}[{index}]"), item, out));
        }
        _ => drop(out.insert(path.to_owned())),
    }
}

fn table_leaves(path: &str, table: &Map<String, Value>, out: &mut BTreeSet<String>) {
    for (key, value) in table {
        let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
        leaves(&path, value, out);
    }
}

#[test]
fn default_toml_names_every_setting_and_no_other() {
    let tree = FileFormat::Toml.parse(None, &with_every_setting()).unwrap();
    let mut written = BTreeSet::new();
    table_leaves("", &tree, &mut written);

    let report = Report::default();
    read::settings(&Value::new(None, tree), now(), &report);
    let lists: BTreeSet<String> =
        report.shapes().keys().filter_map(|key| Some(key.split_once('[')?.0.to_owned())).collect();
    let known: BTreeSet<String> = report.shapes().into_keys().filter(|key| !lists.contains(key)).collect();

    assert_eq!(written, known);
    let errors = report.into_result(None::<()>).unwrap_err();
    let conflicts_only = errors
        .0
        .iter()
        .all(|error| error.message.contains("both set") || error.message.contains("cannot be read"));
    assert!(conflicts_only, "an example value in default.toml is not valid: {errors}");
}

#[test]
fn every_setting_of_default_toml_has_its_explanation_above_it() {
    let mut explained_elsewhere = false;
    let mut before = "";
    for line in DEFAULTS.lines() {
        if line.starts_with('[') {
            explained_elsewhere = before.contains("The keys are those of ");
        }
        let setting = line.trim_start_matches('#');
        let is_setting = !setting.starts_with([' ', '[']) && setting.contains(" = ");
        // The two forms of one secret share an explanation.
        let explained = before.starts_with("# ")
            || setting.starts_with("app_key_file")
            || setting.contains("_secret_file")
            || setting.starts_with("access_token_file");
        assert!(!is_setting || explained || explained_elsewhere, "{line}");
        before = line;
    }
}
