//! What a vendor said of one thing, typed: rows for tables, or a reason why it could not be read.

mod content;
mod size;
mod value;

use std::fmt;

use chrono::{DateTime, Utc};
use md5::{Digest as _, Md5};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};

use crate::domain::row::record::content::{Packed, PackedValue, feed_json, feed_map, feed_value};
use crate::domain::row::table::TableShape;
use crate::domain::row::text::storable;

pub use value::Value;

/// Room that the content of most rows fits in.
const CONTENT_BYTES_USUAL: usize = 512;

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
#[derive(Clone, PartialEq)]
pub struct Row {
    /// Which table.
    pub table: &'static TableShape,
    /// One value for each of `table.columns`, in that order; the first `table.key_len` are the key (text).
    content: Box<[u8]>,
    /// Every field the vendor sent that has no column.
    pub extra: Map<String, Json>,
    /// Of the values and `extra`.
    pub hash: ContentHash,
}

impl Row {
    /// Builds the row and takes its hash.
    ///
    /// NUL characters, which PostgreSQL cannot hold, become U+FFFD: the row is delivered, not lost.
    pub fn new(table: &'static TableShape, values: &[Value<'_>], mut extra: Map<String, Json>) -> Row {
        debug_assert_eq!(values.len(), table.columns.len(), "{}", table.name);
        if has_nul_in_map(&extra) {
            extra = extra.into_iter().map(|(name, json)| (clean(name), without_nul(json))).collect();
        }
        let mut content = Vec::with_capacity(CONTENT_BYTES_USUAL);
        values.iter().for_each(|value| feed_value(&mut content, value));
        let values_end = content.len();
        feed_map(&mut content, &extra);
        let hash = ContentHash(Md5::digest(&content).into());
        Row { table, content: content[..values_end].into(), extra, hash }
    }

    /// One value for each of `table.columns`, in that order.
    pub fn values(&self) -> impl Iterator<Item = Value<'_>> {
        Packed(&self.content).map(|packed| packed.value())
    }

    /// The value of the column of this name.
    pub fn value(&self, column: &str) -> Value<'_> {
        self.packed(column).map_or(Value::Null, |packed| packed.value())
    }

    /// The same, where it is a text.
    pub fn text(&self, column: &str) -> Option<&str> {
        self.packed(column).and_then(|packed| packed.text())
    }

    fn packed(&self, column: &str) -> Option<PackedValue<'_>> {
        Packed(&self.content).nth(self.table.index_of(column)?)
    }

    /// Those of its values that are instants.
    pub fn instants(&self) -> impl Iterator<Item = DateTime<Utc>> {
        Packed(&self.content).filter_map(|packed| packed.instant())
    }

    /// The key's parts, without the source.
    pub fn key(&self) -> impl Iterator<Item = &str> {
        Packed(&self.content).take(self.table.key_len).map(|packed| packed.text().unwrap_or_default())
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
        self.table.version_index().and_then(|index| Packed(&self.content).nth(index)?.instant())
    }
}

impl fmt::Debug for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let values: Vec<_> = self.values().collect();
        f.debug_struct("Row")
            .field("table", &self.table.name)
            .field("values", &values)
            .field("extra", &self.extra)
            .finish_non_exhaustive()
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
    /// The list that it should hold came absent, null or as empty text, which may mean that it is empty or not known.
    pub lacks_list: bool,
}

impl Record {
    /// A record read from the element whose raw JSON text is `raw`.
    pub fn new(raw: &str, rows: Vec<Row>, rejects: Vec<Reject>) -> Record {
        // One row holds all of its element, and has a hash already.
        let hash = match (rows.as_slice(), rejects.as_slice()) {
            ([row], []) => row.hash.0,
            _ => Md5::digest(raw.as_bytes()).into(),
        };
        Record { identity: u128::from_be_bytes(hash), rows, rejects, lacks_list: false }
    }
}

fn clean(text: String) -> String {
    if text.contains('\0') { storable(&text) } else { text }
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

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;
    use crate::domain::stream::moor_queue::MOOR_QUEUE_MEMBER;

    fn member(name: &str, extra: Json) -> Row {
        let values = [Value::text("10018590"), Value::text("8000"), Value::text(name), Value::Integer(0)];
        let Json::Object(extra) = extra else { panic!("an object") };
        Row::new(&MOOR_QUEUE_MEMBER, &values, extra)
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
        assert_eq!(row.value("agent_name"), Value::text("a\u{fffd}b"));
        assert_eq!(Json::Object(row.extra), serde_json::json!({"n\u{fffd}": {"deep": ["\u{fffd}"]}}));
    }

    #[test]
    fn the_key_is_the_first_columns() {
        assert_eq!(member("a", serde_json::json!({})).key().collect::<Vec<_>>(), ["10018590", "8000"]);
    }

    #[test]
    fn the_hash_sees_the_last_digit_of_a_number_and_not_how_it_is_written() {
        let hash = |number: &str| {
            let extra: Json = serde_json::from_str(&format!("{{\"x\": {number}}}")).unwrap();
            member("a", extra).hash
        };
        for (one, other) in [
            ("100", "1e2"),
            ("1.0", "1.00"),
            ("1", "1.0"),
            ("0.1", "1e-1"),
            ("-0", "0"),
            ("1e-7", "0.0000001"),
        ] {
            assert_eq!(hash(one), hash(other), "{one} and {other}");
        }
        for (one, other) in [
            ("20261127100000123451", "20261127100000123452"),
            ("0.12345678901234567891", "0.12345678901234567892"),
            ("1e400", "1e401"),
        ] {
            assert_ne!(hash(one), hash(other), "{one} and {other}");
        }
        let row = member("a", serde_json::from_str(r#"{"x": 20261127100000123451, "y": 1e2}"#).unwrap());
        assert_eq!(serde_json::to_string(&row.extra).unwrap(), r#"{"x":20261127100000123451,"y":1e+2}"#);
    }

    #[test]
    fn the_hash_of_a_content_is_the_same_in_every_version_of_the_program() {
        let row = member("张三", serde_json::json!({"x": [1.5, null, true], "n": {"b": "c"}}));
        assert_eq!(format!("{:?}", row.hash), "f697516107c197867da2805a518ad3a4");
    }

    fn value() -> impl Strategy<Value = Value<'static>> {
        prop_oneof![
            Just(Value::Null),
            "[^\\x00]{0,40}".prop_map(Value::text),
            "-?[0-9]{1,40}(\\.[0-9]{1,40})?(e-?[0-9]{1,3})?"
                .prop_map(|text| Value::Numeric(text.parse().unwrap())),
            (-62_000_000_000_000_000..250_000_000_000_000_000i64)
                .prop_map(|micros| Value::Instant(DateTime::from_timestamp_micros(micros).unwrap())),
            any::<bool>().prop_map(Value::Bool),
            any::<i32>().prop_map(Value::Integer),
        ]
    }

    proptest! {
        #[test]
        fn a_row_gives_back_the_values_that_it_was_made_of(values in vec(value(), MOOR_QUEUE_MEMBER.columns.len())) {
            let row = Row::new(&MOOR_QUEUE_MEMBER, &values, Map::new());
            prop_assert_eq!(row.values().collect::<Vec<_>>(), values.clone());
            for (column, value) in MOOR_QUEUE_MEMBER.columns.iter().zip(values) {
                prop_assert_eq!(row.value(column.name), value.clone());
                prop_assert_eq!(row.text(column.name).map(str::to_owned), value.into_text().map(Cow::into_owned));
            }
            prop_assert_eq!(row.value("no_such_column"), Value::Null);
        }
    }
}
