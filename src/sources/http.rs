//! The only user of reqwest: one request out, status and body back, every limit set. What the body means is
//! the vendor's matter; only where it is not the vendor's does the status decide.

use std::fmt;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use hyper_util::client::proxy::matcher::Matcher;
use reqwest::header::{
    ACCEPT, AGE, CONTENT_TYPE, DATE, HeaderMap, HeaderName, HeaderValue, LOCATION, RETRY_AFTER,
};
use secrecy::{ExposeSecret as _, SecretString};
use tokio::sync::Semaphore;
use url::Url;

use crate::domain::fault::{Fault, FaultKind};
use crate::engine::plan::present::{Reading, TimeWitness};
use crate::sources::address::{authority, host_and_port, is_loopback};
use crate::sources::context::RequestContext;
use crate::sources::payload::answer::{Answer, AnswerText, Declared, Spares, body_text, http_date};
use crate::sources::recorder::Recorder;
use crate::telemetry::failpoint::{Failpoint, failpoint};

mod certificate;
mod upgrade;

pub(crate) use self::upgrade::Raw;

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
    /// Bytes of the rows that are made of one answer.
    pub page_bytes_max: u64,
    /// How the product names itself.
    pub user_agent: String,
    /// Certificates of authorities that are trusted beside the host's, as PEM.
    pub ca_file: Option<PathBuf>,
    /// For writes: a connection for each request, and never a second try, whatever HTTP would allow.
    pub once: bool,
}

impl Default for HttpConfig {
    fn default() -> HttpConfig {
        HttpConfig {
            connect_timeout: Duration::from_secs(5),
            read_timeout: Duration::from_secs(8),
            total_timeout: Duration::from_secs(60),
            body_bytes_max: 64 << 20,
            page_bytes_max: 64 << 20,
            user_agent: concat!("ccsync/", env!("CARGO_PKG_VERSION")).to_owned(),
            ca_file: None,
            once: false,
        }
    }
}

/// A body that is larger is alone in memory.
const LARGE_BODY_BYTES: usize = 8 << 20;

/// The product's HTTP client. Clones share connections.
#[derive(Clone)]
pub struct HttpClient {
    /// Goes through a proxy where the environment names one.
    outward: reqwest::Client,
    /// For this machine itself, which a proxy could not reach.
    loopback: reqwest::Client,
    /// The proxies that `outward` takes, from the same variables; for messages.
    proxies: Arc<Matcher>,
    body_bytes_max: usize,
    page_bytes_max: u64,
    /// Held while a body is large: one is in memory at a time.
    large: Arc<Semaphore>,
    spares: Spares,
    witness: Option<TimeWitness>,
    recorder: Option<Recorder>,
}

/// Makes ring the cryptography of every TLS connection of this process; must come before the first client is made.
pub fn install_cryptography() {
    // An error says that it was done before.
    let _ = rustls::crypto::ring::default_provider().install_default();
}

impl HttpClient {
    /// A client with these limits. Redirects are never followed: the token header would follow too.
    ///
    /// # Errors
    /// `Unreachable` where TLS cannot be set up, for example without any root certificate; `Misconfigured` where `ca_file`
    /// holds none.
    pub fn new(config: &HttpConfig) -> Result<HttpClient, Fault> {
        install_cryptography();
        let trusted = certificate::trusted(config.ca_file.as_deref())?;
        let builder = || {
            let builder = reqwest::Client::builder();
            let builder = match config.once {
                true => builder.pool_max_idle_per_host(0).retry(reqwest::retry::never()),
                false => builder,
            };
            builder
                .connect_timeout(config.connect_timeout)
                .read_timeout(config.read_timeout)
                .timeout(config.total_timeout)
                .redirect(reqwest::redirect::Policy::none())
                .user_agent(config.user_agent.as_str())
                .tls_certs_merge(trusted.iter().cloned())
        };
        let fault = |error: reqwest::Error| {
            let what = "the HTTP client cannot be set up; it needs the root certificates of this host (Debian, Ubuntu: \
                        `apt-get install ca-certificates`)";
            Fault::new(FaultKind::Unreachable, what).advising().with_cause(error.without_url())
        };
        Ok(HttpClient {
            outward: builder().build().map_err(fault)?,
            loopback: builder().no_proxy().build().map_err(fault)?,
            proxies: Arc::new(Matcher::from_env()),
            body_bytes_max: config.body_bytes_max,
            page_bytes_max: config.page_bytes_max,
            large: Arc::new(Semaphore::new(1)),
            spares: Spares::default(),
            witness: None,
            recorder: None,
        })
    }

    /// The same client; what it gets says how the vendors' clocks differ.
    #[must_use]
    pub fn measuring(self, witness: &TimeWitness) -> HttpClient {
        HttpClient { witness: Some(witness.clone()), ..self }
    }

