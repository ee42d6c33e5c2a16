//! From a request to a raw connection: what a WebSocket begins with. The same TLS, proxies and limits as for
//! every other request.

use std::time::Duration;

use reqwest::StatusCode;
use reqwest::header::{CONNECTION, HeaderName, UPGRADE};
use url::Url;

use super::{HttpClient, refuse_redirect, text_of, transport};
use crate::domain::fault::{Fault, FaultKind};
use crate::engine::plan::present::TimeWitness;
use crate::sources::address::is_loopback;
use crate::sources::context::RequestContext;

/// A connection that speaks HTTP no more.
pub(crate) type Raw = reqwest::Upgraded;

/// A handshake is short; the client's total timeout is for pages.
const HANDSHAKE: Duration = Duration::from_secs(15);

impl HttpClient {
    /// Asks for another protocol and answers the connection with the value of one of the answer's headers.
    pub(crate) async fn upgrade(
        &self,
        context: &RequestContext,
        url: Url,
        protocol: &str,
        headers: &[(&'static str, &str)],
        wanted: &'static str,
    ) -> Result<(Raw, Option<String>), Fault> {
        let client = if is_loopback(&url) { &self.loopback } else { &self.outward };
        let mut builder = client
            .get(url.clone())
            .header(CONNECTION, "Upgrade")
            .header(UPGRADE, protocol)
            .timeout(HANDSHAKE);
        for (name, value) in headers {
            builder = builder.header(*name, *value);
        }
        let asked_at = self.witness.as_ref().map(TimeWitness::reading);
        let sent = builder.send().await;
        let response =
            sent.map_err(|error| transport(context, error, &format!("no answer from {}", self.way(&url))))?;
        self.refuse_proxy_login(context, &url, &response)?;
        self.measure(context, asked_at, response.headers());
        refuse_redirect(context, &url, &response)?;
        let status = response.status();
        if status != StatusCode::SWITCHING_PROTOCOLS {
            let kind = match status.as_u16() {
                401 | 403 => FaultKind::CredentialsRefused,
                429 => FaultKind::RateLimited,
                400..=499 => FaultKind::RequestRefused,
                500..=599 => FaultKind::VendorFailed,
                _ => FaultKind::Malformed,
            };
            let status = status.as_u16();
            return Err(context.fault(kind, format_args!("expected a {protocol}, got HTTP {status}")));
        }
        let value = text_of(response.headers(), &HeaderName::from_static(wanted));
        let raw =
            response.upgrade().await.map_err(|error| transport(context, error, "no connection behind it"))?;
        Ok((raw, value))
    }
}
