//! A scripted vendor, an in-memory token vault and a clock that only moves when somebody sleeps.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, Uri};
use axum::response::Response;
use chrono::{DateTime, Utc};
use secrecy::{ExposeSecret as _, SecretString};
use url::Url;

use ccsync::domain::fault::{Fault, FaultKind};
use ccsync::domain::stream::StreamId;
use ccsync::engine::port::budget::{Budget, BudgetKey, Reservation};
use ccsync::engine::port::clock::Clock;
use ccsync::engine::port::token::{RenewalLease, Token, TokenVault};
use ccsync::sources::http::{HttpClient, HttpConfig};
use ccsync::sources::moor::MoorLimits;

/// One answer of the script.
#[derive(Debug, Clone)]
pub struct Reply {
    pub status: u16,
    pub headers: Vec<(&'static str, String)>,
    pub body: Vec<u8>,
    pub delay: Duration,
}

impl Reply {
    pub fn json(body: impl Into<String>) -> Reply {
        Reply::status(200, body)
    }

    pub fn status(status: u16, body: impl Into<String>) -> Reply {
        Reply { status, headers: Vec::new(), body: body.into().into_bytes(), delay: Duration::ZERO }
    }

    pub fn header(mut self, name: &'static str, value: impl Into<String>) -> Reply {
        self.headers.push((name, value.into()));
        self
    }

    pub fn after(mut self, delay: Duration) -> Reply {
        self.delay = delay;
        self
    }
}

/// One request as it came.
#[derive(Debug, Clone)]
pub struct Seen {
    pub method: String,
    pub path: String,
    /// As it stood in the request line, still encoded.
    pub query: String,
    pub headers: HeaderMap,
    pub body: String,
}

impl Seen {
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// The decoded value of one query parameter.
    pub fn parameter(&self, name: &str) -> String {
        let url = Url::parse(&format!("http://x/?{}", self.query)).unwrap();
        url.query_pairs()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.into_owned())
            .unwrap_or_default()
    }
}

type Rule = Box<dyn Fn(&Seen) -> Option<Reply> + Send + Sync>;

#[derive(Default)]
struct Script {
    /// By the last part of the path that a script names.
    replies: Mutex<HashMap<String, VecDeque<Reply>>>,
    rules: Mutex<Vec<Rule>>,
    seen: Mutex<Vec<Seen>>,
}

/// A vendor that answers what it was told to.
pub struct Vendor {
    pub base: Url,
    script: Arc<Script>,
    server: tokio::task::JoinHandle<()>,
}

impl Drop for Vendor {
    fn drop(&mut self) {
        self.server.abort();
    }
}

impl Vendor {
    pub async fn start() -> Vendor {
        let script = Arc::new(Script::default());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = Url::parse(&format!("http://{}", listener.local_addr().unwrap())).unwrap();
        let app = Router::new().fallback(answer).with_state(script.clone());
        let server = tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
        Vendor { base, script, server }
    }

    /// Adds an answer for requests whose path contains `part`; first in, first out.
    pub fn reply(&self, part: &str, reply: Reply) {
        self.script.replies.lock().unwrap().entry(part.to_owned()).or_default().push_back(reply);
    }

    /// Adds a rule, asked where no scripted answer is left.
    pub fn rule(&self, rule: impl Fn(&Seen) -> Option<Reply> + Send + Sync + 'static) {
        self.script.rules.lock().unwrap().push(Box::new(rule));
    }

    pub fn seen(&self) -> Vec<Seen> {
        self.script.seen.lock().unwrap().clone()
    }

    /// How many requests had `part` in their path.
    pub fn count(&self, part: &str) -> usize {
        self.seen().iter().filter(|seen| seen.path.contains(part)).count()
    }
}

async fn answer(State(script): State<Arc<Script>>, uri: Uri, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let body: Bytes = axum::body::to_bytes(body, 1 << 20).await.unwrap();
    let seen = Seen {
        method: parts.method.to_string(),
        path: uri.path().to_owned(),
        query: uri.query().unwrap_or_default().to_owned(),
        headers: parts.headers,
        body: String::from_utf8_lossy(&body).into_owned(),
    };
    script.seen.lock().unwrap().push(seen.clone());
    let scripted = {
        let mut replies = script.replies.lock().unwrap();
        let queue = replies.iter_mut().find(|(part, queue)| seen.path.contains(*part) && !queue.is_empty());
        queue.and_then(|(_, queue)| queue.pop_front())
    };
    let reply = scripted
        .or_else(|| script.rules.lock().unwrap().iter().find_map(|rule| rule(&seen)))
        .unwrap_or_else(|| Reply::status(404, "<html>nothing scripted</html>"));
    tokio::time::sleep(reply.delay).await;
    let mut response = Response::builder().status(reply.status);
    for (name, value) in reply.headers {
        response = response.header(name, value);
    }
    response.body(Body::from(reply.body)).unwrap()
}

/// A clock that stands still until somebody sleeps, and then jumps.
pub struct ManualClock(Mutex<DateTime<Utc>>);

impl ManualClock {
    pub fn at(text: &str) -> Arc<ManualClock> {
        Arc::new(ManualClock(Mutex::new(instant(text))))
    }

    pub fn advance(&self, length: chrono::Duration) {
        *self.0.lock().unwrap() += length;
    }
}

#[async_trait]
impl Clock for ManualClock {
    fn now(&self) -> DateTime<Utc> {
        *self.0.lock().unwrap()
    }

