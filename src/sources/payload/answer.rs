//! An answer as it came, whatever it means.

mod body;
mod charset;
mod salvage;
mod text;

use std::sync::OnceLock;
use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio::sync::OwnedSemaphorePermit;

use crate::domain::fault::{Fault, FaultKind};
use crate::sources::context::RequestContext;
use crate::sources::payload::answer::salvage::{Salvaged, salvage, syntax_error};

pub(in crate::sources) use self::body::{body_text, sound_text};
pub(in crate::sources) use self::charset::Declared;
pub(in crate::sources) use self::salvage::BrokenElement;
pub(in crate::sources) use self::text::{AnswerText, Spares};

/// The longest wait that is taken over from a `Retry-After`.
const RETRY_AFTER_MAX: Duration = Duration::from_secs(24 * 60 * 60);

/// What came back.
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// The answering machine's clock.
    pub(crate) date: Option<DateTime<Utc>>,
    pub(crate) text: AnswerText,
    /// The charset that its header declares, where nobody knows it: it was read as UTF-8.
    pub(crate) unknown_charset: Option<String>,
    pub(in crate::sources) retry_after: Option<String>,
    pub(in crate::sources) html: bool,
    pub(in crate::sources) bytes: usize,
    /// What could be kept of a text that is no JSON, once somebody asked.
    pub(in crate::sources) salvaged: OnceLock<Option<Salvaged>>,
    /// The right to hold a large body, until it is dropped.
    pub(in crate::sources) _large: Option<OwnedSemaphorePermit>,
}

impl Answer {
    /// The answer without the broken elements of its lists, which have one of these names; `None` where it is sound, or
    /// broken elsewhere.
    pub(in crate::sources) fn without_broken_elements(&self, lists: &[&str]) -> Option<&str> {
        let salvaged = self.salvaged.get_or_init(|| salvage(&self.text, lists));
        salvaged.as_ref().map(|salvaged| salvaged.text.as_str())
    }

    /// The elements that [`Answer::without_broken_elements`] left out.
    pub(in crate::sources) fn broken_elements(&self) -> &[BrokenElement] {
        self.salvaged.get().and_then(Option::as_ref).map_or(&[], |salvaged| &salvaged.broken)
    }

    /// How long `Retry-After` asks to wait: seconds, or until a date.
    pub(crate) fn retry_after(&self, now: DateTime<Utc>) -> Option<Duration> {
        let text = self.retry_after.as_deref()?.trim();
        let wait = match text.parse::<u64>() {
            Ok(seconds) => Duration::from_secs(seconds),
            Err(_) => (http_date(text)? - now).to_std().unwrap_or_default(),
        };
        Some(wait.min(RETRY_AFTER_MAX))
    }

    /// The fault of an answer whose body is not the vendor's: the status is all there is to judge by.
    pub(crate) fn not_understood(
        &self,
        context: &RequestContext,
        expected: &str,
        now: DateTime<Utc>,
    ) -> Fault {
        let kind = match self.status {
            429 => FaultKind::RateLimited,
            401 | 403 => FaultKind::CredentialsRefused,
            500..=599 => FaultKind::VendorFailed,
            _ => FaultKind::Malformed,
        };
        let got = match self.text.trim_start().as_bytes().first() {
            None => "an empty body".to_owned(),
            Some(b'<') => format!("an HTML page of {} bytes", self.bytes),
            Some(b'{' | b'[') => match syntax_error(&self.text, 0..self.text.len()) {
                Some(why) => format!("broken JSON of {} bytes: {why}", self.bytes),
                None => format!("other JSON of {} bytes", self.bytes),
            },
            Some(_) if self.html => format!("an HTML page of {} bytes", self.bytes),
            Some(_) => format!("other text of {} bytes", self.bytes),
        };
        let fault = context.fault(kind, format_args!("expected {expected}, got {got}, HTTP {}", self.status));
        let is_refusal = matches!(self.status, 400..=499) && !matches!(self.status, 401 | 403 | 408);
        let fault = if is_refusal { fault.answered_under(self.status) } else { fault };
        self.with_retry_after(fault, now)
    }

    /// The fault with the wait that the answer's header asks for, if it does.
    pub(crate) fn with_retry_after(&self, fault: Fault, now: DateTime<Utc>) -> Fault {
        match self.retry_after(now) {
            Some(wait) => fault.with_retry_after(wait),
            None => fault,
        }
    }
}

pub(in crate::sources) fn http_date(text: &str) -> Option<DateTime<Utc>> {
    DateTime::parse_from_rfc2822(text).ok().map(|instant| instant.to_utc())
}

#[cfg(any(test, fuzzing))]
impl Answer {
    /// An answer of this status and body.
    pub(in crate::sources) fn plain(status: u16, text: &str) -> Answer {
        Answer {
            status,
            date: None,
            text: AnswerText::new(text.to_owned(), &Spares::default()),
            unknown_charset: None,
            retry_after: None,
            html: false,
            bytes: text.len(),
            salvaged: OnceLock::new(),
            _large: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retry_after_is_read_as_seconds_and_as_a_date() {
        let now = DateTime::parse_from_rfc3339("2015-10-21T07:27:00Z").unwrap().to_utc();
        let wait = |text: &str| {
            let answer = Answer { retry_after: Some(text.to_owned()), ..Answer::plain(429, "") };
            answer.retry_after(now)
        };
        assert_eq!(wait(" 7 "), Some(Duration::from_secs(7)));
        assert_eq!(wait("Wed, 21 Oct 2015 07:28:00 GMT"), Some(Duration::from_secs(60)));
        assert_eq!(wait("Wed, 21 Oct 2015 07:26:00 GMT"), Some(Duration::ZERO));
        assert_eq!(wait("99999999999"), Some(RETRY_AFTER_MAX));
        assert_eq!(wait("soon"), None);
    }
}
