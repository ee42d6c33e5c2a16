//! A signed request to one of 7moor's endpoints (`docs/vendors.md#7moor-signature`).

use chrono::{DateTime, Utc};
use secrecy::ExposeSecret as _;

use crate::sources::address::address;
use crate::sources::http::{Body, Request};
use crate::sources::moor::config::MoorConfig;
use crate::sources::moor::sign::{Signature, sign};

/// The path of an endpoint, without the query.
pub(super) fn path(config: &MoorConfig, endpoint: &str) -> String {
    format!("/v20210827/webChat/{endpoint}/{}", config.account_id)
}

/// The request with this JSON body, signed `now`.
pub(super) fn post(
    config: &MoorConfig,
    path: &str,
    body: String,
    now: DateTime<Utc>,
) -> (Request, Signature) {
    let signature = sign(config, now);
    let query = [("sig", signature.sig.expose_secret())];
    let request = Request {
        url: address(&config.base_url, path, &query),
        secret_header: Some(("Authorization", signature.authorization.clone())),
        body: Some(Body::Json(body)),
        time_limit: None,
    };
    (request, signature)
}

impl Signature {
    /// All that must not be repeated of a request, should the vendor echo it.
    pub(super) fn secrets(&self) -> [&str; 3] {
        [self.sig.expose_secret(), self.authorization.expose_secret(), self.api_secret.expose_secret()]
    }
}
