//! `[notify.NAME]`, with `[defaults.notify]` behind each.

use secrecy::{ExposeSecret as _, SecretString};
use url::Url;

use crate::config::parse::leaf;
use crate::config::parse::name::{NAME_RULE, is_name};
use crate::config::parse::read::closed;
use crate::config::parse::reader::Section;
use crate::config::parse::secret;
use crate::ops::notify::target::TargetKind;
use crate::report::alert::Severity;

/// `[notify.NAME]`: a place that is told when something is the matter.
#[derive(Debug, Clone)]
pub struct NotifySettings {
    /// The operator's name for it.
    pub name: String,
    /// What stands there.
    pub kind: TargetKind,
    /// Its address: a secret, for whoever has it may write there.
    pub url: SecretString,
    /// What notices are signed with.
    pub secret: Option<SecretString>,
    /// What matters less is not told there.
    pub severity: Severity,
}

/// The kinds of targets, by the words that name them.
pub(in crate::config) const KINDS: [(&str, TargetKind); 5] = [
    ("webhook", TargetKind::Webhook),
    ("wecom", TargetKind::WeCom),
    ("dingtalk", TargetKind::DingTalk),
    ("feishu", TargetKind::Feishu),
    ("slack", TargetKind::Slack),
];

const SEVERITIES: [(&str, Severity); 2] = [("warning", Severity::Warning), ("critical", Severity::Critical)];

/// Reads the defaults, and then every target.
pub(in crate::config) fn targets(root: &Section<'_>, defaults: &Section<'_>) -> Option<Vec<NotifySettings>> {
    closed(defaults.section("notify"), |section| target(section, "notify"));
    let targets = root.section("notify");
    let read = |name: String| {
        let section = targets.section(&name);
        if !section.exists() {
            return None;
        }
        if !is_name(&name) {
            targets.refuse(&name, NAME_RULE);
        }
        closed(section.or(&defaults.section("notify")), |section| target(section, &name))
    };
    let read: Vec<_> = targets.names().into_iter().map(read).collect();
    read.into_iter().collect()
}

fn target(section: &Section<'_>, name: &str) -> Option<NotifySettings> {
    let kind = section.choice("kind", &KINDS);
    let url = secret::required(section, "url");
    let signing = secret::optional(section, "secret");
    let severity = section.choice("severity", &SEVERITIES);
    let checked = url.as_ref().is_some_and(|url| {
        webhook_url(&url.value).map_err(|message| section.refuse(&url.key, message)).is_ok()
    });
    let unsigned = matches!(kind, Some(TargetKind::WeCom | TargetKind::Slack));
    if let (true, Some(Some(secret))) = (unsigned, &signing) {
        section.refuse(&secret.key, "is of no use here: this kind of target signs nothing");
    }
    let settings = NotifySettings {
        name: name.to_owned(),
        kind: kind?,
        url: url?.value,
        secret: signing?.map(|secret| secret.value),
        severity: severity?,
    };
    checked.then_some(settings)
}

/// The address of a webhook, which is a secret: the message does not repeat it.
fn webhook_url(text: &SecretString) -> Result<(), String> {
    let url = Url::parse(text.expose_secret().trim())
        .map_err(|error| format!("is not an address such as https://hooks.example.com/…: {error}"))?;
    let host = url.host().ok_or("has no host")?;
    match url.scheme() {
        "https" => Ok(()),
        "http" if leaf::is_loopback(&host) || leaf::is_private(&host) => Ok(()),
        "http" => Err("is plain http to a public host, readable by anyone on the way: use https".to_owned()),
        _ => Err("expects an address that begins with https://".to_owned()),
    }
}
