//! What a vendor said of one thing, typed: rows for tables, or a reason why it could not be read.

mod size;

use std::fmt;
use std::io::Write as _;

use chrono::{DateTime, Utc};
use md5::{Digest as _, Md5};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};

use crate::domain::table::TableShape;
use crate::domain::text::storable;

/// Room that the content of most rows fits in.
const CONTENT_BYTES_USUAL: usize = 512;

/// One typed value of one column.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Value {
    /// The vendor sent null, an empty string where a value was due, or nothing.
    Null,
    /// `text`.
    Text(String),
    /// `numeric`, without trailing zeros so that `132` and `132.0` are one value.
    Numeric(Decimal),
    /// `timestamptz`, at most microseconds.
    Instant(DateTime<Utc>),
    /// `boolean`.
    Bool(bool),
    /// `integer`.
    Integer(i32),
}

impl Value {
    /// The instant, if it is one.
    pub fn instant(&self) -> Option<&DateTime<Utc>> {
        match self {
            Value::Instant(instant) => Some(instant),
            _ => None,
        }
    }
}

/// MD5 of a row's typed content: equal for equal content, whatever JSON types or key order the vendor
/// chose. Taken after the privacy rules, so that it says nothing of what was masked.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ContentHash(pub [u8; 16]);

impl ContentHash {
    /// Of a document: the order of an object's fields says nothing.
    pub fn of_json(json: &Json) -> ContentHash {
        let mut content = Vec::new();
        feed_json(&mut content, json);
        ContentHash(Md5::digest(content).into())
    }
}

impl fmt::Debug for ContentHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", u128::from_be_bytes(self.0))
    }
}

/// One row for one table.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// Which table.
    pub table: &'static TableShape,
    /// One value for each of `table.columns`, in that order; the first `table.key_len` are the key (text).
    pub values: Vec<Value>,
    /// Every field the vendor sent that has no column.
    pub extra: Map<String, Json>,
    /// Of `values` and `extra`.
    pub hash: ContentHash,
}

impl Row {
    /// Builds the row and takes its hash.
    ///
    /// NUL characters, which PostgreSQL cannot hold, become U+FFFD: the row is delivered, not lost.
    pub fn new(table: &'static TableShape, mut values: Vec<Value>, mut extra: Map<String, Json>) -> Row {
        debug_assert_eq!(values.len(), table.columns.len(), "{}", table.name);
        for value in &mut values {
            match value {
                Value::Text(text) => replace_nul(text),
                Value::Numeric(number) => *number = number.normalize(),
                _ => {}
            }
        }
        if has_nul_in_map(&extra) {
            extra = extra.into_iter().map(|(name, json)| (clean(name), without_nul(json))).collect();
        }
        let mut content = Vec::with_capacity(CONTENT_BYTES_USUAL);
        values.iter().for_each(|value| feed_value(&mut content, value));
        feed_map(&mut content, &extra);
        let hash = ContentHash(Md5::digest(content).into());
        Row { table, values, extra, hash }
    }

    /// The key's parts, without the source.
    pub fn key(&self) -> impl Iterator<Item = &str> {
        self.values[..self.table.key_len].iter().map(|value| match value {
            Value::Text(text) => text.as_str(),
            _ => "",
        })
    }

    /// The first bytes of the key's first part, as a number in the order of texts: for quick comparisons.
    pub fn key_start(&self) -> u128 {
        let mut start = [0; 16];
        let part = self.key().next().unwrap_or_default().as_bytes();
        let length = part.len().min(start.len());
        start[..length].copy_from_slice(&part[..length]);
        u128::from_be_bytes(start)
    }

    /// The key as one text, parts joined by a unit separator: for maps, digests and messages.
    pub fn key_text(&self) -> String {
        self.key().collect::<Vec<_>>().join("\u{1f}")
    }

    /// The vendor's own time of this version, where the table has one: of two versions the later rules.
    pub fn version_at(&self) -> Option<DateTime<Utc>> {
        self.table.version_column.and_then(|index| self.values[index].instant()).copied()
    }
}

/// A record that could not be read. It goes to quarantine whole and never stops its page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reject {
    /// The record as the vendor sent it, phone numbers masked where the source is configured so.
    pub payload: String,
    /// Which field, what was expected, what came; no personal data.
    pub reason: String,
}

/// One element of a page's list.
#[derive(Debug, Clone, PartialEq)]
pub struct Record {
    /// Equal for two elements when the vendor sent the same thing: how a shifted page is noticed.
    pub identity: u128,
    /// The rows it gives; a skill group gives one for itself and one for each member.
    pub rows: Vec<Row>,
    /// What of it could not be read: usually nothing, or the whole element.
    pub rejects: Vec<Reject>,
}

impl Record {
    /// A record read from the element whose raw JSON text is `raw`.
    pub fn new(raw: &str, rows: Vec<Row>, rejects: Vec<Reject>) -> Record {
        // One row holds all of its element, and has a hash already.
        let hash = match (rows.as_slice(), rejects.as_slice()) {
            ([row], []) => row.hash.0,
            _ => Md5::digest(raw.as_bytes()).into(),
        };
        Record { identity: u128::from_be_bytes(hash), rows, rejects }
    }
}

fn replace_nul(text: &mut String) {
    if text.contains('\0') {
        *text = storable(text);
    }
}

