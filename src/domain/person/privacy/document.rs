//! Privacy within JSON: by the names of fields, and in every text, number and name of a field.

use serde_json::{Map, Number, Value as Json};

use super::field::kind_of;
use super::{Personal, Policy, Privacy};

/// Fields whose name holds one of these, however it is written, are never stored
/// (`docs/vendors.md#secrets-and-personal-data-in-answers`).
const CREDENTIAL_NAMES: [&str; 10] = [
    "passw",
    "pwd",
    "secret",
    "token",
    "apikey",
    "appkey",
    "privatekey",
    "authorization",
    "cookie",
    "credential",
];

/// Whether a field of this name holds a secret.
fn is_credential(name: &str) -> bool {
    let letters = name.chars().filter(char::is_ascii_alphanumeric);
    let bare: String = letters.map(|letter| letter.to_ascii_lowercase()).collect();
    CREDENTIAL_NAMES.iter().any(|part| bare.contains(part))
}

/// JSON within a text within JSON … is looked into this deep, and beyond that taken as text.
const TEXT_DEPTH_MAX: u32 = 8;

/// Larger floating-point numbers are not exact, and no telephone's.
const WHOLE_MAX: f64 = 1e15;

impl Privacy {
    /// Treats a whole document.
    pub fn scrub(&self, json: &mut Json) {
        self.scrub_value(json, None, 0);
    }

    /// Treats the fields of an object.
    pub fn scrub_fields(&self, fields: &mut Map<String, Json>) {
        self.scrub_map(fields, None, 0);
    }

    /// `kind`: of the field in which all of this stands.
    fn scrub_map(&self, map: &mut Map<String, Json>, kind: Option<Personal>, depth: u32) {
        map.retain(|name, _| !is_credential(name));
        for (name, value) in map.iter_mut() {
            self.scrub_value(value, kind_of(name).or(kind), depth);
        }
        if map.keys().any(|name| self.forbids(name)) {
            for (name, value) in std::mem::take(map) {
                let name = self.scrub_text(&name).unwrap_or(name);
                map.insert(free_name(map, name), value);
            }
        }
    }

    fn scrub_value(&self, value: &mut Json, kind: Option<Personal>, depth: u32) {
        if self.keeps_all() && !matches!(value, Json::Object(_) | Json::Array(_)) {
            return;
        }
        match value {
            Json::Object(map) => self.scrub_map(map, kind, depth),
            Json::Array(items) => items.iter_mut().for_each(|item| self.scrub_value(item, kind, depth)),
            Json::String(text) => {
                if let Some(left) = self.scrub_string(text, kind, depth) {
                    *value = left;
                }
            }
            Json::Number(number) => {
                let text = whole(number);
                let treated = match kind.filter(|kind| self.of(*kind) != Policy::Keep) {
                    Some(kind) => Some(self.apply(kind, &text)),
                    // A fraction is nobody's number.
                    None if text.contains(['.', 'e']) => None,
                    None => self.scrub_text(&text).map(Some),
                };
                if let Some(left) = treated {
                    *value = left.filter(|left| !left.is_empty()).map_or(Json::Null, Json::String);
                }
            }
            Json::Null | Json::Bool(_) => {}
        }
    }

    /// What takes the text's place, where something does.
    fn scrub_string(&self, text: &str, kind: Option<Personal>, depth: u32) -> Option<Json> {
        if depth < TEXT_DEPTH_MAX
            && text.trim_start().starts_with(['{', '['])
            && let Ok(sent @ (Json::Object(_) | Json::Array(_))) = serde_json::from_str::<Json>(text)
        {
            let mut left = sent.clone();
            self.scrub_value(&mut left, kind, depth + 1);
            return (left != sent).then(|| Json::String(left.to_string()));
        }
        let kind = kind.filter(|kind| self.of(*kind) != Policy::Keep && !text.trim().is_empty());
        let left = match kind {
            Some(kind) => self.apply(kind, text),
            None => Some(self.scrub_text(text)?),
        };
        match left {
            Some(left) if left == text => None,
            Some(left) if !left.trim().is_empty() => Some(Json::String(left)),
            _ => Some(Json::Null),
        }
    }

    /// What may be stored of a whole document as text: its own spelling wherever nothing had to go.
    pub fn scrub_payload(&self, text: &str) -> String {
        match serde_json::from_str::<Json>(text) {
            Ok(sent) => {
                let mut left = sent.clone();
                self.scrub(&mut left);
                if left == sent { text.to_owned() } else { left.to_string() }
            }
            Err(_) => self.scrub_broken(text),
        }
    }

    /// What may be stored of a text that should have been JSON and is not: phone numbers and addresses are
    /// treated where they stand; from the first field on that holds something else personal, nothing is left,
    /// for where its value ends cannot be told.
    pub fn scrub_broken(&self, text: &str) -> String {
        let names = text.split('"').scan(0, |at, part| {
            let start = *at;
            *at += part.len() + 1;
            Some((start, part))
        });
        let is_forbidden = |name: &str| {
            let name = name.trim_end_matches('\\');
            let kind = kind_of(name);
            is_credential(name) || kind.is_some_and(|kind| self.of(kind) != Policy::Keep)
        };
        let cut = names.skip(1).find(|(_, part)| is_forbidden(part)).map(|(start, _)| start);
        let kept = cut.map_or_else(|| text.to_owned(), |start| format!("{}…", &text[..start]));
        self.scrub_text(&kept).unwrap_or(kept)
    }
}

/// The number's digits; a whole number is one however it was written, `1.3812345678e10`.
fn whole(number: &Number) -> String {
    match number.as_f64() {
        Some(float) if number.is_f64() && float.fract() == 0.0 && float.abs() < WHOLE_MAX => {
            format!("{float:.0}")
        }
        _ => number.to_string(),
    }
}

/// The name, or one made of it that the object does not have yet.
fn free_name(map: &Map<String, Json>, name: String) -> String {
    let mut free = name.clone();
    let mut number = 2;
    while map.contains_key(&free) {
        free = format!("{name} ({number})");
        number += 1;
    }
    free
}
