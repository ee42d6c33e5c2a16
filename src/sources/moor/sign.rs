//! The signature of each request (`docs/vendors.md#7moor-signature`): valid for five minutes.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
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
    /// What it was made with.
    pub(super) api_secret: SecretString,
}

/// The signature of a request made `now`: one reading of the clock for both parts, as the vendor demands,
/// written in Beijing time whatever the host's zone.
pub(super) fn sign(config: &MoorConfig, now: DateTime<Utc>) -> Signature {
    let timestamp = now.with_timezone(&Shanghai).format("%Y%m%d%H%M%S").to_string();
    sign_at(&config.account_id, config.api_secret.current(), &timestamp)
}

fn sign_at(account: &str, api_secret: SecretString, timestamp: &str) -> Signature {
    let digest = Md5::digest(format!("{account}{}{timestamp}", api_secret.expose_secret()));
    let mut sig = String::with_capacity(32);
    // Writing to a String cannot fail.
    let _ = write!(sig, "{:032X}", u128::from_be_bytes(digest.into()));
    Signature {
        sig: SecretString::from(sig),
        authorization: SecretString::from(STANDARD.encode(format!("{account}:{timestamp}"))),
        api_secret,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::person::privacy::Privacy;

    #[test]
    fn the_documents_own_example_is_signed_as_the_document_signs_it() {
        let config = MoorConfig {
            source: "m".into(),
            base_url: "https://openapis.7moor.com".parse().unwrap(),
            account_id: "N00000000556".into(),
            api_secret: "secret".into(),
            privacy: Privacy::default(),
        };
        let now = DateTime::parse_from_rfc3339("2016-10-13T11:36:12.5+08:00").unwrap().to_utc();
        let signature = sign(&config, now);
        assert_eq!(signature.sig.expose_secret(), "88996D9907E0EE52C5DAF8EFFCC31CFC");
        assert_eq!(signature.authorization.expose_secret(), "TjAwMDAwMDAwNTU2OjIwMTYxMDEzMTEzNjEy");
    }
}
