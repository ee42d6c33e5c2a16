//! What a fault says of where it happened, and what of a vendor's words may be repeated.

use std::fmt;

use crate::domain::fault::{Fault, FaultKind};
use crate::domain::person::privacy::Privacy;
use crate::domain::row::text::one_line;

/// Vendor texts are quoted up to this many characters.
const QUOTE_CHARS_MAX: usize = 200;

/// One request as faults name it: what it is for, method and path. The query is left out, for it carries
/// signatures.
#[derive(Debug, Clone)]
pub(crate) struct RequestContext {
    /// The stream `source/stream`, or the source alone where it is no stream's.
    pub(crate) subject: String,
    /// For example `GET /api/get_token`.
    pub(crate) request: String,
}

impl RequestContext {
    /// The operator's name for the account.
    pub(crate) fn source(&self) -> &str {
        self.subject.split('/').next().unwrap_or_default()
    }

    pub(crate) fn fault(&self, kind: FaultKind, what: impl fmt::Display) -> Fault {
        Fault::new(kind, format!("{}: {}: {what}", self.subject, self.request))
    }
}

/// A vendor's text in quotation marks: one line, cut to length, without phone numbers and addresses (whatever the policy
/// of storing is, messages reach logs) and without any of `secrets`, should the vendor echo one.
pub(crate) fn quote(text: &str, secrets: &[&str]) -> String {
    let mut text = one_line(text);
    for secret in secrets.iter().filter(|secret| !secret.is_empty()) {
        text = text.replace(secret, "***");
    }
    let text = Privacy::MESSAGE.scrub_text(&text).unwrap_or(text);
    let mut quoted: String = text.trim().chars().take(QUOTE_CHARS_MAX).collect();
    if quoted.len() < text.trim().len() {
        quoted.push('…');
    }
    format!("“{quoted}”")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quoted_text_is_short_single_lined_and_free_of_secrets_and_phone_numbers() {
        assert_eq!(quote("no\nsuch 15711356914 s3cret", &["s3cret", ""]), "“no such 157****6914 ***”");
        assert_eq!(quote(&"长".repeat(300), &[]), format!("“{}…”", "长".repeat(200)));
    }
}
