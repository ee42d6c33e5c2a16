//! What stored texts become when keys or policies have changed.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Privacy, TokenKeys};
use crate::domain::row::table::Column;

/// A change to what is stored already.
#[derive(Debug, Clone)]
pub enum Rewrite {
    /// Tokens are lifted to the newest key's level.
    Lift(Arc<TokenKeys>),
    /// Today's policies, by source. Sources that are not configured stay as they are.
    Apply(BTreeMap<String, Privacy>),
}

impl Rewrite {
    /// What takes the place of the text of this column, as its stream declares it if one does, where something does; nothing is left of it inside.
    /// `is_document`: JSON, or what was to be JSON.
    pub fn text(
        &self,
        source: Option<&str>,
        (column, declared): (&str, Option<&Column>),
        is_document: bool,
        text: &str,
    ) -> Option<Option<String>> {
        match self {
            Rewrite::Lift(keys) => keys.lift_text(text).map(Some),
            Rewrite::Apply(sources) => {
                let privacy = source.and_then(|source| sources.get(source))?;
                let left = if is_document {
                    Some(privacy.scrub_payload(text))
                } else {
                    let left = match declared {
                        Some(declared) => privacy.text_of(declared.personal, text.into()),
                        None => privacy.field(column, text.into()),
                    };
                    left.map(Cow::into_owned)
                };
                (left.as_deref() != Some(text)).then_some(left)
            }
        }
    }
}
