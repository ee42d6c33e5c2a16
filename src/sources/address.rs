//! Addresses of requests, and the parts of them that may be shown.

use url::{Host, Url};

/// The base address with this path behind its own and this query; pairs are percent-encoded, a blank as
/// `%20`, which every server reads alike.
pub(crate) fn address(base: &Url, path: &str, query: &[(&str, &str)]) -> Url {
    let mut url = base.clone();
    url.set_path(&format!("{}{path}", base.path().trim_end_matches('/')));
    let pairs: Vec<_> =
        query.iter().map(|(name, value)| format!("{name}={}", percent_encoded(value))).collect();
    url.set_query((!pairs.is_empty()).then(|| pairs.join("&")).as_deref());
    url.set_fragment(None);
    url
}

/// `host` or `host:port` of an address, as it stands in the names of accounts and budgets.
pub(crate) fn authority(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}

/// Scheme, host and port of an address.
pub(crate) fn origin(url: &Url) -> String {
    format!("{}://{}", url.scheme(), authority(url))
}

/// `host:port` of an address, with the port that its scheme means where it names none.
pub(crate) fn host_and_port(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    url.port_or_known_default().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}

fn percent_encoded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

/// Whether the address is on this machine.
pub(crate) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> Url {
        Url::parse(text).unwrap()
    }

    #[test]
    fn an_address_keeps_the_bases_own_path_and_encodes_blanks_as_percent_20() {
        let query = [("start", "2019-10-22 00:00:00"), ("x", "a+b&c=d/é")];
        assert_eq!(
            address(&url("https://h:8443/gate/?old=1#f"), "/api/x", &query).as_str(),
            "https://h:8443/gate/api/x?start=2019-10-22%2000%3A00%3A00&x=a%2Bb%26c%3Dd%2F%C3%A9"
        );
        assert_eq!(address(&url("https://h"), "/api/x", &[]).path(), "/api/x");
    }

    #[test]
    fn only_this_machine_is_asked_without_the_environments_proxy() {
        for (text, loopback) in [
            ("http://127.0.0.1:80/", true),
            ("http://localhost/", true),
            ("http://[::1]/", true),
            ("http://10.0.0.8/", false),
            ("https://www.sobot.com/", false),
        ] {
            assert_eq!(is_loopback(&url(text)), loopback, "{text}");
        }
    }
}
