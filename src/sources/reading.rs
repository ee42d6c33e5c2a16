//! One element of a vendor's list, read field by field: what has a column becomes a value, the rest is kept
//! aside, and what cannot be read becomes a reject.

mod sent;

use std::borrow::Cow;
use std::collections::BTreeMap;

use rust_decimal::Decimal;
use serde_json::value::RawValue;
use serde_json::{Map, Value as Json};

use crate::domain::privacy::Privacy;
use crate::domain::record::{Reject, Row, Value};
use crate::domain::table::{ColumnType, TableShape};
use crate::sources::reading::sent::Sent;
use crate::sources::scalar::Scalar;

/// The names under which a vendor sends one column, the one in the document's table first.
pub(crate) type Names = &'static [&'static str];

/// PostgreSQL's indexes hold keys of some 2,700 bytes: a longer one would stop its whole window.
const KEY_BYTES_MAX: usize = 500;

/// Telephone numbers have more digits than this.
const NUMBER_MIN: Decimal = Decimal::from_parts(1_000_000_000, 0, 0, false, 0);

/// Deeper than this a document that serde_json cannot hold is kept as text.
const DEPTH_MAX: usize = 32;

/// The fields of one JSON object that nobody has read yet.
#[derive(Debug)]
pub(crate) struct Fields<'a> {
    /// In the order of their names, each once.
    fields: Vec<(Cow<'a, str>, &'a RawValue)>,
    /// The elements of one of them, where they are known already.
    list: Option<(&'static str, Vec<&'a RawValue>)>,
    privacy: &'a Privacy,
}

impl<'a> Fields<'a> {
    /// Opens the object. Blanks around names are not part of them (7moor's document prints `" priority"`).
    ///
    /// # Errors
    /// What came instead of an object.
    pub(crate) fn open(json: &'a str, privacy: &'a Privacy) -> Result<Fields<'a>, String> {
        Self::open_sent(Sent::read(json, None), json, privacy)
    }

    /// The same, where most of the object is the list of this name: its elements are found on the way.
    ///
    /// # Errors
    /// As [`Fields::open`]. What came instead of a list, [`Fields::list`] says.
    pub(crate) fn open_around(
        name: &'static str,
        json: &'a str,
        privacy: &'a Privacy,
    ) -> Result<Fields<'a>, String> {
        let sent = Sent::read(json, Some(name)).or_else(|_| Sent::read(json, None));
        Self::open_sent(sent, json, privacy)
    }

    fn open_sent(
        sent: serde_json::Result<Sent<'a>>,
        json: &'a str,
        privacy: &'a Privacy,
    ) -> Result<Fields<'a>, String> {
        let Sent { mut fields, list } = sent.map_err(|_| {
            let got = serde_json::from_str::<&RawValue>(json)
                .map_or_else(|_| "something else".to_owned(), |raw| Scalar::of(raw).describe());
            format!("expected an object, got {got}")
        })?;
        fields.sort_by(|(one, _), (other, _)| one.cmp(other));
        // Of equal names the one that came last counts.
        fields.dedup_by(|later, kept| {
            let same = later.0 == kept.0;
            if same {
                kept.1 = later.1;
            }
            same
        });
        let mut fields = Fields { fields, list, privacy };
        if fields.fields.iter().any(|(name, _)| name.trim() != name) {
            fields.trim_names();
        }
        Ok(fields)
    }

    fn trim_names(&mut self) {
        let sent = std::mem::take(&mut self.fields);
        let (exact, padded): (Vec<_>, Vec<_>) = sent.into_iter().partition(|(name, _)| name.trim() == name);
        self.fields = exact;
        for (name, raw) in padded {
            let trimmed = name.trim().to_owned();
            let name = if self.peek(&trimmed).is_some() { name } else { trimmed.into() };
            self.put(name, raw);
        }
    }

    fn put(&mut self, name: Cow<'a, str>, raw: &'a RawValue) {
        let place = self.fields.partition_point(|(other, _)| *other < name);
        self.fields.insert(place, (name, raw));
    }

    /// What was sent and not taken out yet, in the order of the names.
    pub(crate) fn untaken(&self) -> impl Iterator<Item = (&str, &'a RawValue)> {
        self.fields.iter().map(|(name, raw)| (name.as_ref(), *raw))
    }

    /// The field, as it is; it stays.
    pub(crate) fn peek(&self, name: &str) -> Option<&'a RawValue> {
        self.untaken().find(|(other, _)| *other == name).map(|(_, raw)| raw)
    }

    /// Takes the field out, as it is.
    pub(crate) fn take_raw(&mut self, name: &str) -> Option<&'a RawValue> {
        let place = self.fields.iter().position(|(other, _)| other == name)?;
        Some(self.fields.remove(place).1)
    }

    /// Takes the field out; absent is [`Scalar::Nothing`].
    pub(crate) fn take(&mut self, name: &str) -> Scalar<'a> {
        self.take_raw(name).map_or(Scalar::Nothing, Scalar::of)
    }

    /// Takes a column's value out. Of several names that hold something the first wins; another stays among
    /// the remaining fields if it says something else.
    ///
    /// # Errors
    /// The name of the field that cannot be read, what was expected and what came.
    pub(crate) fn column(&mut self, names: Names, kind: ColumnType) -> Result<Value<'a>, String> {
        let mut chosen = Value::Null;
        for name in names {
            let Some(raw) = self.take_raw(name) else { continue };
            let read = self.typed(Scalar::of(raw), kind);
            if chosen == Value::Null {
                chosen = read.map_err(|why| format!("field `{name}`: {why}"))?;
            } else if read.as_ref() != Ok(&chosen) && read != Ok(Value::Null) {
                self.put(Cow::Borrowed(name), raw);
            }
        }
        Ok(chosen)
    }

    /// A number that is somebody's is none of the table's: a column of numbers would keep it whole.
    fn typed(&self, sent: Scalar<'a>, kind: ColumnType) -> Result<Value<'a>, String> {
        let value = sent.into_value(kind)?;
        match &value {
            Value::Numeric(number)
                // No number is larger than its digits without the point, which are quicker to compare.
                if NUMBER_MIN.mantissa() <= number.mantissa().abs()
                    && NUMBER_MIN <= number.abs()
                    && number.is_integer()
                    && self.privacy.forbids(&number.normalize().to_string()) =>
            {
                Err("expected a number, got what looks like a telephone number".to_owned())
            }
            _ => Ok(value),
        }
    }

    /// Takes out a text that is not a key, after the privacy rules for a field of this name.
    ///
    /// # Errors
    /// As [`Fields::column`].
    pub(crate) fn text(&mut self, names: Names) -> Result<Value<'a>, String> {
        Ok(match self.column(names, ColumnType::Text)? {
            Value::Text(text) => self.privacy.field(names[0], text).map_or(Value::Null, Value::Text),
            other => other,
        })
    }

    /// Takes out a part of a key.
    ///
    /// # Errors
    /// As [`Fields::column`], when there is nothing, and when it is personal and no token can be made of it.
    pub(crate) fn key(&mut self, names: Names) -> Result<Value<'a>, String> {
        match self.column(names, ColumnType::Text)? {
            Value::Null => Err(format!("field `{}`: expected a part of the key, got nothing", names[0])),
            Value::Text(text) if KEY_BYTES_MAX < text.len() => Err(format!(
                "field `{}`: expected a part of the key of at most {KEY_BYTES_MAX} bytes, got {}",
                names[0],
                text.len()
            )),
            Value::Text(text) => self.privacy.key(text).map(Value::Text).map_err(|kind| {
                let kind = kind.as_str();
                format!(
                    "field `{}`: a part of the key holds a personal {kind}; `privacy.{kind}` keeps it from being \
                     stored, and without `privacy.hmac_key_file` no token can stand for it",
                    names[0]
                )
            }),
            value => Ok(value),
        }
    }

    /// Takes out a list; null, absent and empty are one.
    ///
    /// # Errors
    /// What came instead.
    pub(crate) fn list(&mut self, name: &'static str) -> Result<Vec<&'a RawValue>, String> {
        match (self.take_raw(name), self.list.take_if(|(known, _)| *known == name)) {
            (Some(_), Some((_, elements))) => Ok(elements),
            (Some(raw), None) => list(raw).map_err(|why| format!("field `{name}`: {why}")),
            (None, _) => Ok(Vec::new()),
        }
    }

    /// All columns of a table in their order, from one flat object, and the rest of the object as `extra`.
    ///
    /// # Errors
    /// As [`Fields::column`] and [`Fields::key`].
    pub(crate) fn into_row(mut self, table: &'static TableShape, names: &[Names]) -> Result<Row, String> {
        debug_assert_eq!(table.columns.len(), names.len(), "{}", table.name);
        let mut values = Vec::with_capacity(names.len());
        for (index, (column, names)) in table.columns.iter().zip(names).enumerate() {
            values.push(match column.kind {
                ColumnType::Text if index < table.key_len => self.key(names)?,
                ColumnType::Text => self.text(names)?,
                kind => self.column(names, kind)?,
            });
        }
        Ok(Row::new(table, &values, self.into_extra()))
    }

    /// What nobody took, after the privacy rules.
    pub(crate) fn into_extra(self) -> Map<String, Json> {
        if self.fields.is_empty() {
            return Map::new();
        }
        let mut extra: Map<_, _> =
            self.fields.into_iter().map(|(name, raw)| (name.into_owned(), to_json(raw.get(), 0))).collect();
        self.privacy.scrub_fields(&mut extra);
        extra
    }
}

