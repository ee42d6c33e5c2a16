//! `[ops]`: the status page, and who may see it.

use std::net::SocketAddr;

use secrecy::SecretString;
use url::Url;

use crate::config::parse::leaf::{self, PlainHttp};
use crate::config::parse::reader::{Section, Words};
use crate::config::parse::secret;

/// `[ops]`
#[derive(Debug, Clone)]
pub struct OpsSettings {
    /// Whether it is served at all.
    pub enabled: bool,
    /// Address to serve it on.
    pub listen: SocketAddr,
    /// Where people find the page, for links to it.
    pub public_url: Option<Url>,
    /// Names under which it is served, beside this machine's own and that of `public_url`.
    pub allowed_hosts: Vec<String>,
    /// What requests carry; `None`: anybody may read.
    pub token: Option<SecretString>,
}

/// Reads the table.
pub(in crate::config) fn settings(section: &Section<'_>) -> Option<OpsSettings> {
    let enabled = section.boolean("enabled");
    let listen = section.parse("listen", |text| {
        text.parse()
            .map_err(|_| format!("expects an address and a port such as 127.0.0.1:8080, not {text:?}"))
    });
    let public_url = section.maybe("public_url", |section, key| {
        section.parse(key, |text| leaf::base_url(text, PlainHttp::Allowed))
    });
    let allowed_hosts = allowed_hosts(section);
    let token = secret::optional(section, "token");
    Some(OpsSettings {
        enabled: enabled?,
        listen: listen?,
        public_url: public_url?,
        allowed_hosts: allowed_hosts?,
        token: token?.map(|secret| secret.value),
    })
}

fn allowed_hosts(section: &Section<'_>) -> Option<Vec<String>> {
    const KEY: &str = "allowed_hosts";
    let hosts = match section.words(KEY)? {
        Words::One(host) => vec![host],
        Words::List(hosts) => hosts.into_iter().collect(),
    };
    let is_host = |host: &str| !host.contains(['/', ':', '*', '@']) && url::Host::parse(host).is_ok();
    match hosts.iter().find(|host| !is_host(host)) {
        Some(wrong) => {
            section.refuse(KEY, format!("expects names such as \"ccsync.example.com\", not {wrong:?}"));
            None
        }
        None => Some(hosts),
    }
}
