//! Signatures by which a target knows its sender.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

fn hmac_sha256(key: &[u8], message: &[u8]) -> Vec<u8> {
    // A key of any length is one.
    Hmac::<Sha256>::new_from_slice(key)
        .map(|mut mac| {
            mac.update(message);
            mac.finalize().into_bytes().to_vec()
        })
        .unwrap_or_default()
}

/// DingTalk's, for its address: of the time in milliseconds and the secret, under the secret.
pub(super) fn dingtalk(secret: &str, millis: i64) -> String {
    BASE64_STANDARD.encode(hmac_sha256(secret.as_bytes(), format!("{millis}\n{secret}").as_bytes()))
}

/// Feishu's, for its body: of nothing, under the time in seconds and the secret.
pub(super) fn feishu(secret: &str, seconds: i64) -> String {
    BASE64_STANDARD.encode(hmac_sha256(format!("{seconds}\n{secret}").as_bytes(), b""))
}

/// Ours, for a header: of the body, as GitHub's webhooks have it.
pub(super) fn body(secret: &str, body: &str) -> String {
    let digest = hmac_sha256(secret.as_bytes(), body.as_bytes());
    digest.iter().fold("sha256=".to_owned(), |text, byte| text + &format!("{byte:02x}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signatures_are_those_that_others_reckon() {
        // Reckoned with Python's hmac.
        assert_eq!(dingtalk("SECabc", 1_700_000_000_000), "jcUpW0QmtKduN03n4JqQ0PBosVjqnM8gU7fIIvsDmCM=");
        assert_eq!(feishu("SECabc", 1_700_000_000), "XprR1de+0SSBnwWyU/4k6x2TL+Q2SJlM5NNEdAv7MWg=");
        assert_eq!(
            body("SECabc", "{}"),
            "sha256=8d2d25a177f529ded390471c22598c379184d873e23aacaade52dba6a5a390a3"
        );
    }
}
