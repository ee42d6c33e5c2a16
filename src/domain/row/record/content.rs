//! The bytes of a row's content: what is hashed, and how its values are kept until they are stored.
//!
//! One block for each row instead of one for each text: a window of some ten thousand rows is held several times over.
//! Each value is a tag, its length in eight bytes and its bytes, so that neighbours cannot be taken for one another. The
//! hashes in every database are of these bytes: they never change.

use std::fmt;
use std::io::Write as _;

use chrono::{DateTime, Utc};
use serde_json::{Map, Number, Value as Json};

use super::Value;
use crate::domain::row::decimal::Decimal;
use crate::domain::row::text::storable;

const NULL: u8 = b'0';
const TEXT: u8 = b't';
const NUMERIC: u8 = b'n';
const INSTANT: u8 = b'i';
const BOOL: u8 = b'b';
const INTEGER: u8 = b'd';

/// The tag and the length.
const HEAD_BYTES: usize = 9;

/// Appends a value.
///
/// NUL characters, which PostgreSQL cannot hold, become U+FFFD: the row is delivered, not lost.
pub(super) fn feed_value(content: &mut Vec<u8>, value: &Value<'_>) {
    match value {
        Value::Null => feed(content, NULL, &[]),
        Value::Text(text) if text.contains('\0') => feed(content, TEXT, storable(text).as_bytes()),
        Value::Text(text) => feed(content, TEXT, text.as_bytes()),
        Value::Numeric(number) => feed_shown(content, NUMERIC, number),
        Value::Instant(instant) => feed(content, INSTANT, &instant.timestamp_micros().to_be_bytes()),
        Value::Bool(truth) => feed(content, BOOL, &[u8::from(*truth)]),
        Value::Integer(number) => feed(content, INTEGER, &number.to_be_bytes()),
    }
}

/// Appends an object. The order of its fields says nothing, whichever map the JSON crate was built with.
pub(super) fn feed_map(content: &mut Vec<u8>, map: &Map<String, Json>) {
    feed(content, b'{', &(map.len() as u64).to_be_bytes());
    let mut names: Vec<_> = map.keys().collect();
    names.sort_unstable();
    for name in names {
        feed(content, b'k', name.as_bytes());
        feed_json(content, &map[name]);
    }
}

/// Appends a document.
pub(super) fn feed_json(content: &mut Vec<u8>, json: &Json) {
    match json {
        Json::Null => feed(content, NULL, &[]),
        Json::Bool(truth) => feed(content, BOOL, &[u8::from(*truth)]),
        Json::Number(number) => feed_number(content, number),
        Json::String(text) => feed(content, TEXT, text.as_bytes()),
        Json::Array(items) => {
            feed(content, b'[', &(items.len() as u64).to_be_bytes());
            items.iter().for_each(|item| feed_json(content, item));
        }
        Json::Object(map) => feed_map(content, map),
    }
}

fn feed(content: &mut Vec<u8>, tag: u8, bytes: &[u8]) {
    content.push(tag);
    content.extend_from_slice(&(bytes.len() as u64).to_be_bytes());
    content.extend_from_slice(bytes);
}

/// Numbers that are equal for PostgreSQL are fed alike: `100`, `1e2` and `100.0`. What databases hold hashes of is fed
/// as it was when it came through a float, where that float was exact: `1e-7`, not `0.0000001`.
fn feed_number(content: &mut Vec<u8>, number: &Number) {
    const TAG: u8 = b'#';
    let text = number.as_str();
    if text != "-0" && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-') {
        return feed(content, TAG, text.as_bytes());
    }
    let Ok(exact) = text.parse::<Decimal>() else { return feed(content, TAG, text.as_bytes()) };
    if !exact.is_whole()
        && let Some(float) = text.parse().ok().and_then(Number::from_f64)
        && float.as_str().parse().as_ref() == Ok(&exact)
    {
        return feed(content, TAG, float.as_str().as_bytes());
    }
    feed_shown(content, TAG, &exact);
}

/// Appends what a value shows as. The length is filled in afterwards, to copy nothing.
fn feed_shown(content: &mut Vec<u8>, tag: u8, value: &impl fmt::Display) {
    feed(content, tag, &[]);
    let start = content.len();
    // Writing to memory cannot fail.
    let _ = write!(content, "{value}");
    let length = (content.len() - start) as u64;
    content[start - 8..start].copy_from_slice(&length.to_be_bytes());
}

/// The values of a content, one after the other, each decoded when it is asked for.
#[derive(Clone)]
pub(super) struct Packed<'a>(pub(super) &'a [u8]);

/// One value, as it lies there.
#[derive(Clone, Copy)]
pub(super) struct PackedValue<'a> {
    tag: u8,
    bytes: &'a [u8],
}

impl<'a> Iterator for Packed<'a> {
    type Item = PackedValue<'a>;

    fn next(&mut self) -> Option<PackedValue<'a>> {
        let (head, rest) = self.0.split_first_chunk::<HEAD_BYTES>()?;
        let [tag, length @ ..] = *head;
        let (bytes, rest) = rest.split_at_checked(usize::try_from(u64::from_be_bytes(length)).ok()?)?;
        self.0 = rest;
        Some(PackedValue { tag, bytes })
    }
}

impl<'a> PackedValue<'a> {
    /// The text, if it is one.
    pub(super) fn text(self) -> Option<&'a str> {
        (self.tag == TEXT).then_some(self.bytes).and_then(|bytes| str::from_utf8(bytes).ok())
    }

    /// The instant, if it is one.
    pub(super) fn instant(self) -> Option<DateTime<Utc>> {
        let micros = (self.tag == INSTANT).then_some(self.bytes)?.try_into().ok()?;
        DateTime::from_timestamp_micros(i64::from_be_bytes(micros))
    }

    /// Whatever it is.
    pub(super) fn value(self) -> Value<'a> {
        let value = match self.tag {
            TEXT => self.text().map(Value::text),
            NUMERIC => str::from_utf8(self.bytes).ok().and_then(|text| text.parse().ok()).map(Value::Numeric),
            INSTANT => self.instant().map(Value::Instant),
            BOOL => self.bytes.first().map(|byte| Value::Bool(*byte != 0)),
            INTEGER => self.bytes.try_into().ok().map(|bytes| Value::Integer(i32::from_be_bytes(bytes))),
            _ => None,
        };
        value.unwrap_or(Value::Null)
    }
}
