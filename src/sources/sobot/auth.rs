//! The signature of a token request (`docs/vendors.md#sobot-token`).

use chrono::{DateTime, Utc};
use md5::{Digest as _, Md5};
use secrecy::ExposeSecret as _;
use url::Url;

use crate::sources::address::address;
use crate::sources::sobot::config::SobotConfig;

pub(super) const TOKEN_PATH: &str = "/api/get_token";

/// The address of a token request made `now`; `create_time` is in Unix seconds.
pub(super) fn token_address(config: &SobotConfig, now: DateTime<Utc>) -> Url {
    let create_time = now.timestamp().to_string();
    let sign = sign(&config.app_id, &create_time, config.app_key.current().expose_secret());
    let query = [("appid", config.app_id.as_str()), ("create_time", &create_time), ("sign", &sign)];
    address(&config.base_url, TOKEN_PATH, &query)
}

/// `md5(appid + create_time + app_key)` in lower-case hexadecimal.
fn sign(app_id: &str, create_time: &str, app_key: &str) -> String {
    let digest = Md5::digest(format!("{app_id}{create_time}{app_key}"));
    format!("{:032x}", u128::from_be_bytes(digest.into()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::person::privacy::Privacy;

    #[test]
    fn the_documents_own_example_is_signed_as_the_document_signs_it() {
        assert_eq!(sign("1", "1569397773", "2"), "258eec3118705112b2c53dc8043d4d34");
    }

    #[test]
    fn a_token_request_carries_seconds_and_not_the_key() {
        let config = SobotConfig {
            source: "s".into(),
            base_url: Url::parse("https://www.sobot.com").unwrap(),
            app_id: "1".into(),
            app_key: "2".into(),
            privacy: Privacy::default(),
        };
        let now = DateTime::parse_from_rfc3339("2019-09-25T15:49:33.999+08:00").unwrap().to_utc();
        assert_eq!(
            token_address(&config, now).as_str(),
            "https://www.sobot.com/api/get_token?appid=1&create_time=1569397773&sign=258eec3118705112b2c53dc8043d4d34"
        );
    }
}
