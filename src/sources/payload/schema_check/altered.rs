//! What of an object could not be kept as it was sent: told like any other departure, by the name of its field alone.

use serde_json::value::RawValue;

use crate::domain::vendor::drift::{DriftKind, SchemaDrift};
use crate::domain::vendor::observation::Observation;
use crate::domain::vendor::schema::{JsonType, ObjectSchema};
use crate::sources::payload::answer::Answer;
use crate::sources::payload::json_text::{Lone, has_no_text};
use crate::sources::payload::reading::{Altered, Fields, read_document};
use crate::sources::payload::schema_check::{json_type, shown_name};

/// Notes a charset that an answer of this kind declares and nobody knows.
pub(crate) fn observe_charset(object: &'static ObjectSchema, answer: &Answer, seen: &mut Observation) {
    if let Some(name) = &answer.unknown_charset {
        seen.add(SchemaDrift {
            kind: DriftKind::UnknownCharset,
            field: object.field(""),
            observed: name.clone(),
            expected: "a known charset".to_owned(),
            example: String::new(),
        });
    }
}

/// Notes what of an object cannot be kept as it was sent, and nothing else of it.
pub(crate) fn observe_altered(object: &'static ObjectSchema, sent: &Fields<'_>, seen: &mut Observation) {
    note_repeated_fields(object, sent, seen);
    for (name, raw) in sent.untaken() {
        note_altered_text(object, sent, (name, raw), seen);
        note_altered_document(object, name, raw, seen);
    }
}

pub(super) fn note_repeated_fields(object: &'static ObjectSchema, sent: &Fields<'_>, seen: &mut Observation) {
    for (name, _) in sent.repeated() {
        note_altered(object, name, DriftKind::RepeatedField, seen);
    }
}

pub(super) fn note_altered_text(
    object: &'static ObjectSchema,
    sent: &Fields<'_>,
    (name, raw): (&str, &RawValue),
    seen: &mut Observation,
) {
    if sent.has_escapes && (name.contains('\\') || is_text(raw) && has_no_text(raw.get())) {
        note_altered(object, name, DriftKind::ReplacedText, seen);
    }
}

/// What of a document that goes to `extra` cannot stay as it was.
pub(super) fn note_altered_document(
    object: &'static ObjectSchema,
    name: &str,
    raw: &RawValue,
    seen: &mut Observation,
) {
    if is_text(raw) || matches!(json_type(raw), JsonType::Null | JsonType::Bool) {
        return;
    }
    let Altered { text, repeated, spelled } = read_document(raw, Lone::Replaced).1;
    let kinds = [
        (text, DriftKind::ReplacedText),
        (repeated, DriftKind::RepeatedField),
        (spelled, DriftKind::KeptAsText),
    ];
    for (_, kind) in kinds.into_iter().filter(|(is_so, _)| *is_so) {
        note_altered(object, name, kind, seen);
    }
}

/// Notes that a field could not be kept as it was sent.
pub(crate) fn note_altered(
    object: &'static ObjectSchema,
    name: &str,
    kind: DriftKind,
    seen: &mut Observation,
) {
    if seen.is_news((object.path, name, kind.as_str())) {
        seen.add(SchemaDrift {
            kind,
            field: object.field(&shown_name(name)),
            observed: String::new(),
            expected: altered_expectation(kind).to_owned(),
            example: String::new(),
        });
    }
}

/// Notes that two objects of this kind have one key and say different things.
pub(crate) fn note_repeated_element(object: &'static ObjectSchema, seen: &mut Observation) {
    if seen.is_news((object.path, "repeated")) {
        seen.add(SchemaDrift {
            kind: DriftKind::RepeatedField,
            field: object.field(""),
            observed: String::new(),
            expected: "each of them once".to_owned(),
            example: String::new(),
        });
    }
}

fn altered_expectation(kind: DriftKind) -> &'static str {
    match kind {
        DriftKind::RepeatedField => "each field once",
        DriftKind::KeptAsText => "what jsonb can hold",
        _ => "text in its charset, without NUL",
    }
}

fn is_text(raw: &RawValue) -> bool {
    raw.get().starts_with('"')
}
