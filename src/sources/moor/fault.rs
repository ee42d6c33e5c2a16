//! What each of 7moor's codes means (`docs/vendors.md#7moor-errors`).

use std::time::Duration;

use crate::domain::fault::FaultKind;

/// The code of success.
pub(super) const SUCCESS: u64 = 200;

/// The limits are printed per minute.
pub(super) const RATE_WAIT: Duration = Duration::from_secs(60);

/// The verdict on an answer that is no success.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Meaning {
    /// The signature was refused.
    SignatureRefused,
    /// A fault of this kind.
    Fault(FaultKind),
}

/// 403 means a wrong signature on most pages and too many requests on one: there, and only there, the text
/// must tell (`Server is busy, max request frequency is 20/min`).
pub(super) fn meaning(code: Option<u64>, message: &str) -> Meaning {
    match code {
        Some(403) | None if speaks_of_frequency(message) => Meaning::Fault(FaultKind::RateLimited),
        Some(403) => Meaning::SignatureRefused,
        // Wrong parameters; agent does not exist.
        Some(400 | 210) => Meaning::Fault(FaultKind::RequestRefused),
        Some(429) => Meaning::Fault(FaultKind::RateLimited),
        Some(500..=599) => Meaning::Fault(FaultKind::VendorFailed),
        Some(_) | None => Meaning::Fault(FaultKind::UnknownCode),
    }
}

/// Whether the code is one of failure that the documents know.
pub(super) fn is_known_failure(code: u64) -> bool {
    matches!(code, 210 | 400 | 403 | 429 | 500)
}

fn speaks_of_frequency(message: &str) -> bool {
    let message = message.to_ascii_lowercase();
    ["max request frequency", "frequency", "busy"].iter().any(|words| message.contains(words))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_decides_between_the_two_meanings_of_403_and_nothing_else() {
        let limited = Meaning::Fault(FaultKind::RateLimited);
        assert_eq!(meaning(Some(403), "Server is busy, max request frequency is 20/min"), limited);
        assert_eq!(meaning(Some(403), "Max Request Frequency is 100/min"), limited);
        assert_eq!(meaning(Some(403), "server busy"), limited);
        assert_eq!(meaning(None, "request frequency"), limited);
        assert_eq!(meaning(Some(403), "auth error"), Meaning::SignatureRefused);
        assert_eq!(meaning(Some(403), ""), Meaning::SignatureRefused);
        assert_eq!(meaning(Some(400), "server is busy"), Meaning::Fault(FaultKind::RequestRefused));
    }

    #[test]
    fn every_other_code_has_its_meaning() {
        for (code, kind) in [
            (Some(210), FaultKind::RequestRefused),
            (Some(400), FaultKind::RequestRefused),
            (Some(429), FaultKind::RateLimited),
            (Some(500), FaultKind::VendorFailed),
            (Some(418), FaultKind::UnknownCode),
            (None, FaultKind::UnknownCode),
        ] {
            assert_eq!(meaning(code, "x"), Meaning::Fault(kind), "{code:?}");
        }
    }
}
