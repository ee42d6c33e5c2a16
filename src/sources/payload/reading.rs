//! One element of a vendor's list, read field by field: what has a column becomes a value, the rest is kept
//! aside, and what cannot be read becomes a reject.

mod document;
mod reject;
mod sent;

use std::borrow::Cow;

use serde_json::value::RawValue;
use serde_json::{Map, Value as Json};

use crate::domain::person::privacy::Privacy;
use crate::domain::row::record::Value;
use crate::domain::row::table::{Column, ColumnType};
use crate::sources::payload::json_text::{Lone, has_no_text};
use crate::sources::payload::reading::sent::{Elements, Sent};
use crate::sources::payload::scalar::Scalar;

pub(crate) use crate::sources::payload::reading::document::{Altered, document, read as read_document};
pub(crate) use crate::sources::payload::reading::reject::reject;
pub(crate) use crate::sources::payload::reading::sent::{ELEMENTS_MAX, raw_fields};

/// The names under which a vendor sends one column, the one in the document's table first.
pub(crate) type Names = &'static [&'static str];

/// PostgreSQL's indexes hold keys of some 2,700 bytes: a longer one would stop its whole window.
const KEY_BYTES_MAX: usize = 500;

/// Telephone numbers have so many digits, or more.
const NUMBER_DIGITS_MIN: i64 = 10;

/// The fields of one JSON object that nobody has read yet.
#[derive(Debug)]
pub(crate) struct Fields<'a> {
    /// In the order of their names, each once.
    fields: Vec<(Cow<'a, str>, &'a RawValue)>,
    /// Earlier values of fields that stand twice, in their order; the last value counts.
    repeated: Vec<(Cow<'a, str>, &'a RawValue)>,
    /// Some text of the object may hold what no database can; without a backslash none does.
    pub(crate) has_escapes: bool,
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
        let mut repeated = Vec::new();
        fields.dedup_by(|later, kept| {
            let same = later.0 == kept.0;
            if same {
                repeated.push((kept.0.clone(), std::mem::replace(&mut kept.1, later.1)));
            }
            same
        });
        let has_escapes = list.is_some() || json.contains('\\');
        let mut fields = Fields { fields, repeated, has_escapes, list, privacy };
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

    /// Earlier values of fields that stand twice.
    pub(crate) fn repeated(&self) -> impl Iterator<Item = (&str, &'a RawValue)> {
        self.repeated.iter().map(|(name, raw)| (name.trim(), *raw))
    }

    /// Whether the field stands twice, with values that say different things.
    pub(crate) fn is_ambiguous(&self, name: &str) -> bool {
        let last = || self.peek(name).map_or(Scalar::Nothing, Scalar::of);
        self.repeated().any(|(other, raw)| other == name && Scalar::of(raw) != last())
    }

    /// Takes the field out, all values of it in their order.
    pub(crate) fn take_all(&mut self, name: &str) -> Vec<&'a RawValue> {
        let earlier = self.repeated.extract_if(.., |(other, _)| other.trim() == name).map(|(_, raw)| raw);
        let earlier: Vec<_> = earlier.collect();
        earlier.into_iter().chain(self.take_raw(name)).collect()
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
                if NUMBER_DIGITS_MIN <= number.whole_digits()
                    && number.is_whole()
                    && self.privacy.forbids(&number.to_string()) =>
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
    /// As [`Fields::column`], when there is nothing, when it would have to be altered, for then two keys could become
    /// one, and when it is personal and no token can be made of it.
    pub(crate) fn key(&mut self, names: Names) -> Result<Value<'a>, String> {
        self.refuse_altered_key(names)?;
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

    fn refuse_altered_key(&self, names: Names) -> Result<(), String> {
        for name in names {
            if self.is_ambiguous(name) {
                return Err(format!("field `{name}`: a part of the key stands twice with different values"));
            }
            if self.has_escapes && self.peek(name).is_some_and(|raw| has_no_text(raw.get())) {
                return Err(format!(
                    "field `{name}`: a part of the key holds what no text can: half of a surrogate pair, a byte that \
                     its charset lacks, or NUL"
                ));
            }
        }
        Ok(())
    }

    /// Takes out a list; null, absent and empty are one. One that stands twice is one list.
    ///
    /// # Errors
    /// What came instead.
    pub(crate) fn list(&mut self, name: &'static str) -> Result<Vec<&'a RawValue>, String> {
        let known = self.list.take_if(|(known, _)| *known == name);
        if let (true, Some((_, elements))) = (self.peek(name).is_some(), known) {
            self.take_raw(name);
            return Ok(elements);
        }
        let mut elements = Vec::new();
        for raw in self.take_all(name) {
            elements.append(&mut list(raw).map_err(|why| format!("field `{name}`: {why}"))?);
        }
        Ok(elements)
    }

    /// Takes a column's value out: a part of the key, a text after the privacy rules for it, or what has another type.
    ///
    /// # Errors
    /// As [`Fields::column`] and [`Fields::key`].
    pub(crate) fn value(&mut self, column: &'static Column) -> Result<Value<'a>, String> {
        let names = column.names();
        match column.kind {
            ColumnType::Text if column.is_key => self.key(names),
            ColumnType::Text => Ok(match self.column(names, ColumnType::Text)? {
                Value::Text(text) => {
                    self.privacy.text_of(column.personal, text).map_or(Value::Null, Value::Text)
                }
                other => other,
            }),
            kind => self.column(names, kind),
        }
    }

    /// What nobody took, after the privacy rules.
    pub(crate) fn into_extra(self) -> Map<String, Json> {
        if self.fields.is_empty() {
            return Map::new();
        }
        let mut extra: Map<_, _> = self
            .fields
            .into_iter()
            .map(|(name, raw)| (name.into_owned(), read_document(raw, Lone::Replaced).0))
            .collect();
        self.privacy.scrub_fields(&mut extra);
        extra
    }
}

/// The elements of a list, each for itself; null and empty text are an empty list. So is an object without fields, and
/// one whose fields are numbered is its values: PHP writes such lists so.
///
/// # Errors
/// What came instead.
pub(crate) fn list(raw: &RawValue) -> Result<Vec<&RawValue>, String> {
    match Scalar::of(raw) {
        Scalar::Nothing => Ok(Vec::new()),
        Scalar::List => match serde_json::from_str(raw.get()) {
            Ok(Elements(elements)) => Ok(elements),
            Err(_) => Err("expected a list".to_owned()),
        },
        Scalar::Object => numbered(raw).ok_or_else(|| "expected a list, got an object".to_owned()),
        other => Err(format!("expected a list, got {}", other.describe())),
    }
}

fn numbered(raw: &RawValue) -> Option<Vec<&RawValue>> {
    let is_number = |name: &str| !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_digit());
    raw_fields(raw.get())?.into_iter().map(|(name, raw)| is_number(&name).then_some(raw)).collect()
}

#[cfg(test)]
mod tests;