/// The elements of a list, each for itself; null and empty text are an empty list.
///
/// # Errors
/// What came instead.
pub(crate) fn list(raw: &RawValue) -> Result<Vec<&RawValue>, String> {
    match Scalar::of(raw) {
        Scalar::Nothing => Ok(Vec::new()),
        Scalar::List => serde_json::from_str(raw.get()).map_err(|_| "expected a list".to_owned()),
        other => Err(format!("expected a list, got {}", other.describe())),
    }
}

/// The reject of an element, its payload after the privacy rules.
pub(crate) fn reject(raw: &str, reason: String, privacy: &Privacy) -> Reject {
    let sent = to_json(raw, 0);
    if sent == Json::String(raw.to_owned()) {
        return Reject { payload: privacy.scrub_broken(raw), reason };
    }
    let mut cleaned = sent.clone();
    privacy.scrub(&mut cleaned);
    // The vendor's own spelling is kept wherever nothing had to go.
    let payload = if cleaned == sent { raw.to_owned() } else { cleaned.to_string() };
    Reject { payload, reason }
}

/// What serde_json cannot hold (1e400, nesting beyond its depth) is kept as its text, and nothing around it.
fn to_json(raw: &str, depth: usize) -> Json {
    if let Ok(json) = serde_json::from_str(raw) {
        return json;
    }
    let deeper = |raw: &RawValue| to_json(raw.get(), depth + 1);
    if depth < DEPTH_MAX {
        if let Ok(map) = serde_json::from_str::<BTreeMap<String, &RawValue>>(raw) {
            return Json::Object(map.into_iter().map(|(name, raw)| (name, deeper(raw))).collect());
        }
        if let Ok(items) = serde_json::from_str::<Vec<&RawValue>>(raw) {
            return Json::Array(items.into_iter().map(deeper).collect());
        }
    }
    Json::String(raw.to_owned())
}

#[cfg(test)]
mod tests;
