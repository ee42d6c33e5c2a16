//! Holds each object that comes against its documented schema, before anybody reads it, so that a record
//! that cannot be read is looked at as well.
//!
//! Almost every field is as documented: it costs one comparison and allocates nothing. What is not is
//! described once for each page, by its shape alone: a vendor's value may be personal.

mod altered;

use std::collections::BTreeMap;

use serde_json::value::RawValue;

use crate::domain::person::privacy::Privacy;
use crate::domain::vendor::drift::{DriftKind, SchemaDrift};
use crate::domain::vendor::observation::Observation;
use crate::domain::vendor::schema::{FieldSchema, JsonType, ObjectSchema, types_text};
use crate::sources::payload::reading::Fields;
use crate::sources::payload::scalar::Scalar;
use crate::sources::payload::schema_check::altered::{
    note_altered_document, note_altered_text, note_repeated_fields,
};

pub(crate) use self::altered::{note_altered, note_repeated_element, observe_altered, observe_charset};

/// Longer names are not shown.
const NAME_MAX: usize = 64;
/// So many digits in a name may be somebody's number.
const NAME_DIGITS_MAX: usize = 4;
/// Letters of a code that is shown.
const CODE_LETTERS_MAX: usize = 32;
/// Digits of a code that is shown: fewer than a telephone number has.
const CODE_DIGITS_MAX: usize = 6;
/// Names shown of an object that came where none was expected.
const NESTED_NAMES_MAX: usize = 8;

/// Opens one of a vendor's documented objects and holds it against its schema.
///
/// # Errors
/// As [`Fields::open`].
pub(crate) fn open_known<'a>(
    json: &'a str,
    privacy: &'a Privacy,
    object: &'static ObjectSchema,
    seen: &mut Observation,
) -> Result<Fields<'a>, String> {
    let opened = Fields::open(json, privacy);
    match &opened {
        Ok(opened) => observe(object, opened, seen),
        Err(_) => observe_other(object, json, seen),
    }
    opened
}

/// Looks at one object.
pub(crate) fn observe(object: &'static ObjectSchema, sent: &Fields<'_>, seen: &mut Observation) {
    debug_assert!(object.fields.len() <= 64, "one bit for each");
    let (mut present, mut hint) = (0_u64, 0);
    note_repeated_fields(object, sent, seen);
    for (name, raw) in sent.untaken() {
        note_altered_text(object, sent, (name, raw), seen);
        let Some(index) = object.find(name.trim(), hint) else {
            note_new_field(object, name, raw, seen);
            note_altered_document(object, name, raw, seen);
            continue;
        };
        hint = index + 1;
        present |= 1_u64.checked_shl(index as u32).unwrap_or(0);
        if let Some(field) = object.fields.get(index) {
            note_type_and_code(object, field, raw, seen);
        }
    }
    seen.count(object, present);
}

/// Notes what came where an object of this kind was due.
fn observe_other(object: &'static ObjectSchema, raw: &str, seen: &mut Observation) {
    let Ok(raw) = serde_json::from_str::<&RawValue>(raw) else { return };
    let came = json_type(raw);
    if came != JsonType::Object && seen.is_news((object.path, came.as_str())) {
        seen.add(SchemaDrift {
            kind: DriftKind::ChangedType,
            field: object.field(""),
            observed: came.as_str().to_owned(),
            expected: JsonType::Object.as_str().to_owned(),
            example: shape(raw),
        });
    }
}

fn note_new_field(object: &'static ObjectSchema, name: &str, raw: &RawValue, seen: &mut Observation) {
    if !seen.is_news((object.path, name)) {
        return;
    }
    seen.add(SchemaDrift {
        kind: DriftKind::NewField,
        field: object.field(&shown_name(name)),
        observed: String::new(),
        expected: "no such field".to_owned(),
        example: shape(raw),
    });
}

fn note_type_and_code(
    object: &'static ObjectSchema,
    field: &FieldSchema,
    raw: &RawValue,
    seen: &mut Observation,
) {
    let came = json_type(raw);
    if !field.types.contains(&came) {
        let name = field.names[0];
        if Scalar::of(raw) != Scalar::Nothing && seen.is_news((object.path, name, came.as_str())) {
            seen.add(SchemaDrift {
                kind: DriftKind::ChangedType,
                field: object.field(name),
                observed: came.as_str().to_owned(),
                expected: types_text(field.types),
                example: shape(raw),
            });
        }
        return;
    }
    if !field.codes.is_empty() && !field.codes.contains(&raw.get().trim_matches('"')) {
        note_code(object, field, raw, seen);
    }
}

/// The total that an answer states in this field. One that is no count is none, and noted.
pub(crate) fn count(
    object: &'static ObjectSchema,
    name: &str,
    raw: &RawValue,
    seen: &mut Observation,
) -> Option<u64> {
    let sent = Scalar::of(raw);
    let count = sent.count();
    if count.is_none() && sent != Scalar::Nothing {
        note_no_count(object, name, raw, seen);
    }
    count
}

fn note_no_count(object: &'static ObjectSchema, name: &str, raw: &RawValue, seen: &mut Observation) {
    if seen.is_news((object.path, name, "no count")) {
        seen.add(SchemaDrift {
            kind: DriftKind::ChangedType,
            field: object.field(name),
            observed: "no count".to_owned(),
            expected: "a whole number from 0".to_owned(),
            example: shape(raw),
        });
    }
}

