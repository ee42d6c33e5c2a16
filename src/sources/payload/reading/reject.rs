//! Elements that cannot be read.

use crate::domain::person::privacy::Privacy;
use crate::domain::row::record::Reject;
use crate::sources::payload::json_text::{Lone, escape_marks, has_marks};
use crate::sources::payload::reading::document::document;

/// The reject of an element, its payload after the privacy rules. What no text can hold stays an escape in it, and what
/// stands twice stands there twice: read again, it is found again.
pub(crate) fn reject(raw: &str, reason: String, privacy: &Privacy) -> Reject {
    let broken = || Reject { payload: privacy.scrub_broken(raw), reason: reason.clone() };
    let Some((sent, altered)) = document(raw, Lone::Marked) else { return broken() };
    if altered.repeated || altered.text && is_marked_by_its_sender(raw) {
        return broken();
    }
    let mut cleaned = sent.clone();
    privacy.scrub(&mut cleaned);
    // The vendor's own spelling is kept wherever nothing had to go.
    let payload = match (cleaned == sent, altered.text) {
        (true, _) => raw.to_owned(),
        (false, true) => escape_marks(cleaned.to_string()),
        (false, false) => cleaned.to_string(),
    };
    Reject { payload, reason }
}

fn is_marked_by_its_sender(raw: &str) -> bool {
    document(raw, Lone::Replaced).is_some_and(|(sent, _)| has_marks(&sent.to_string()))
}
