//! Where notices go: any webhook, and the group robots of four messengers. Whether one was taken is what the answer's
//! body says, where it says anything.

use chrono::{DateTime, Utc};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Value as Json, json};
use url::Url;

use super::sign;
use super::text::{Tone, Wording, tone};
use crate::domain::fault::{Fault, FaultKind};
use crate::report::alert::Severity;
use crate::report::notice::Notice;
use crate::sources::context::{RequestContext, quote};
use crate::sources::http::{Body, HttpClient, Request};

/// What stands at the other end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TargetKind {
    /// Takes a [`Notice`] as JSON, signed in `X-Ccsync-Signature` where there is a secret; any 2xx is a yes.
    Webhook,
    /// WeCom 企业微信: a group robot.
    WeCom,
    /// DingTalk 钉钉: a group robot, signed where there is a secret.
    DingTalk,
    /// Feishu 飞书, Lark: a group robot, signed where there is a secret.
    Feishu,
    /// Slack: an incoming webhook.
    Slack,
}

/// A place that is told.
#[derive(Clone)]
pub struct NoticeTarget {
    /// The operator's name for it.
    pub name: String,
    /// What it is.
    pub kind: TargetKind,
    /// Its address, which lets anybody write there who knows it.
    pub url: SecretString,
    /// What notices are signed with.
    pub secret: Option<SecretString>,
    /// What matters less is not told there.
    pub severity: Severity,
    /// How it is told.
    pub wording: Wording,
    /// How it is reached.
    pub http: HttpClient,
}

impl NoticeTarget {
    /// Sends one message.
    ///
    /// # Errors
    /// `Unreachable` and its like without an answer, `RequestRefused` with the target's code and words.
    pub async fn send(&self, notice: &Notice) -> Result<(), Fault> {
        let subject = format!("notify.{}", self.name);
        let wrong =
            |what: &str| Fault::new(FaultKind::RequestRefused, format!("{subject}: {what}; check its `url`"));
        let mut url = Url::parse(self.url.expose_secret()).map_err(|_| wrong("the address is none"))?;
        let host = url.host_str().ok_or_else(|| wrong("the address has no host"))?.to_owned();
        let context = RequestContext { subject: subject.clone(), request: format!("POST to {host}") };
        let secret = self.secret.as_ref().map(|secret| secret.expose_secret());
        if let (TargetKind::DingTalk, Some(secret)) = (self.kind, secret) {
            let millis = notice.at.timestamp_millis();
            let signed = sign::dingtalk(secret, millis);
            url.query_pairs_mut().append_pair("timestamp", &millis.to_string()).append_pair("sign", &signed);
        }
        let body = self.body(notice, secret).to_string();
        let secret_header = match (self.kind, secret) {
            (TargetKind::Webhook, Some(secret)) => {
                Some(("x-ccsync-signature", SecretString::from(sign::body(secret, &body))))
            }
            _ => None,
        };
        let request = Request { url, secret_header, body: Some(Body::Json(body)), time_limit: None };
        let answer = self.http.send(&context, request).await?;
        let taken = match self.kind {
            TargetKind::Webhook | TargetKind::Slack => (200..300).contains(&answer.status),
            TargetKind::WeCom | TargetKind::DingTalk => code(&answer.text, &["errcode"]) == Some(0),
            TargetKind::Feishu => code(&answer.text, &["code", "StatusCode"]) == Some(0),
        };
        if taken {
            return Ok(());
        }
        let known = self.secrets();
        let message = quote(&answer.text, &known.iter().map(String::as_str).collect::<Vec<_>>());
        Err(context.fault(
            FaultKind::RequestRefused,
            format_args!("not taken, HTTP {}, the answer was {message}", answer.status),
        ))
    }

    /// What an answer could repeat and nobody may read: the parts of the address that are long enough to be a key.
    fn secrets(&self) -> Vec<String> {
        const KEY_CHARS_MIN: usize = 6;
        let url = Url::parse(self.url.expose_secret()).ok();
        let parts = url.iter().flat_map(|url| {
            let path = url.path().split('/').map(str::to_owned);
            path.chain(url.query_pairs().map(|(_, value)| value.into_owned()))
        });
        let mut secrets: Vec<String> = parts.filter(|part| KEY_CHARS_MIN <= part.len()).collect();
        secrets.extend(self.secret.iter().map(|secret| secret.expose_secret().to_owned()));
        // The longer first, or its rest would stay.
        secrets.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
        secrets
    }

    fn body(&self, notice: &Notice, secret: Option<&str>) -> Json {
        let title = self.wording.title(notice);
        let text = |bold: fn(&str) -> String| self.wording.body(notice, bold);
        let starred = |head: &str| format!("**{head}**");
        match self.kind {
            TargetKind::Webhook => json!({
                "version": 1,
                "title": title,
                "text": text(str::to_owned),
                "at": notice.at,
                "changes": notice.changes,
            }),
            TargetKind::WeCom => json!({
                "msgtype": "markdown",
                "markdown": { "content": format!("## {title}\n{}", text(starred)) },
            }),
            TargetKind::DingTalk => json!({
                "msgtype": "markdown",
                // A single line feed is none in its Markdown.
                "markdown": { "title": title, "text": format!("## {title}\n\n{}", text(starred).replace('\n', "  \n")) },
            }),
            TargetKind::Feishu => feishu(&title, &text(starred), tone(notice), secret, notice.at),
            TargetKind::Slack => {
                json!({ "text": format!("*{title}*\n{}", text(|head| format!("*{head}*"))) })
            }
        }
    }
}

fn feishu(title: &str, text: &str, tone: Tone, secret: Option<&str>, at: DateTime<Utc>) -> Json {
    let template = match tone {
        Tone::Bad => "red",
        Tone::Doubtful => "orange",
        Tone::Good => "green",
    };
    let mut body = json!({
        "msg_type": "interactive",
        "card": {
            "header": { "template": template, "title": { "tag": "plain_text", "content": title } },
            "elements": [{ "tag": "markdown", "content": text }],
        },
    });
    if let Some(secret) = secret {
        body["timestamp"] = json!(at.timestamp().to_string());
        body["sign"] = json!(sign::feishu(secret, at.timestamp()));
    }
    body
}

/// The number under the first of these names that the body has.
fn code(body: &str, names: &[&str]) -> Option<i64> {
    let body: Json = serde_json::from_str(body).ok()?;
    names.iter().find_map(|name| body.get(name)?.as_i64())
}
