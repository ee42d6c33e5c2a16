//! Custom fields stand under `fields`, as an object or as JSON inside a text, wherever a message has them.

use serde_json::{Map, Value as Json};

use crate::domain::person::privacy::{CustomFieldPolicy, Privacy};
use crate::domain::row::record::Reject;
use crate::sources::payload::json_text::Lone;
use crate::sources::payload::reading::{Altered, Fields, document, reject};

/// The name of the custom fields.
const NAME: &str = "fields";

/// What may be stored of a message.
#[derive(Debug, Clone)]
pub(super) struct MessagePrivacy {
    pub(super) personal: Privacy,
    pub(super) custom_fields: CustomFieldPolicy,
}

impl MessagePrivacy {
    /// What is kept of custom fields sent as this JSON; `None` where nothing is.
    ///
    /// # Errors
    /// What came instead of an object.
    pub(super) fn custom(&self, json: &str) -> Result<Option<Map<String, Json>>, String> {
        if self.custom_fields == CustomFieldPolicy::Drop {
            return Ok(None);
        }
        Ok(self.custom_fields.apply(Fields::open(json, &self.personal)?.into_extra()))
    }

    /// Removes what may not be kept of custom fields from what has no column.
    pub(super) fn clean(&self, mut map: Map<String, Json>) -> Map<String, Json> {
        self.clean_map(&mut map);
        map
    }

    fn clean_map(&self, map: &mut Map<String, Json>) {
        if let Some(fields) = map.remove(NAME) {
            let is_kept = self.custom_fields == CustomFieldPolicy::Keep;
            let kept = match fields {
                Json::Object(fields) => self.custom_fields.apply(fields).map(Json::Object),
                Json::String(text) => match self.custom(&text) {
                    Ok(kept) => kept.map(Json::Object),
                    Err(_) => is_kept.then_some(Json::String(text)),
                },
                other => is_kept.then_some(other),
            };
            if let Some(kept) = kept {
                map.insert(NAME.to_owned(), kept);
            }
        }
        map.values_mut().for_each(|value| self.clean_value(value));
    }

    fn clean_value(&self, value: &mut Json) {
        match value {
            Json::Object(map) => self.clean_map(map),
            Json::Array(items) => items.iter_mut().for_each(|item| self.clean_value(item)),
            Json::String(text) if text.contains(NAME) => {
                if let Ok(mut inner @ (Json::Object(_) | Json::Array(_))) = serde_json::from_str(text) {
                    self.clean_value(&mut inner);
                    *value = inner;
                }
            }
            _ => {}
        }
    }

    /// The reject of a message, less what may not be stored.
    pub(super) fn reject(&self, raw: &str, reason: String) -> Reject {
        if self.custom_fields == CustomFieldPolicy::Keep || !raw.contains(NAME) {
            return reject(raw, reason, &self.personal);
        }
        match document(raw, Lone::Marked) {
            Some((mut json, Altered { text: false, repeated: false, .. })) => {
                self.clean_value(&mut json);
                reject(&json.to_string(), reason, &self.personal)
            }
            _ => {
                // Where the fields end cannot be told in what is no JSON.
                let kept = raw.split(NAME).next().unwrap_or_default();
                let reason = format!("{reason}; cut where custom fields begin");
                reject(&format!("{kept}…"), reason, &self.personal)
            }
        }
    }
}