fn clean(mut text: String) -> String {
    replace_nul(&mut text);
    text
}

fn has_nul_in_map(map: &Map<String, Json>) -> bool {
    map.iter().any(|(name, json)| name.contains('\0') || has_nul(json))
}

fn has_nul(json: &Json) -> bool {
    match json {
        Json::String(text) => text.contains('\0'),
        Json::Array(items) => items.iter().any(has_nul),
        Json::Object(map) => has_nul_in_map(map),
        _ => false,
    }
}

/// The document without NUL characters, which PostgreSQL cannot hold: each becomes U+FFFD.
pub fn without_nul(json: Json) -> Json {
    match json {
        Json::String(text) => Json::String(clean(text)),
        Json::Array(items) => Json::Array(items.into_iter().map(without_nul).collect()),
        Json::Object(map) => {
            Json::Object(map.into_iter().map(|(name, json)| (clean(name), without_nul(json))).collect())
        }
        other => other,
    }
}

fn feed_value(content: &mut Vec<u8>, value: &Value) {
    match value {
        Value::Null => feed(content, b'0', &[]),
        Value::Text(text) => feed(content, b't', text.as_bytes()),
        Value::Numeric(number) => feed_number(content, number),
        Value::Instant(instant) => feed(content, b'i', &instant.timestamp_micros().to_be_bytes()),
        Value::Bool(truth) => feed(content, b'b', &[u8::from(*truth)]),
        Value::Integer(number) => feed(content, b'd', &number.to_be_bytes()),
    }
}

fn feed_map(content: &mut Vec<u8>, map: &Map<String, Json>) {
    feed(content, b'{', &(map.len() as u64).to_be_bytes());
    let mut names: Vec<_> = map.keys().collect();
    // The order of an object's fields says nothing, whichever map the JSON crate was built with.
    names.sort_unstable();
    for name in names {
        feed(content, b'k', name.as_bytes());
        feed_json(content, &map[name]);
    }
}

fn feed_json(content: &mut Vec<u8>, json: &Json) {
    match json {
        Json::Null => feed(content, b'0', &[]),
        Json::Bool(truth) => feed(content, b'b', &[u8::from(*truth)]),
        Json::Number(number) => feed_shown(content, b'#', number),
        Json::String(text) => feed(content, b't', text.as_bytes()),
        Json::Array(items) => {
            feed(content, b'[', &(items.len() as u64).to_be_bytes());
            items.iter().for_each(|item| feed_json(content, item));
        }
        Json::Object(map) => feed_map(content, map),
    }
}

/// Tag and length in front, so that neighbouring values cannot be taken for one another.
fn feed(content: &mut Vec<u8>, tag: u8, bytes: &[u8]) {
    content.push(tag);
    content.extend_from_slice(&(bytes.len() as u64).to_be_bytes());
    content.extend_from_slice(bytes);
}

/// Most numbers are whole and small, and show the same as an integer, which is quicker to write.
fn feed_number(content: &mut Vec<u8>, number: &Decimal) {
    match i64::try_from(number.mantissa()) {
        Ok(whole) if number.scale() == 0 => feed_shown(content, b'n', &whole),
        _ => feed_shown(content, b'n', number),
    }
}

/// The same of what a value shows as. The length is filled in afterwards, to copy nothing.
fn feed_shown(content: &mut Vec<u8>, tag: u8, value: &impl fmt::Display) {
    feed(content, tag, &[]);
    let start = content.len();
    // Writing to memory cannot fail.
    let _ = write!(content, "{value}");
    let length = (content.len() - start) as u64;
    content[start - 8..start].copy_from_slice(&length.to_be_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::table::MOOR_QUEUE_MEMBER;

    fn member(name: &str, extra: Json) -> Row {
        let values = vec![
            Value::Text("10018590".into()),
            Value::Text("8000".into()),
            Value::Text(name.into()),
            Value::Integer(0),
        ];
        let Json::Object(extra) = extra else { panic!("an object") };
        Row::new(&MOOR_QUEUE_MEMBER, values, extra)
    }

    #[test]
    fn the_hash_ignores_the_order_of_fields_and_sees_every_value() {
        let row = member("a", serde_json::json!({"x": 1, "y": [1, 2]}));
        assert_eq!(row.hash, member("a", serde_json::json!({"y": [1, 2], "x": 1})).hash);
        assert_ne!(row.hash, member("b", serde_json::json!({"x": 1, "y": [1, 2]})).hash);
        assert_ne!(row.hash, member("a", serde_json::json!({"x": 1, "y": [2, 1]})).hash);
        assert_ne!(row.hash, member("a", serde_json::json!({"x": "1", "y": [1, 2]})).hash);
    }

    #[test]
    fn a_nul_character_becomes_the_replacement_character_and_the_row_lives() {
        let row = member("a\0b", serde_json::json!({"n\0": {"deep": ["\0"]}}));
        assert_eq!(row.values[2], Value::Text("a\u{fffd}b".into()));
        assert_eq!(Json::Object(row.extra), serde_json::json!({"n\u{fffd}": {"deep": ["\u{fffd}"]}}));
    }

    #[test]
    fn the_key_is_the_first_columns() {
        assert_eq!(member("a", serde_json::json!({})).key().collect::<Vec<_>>(), ["10018590", "8000"]);
    }
}
