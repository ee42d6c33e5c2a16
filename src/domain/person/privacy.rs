//! What becomes of personal data before anything is stored: a [`Privacy`] for each source, asked by
//! `sources/payload/reading` for every field.
//!
//! Phone numbers and e-mail addresses are found in any text. Names cannot be found, only known by the field
//! that holds them.

mod document;
mod field;
mod find;
mod mask;
mod rewrite;
mod token;

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};

use crate::domain::person::forgotten::ErasureList;

pub use self::rewrite::Rewrite;
pub use self::token::{KEY_BYTES_MIN, TokenKeys};

/// What is done with one kind of personal data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Policy {
    /// Stored as sent.
    Keep,
    /// A part stays readable: `157****6914`, `z***@example.com`, `张**`.
    #[default]
    Mask,
    /// A keyed token stands in its place, the same wherever the same value was: `hmac1:…`.
    Hmac,
    /// Not stored at all.
    Drop,
}

impl Policy {
    /// Every policy and the word for it.
    pub const WORDS: [(&'static str, Policy); 4] =
        [("mask", Policy::Mask), ("keep", Policy::Keep), ("hmac", Policy::Hmac), ("drop", Policy::Drop)];

    /// The word for it in the configuration.
    pub const fn as_str(self) -> &'static str {
        match self {
            Policy::Keep => "keep",
            Policy::Mask => "mask",
            Policy::Hmac => "hmac",
            Policy::Drop => "drop",
        }
    }
}

/// A kind of personal data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Personal {
    /// A telephone number.
    Phone,
    /// An e-mail address.
    Email,
    /// A person's name.
    Name,
}

impl Personal {
    /// The key of its policy in the configuration.
    pub const fn as_str(self) -> &'static str {
        match self {
            Personal::Phone => "phone",
            Personal::Email => "email",
            Personal::Name => "name",
        }
    }
}

/// What one source's personal data becomes.
#[derive(Debug, Clone)]
pub struct Privacy {
    /// Phone numbers.
    pub phone: Policy,
    /// E-mail addresses.
    pub email: Policy,
    /// People's names.
    pub name: Policy,
    /// The keys of tokens; there where a policy is `hmac`.
    pub keys: Option<Arc<TokenKeys>>,
    /// Who is forgotten, and in which source: whatever the policy, nothing of them is stored.
    pub forgotten: Option<(ErasureList, String)>,
}

impl Default for Privacy {
    fn default() -> Privacy {
        Privacy { phone: Policy::Mask, email: Policy::Keep, name: Policy::Keep, keys: None, forgotten: None }
    }
}

impl Privacy {
    /// Everything stays.
    pub const KEEP: Privacy =
        Privacy { phone: Policy::Keep, email: Policy::Keep, name: Policy::Keep, keys: None, forgotten: None };

    /// For messages, which reach logs and screens whatever the policy of storing is.
    pub const MESSAGE: Privacy =
        Privacy { phone: Policy::Mask, email: Policy::Mask, name: Policy::Keep, keys: None, forgotten: None };

    /// The policy of this kind.
    pub fn of(&self, kind: Personal) -> Policy {
        match kind {
            Personal::Phone => self.phone,
            Personal::Email => self.email,
            Personal::Name => self.name,
        }
    }

    /// The same, with nothing kept: for records of what people do.
    pub fn at_least_masked(&self) -> Privacy {
        let masked = |policy| if policy == Policy::Keep { Policy::Mask } else { policy };
        Privacy {
            phone: masked(self.phone),
            email: masked(self.email),
            name: masked(self.name),
            keys: self.keys.clone(),
            forgotten: self.forgotten.clone(),
        }
    }

    /// The same for a source whose persons may be forgotten.
    #[must_use]
    pub fn forgetting(&self, board: &ErasureList, source: &str) -> Privacy {
        Privacy { forgotten: Some((board.clone(), source.to_owned())), ..self.clone() }
    }

    /// The text without what names a forgotten person, before any policy could make it unknowable; `None` where
    /// nothing does.
    fn remembered(&self, text: &str) -> Option<String> {
        let (board, source) = self.forgotten.as_ref()?;
        board.list().text(source, text)
    }

    fn keeps_all(&self) -> bool {
        let forgets = self.forgotten.as_ref().is_some_and(|(board, _)| !board.list().is_empty());
        !forgets && [self.phone, self.email, self.name] == [Policy::Keep; 3]
    }

