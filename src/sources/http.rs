//! The only user of reqwest: one request out, status and body back, every limit set. What the body means is
//! the vendor's matter; only where it is not the vendor's does the status decide.

use std::fmt;
use std::time::Duration;

use chrono::{DateTime, Utc};
use reqwest::header::{
    ACCEPT, CONTENT_TYPE, DATE, HeaderMap, HeaderName, HeaderValue, LOCATION, RETRY_AFTER,
};
use secrecy::{ExposeSecret as _, SecretString};
use url::Url;

use crate::domain::fault::{Fault, FaultKind};
use crate::sources::address::{authority, is_loopback};
use crate::sources::repair::body_text;
use crate::sources::site::CallSite;
use crate::telemetry::failpoint::{Failpoint, failpoint};

mod upgrade;

pub(crate) use self::upgrade::Raw;

/// The longest wait that is taken over from a `Retry-After`.
const RETRY_AFTER_MAX: Duration = Duration::from_secs(24 * 60 * 60);

/// The limits of every request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpConfig {
    /// For name, connection and TLS.
    pub connect_timeout: Duration,
    /// Between two pieces of an answer, and before the first.
    pub read_timeout: Duration,
    /// For the whole request.
    pub total_timeout: Duration,
    /// Bytes of a body after unpacking; a larger one is refused, not cut.
    pub body_bytes_max: usize,
    /// How the product names itself.
    pub user_agent: String,
}

impl Default for HttpConfig {
    fn default() -> HttpConfig {
        HttpConfig {
            connect_timeout: Duration::from_secs(5),
            read_timeout: Duration::from_secs(8),
            total_timeout: Duration::from_secs(60),
            body_bytes_max: 64 << 20,
            user_agent: concat!("ccsync/", env!("CARGO_PKG_VERSION")).to_owned(),
        }
    }
}

/// The product's HTTP client. Clones share connections.
#[derive(Clone)]
pub struct HttpClient {
    /// Goes through a proxy where the environment names one.
    outward: reqwest::Client,
    /// For this machine itself, which a proxy could not reach.
    loopback: reqwest::Client,
    body_bytes_max: usize,
}

impl HttpClient {
    /// A client with these limits. Redirects are never followed: the token header would follow too.
    ///
    /// # Errors
    /// `Unreachable` where TLS cannot be set up, for example without any root certificate.
    pub fn new(config: &HttpConfig) -> Result<HttpClient, Fault> {
        let builder = || {
            reqwest::Client::builder()
                .connect_timeout(config.connect_timeout)
                .read_timeout(config.read_timeout)
                .timeout(config.total_timeout)
                .redirect(reqwest::redirect::Policy::none())
                .user_agent(config.user_agent.as_str())
        };
        let fault = |error: reqwest::Error| {
            Fault::new(FaultKind::Unreachable, "the HTTP client cannot be set up")
                .with_cause(error.without_url())
        };
        Ok(HttpClient {
            outward: builder().build().map_err(fault)?,
            loopback: builder().no_proxy().build().map_err(fault)?,
            body_bytes_max: config.body_bytes_max,
        })
    }

    /// Sends one request and reads the answer whole, whatever its status.
    pub(crate) async fn send(&self, site: &CallSite, request: Request) -> Result<Answer, Fault> {
        let client = if is_loopback(&request.url) { &self.loopback } else { &self.outward };
        let mut builder = match request.json {
            Some(body) => client
                .post(request.url.clone())
                .header(CONTENT_TYPE, "application/json;charset=utf-8")
                .body(body),
            None => client.get(request.url.clone()),
        };
        if let Some((name, secret)) = request.secret_header {
            builder = builder.header(name, secret_value(site, &secret)?);
        }
        if let Some(limit) = request.time_limit {
            builder = builder.timeout(limit);
        }
        failpoint(Failpoint::RequestReady).await?;
        let sent = builder.header(ACCEPT, "application/json").send().await;
        let response = sent.map_err(|error| transport(site, error, "no answer"))?;
        failpoint(Failpoint::RequestAnswered).await?;
        refuse_redirect(site, &request.url, &response)?;
        self.read(site, response).await
    }

    async fn read(&self, site: &CallSite, mut response: reqwest::Response) -> Result<Answer, Fault> {
        let status = response.status().as_u16();
        let header = |name: HeaderName| text_of(response.headers(), &name);
        let (retry_after, date, content_type) = (header(RETRY_AFTER), header(DATE), header(CONTENT_TYPE));
        let mut body = Vec::new();
        loop {
            let chunk = response.chunk().await;
            let broken =
                |error| transport(site, error, &format!("the answer broke off after {} bytes", body.len()));
            let Some(chunk) = chunk.map_err(broken)? else { break };
            if self.body_bytes_max < body.len() + chunk.len() {
                let limit = self.body_bytes_max;
                return Err(site.fault(
                    FaultKind::Malformed,
                    format_args!("the answer is larger than {limit} bytes, HTTP {status}"),
                ));
            }
            body.extend_from_slice(&chunk);
        }
        failpoint(Failpoint::BodyRead).await?;
        Ok(Answer {
            status,
            retry_after,
            date: date.and_then(|text| http_date(&text)),
            html: content_type.is_some_and(|kind| kind.to_ascii_lowercase().contains("html")),
            bytes: body.len(),
            text: body_text(body),
        })
    }
}

