//! A setting that is one word, or a list of names.

use std::collections::BTreeSet;

use config::ValueKind;
use serde_json::json;

use super::{Section, describe, from_environment};

/// What stands there.
pub(in crate::config) enum Words {
    /// A word.
    One(String),
    /// Names; in a variable they stand between brackets, with commas: `[name, other]`.
    List(BTreeSet<String>),
}

impl Section<'_> {
    /// A word, or a list of names.
    pub(in crate::config) fn words(&self, key: &str) -> Option<Words> {
        let found = self.need(key)?;
        self.shape(key, json!({ "type": ["string", "array"], "items": { "type": "string" } }));
        let mut names = BTreeSet::new();
        match &found.value.kind {
            ValueKind::Array(items) => {
                for item in items {
                    let ValueKind::String(name) = &item.kind else {
                        self.wrong(&found, format!("expects names in its list, not {}", describe(item)));
                        return None;
                    };
                    names.insert(name.clone());
                }
            }
            ValueKind::String(text) => {
                let list = text.trim().strip_prefix('[').and_then(|text| text.strip_suffix(']'));
                let Some(list) = list.filter(|_| from_environment(&found)) else {
                    self.note(key, text.as_str());
                    return Some(Words::One(text.clone()));
                };
                let parts = list.split(',').map(|name| name.trim().trim_matches('"').to_owned());
                names.extend(parts.filter(|name| !name.is_empty()));
            }
            _ => {
                self.wrong(
                    &found,
                    format!("expects a word or a list of names, not {}", describe(found.value)),
                );
                return None;
            }
        }
        self.note(key, names.iter().cloned().collect::<Vec<_>>());
        Some(Words::List(names))
    }
}
