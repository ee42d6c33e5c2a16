//! Columns and documents that name a forgotten person.

use serde_json::{Map, Value as Json};

use super::{ForgottenList, Identifier, PSEUDONYM};
use crate::domain::row::text::FieldName;

/// Columns that say whose row it is: an agent's own. (A popup's agent is not the one whom it is about.)
pub const OWNERS: [&str; 3] = ["agentid", "agent_number", "agent_id"];

/// What of an agent's own row is about the person.
const PERSONAL: [&str; 8] =
    ["agent_name", "agent_email", "email", "name", "nickname", "phone", "mobile", "telephone"];

/// Names of fields that hold an agent's id or number, as [`FieldName`] has them.
const AGENT_FIELDS: [&str; 13] = [
    "accountid",
    "agentid",
    "agentnumber",
    "agent",
    "agents",
    "agentno",
    "staffid",
    "extno",
    "infoextno",
    "updateagent",
    "userid",
    "assignmembers",
    "members",
];

/// In fields of other names, and within texts, shorter ids would be taken for other numbers.
pub(super) const ID_CHARS_MIN: usize = 6;

fn is_agent_field(name: &str) -> bool {
    FieldName::of(name).is_some_and(|name| AGENT_FIELDS.contains(&name.as_str()))
}

impl ForgottenList {
    /// Cleans the columns of one row, texts and documents, by their names; says whether anything changed. What was
    /// a part of the key becomes a pseudonym, so that rows stay apart; else it is gone.
    pub fn columns(&self, source: &str, keys: &[&str], columns: &mut Map<String, Json>) -> bool {
        if self.is_empty() {
            return false;
        }
        let owned = OWNERS.iter().any(|owner| {
            let id = columns.get(*owner).and_then(Json::as_str);
            id.is_some_and(|id| is_pseudonym(id) || self.has(Identifier::Agent, source, id))
        });
        let mut changed = false;
        for (name, value) in columns.iter_mut() {
            let before = value.clone();
            if owned && PERSONAL.contains(&name.as_str()) && !keys.contains(&name.as_str()) {
                *value = Json::Null;
            } else {
                self.column(source, (name, keys.contains(&name.as_str())), value, owned);
            }
            changed |= *value != before;
        }
        changed
    }

    fn column(&self, source: &str, (name, is_key): (&str, bool), value: &mut Json, owned: bool) {
        match value {
            Json::String(text) if is_agent_field(name) && self.has(Identifier::Agent, source, text) => {
                *text = self.pseudonym(source, text);
            }
            Json::String(text) if name == "person_id" => {
                if let Some(left) = self.person(text).or_else(|| self.text(source, text)) {
                    *text = left;
                }
            }
            Json::String(text) => match self.text(source, text) {
                Some(_) if is_key => *text = self.pseudonym(source, text),
                Some(left) if left.trim().is_empty() => *value = Json::Null,
                Some(left) => *text = left,
                None => {}
            },
            // A key of another table: `sync.absence.key`.
            Json::Array(parts) if name == "key" => {
                for part in parts {
                    if let Json::String(text) = part
                        && (self.has(Identifier::Agent, source, text) || self.text(source, text).is_some())
                    {
                        *text = self.pseudonym(source, text);
                    }
                }
            }
            document => {
                self.document(source, document);
                if owned {
                    blank(document);
                }
            }
        }
    }

    /// A person who is called after an account, `vendor/source/id`; `None` where that is nobody forgotten.
    fn person(&self, text: &str) -> Option<String> {
        let (account, id) = text.match_indices('/').nth(1).map(|(at, _)| (&text[..at], &text[at + 1..]))?;
        let (_, source) = account.split_once('/')?;
        let listed = self.has(Identifier::Agent, source, id) || self.text(source, id).is_some();
        listed.then(|| format!("{account}/{}", self.pseudonym(source, id)))
    }

    /// Cleans a document: what of it is about a listed agent loses all its texts, and what names a person anywhere
    /// loses that.
    pub(super) fn document(&self, source: &str, json: &mut Json) {
        match json {
            // As the privacy policies do it: both must come out the same.
            Json::String(text) => match self.text(source, text) {
                Some(left) if left.trim().is_empty() => *json = Json::Null,
                Some(left) => *text = left,
                None => {}
            },
            Json::Number(number) => {
                if self.text(source, &number.to_string()).is_some() {
                    *json = Json::Null;
                }
            }
            Json::Array(items) => items.iter_mut().for_each(|item| self.document(source, item)),
            Json::Object(map) => self.object(source, map),
            Json::Null | Json::Bool(_) => {}
        }
    }

    fn object(&self, source: &str, map: &mut Map<String, Json>) {
        let named: Vec<String> =
            map.keys().filter(|name| self.text(source, name).is_some()).cloned().collect();
        for name in named {
            if let (Some(value), Some(left)) = (map.remove(&name), self.text(source, &name)) {
                map.insert(left, value);
            }
        }
        let mut ids = Vec::new();
        for (name, value) in map.iter_mut().filter(|(name, _)| is_agent_field(name)) {
            if self.agent_value(source, value) {
                ids.push(name.clone());
            }
        }
        for value in map.iter_mut().filter(|(name, _)| !ids.contains(name)).map(|(_, value)| value) {
            self.document(source, value);
            if !ids.is_empty() {
                blank(value);
            }
        }
    }

    /// Puts a pseudonym in a listed agent's place; whether the field held just that one. Of a list, each for itself.
    fn agent_value(&self, source: &str, value: &mut Json) -> bool {
        let id = match &*value {
            Json::String(text) => text.clone(),
            Json::Number(number) => number.to_string(),
            Json::Array(_) => {
                if let Json::Array(items) = value {
                    for item in items {
                        self.agent_value(source, item);
                    }
                }
                return false;
            }
            _ => return false,
        };
        if is_pseudonym(&id) {
            return true;
        }
        let listed = self.has(Identifier::Agent, source, &id);
        if listed {
            *value = Json::String(self.pseudonym(source, &id));
        }
        listed
    }
}

/// What an earlier cleaning left in an id's place.
fn is_pseudonym(id: &str) -> bool {
    id.starts_with(PSEUDONYM)
}

/// Takes every text out; numbers and the shape stay.
fn blank(json: &mut Json) {
    match json {
        Json::String(text) if is_pseudonym(text) => {}
        Json::String(_) => *json = Json::Null,
        Json::Array(items) => items.iter_mut().for_each(blank),
        Json::Object(map) => map.values_mut().for_each(blank),
        _ => {}
    }
}
