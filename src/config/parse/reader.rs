//! Reads typed settings out of the merged tree, notes every mistake, and goes on.
//!
//! A getter answers `None` exactly where a mistake was noted, so that a struct is built with `?` after
//! all of its settings were read. The keys that are asked for are the keys that exist: there is no
//! second list.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::ops::RangeInclusive;
use std::time::Duration;

use config::{Map, Value, ValueKind};
use serde_json::{Value as Json, json};

use crate::config::parse::effective::{HIDDEN, Step};
use crate::config::parse::error::{Origin, Report};
use crate::config::parse::leaf;
use crate::config::parse::suggest;

mod words;

pub(in crate::config) use self::words::Words;

type Table = Map<String, Value>;

/// One table of the configuration, with the table of defaults behind it where it has one.
pub(in crate::config) struct Section<'a> {
    path: String,
    steps: Vec<Step>,
    /// Path and content, the strongest first.
    tables: Vec<(String, &'a Table)>,
    /// A section of defaults alone: it is checked, but need not be complete.
    template: bool,
    known: RefCell<BTreeSet<String>>,
    /// Where mistakes are noted.
    pub(in crate::config) report: &'a Report,
}

/// A value and the path under which it really stands.
struct Found<'a> {
    path: String,
    value: &'a Value,
}