    /// The same client; each request is admitted by this recorder, and its answer kept there.
    #[must_use]
    pub fn recording(self, recorder: &Recorder) -> HttpClient {
        HttpClient { recorder: Some(recorder.clone()), ..self }
    }

    fn measure(&self, context: &RequestContext, asked_at: Option<Reading>, headers: &HeaderMap) {
        if let Some((witness, asked_at)) = self.witness.as_ref().zip(asked_at)
            && let Some(date) = text_of(headers, &DATE).and_then(|text| http_date(&text))
        {
            witness.answered(context.source(), asked_at, date + age_of(headers));
        }
    }

    /// Sends one request and reads the answer whole, whatever its status.
    pub(crate) async fn send(&self, context: &RequestContext, request: Request) -> Result<Answer, Fault> {
        self.send_once(context, request).await.map_err(|lost| lost.fault)
    }

    /// The same, and says of a request without an answer whether it can have reached anybody.
    pub(crate) async fn send_once(&self, context: &RequestContext, request: Request) -> Result<Answer, Lost> {
        let client = if is_loopback(&request.url) { &self.loopback } else { &self.outward };
        let post = |kind: &'static str, body: String| {
            client.post(request.url.clone()).header(CONTENT_TYPE, kind).body(body)
        };
        let mut builder = match request.body {
            Some(Body::Json(body)) => post("application/json;charset=utf-8", body),
            Some(Body::Form(body)) => post("application/x-www-form-urlencoded", body),
            None => client.get(request.url.clone()),
        };
        if let Some((name, secret)) = request.secret_header {
            builder = builder.header(name, secret_value(context, &secret).map_err(Lost::unsent)?);
        }
        if let Some(limit) = request.time_limit {
            builder = builder.timeout(limit);
        }
        failpoint(Failpoint::RequestReady).await.map_err(Lost::unsent)?;
        if self.recorder.as_ref().is_some_and(|recorder| !recorder.admit()) {
            let spent = "no request is left of those that were allowed";
            return Err(Lost::unsent(context.fault(FaultKind::Cancelled, spent)));
        }
        let asked_at = self.witness.as_ref().map(TimeWitness::reading);
        let sent = builder.header(ACCEPT, "application/json").send().await;
        let response = sent.map_err(|error| {
            let unsent = error.is_connect() || error.is_builder();
            Lost {
                fault: transport(context, error, &format!("no answer from {}", self.way(&request.url))),
                unsent,
            }
        })?;
        let sent = |fault| Lost { fault, unsent: false };
        self.measure(context, asked_at, response.headers());
        failpoint(Failpoint::RequestAnswered).await.map_err(sent)?;
        self.refuse_proxy_login(context, &request.url, &response).map_err(sent)?;
        refuse_redirect(context, &request.url, &response).map_err(sent)?;
        let answer = self.read(context, &request.url, response).await.map_err(sent)?;
        if let Some(recorder) = &self.recorder {
            recorder.keep(request.url.path(), &answer);
        }
        Ok(answer)
    }

    async fn read(
        &self,
        context: &RequestContext,
        url: &Url,
        mut response: reqwest::Response,
    ) -> Result<Answer, Fault> {
        let status = response.status().as_u16();
        let header = |name: HeaderName| text_of(response.headers(), &name);
        let (retry_after, date, content_type) = (header(RETRY_AFTER), header(DATE), header(CONTENT_TYPE));
        // Announced, not yet come: no more than is allowed is set aside for it.
        let announced = response.content_length().and_then(|length| usize::try_from(length).ok());
        let announced = announced.unwrap_or_default().min(self.body_bytes_max);
        let mut large = None;
        let mut body = self.spares.take(announced.min(LARGE_BODY_BYTES));
        loop {
            let chunk = response.chunk().await;
            let broken = |error| {
                let way = self.way(url);
                transport(
                    context,
                    error,
                    &format!("the answer of {way} broke off after {} bytes", body.len()),
                )
            };
            let Some(chunk) = chunk.map_err(broken)? else { break };
            if self.body_bytes_max < body.len() + chunk.len() {
                return Err(self.too_large(context, status));
            }
            if large.is_none() && LARGE_BODY_BYTES < body.len() + chunk.len() {
                large = self.large.clone().acquire_owned().await.ok();
                body.reserve_exact(announced.saturating_sub(body.len()));
            }
            body.extend_from_slice(&chunk);
        }
        failpoint(Failpoint::BodyRead).await?;
        let bytes = body.len();
        let declared = Declared::of(content_type.as_deref());
        let text = body_text(body, declared, self.body_bytes_max);
        let text = text.ok_or_else(|| self.too_large(context, status))?;
        Ok(Answer {
            status,
            retry_after,
            date: date.and_then(|text| http_date(&text)),
            html: content_type.as_deref().is_some_and(|kind| kind.to_ascii_lowercase().contains("html")),
            bytes,
            unknown_charset: declared.unknown(),
            text: AnswerText::new(text, &self.spares),
            salvaged: OnceLock::new(),
            _large: large,
        })
    }

    /// Whom a request to this address reaches first: host and port, and the proxy before them.
    fn way(&self, url: &Url) -> String {
        let host = host_and_port(url);
        self.proxy(url).map_or_else(|| host.clone(), |proxy| format!("{host} through the proxy {proxy}"))
    }

    /// Host and port of the proxy that is asked for this address.
    fn proxy(&self, url: &Url) -> Option<String> {
        if is_loopback(url) {
            return None;
        }
        let taken = self.proxies.intercept(&url.as_str().parse().ok()?)?;
        let port = taken.uri().port_u16().map_or_else(String::new, |port| format!(":{port}"));
        Some(format!("{}{port}", taken.uri().host()?))
    }

    /// A vendor never answers 407: what is between does, for a plain http address.
    fn refuse_proxy_login(
        &self,
        context: &RequestContext,
        url: &Url,
        response: &reqwest::Response,
    ) -> Result<(), Fault> {
        match (response.status().as_u16(), self.proxy(url)) {
            (407, Some(proxy)) => Err(context.fault(
                FaultKind::Unreachable,
                format_args!(
                    "the proxy {proxy} wants a login, HTTP 407 (HTTP_PROXY=http://USER:PASSWORD@HOST:PORT)"
                ),
            )),
            _ => Ok(()),
        }
    }

    /// Bytes of the rows that are made of one answer.
    pub(in crate::sources) fn page_bytes_max(&self) -> u64 {
        self.page_bytes_max
    }

    fn too_large(&self, context: &RequestContext, status: u16) -> Fault {
        let limit = self.body_bytes_max;
        context.fault(
            FaultKind::Malformed,
            format_args!("the answer is larger than {limit} bytes (http.body_mib_max), HTTP {status}"),
        )
    }
}

