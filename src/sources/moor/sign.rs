//! The signature of each request (`vendor-facts.md` 1.2): valid for five minutes.

use std::fmt::Write as _;

use chrono::{DateTime, Utc};
use chrono_tz::Asia::Shanghai;
use md5::{Digest as _, Md5};
use secrecy::{ExposeSecret as _, SecretString};

use crate::sources::moor::config::MoorConfig;

/// What a request carries to prove who sends it.
pub(super) struct Signature {
    /// The query's `sig`.
    pub(super) sig: SecretString,
    /// The header `Authorization`, without a scheme.
    pub(super) authorization: SecretString,
}

/// The signature of a request made `now`: one reading of the clock for both parts, as the vendor demands,
/// written in Beijing time whatever the host's zone.
pub(super) fn sign(config: &MoorConfig, now: DateTime<Utc>) -> Signature {
    let timestamp = now.with_timezone(&Shanghai).format("%Y%m%d%H%M%S").to_string();
    sign_at(&config.account_id, config.api_secret.expose_secret(), &timestamp)
}

fn sign_at(account: &str, secret: &str, timestamp: &str) -> Signature {
    let digest = Md5::digest(format!("{account}{secret}{timestamp}"));
    let mut sig = String::with_capacity(32);
    // Writing to a String cannot fail.
    let _ = write!(sig, "{:032X}", u128::from_be_bytes(digest.into()));
    Signature {
        sig: SecretString::from(sig),
        authorization: SecretString::from(base64(format!("{account}:{timestamp}").as_bytes())),
    }
}

/// RFC 4648, section 4.
fn base64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for group in bytes.chunks(3) {
        let byte = |index: usize| u32::from(group.get(index).copied().unwrap_or_default());
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for position in 0..4 {
            let index = (bits >> (18 - 6 * position)) & 0x3f;
            out.push(if position <= group.len() { char::from(ALPHABET[index as usize]) } else { '=' });
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::privacy::PhonePolicy;

    #[test]
    fn the_documents_own_example_is_signed_as_the_document_signs_it() {
        let config = MoorConfig {
            source: "m".into(),
            base_url: "https://openapis.7moor.com".parse().unwrap(),
            account_id: "N00000000556".into(),
            api_secret: "secret".into(),
            phone: PhonePolicy::Mask,
        };
        let now = DateTime::parse_from_rfc3339("2016-10-13T11:36:12.5+08:00").unwrap().to_utc();
        let signature = sign(&config, now);
        assert_eq!(signature.sig.expose_secret(), "88996D9907E0EE52C5DAF8EFFCC31CFC");
        assert_eq!(signature.authorization.expose_secret(), "TjAwMDAwMDAwNTU2OjIwMTYxMDEzMTEzNjEy");
    }

    #[test]
    fn base64_agrees_with_the_rfc() {
        for (plain, encoded) in [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foob", "Zm9vYg=="),
            ("foobar", "Zm9vYmFy"),
        ] {
            assert_eq!(base64(plain.as_bytes()), encoded);
        }
    }
}