    async fn sleep_until(&self, until: DateTime<Utc>) {
        {
            let mut now = self.0.lock().unwrap();
            *now = until.max(*now);
        }
        tokio::task::yield_now().await;
    }
}

/// What the vault was asked, in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asked {
    Load,
    Begin,
    Finish,
    Abandon,
}

#[derive(Default)]
struct VaultState {
    token: Option<Token>,
    lease: Option<i64>,
    fence: i64,
    asked: Vec<Asked>,
    /// Stored as a newer generation at the next `begin_renewal`, as if another worker had just renewed.
    at_begin: Option<String>,
    lose_finish: bool,
}

/// A vault in memory, for one account.
pub struct MemoryVault {
    clock: Arc<ManualClock>,
    state: Mutex<VaultState>,
}

impl MemoryVault {
    pub fn new(clock: &Arc<ManualClock>) -> Arc<MemoryVault> {
        Arc::new(MemoryVault { clock: clock.clone(), state: Mutex::default() })
    }

    /// Another worker stores a token good for a day.
    pub fn put(&self, secret: &str) {
        let mut state = self.state.lock().unwrap();
        let now = self.clock.now();
        let generation = state.token.as_ref().map_or(1, |token| token.generation + 1);
        state.token = Some(Token {
            secret: SecretString::from(secret.to_owned()),
            generation,
            obtained_at: now,
            expires_at: now + chrono::Duration::days(1),
        });
    }

    pub fn put_at_next_begin(&self, secret: &str) {
        self.state.lock().unwrap().at_begin = Some(secret.to_owned());
    }

    pub fn hold_lease(&self) {
        self.state.lock().unwrap().lease = Some(99);
    }

    pub fn lose_finish(&self) {
        self.state.lock().unwrap().lose_finish = true;
    }

    pub fn token(&self) -> Option<(i64, String, DateTime<Utc>)> {
        let state = self.state.lock().unwrap();
        let token = state.token.as_ref()?;
        Some((token.generation, token.secret.expose_secret().to_owned(), token.expires_at))
    }

    pub fn leased(&self) -> bool {
        self.state.lock().unwrap().lease.is_some()
    }

    pub fn asked(&self, what: Asked) -> usize {
        self.state.lock().unwrap().asked.iter().filter(|asked| **asked == what).count()
    }
}

#[async_trait]
impl TokenVault for MemoryVault {
    async fn load(&self, _account: &str) -> Result<Option<Token>, Fault> {
        let mut state = self.state.lock().unwrap();
        state.asked.push(Asked::Load);
        Ok(state.token.clone())
    }

    async fn begin_renewal(&self, account: &str, _term: Duration) -> Result<Option<RenewalLease>, Fault> {
        let newer = self.state.lock().unwrap().at_begin.take();
        if let Some(secret) = newer {
            self.put(&secret);
        }
        let mut state = self.state.lock().unwrap();
        state.asked.push(Asked::Begin);
        if state.lease.is_some() {
            return Ok(None);
        }
        state.fence += 1;
        state.lease = Some(state.fence);
        Ok(Some(RenewalLease { account: account.to_owned(), fence: state.fence }))
    }

    async fn finish_renewal(
        &self,
        lease: RenewalLease,
        secret: SecretString,
        obtained_at: DateTime<Utc>,
        expires_at: DateTime<Utc>,
    ) -> Result<Token, Fault> {
        let mut state = self.state.lock().unwrap();
        state.asked.push(Asked::Finish);
        if state.lose_finish || state.lease != Some(lease.fence) {
            return Err(Fault::new(FaultKind::LeaseLost, "the renewal lease was lost"));
        }
        state.lease = None;
        let generation = state.token.as_ref().map_or(1, |token| token.generation + 1);
        let token = Token { secret, generation, obtained_at, expires_at };
        state.token = Some(token.clone());
        Ok(token)
    }

    async fn abandon_renewal(&self, lease: RenewalLease) -> Result<(), Fault> {
        let mut state = self.state.lock().unwrap();
        state.asked.push(Asked::Abandon);
        if state.lease == Some(lease.fence) {
            state.lease = None;
        }
        Ok(())
    }
}

pub fn instant(text: &str) -> DateTime<Utc> {
    DateTime::parse_from_rfc3339(text).unwrap().to_utc()
}

/// Counts reservations and never makes anyone wait.
#[derive(Default)]
pub struct CountingBudget(pub Mutex<Vec<BudgetKey>>);

#[async_trait]
impl Budget for CountingBudget {
    async fn reserve(&self, key: &BudgetKey) -> Result<Reservation, Fault> {
        self.0.lock().unwrap().push(key.clone());
        Ok(Reservation::Granted(Duration::ZERO))
    }

    async fn pause(&self, _: &BudgetKey, _: Duration) -> Result<(), Fault> {
        Ok(())
    }
}

/// 7moor's documented limits.
pub fn moor_limits(budget: Arc<CountingBudget>) -> MoorLimits {
    let per_minute = vec![(StreamId::MOOR_QUEUE, 20), (StreamId::MOOR_AGENT_CLAIM_STATUS, 100)];
    MoorLimits { budget, per_minute }
}

pub fn client() -> HttpClient {
    HttpClient::new(&HttpConfig::default()).unwrap()
}

pub fn client_with(config: HttpConfig) -> HttpClient {
    HttpClient::new(&config).unwrap()
}

/// The fault with everything that could ever be printed of it.
pub fn printed(fault: &Fault) -> String {
    format!("{fault} {fault:?} {fault:#?} {}", fault.chain())
}
