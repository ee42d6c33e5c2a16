//! What becomes of phone numbers before anything is stored.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};

/// What is done with a phone number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PhonePolicy {
    /// Stored as sent.
    Keep,
    /// First three and last four digits stay: `157****6914`.
    #[default]
    Mask,
    /// Not stored at all.
    Drop,
}

/// Which of a customer's custom fields are stored. Whoever set the fields up knows what is in them; we do not.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum CustomFieldPolicy {
    /// None.
    #[default]
    Drop,
    /// All.
    Keep,
    /// Those with these names.
    Only(BTreeSet<String>),
}

impl CustomFieldPolicy {
    /// What is left of the fields; `None` where nothing is.
    pub fn apply(&self, mut fields: Map<String, Json>) -> Option<Map<String, Json>> {
        match self {
            CustomFieldPolicy::Drop => fields.clear(),
            CustomFieldPolicy::Keep => {}
            CustomFieldPolicy::Only(names) => fields.retain(|name, _| names.contains(name)),
        }
        (!fields.is_empty()).then_some(fields)
    }
}

impl PhonePolicy {
    /// What is stored for a field that holds a phone number.
    pub fn apply(self, phone: &str) -> Option<String> {
        match self {
            PhonePolicy::Keep => Some(phone.to_owned()),
            PhonePolicy::Mask => Some(mask_phone(phone)),
            PhonePolicy::Drop => None,
        }
    }

    /// Finds mainland mobile numbers (eleven digits from 13 to 19, with or without 86 in front) in any
    /// text of a document and treats them alike. Other text stays as it is.
    pub fn scrub(self, json: &mut Json) {
        match json {
            Json::String(text) => {
                if let Some(scrubbed) = self.scrub_text(text) {
                    *text = scrubbed;
                }
            }
            Json::Number(number) => {
                if let Some(scrubbed) = self.scrub_text(&number.to_string()) {
                    *json = Json::String(scrubbed);
                }
            }
            Json::Array(items) => items.iter_mut().for_each(|item| self.scrub(item)),
            Json::Object(map) => map.values_mut().for_each(|value| self.scrub(value)),
            Json::Null | Json::Bool(_) => {}
        }
    }

    /// The text with its phone numbers treated, or `None` where it has none or they are kept.
    pub fn scrub_text(self, text: &str) -> Option<String> {
        if self == PhonePolicy::Keep {
            return None;
        }
        let mut out = String::new();
        let mut copied = 0;
        for (start, digits) in digit_runs(text) {
            let mobile = digits.strip_prefix("86").filter(|rest| rest.len() == 11).unwrap_or(digits);
            if is_mobile(mobile) {
                out.push_str(&text[copied..start]);
                out.push_str(&self.apply(digits).unwrap_or_default());
                copied = start + digits.len();
            }
        }
        (copied > 0).then(|| out + &text[copied..])
    }
}

fn is_mobile(digits: &str) -> bool {
    digits.len() == 11 && digits.starts_with('1') && ('3'..='9').contains(&(digits.as_bytes()[1] as char))
}

/// Each maximal run of ASCII digits that is not part of a longer word or of a decimal number.
fn digit_runs(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let bytes = text.as_bytes();
    let mut at = 0;
    std::iter::from_fn(move || {
        loop {
            let start = at + bytes[at..].iter().position(u8::is_ascii_digit)?;
            let end = bytes[start..]
                .iter()
                .position(|byte| !byte.is_ascii_digit())
                .map_or(bytes.len(), |length| start + length);
            at = end;
            let joined = |byte: Option<&u8>| byte.is_some_and(|byte| byte.is_ascii_alphabetic());
            if !joined(start.checked_sub(1).and_then(|before| bytes.get(before))) && !joined(bytes.get(end)) {
                return Some((start, &text[start..end]));
            }
        }
    })
}

/// First three and last four characters, the rest as `****`; short numbers keep only the last two.
pub fn mask_phone(phone: &str) -> String {
    let chars: Vec<char> = phone.trim().chars().collect();
    match chars.len() {
        0 => String::new(),
        1..=7 => {
            let tail: String = chars[chars.len().saturating_sub(2)..].iter().collect();
            if chars.len() <= 2 { "****".to_owned() } else { format!("****{tail}") }
        }
        length => {
            let head: String = chars[..3].iter().collect();
            let tail: String = chars[length - 4..].iter().collect();
            format!("{head}****{tail}")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mobile_number_keeps_its_first_three_and_last_four_digits() {
        assert_eq!(mask_phone("15711356914"), "157****6914");
        assert_eq!(mask_phone("12345"), "****45");
        assert_eq!(mask_phone("12"), "****");
        assert_eq!(mask_phone(""), "");
    }

    #[test]
    fn mobile_numbers_are_found_anywhere_in_a_document_and_nothing_else_is_touched() {
        let mut json = serde_json::json!({
            "note": "打 15711356914 或 8613900001111。", "n": 15711356914u64,
            "ms": "1554971786077", "id": "a15711356914b", "score": 132.5, "deep": [{"tel": "+8615711356914"}],
        });
        PhonePolicy::Mask.scrub(&mut json);
        assert_eq!(
            json,
            serde_json::json!({
                "note": "打 157****6914 或 861****1111。", "n": "157****6914",
                "ms": "1554971786077", "id": "a15711356914b", "score": 132.5, "deep": [{"tel": "+861****6914"}],
            })
        );
    }

    #[test]
    fn dropping_leaves_no_digit_and_keeping_changes_nothing() {
        assert_eq!(PhonePolicy::Drop.scrub_text("a 15711356914 b").as_deref(), Some("a  b"));
        assert_eq!(PhonePolicy::Keep.scrub_text("15711356914"), None);
        assert_eq!(PhonePolicy::Drop.apply("15711356914"), None);
    }

    #[test]
    fn only_the_named_custom_fields_stay() {
        let fields = || serde_json::from_str(r#"{"年龄": "39", "地址": "x"}"#).unwrap();
        let named = CustomFieldPolicy::Only(["年龄".to_owned()].into());
        assert_eq!(named.apply(fields()).map(|kept| kept.len()), Some(1));
        assert_eq!(CustomFieldPolicy::Keep.apply(fields()).map(|kept| kept.len()), Some(2));
        assert_eq!(CustomFieldPolicy::Drop.apply(fields()), None);
    }
}