impl<'a> Section<'a> {
    /// The whole configuration.
    pub(in crate::config) fn root(tree: &'a Value, report: &'a Report) -> Section<'a> {
        let tables = table(tree).map(|table| (String::new(), table)).into_iter().collect();
        Section {
            path: String::new(),
            steps: Vec::new(),
            tables,
            template: false,
            known: RefCell::default(),
            report,
        }
    }

    /// The table `key` of this one; empty where there is none.
    pub(in crate::config) fn section(&self, key: &str) -> Section<'a> {
        self.known.borrow_mut().insert(key.to_owned());
        let mut tables = Vec::new();
        for (path, parent) in &self.tables {
            let Some(value) = parent.get(key) else { continue };
            match table(value) {
                Some(table) => tables.push((join(path, key), table)),
                None => self.wrong(
                    &Found { path: join(path, key), value },
                    format!("expects a table, not {}", describe(value)),
                ),
            }
        }
        Section {
            path: join(&self.path, key),
            steps: self.steps_into(key, None),
            tables,
            template: self.template,
            known: RefCell::default(),
            report: self.report,
        }
    }

    /// This section with another one behind it, for what it does not say itself.
    pub(in crate::config) fn or(mut self, defaults: &Section<'a>) -> Section<'a> {
        self.tables.extend(defaults.tables.iter().cloned());
        self
    }

    /// This section as one of defaults: nothing in it is required.
    pub(in crate::config) fn into_template(mut self) -> Section<'a> {
        self.template = true;
        self
    }

    /// Whether this is a section of defaults alone.
    pub(in crate::config) fn is_template(&self) -> bool {
        self.template
    }

    /// Whether the table is there at all.
    pub(in crate::config) fn exists(&self) -> bool {
        !self.tables.is_empty()
    }

    /// The tables in a list of tables; `None` inside for an element that is something else.
    pub(in crate::config) fn list(&self, key: &str) -> Vec<Option<Section<'a>>> {
        let Some(found) = self.find(key) else { return Vec::new() };
        let ValueKind::Array(items) = &found.value.kind else {
            self.wrong(&found, format!("expects a list of tables, not {}", describe(found.value)));
            return vec![None];
        };
        let element = |(index, value)| {
            let path = format!("{}[{index}]", found.path);
            let Some(table) = table(value) else {
                self.wrong(&Found { path, value }, format!("expects a table, not {}", describe(value)));
                return None;
            };
            Some(Section {
                path: path.clone(),
                steps: self.steps_into(key, Some(index)),
                tables: vec![(path, table)],
                template: self.template,
                known: RefCell::default(),
                report: self.report,
            })
        };
        items.iter().enumerate().map(element).collect()
    }

    /// The names in this table, sorted.
    pub(in crate::config) fn names(&self) -> Vec<String> {
        let names: BTreeSet<&String> = self.tables.iter().flat_map(|(_, table)| table.keys()).collect();
        names.into_iter().cloned().collect()
    }

    /// The full path of a key.
    pub(in crate::config) fn key(&self, key: &str) -> String {
        join(&self.path, key)
    }

    /// Whether the key is set anywhere.
    pub(in crate::config) fn has(&self, key: &str) -> bool {
        self.find(key).is_some()
    }

    /// Whether the operator says what it is: in the file, or by a variable.
    pub(in crate::config) fn is_given(&self, key: &str) -> bool {
        let origin = self.find(key).and_then(|found| Origin::of(found.value));
        origin.is_some_and(|origin| origin != Origin::Default)
    }

    /// Notes a mistake about a key's value.
    pub(in crate::config) fn refuse(&self, key: &str, message: impl Into<String>) {
        match self.find(key) {
            Some(found) => self.wrong(&found, message),
            None => self.report.error(&self.key(key), message, None),
        }
    }

    /// Refuses every key that was not asked for.
    pub(in crate::config) fn close(&self) {
        let known = self.known.borrow();
        for (path, table) in &self.tables {
            let mut unknown: Vec<_> = table.iter().filter(|(key, _)| !known.contains(*key)).collect();
            unknown.sort_by_key(|(key, _)| *key);
            for (key, value) in unknown {
                let hint = match self.place_below(key) {
                    Some(child) => format!("; did you mean `{}`?", join(&join(path, &child), key)),
                    None => suggest::hint(key, known.iter().map(String::as_str)),
                };
                self.wrong(&Found { path: join(path, key), value }, format!("unknown key{hint}"));
            }
        }
    }

    /// The table within this one to which a setting of this name belongs, such as that of a stream.
    fn place_below(&self, key: &str) -> Option<String> {
        let known = self.report.shapes();
        let below = |path: &String| {
            let rest = self.tables.iter().find_map(|(own, _)| path.strip_prefix(own)?.strip_prefix('.'))?;
            let (child, name) = rest.split_once('.')?;
            (name == key).then(|| child.to_owned())
        };
        known.keys().find_map(below)
    }

    /// A setting that may be absent.
    pub(in crate::config) fn maybe<T>(
        &self,
        key: &str,
        read: impl FnOnce(&Self, &str) -> Option<T>,
    ) -> Option<Option<T>> {
        if self.has(key) { read(self, key).map(Some) } else { Some(None) }
    }

    fn steps_into(&self, key: &str, index: Option<usize>) -> Vec<Step> {
        [self.steps.as_slice(), &[Step { key: key.to_owned(), index }]].concat()
    }

    /// Notes what a setting is, for those who ask for the effective configuration.
    pub(in crate::config) fn note(&self, key: &str, value: impl Into<Json>) {
        if !self.template {
            self.report.effective.set(&self.steps, key, value.into());
        }
    }

    /// Text; a whole number is taken as its digits, because account ids are often written bare.
    pub(in crate::config) fn text(&self, key: &str) -> Option<String> {
        let text = self.unnoted_text(key)?;
        self.note(key, text.as_str());
        Some(text)
    }

    /// A secret with a meaning: what is noted does not show it.
    pub(in crate::config) fn parse_secret<T>(
        &self,
        key: &str,
        parse: impl FnOnce(&str) -> Result<T, String>,
    ) -> Option<T> {
        let text = self.unnoted_text(key)?;
        self.note(key, HIDDEN);
        parse(&text).map_err(|message| self.refuse(key, message)).ok()
    }

    fn unnoted_text(&self, key: &str) -> Option<String> {
        let found = self.need(key)?;
        self.is_text(key);
        match &found.value.kind {
            ValueKind::String(text) if text.trim().is_empty() => self.wrong(&found, "is empty"),
            // Blanks around it were never meant: `app_id` with one in front would be another account.
            ValueKind::String(text) => return Some(text.trim().to_owned()),
            ValueKind::I64(number) => return Some(number.to_string()),
            ValueKind::Float(_) => self.wrong(&found, "expects text: write the number in quotes"),
            _ => self.wrong(&found, format!("expects text, not {}", describe(found.value))),
        }
        None
    }

    /// Text with a meaning. The message of a failure must not repeat a secret.
    pub(in crate::config) fn parse<T>(
        &self,
        key: &str,
        parse: impl FnOnce(&str) -> Result<T, String>,
    ) -> Option<T> {
        let text = self.text(key)?;
        parse(&text).map_err(|message| self.refuse(key, message)).ok()
    }

    /// One of a closed set of words.
    pub(in crate::config) fn choice<T: Copy>(&self, key: &str, choices: &[(&str, T)]) -> Option<T> {
        let chosen = self.parse(key, |text| {
            let words = || choices.iter().map(|(word, _)| *word);
            let chosen = choices.iter().find(|(word, _)| *word == text).map(|(_, choice)| *choice);
            chosen.ok_or_else(|| {
                let all: Vec<_> = words().map(|word| format!("\"{word}\"")).collect();
                format!("expects {}, not {text:?}{}", all.join(" or "), suggest::hint(text, words()))
            })
        });
        if self.has(key) {
            self.shape(key, json!({ "enum": choices.iter().map(|(word, _)| *word).collect::<Vec<_>>() }));
        }
        chosen
    }

    /// `true` or `false`.
    pub(in crate::config) fn boolean(&self, key: &str) -> Option<bool> {
        let found = self.need(key)?;
        self.shape(key, json!({ "type": "boolean" }));
        let value = match &found.value.kind {
            ValueKind::Boolean(value) => Some(*value),
            ValueKind::String(text) if from_environment(&found) => {
                match text.trim().to_lowercase().as_str() {
                    "true" | "1" | "yes" | "on" => Some(true),
                    "false" | "0" | "no" | "off" => Some(false),
                    _ => None,
                }
            }
            _ => None,
        };
        match value {
            Some(value) => self.note(key, value),
            None => self.wrong(&found, format!("expects true or false{}", instead(&found))),
        }
        value
    }

    /// A whole number within a range.
    pub(in crate::config) fn number<T: TryFrom<i64>>(
        &self,
        key: &str,
        range: RangeInclusive<i64>,
    ) -> Option<T> {
        let found = self.need(key)?;
        self.shape(key, json!({ "type": "integer", "minimum": range.start(), "maximum": range.end() }));
        let number = match &found.value.kind {
            ValueKind::I64(number) => Some(*number),
            ValueKind::String(text) if from_environment(&found) => text.trim().parse().ok(),
            _ => None,
        };
        let Some(number) = number else {
            self.wrong(&found, format!("expects a whole number{}", instead(&found)));
            return None;
        };
        self.note(key, number);
        let typed = range.contains(&number).then(|| T::try_from(number).ok()).flatten();
        if typed.is_none() {
            let (low, high) = range.into_inner();
            self.wrong(&found, format!("{number} is out of range: from {low} to {high}"));
        }
        typed
    }

    /// A length of time within a range.
    pub(in crate::config) fn duration(&self, key: &str, range: RangeInclusive<Duration>) -> Option<Duration> {
        let found = self.need(key)?;
        self.shape(key, json!({ "type": "string", "pattern": "^[ ]*[0-9].*[a-z][ ]*$" }));
        let ValueKind::String(text) = &found.value.kind else {
            let message = match found.value.kind {
                ValueKind::I64(number) => leaf::bare_number(&number.to_string()),
                _ => format!("expects a duration such as 90s or 10m, not {}", describe(found.value)),
            };
            self.wrong(&found, message);
            return None;
        };
        let length = leaf::duration(text, range).map_err(|message| self.wrong(&found, message)).ok()?;
        self.note(key, leaf::show_duration(length));
        Some(length)
    }

    /// Says that a setting is text, for the schema. Bare numbers are taken, and dates that TOML knows.
    pub(in crate::config) fn is_text(&self, key: &str) {
        self.shape(key, json!({ "type": ["string", "integer"] }));
    }

    /// Says what a setting may be, for the schema.
    fn shape(&self, key: &str, shape: Json) {
        self.report.shape(self.key(key), shape);
    }

    fn find(&self, key: &str) -> Option<Found<'a>> {
        if self.known.borrow_mut().insert(key.to_owned()) {
            self.report.ask(self.key(key));
        }
        self.tables
            .iter()
            .find_map(|(path, table)| Some(Found { path: join(path, key), value: table.get(key)? }))
    }

    fn need(&self, key: &str) -> Option<Found<'a>> {
        let found = self.find(key);
        if found.is_none() && !self.template {
            self.report.error(&self.key(key), "is required and missing", None);
        }
        found
    }

    fn wrong(&self, found: &Found<'_>, message: impl Into<String>) {
        self.report.error(&found.path, message, Origin::of(found.value));
    }
}

fn table(value: &Value) -> Option<&Table> {
    match &value.kind {
        ValueKind::Table(table) => Some(table),
        _ => None,
    }
}

fn from_environment(found: &Found<'_>) -> bool {
    Origin::of(found.value) == Some(Origin::Environment)
}

/// What stands there instead; a variable is always text, which explains nothing.
fn instead(found: &Found<'_>) -> String {
    if from_environment(found) { String::new() } else { format!(", not {}", describe(found.value)) }
}

fn join(path: &str, key: &str) -> String {
    let bare = |character: char| character.is_ascii_alphanumeric() || character == '_' || character == '-';
    let key = if !key.is_empty() && key.chars().all(bare) { key.to_owned() } else { format!("{key:?}") };
    if path.is_empty() { key } else { format!("{path}.{key}") }
}

/// What kind of value it is; never the value, which may be a secret in the wrong place.
fn describe(value: &Value) -> &'static str {
    match value.kind {
        ValueKind::Nil => "nothing",
        ValueKind::Boolean(_) => "true or false",
        ValueKind::Float(_) => "a number with a fraction",
        ValueKind::String(_) => "text",
        ValueKind::Table(_) => "a table",
        ValueKind::Array(_) => "a list",
        _ => "a number",
    }
}