/// Notes a field that has a column and cannot be read into it.
pub(crate) fn note_unread(
    object: &'static ObjectSchema,
    name: &'static str,
    expected: &str,
    raw: &RawValue,
    seen: &mut Observation,
) {
    if seen.is_news((object.path, name, "unread")) {
        seen.add(SchemaDrift {
            kind: DriftKind::ChangedType,
            field: object.field(name),
            observed: format!("{} that is not {expected}", json_type(raw).as_str()),
            expected: expected.to_owned(),
            example: shape(raw),
        });
    }
}

fn note_code(object: &'static ObjectSchema, field: &FieldSchema, raw: &RawValue, seen: &mut Observation) {
    let name = field.names[0];
    let Some(code) = Scalar::of(raw).into_text() else { return };
    let code = code.trim();
    if field.codes.contains(&code) || !seen.is_news((object.path, name, "code", code)) {
        return;
    }
    let shown = is_plain_code(code);
    seen.add(SchemaDrift {
        kind: DriftKind::UnknownCode,
        field: object.field(name),
        observed: if shown { code.to_owned() } else { "no plain code".to_owned() },
        expected: field.codes.join(", "),
        example: if shown { code.to_owned() } else { shape(raw) },
    });
}

/// An identifier or a short number: what vendors use as codes, and hardly what names a person.
fn is_plain_code(code: &str) -> bool {
    let letters = code.chars().all(|letter| letter.is_ascii_alphabetic() || letter == '_');
    let digits = code.chars().all(|letter| letter.is_ascii_digit());
    (letters && code.len() <= CODE_LETTERS_MAX) || (digits && code.len() <= CODE_DIGITS_MAX)
}

/// The value's own first letter tells.
fn json_type(raw: &RawValue) -> JsonType {
    match raw.get().as_bytes().first() {
        Some(b'"') => JsonType::Text,
        Some(b'[') => JsonType::List,
        Some(b'{') => JsonType::Object,
        Some(b't' | b'f') => JsonType::Bool,
        Some(b'n') | None => JsonType::Null,
        Some(_) => JsonType::Number,
    }
}

/// A field's name as it may be shown: short, printable, and without what may be somebody's number or
/// address. Names that differ in such digits only are one.
fn shown_name(name: &str) -> String {
    let name = name.trim();
    let is_plain = |letter: char| letter.is_alphanumeric() || matches!(letter, '_' | '-' | '.' | ' ' | '$');
    if name.is_empty() || name.chars().nth(NAME_MAX).is_some() || !name.chars().all(is_plain) {
        return match name.chars().take(NAME_MAX + 1).count() {
            letters if letters <= NAME_MAX => format!("(a name of {letters} characters)"),
            _ => format!("(a name of more than {NAME_MAX} characters)"),
        };
    }
    if name.chars().filter(|letter| letter.is_numeric()).count() <= NAME_DIGITS_MAX {
        return name.to_owned();
    }
    name.chars().map(|letter| if letter.is_numeric() { '#' } else { letter }).collect()
}

/// What a value is in words that hold nothing of it.
fn shape(raw: &RawValue) -> String {
    match Scalar::of(raw) {
        Scalar::Nothing => if raw.get() == "null" { "null" } else { "empty text" }.to_owned(),
        Scalar::Text(text) => {
            let letters = text.chars().count();
            let digits = text.chars().all(|letter| letter.is_ascii_digit());
            format!("text of {letters} {}", if digits { "digits" } else { "characters" })
        }
        Scalar::Number(number) => {
            let sign = if number.starts_with('-') { "negative " } else { "" };
            format!("{sign}number of {} digits", number.chars().filter(char::is_ascii_digit).count())
        }
        Scalar::Bool(_) => "boolean".to_owned(),
        Scalar::List => match serde_json::from_str::<Vec<&RawValue>>(raw.get()) {
            Ok(items) => format!("list of {}", items.len()),
            Err(_) => "list".to_owned(),
        },
        Scalar::Object => match serde_json::from_str::<BTreeMap<String, &RawValue>>(raw.get()) {
            Ok(fields) => object_shape(&fields),
            Err(_) => "object".to_owned(),
        },
    }
}

/// Names inside may be anything, a list of people too: only plain ones are shown.
fn object_shape(fields: &BTreeMap<String, &RawValue>) -> String {
    let is_plain = |name: &&String| {
        let mut letters = name.chars();
        name.len() <= CODE_LETTERS_MAX
            && letters.next().is_some_and(|first| first.is_ascii_alphabetic())
            && letters.all(|letter| letter.is_ascii_alphabetic() || letter == '_')
    };
    let plain: Vec<_> = fields.keys().filter(is_plain).take(NESTED_NAMES_MAX).map(String::as_str).collect();
    match (plain.as_slice(), fields.len() - plain.len()) {
        ([], 0) => "object without fields".to_owned(),
        ([], more) => format!("object with {more} fields"),
        (names, 0) => format!("object with fields {}", names.join(", ")),
        (names, more) => format!("object with fields {} and {more} more", names.join(", ")),
    }
}

#[cfg(test)]
mod tests;
