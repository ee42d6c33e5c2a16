//! What each of Sobot's codes means (`docs/vendors.md#sobot-errors`).

use crate::domain::fault::FaultKind;

/// The only code of success.
pub(super) const SUCCESS: &str = "000000";

/// The verdict on a code other than [`SUCCESS`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Meaning {
    /// The token is absent, expired or replaced: what the token protocol is for.
    TokenRefused,
    /// A fault of this kind.
    Fault(FaultKind),
}

/// Judged by code alone: texts differ between the document and the live system.
pub(super) fn meaning(code: &str) -> Meaning {
    match code {
        // Token empty; token no longer valid.
        "900001" | "900002" => Meaning::TokenRefused,
        // Signature wrong; no API configuration for the company; edition without a right to the API.
        "900003" | "900004" | "700046" => Meaning::Fault(FaultKind::CredentialsRefused),
        "999999" => Meaning::Fault(FaultKind::VendorFailed),
        // Parameters: families 7000xx (the document) and 4000xx (tickets: bad times, span too long).
        _ if is_family(code, "7000") || is_family(code, "4000") => Meaning::Fault(FaultKind::RequestRefused),
        _ => Meaning::Fault(FaultKind::UnknownCode),
    }
}

fn is_family(code: &str, prefix: &str) -> bool {
    code.len() == 6
        && code.strip_prefix(prefix).is_some_and(|rest| rest.bytes().all(|byte| byte.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_of_the_document_and_of_the_live_system_has_its_meaning() {
        for code in ["900001", "900002"] {
            assert_eq!(meaning(code), Meaning::TokenRefused, "{code}");
        }
        let kind = |code: &str| match meaning(code) {
            Meaning::Fault(kind) => kind,
            Meaning::TokenRefused => panic!("{code} is no token code"),
        };
        for code in ["900003", "900004", "700046"] {
            assert_eq!(kind(code), FaultKind::CredentialsRefused, "{code}");
        }
        assert_eq!(kind("999999"), FaultKind::VendorFailed);
        for number in 1..=9 {
            assert_eq!(kind(&format!("70000{number}")), FaultKind::RequestRefused);
        }
        for code in ["400001", "400003", "400016", "400057"] {
            assert_eq!(kind(code), FaultKind::RequestRefused, "{code}");
        }
        for code in ["400258", "500101", "000001", "", "4000", "4000xx", "0000000"] {
            assert_eq!(kind(code), FaultKind::UnknownCode, "{code}");
        }
    }
}