    /// What is stored for a field that holds this kind of data and nothing else.
    pub fn apply(&self, kind: Personal, value: &str) -> Option<String> {
        let left = self.remembered(value);
        let value = left.as_deref().unwrap_or(value).trim();
        if left.is_some() && value.is_empty() {
            return None;
        }
        match self.of(kind) {
            Policy::Keep => Some(value.to_owned()),
            // What was treated once is not treated again: a token of a mask would join what does not belong
            // together.
            Policy::Mask | Policy::Hmac if token::is_token(value) || mask::is_masked(kind, value) => {
                Some(value.to_owned())
            }
            Policy::Mask => Some(mask::mask(kind, value)),
            Policy::Hmac => Some(self.token(kind, value)),
            Policy::Drop => None,
        }
    }

    /// The configuration gives keys wherever it says `hmac`; without them a mask is all there can be.
    fn token(&self, kind: Personal, value: &str) -> String {
        self.keys.as_ref().map_or_else(|| mask::mask(kind, value), |keys| keys.token(kind, value))
    }

    /// The text with its phone numbers and addresses treated, or `None` where it has none or they are kept.
    pub fn scrub_text(&self, text: &str) -> Option<String> {
        let left = self.remembered(text);
        let text = left.as_deref().unwrap_or(text);
        let spans = find::find(text, self.phone != Policy::Keep, self.email != Policy::Keep);
        let treated = self.replace(text, &spans, |kind, found| self.apply(kind, found).unwrap_or_default());
        treated.or(left)
    }

    fn replace(
        &self,
        text: &str,
        spans: &[find::Span],
        treat: impl Fn(Personal, &str) -> String,
    ) -> Option<String> {
        let mut out = String::new();
        let mut copied = 0;
        for span in spans {
            out.push_str(&text[copied..span.start]);
            out.push_str(&treat(span.kind, &text[span.start..span.end]));
            copied = span.end;
        }
        (!spans.is_empty()).then(|| out + &text[copied..])
    }

    /// What is stored of the text of the field `name`; `None` where nothing is.
    pub fn field<'t>(&self, name: &str, text: Cow<'t, str>) -> Option<Cow<'t, str>> {
        self.text_of(field::kind_of(name), text)
    }

    /// What is stored of a text that holds this kind of data, or any; `None` where nothing is.
    pub fn text_of<'t>(&self, kind: Option<Personal>, text: Cow<'t, str>) -> Option<Cow<'t, str>> {
        match kind {
            Some(kind) if self.of(kind) != Policy::Keep => {
                self.apply(kind, &text).filter(|left| !left.is_empty()).map(Cow::Owned)
            }
            Some(_) | None => match self.scrub_text(&text) {
                Some(left) => Some(left).filter(|left| !left.trim().is_empty()).map(Cow::Owned),
                None => Some(text),
            },
        }
    }

    /// A part of a key. Keys must stay apart, so a number or address in one becomes a token, whether it is to
    /// be masked, dropped or a token anyway.
    ///
    /// # Errors
    /// The kind of data found, where it is masked already or there is no key to make a token with.
    pub fn key<'t>(&self, text: Cow<'t, str>) -> Result<Cow<'t, str>, Personal> {
        if let Some((board, source)) = &self.forgotten
            && board.list().text(source, &text).is_some()
        {
            return Ok(board.list().pseudonym(source, &text).into());
        }
        // What a mask has left, in a record from quarantine say, could be another key's remains as well.
        for kind in [Personal::Phone, Personal::Email].into_iter().filter(|_| text.contains('*')) {
            if self.of(kind) != Policy::Keep && mask::is_masked(kind, &text) {
                return Err(kind);
            }
        }
        let mut spans = find::find(&text, self.phone != Policy::Keep, self.email != Policy::Keep);
        // Ids have parts too, so that a gap alone does not make a landline here.
        spans.retain(|span| {
            span.kind == Personal::Email || find::is_surely_phone(&text[span.start..span.end])
        });
        match (spans.first(), &self.keys) {
            (None, _) => Ok(text),
            (Some(_), Some(keys)) => {
                let replaced = self.replace(&text, &spans, |kind, found| keys.token(kind, found));
                Ok(replaced.map_or(text, Cow::Owned))
            }
            (Some(span), None) => Err(span.kind),
        }
    }

    /// Whether a text, a number say, is or holds what may not be stored.
    pub fn forbids(&self, text: &str) -> bool {
        let spans = find::find(text, self.phone != Policy::Keep, self.email != Policy::Keep);
        !spans.is_empty() || self.remembered(text).is_some()
    }
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

#[cfg(test)]
mod tests;