impl fmt::Debug for HttpClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpClient").field("body_bytes_max", &self.body_bytes_max).finish_non_exhaustive()
    }
}

/// What to send. A JSON body makes it a POST.
pub(crate) struct Request {
    pub(crate) url: Url,
    pub(crate) secret_header: Option<(&'static str, SecretString)>,
    pub(crate) json: Option<String>,
    /// In place of the client's total timeout.
    pub(crate) time_limit: Option<Duration>,
}

impl Request {
    pub(crate) fn get(url: Url) -> Request {
        Request { url, secret_header: None, json: None, time_limit: None }
    }
}

/// What came back.
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// The answering machine's clock.
    pub(crate) date: Option<DateTime<Utc>>,
    pub(crate) text: String,
    retry_after: Option<String>,
    html: bool,
    bytes: usize,
}

impl Answer {
    /// How long `Retry-After` asks to wait: seconds, or until a date.
    pub(crate) fn retry_after(&self, now: DateTime<Utc>) -> Option<Duration> {
        let text = self.retry_after.as_deref()?.trim();
        let wait = match text.parse::<u64>() {
            Ok(seconds) => Duration::from_secs(seconds),
            Err(_) => (http_date(text)? - now).to_std().unwrap_or_default(),
        };
        Some(wait.min(RETRY_AFTER_MAX))
    }

    /// The fault of an answer whose body is not the vendor's: the status is all there is to judge by.
    pub(crate) fn not_understood(&self, site: &CallSite, expected: &str, now: DateTime<Utc>) -> Fault {
        let kind = match self.status {
            429 => FaultKind::RateLimited,
            401 | 403 => FaultKind::CredentialsRefused,
            500..=599 => FaultKind::VendorFailed,
            _ => FaultKind::Malformed,
        };
        let got = match self.text.trim_start().as_bytes().first() {
            None => "an empty body".to_owned(),
            Some(b'<') => format!("an HTML page of {} bytes", self.bytes),
            Some(b'{' | b'[') => format!("other JSON of {} bytes", self.bytes),
            Some(_) if self.html => format!("an HTML page of {} bytes", self.bytes),
            Some(_) => format!("other text of {} bytes", self.bytes),
        };
        let fault = site.fault(kind, format_args!("expected {expected}, got {got}, HTTP {}", self.status));
        self.with_retry_after(fault, now)
    }

    /// The fault with the wait that the answer's header asks for, if it does.
    pub(crate) fn with_retry_after(&self, fault: Fault, now: DateTime<Utc>) -> Fault {
        match self.retry_after(now) {
            Some(wait) => fault.with_retry_after(wait),
            None => fault,
        }
    }
}

fn secret_value(site: &CallSite, secret: &SecretString) -> Result<HeaderValue, Fault> {
    let mut value = HeaderValue::from_str(secret.expose_secret()).map_err(|_| {
        site.fault(FaultKind::Malformed, "the credential holds characters that no header can carry")
    })?;
    value.set_sensitive(true);
    Ok(value)
}

fn transport(site: &CallSite, error: reqwest::Error, what: &str) -> Fault {
    let reason = if error.is_connect() {
        "no connection"
    } else if error.is_timeout() {
        "out of time"
    } else {
        "connection lost"
    };
    site.fault(FaultKind::Unreachable, format_args!("{what}, {reason}")).with_cause(error.without_url())
}

fn refuse_redirect(site: &CallSite, from: &Url, response: &reqwest::Response) -> Result<(), Fault> {
    let status = response.status().as_u16();
    if !matches!(status, 301 | 302 | 303 | 307 | 308) {
        return Ok(());
    }
    // Only the host: the rest of the address may repeat the query with its signature.
    let target = text_of(response.headers(), &LOCATION)
        .and_then(|location| from.join(&location).ok())
        .map_or_else(|| "nowhere".to_owned(), |url| format!("host {}", authority(&url)));
    Err(site.fault(
        FaultKind::RedirectRefused,
        format_args!("the answer points to {target}, HTTP {status}; redirects are not followed"),
    ))
}

fn text_of(headers: &HeaderMap, name: &HeaderName) -> Option<String> {
    headers.get(name)?.to_str().ok().map(str::to_owned)
}

fn http_date(text: &str) -> Option<DateTime<Utc>> {
    DateTime::parse_from_rfc2822(text).ok().map(|instant| instant.to_utc())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retry_after_is_read_as_seconds_and_as_a_date() {
        let now = DateTime::parse_from_rfc3339("2015-10-21T07:27:00Z").unwrap().to_utc();
        let wait = |text: &str| {
            let answer = Answer {
                status: 429,
                date: None,
                text: String::new(),
                retry_after: Some(text.to_owned()),
                html: false,
                bytes: 0,
            };
            answer.retry_after(now)
        };
        assert_eq!(wait(" 7 "), Some(Duration::from_secs(7)));
        assert_eq!(wait("Wed, 21 Oct 2015 07:28:00 GMT"), Some(Duration::from_secs(60)));
        assert_eq!(wait("Wed, 21 Oct 2015 07:26:00 GMT"), Some(Duration::ZERO));
        assert_eq!(wait("99999999999"), Some(RETRY_AFTER_MAX));
        assert_eq!(wait("soon"), None);
    }
}
