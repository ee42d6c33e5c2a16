//! Who is served: requests that name one of our hosts, and where a token is set those that carry it.
//!
//! A page on a foreign site whose name was pointed at this machine (DNS rebinding) sends its own name as Host. Addresses
//! cannot be pointed elsewhere.

use std::net::{IpAddr, SocketAddr};

use axum::http::header::{AUTHORIZATION, HOST, WWW_AUTHENTICATE};
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use secrecy::{ExposeSecret as _, SecretString};
use sha2::{Digest as _, Sha256};

/// Whom the server answers.
#[derive(Debug, Clone, Default)]
pub struct Admission {
    /// Where it listens; the port says nothing.
    listen: Option<IpAddr>,
    /// Names that count beside this machine's own.
    hosts: Vec<String>,
    token: Option<SecretString>,
}

impl Admission {
    /// Of a server that listens on this address, under these names too, and for those who carry this token.
    pub fn new(
        listen: IpAddr,
        hosts: impl IntoIterator<Item = impl AsRef<str>>,
        token: Option<SecretString>,
    ) -> Admission {
        let hosts = hosts.into_iter().map(|host| host.as_ref().to_ascii_lowercase()).collect();
        Admission { listen: Some(listen), hosts, token }
    }

    /// What a request gets instead of an answer. Liveness is told to whoever reaches us by one of our names.
    pub(super) fn refuse(&self, uri: &Uri, headers: &HeaderMap) -> Option<Response> {
        let named = headers.get(HOST).map(|host| host.to_str().unwrap_or_default());
        let named = uri.authority().map(|authority| authority.as_str()).or(named);
        if let Some(host) = named.map(host_of)
            && !self.is_ours(&host)
        {
            let told = "this name is not one of ours; the operator adds it to ops.allowed_hosts\n";
            return Some((StatusCode::MISDIRECTED_REQUEST, told).into_response());
        }
        if uri.path() == "/healthz" || self.has_token(headers) {
            return None;
        }
        let challenge = [(WWW_AUTHENTICATE, "Basic realm=\"ccsync\", charset=\"UTF-8\"")];
        let told = "a token is wanted: any user name, and the token (ops.token) as password; or as Bearer\n";
        Some((StatusCode::UNAUTHORIZED, challenge, told).into_response())
    }

    fn is_ours(&self, host: &str) -> bool {
        if let Ok(address) = host.parse::<IpAddr>() {
            let is_listened_on = self.listen.is_some_and(|own| own.is_unspecified() || own == address);
            return address.is_loopback() || is_listened_on;
        }
        host == "localhost" || host.ends_with(".localhost") || self.hosts.iter().any(|known| known == host)
    }

    fn has_token(&self, headers: &HeaderMap) -> bool {
        let Some(token) = &self.token else { return true };
        let sent = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok()).and_then(token_of);
        // Of digests, so that the time it takes says nothing of the token.
        let digest = |text: &str| Sha256::digest(text);
        sent.is_some_and(|sent| digest(&sent) == digest(token.expose_secret()))
    }
}

/// The name or address in a Host header, without port and brackets, small.
fn host_of(authority: &str) -> String {
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    let host = match host.strip_prefix('[').and_then(|host| host.split_once(']')) {
        Some((address, _)) => address,
        None if host.parse::<IpAddr>().is_ok() || host.parse::<SocketAddr>().is_ok() => {
            return host.parse::<SocketAddr>().map_or(host.to_owned(), |address| address.ip().to_string());
        }
        None => host.split(':').next().unwrap_or_default(),
    };
    host.trim_end_matches('.').to_ascii_lowercase()
}

/// `Bearer TOKEN`, or `Basic` with it as password.
fn token_of(authorization: &str) -> Option<String> {
    let (scheme, value) = authorization.trim().split_once(' ')?;
    match scheme.to_ascii_lowercase().as_str() {
        "bearer" => Some(value.trim().to_owned()),
        "basic" => {
            let pair = String::from_utf8(BASE64_STANDARD.decode(value.trim()).ok()?).ok()?;
            pair.split_once(':').map(|(_, password)| password.to_owned())
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn admission(listen: &str) -> Admission {
        Admission::new(listen.parse().unwrap(), ["ccsync.example.com"], None)
    }

    fn status(admission: &Admission, path: &str, headers: &[(&str, &str)]) -> Option<u16> {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            let name = axum::http::HeaderName::from_bytes(name.as_bytes()).unwrap();
            map.insert(name, HeaderValue::from_str(value).unwrap());
        }
        admission.refuse(&path.parse().unwrap(), &map).map(|response| response.status().as_u16())
    }

    #[test]
    fn a_host_is_served_if_it_is_this_machine_or_was_named_by_the_operator() {
        let admission = admission("10.0.0.8");
        for host in [
            "localhost",
            "LOCALHOST:8080",
            "app.localhost",
            "127.0.0.1:8080",
            "127.9.9.9",
            "[::1]:8080",
            "10.0.0.8",
            "10.0.0.8:1",
            "ccsync.example.com",
            "CCSYNC.example.com.:443",
        ] {
            assert_eq!(status(&admission, "/", &[("host", host)]), None, "{host}");
        }
        for host in [
            "evil.example",
            "10.0.0.9",
            "localhost.evil.example",
            "xlocalhost",
            "",
            "[fe80::1]",
            "127.0.0.1.evil.example",
        ] {
            assert_eq!(status(&admission, "/healthz", &[("host", host)]), Some(421), "{host}");
        }
        assert_eq!(status(&admission, "/", &[]), None, "no browser leaves it out");
    }

    #[test]
    fn where_all_addresses_are_listened_on_each_is_ours_and_no_name() {
        let admission = admission("0.0.0.0");
        assert_eq!(status(&admission, "/", &[("host", "192.168.1.7:8080")]), None);
        assert_eq!(status(&admission, "/", &[("host", "evil.example:8080")]), Some(421));
    }

    #[test]
    fn a_token_is_taken_as_bearer_or_as_password_and_liveness_needs_none() {
        let admission = Admission { token: Some("t0k:en".into()), ..Admission::default() };
        let basic = |pair: &str| format!("Basic {}", BASE64_STANDARD.encode(pair));
        for sent in
            ["Bearer t0k:en".to_owned(), "bearer  t0k:en ".to_owned(), basic("any:t0k:en"), basic(":t0k:en")]
        {
            assert_eq!(status(&admission, "/api/status", &[("authorization", &sent)]), None, "{sent}");
        }
        for sent in ["Bearer t0k".to_owned(), "t0k:en".to_owned(), basic("t0k:en"), "Basic ???".to_owned()] {
            assert_eq!(status(&admission, "/metrics", &[("authorization", &sent)]), Some(401), "{sent}");
        }
        assert_eq!(status(&admission, "/", &[]), Some(401));
        assert_eq!(status(&admission, "/healthz", &[]), None);
    }
}