impl fmt::Debug for HttpClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpClient").field("body_bytes_max", &self.body_bytes_max).finish_non_exhaustive()
    }
}

/// A request that brought no answer.
pub(crate) struct Lost {
    pub(crate) fault: Fault,
    /// It did not leave this machine: there was no connection to send it over.
    pub(crate) unsent: bool,
}

impl Lost {
    fn unsent(fault: Fault) -> Lost {
        Lost { fault, unsent: true }
    }
}

/// What a POST carries.
pub(crate) enum Body {
    Json(String),
    /// Percent-encoded pairs.
    Form(String),
}

/// What to send. A body makes it a POST.
pub(crate) struct Request {
    pub(crate) url: Url,
    pub(crate) secret_header: Option<(&'static str, SecretString)>,
    pub(crate) body: Option<Body>,
    /// In place of the client's total timeout.
    pub(crate) time_limit: Option<Duration>,
}

impl Request {
    pub(crate) fn get(url: Url) -> Request {
        Request { url, secret_header: None, body: None, time_limit: None }
    }
}

fn secret_value(context: &RequestContext, secret: &SecretString) -> Result<HeaderValue, Fault> {
    let mut value = HeaderValue::from_str(secret.expose_secret()).map_err(|_| {
        context.fault(FaultKind::Malformed, "the credential holds characters that no header can carry")
    })?;
    value.set_sensitive(true);
    Ok(value)
}

fn transport(context: &RequestContext, error: reqwest::Error, what: &str) -> Fault {
    if let Some(why) = certificate::refused(&error) {
        return context.fault(FaultKind::Unreachable, format_args!("{what}: {why}")).advising();
    }
    let reason = if error.is_connect() {
        "no connection"
    } else if error.is_timeout() {
        "out of time (the limits are http.read_timeout and http.total_timeout)"
    } else {
        "connection lost"
    };
    context.fault(FaultKind::Unreachable, format_args!("{what}, {reason}")).with_cause(error.without_url())
}

fn refuse_redirect(context: &RequestContext, from: &Url, response: &reqwest::Response) -> Result<(), Fault> {
    let status = response.status().as_u16();
    if !matches!(status, 301 | 302 | 303 | 307 | 308) {
        return Ok(());
    }
    // Only the host: the rest of the address may repeat the query with its signature.
    let target = text_of(response.headers(), &LOCATION)
        .and_then(|location| from.join(&location).ok())
        .map_or_else(|| "nowhere".to_owned(), |url| format!("host {}", authority(&url)));
    Err(context.fault(
        FaultKind::RedirectRefused,
        format_args!("the answer points to {target}, HTTP {status}; redirects are not followed"),
    ))
}

/// A cache on the way keeps the date of the answer that it keeps, and says how old that is.
fn age_of(headers: &HeaderMap) -> chrono::Duration {
    let seconds = text_of(headers, &AGE).and_then(|text| text.trim().parse::<u32>().ok());
    chrono::Duration::seconds(seconds.unwrap_or_default().into())
}

fn text_of(headers: &HeaderMap, name: &HeaderName) -> Option<String> {
    headers.get(name)?.to_str().ok().map(str::to_owned)
}
