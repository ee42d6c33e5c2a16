//! One Sobot account and the streams it gives.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use secrecy::ExposeSecret as _;
use url::Url;

use crate::domain::fault::{Fault, FaultKind};
use crate::domain::observation::Observation;
use crate::domain::page::{Closing, Page, PageRequest};
use crate::domain::record::Record;
use crate::domain::stream::{StreamId, StreamKey};
use crate::engine::port::clock::Clock;
use crate::engine::port::source::Source;
use crate::engine::port::token::{Token, TokenVault};
use crate::sources::address::address;
use crate::sources::http::{HttpClient, Request};
use crate::sources::site::CallSite;
use crate::sources::sobot::call_result::CALL_RESULT;
use crate::sources::sobot::chat_result::CHAT_RESULT;
use crate::sources::sobot::config::SobotConfig;
use crate::sources::sobot::endpoint::Endpoint;
use crate::sources::sobot::token::TokenKeeper;
use crate::sources::sobot::wire::{Refusal, judge, page, record};

/// After a fresh token was refused, another worker gets this long to store a newer one.
const SECOND_LOOK_AFTER: Duration = Duration::from_secs(1);

/// The form of a time is not taken. Printed for tickets only, the nearest analogue (`docs/vendors.md#sobot-errors`).
const TIME_FORMAT_REFUSED: &str = "400005";

/// One Sobot account. Clones and streams share one token.
#[derive(Clone)]
pub struct SobotAccount {
    shared: Arc<Shared>,
}

struct Shared {
    config: Arc<SobotConfig>,
    http: HttpClient,
    clock: Arc<dyn Clock>,
    tokens: TokenKeeper,
}

impl SobotAccount {
    /// An account whose token lives in `vault`.
    pub fn new(
        config: SobotConfig,
        http: HttpClient,
        vault: Arc<dyn TokenVault>,
        clock: Arc<dyn Clock>,
    ) -> SobotAccount {
        let config = Arc::new(config);
        let tokens = TokenKeeper::new(config.clone(), http.clone(), vault, clock.clone());
        SobotAccount { shared: Arc::new(Shared { config, http, clock, tokens }) }
    }

    /// Obtains a new token, whatever the stored one is good for: the proof that the vendor takes appid and key. It is
    /// stored as at each renewal, so that other workers find it when theirs is refused.
    ///
    /// # Errors
    /// As of any token request.
    pub async fn prove(&self) -> Result<(), Fault> {
        let source = self.shared.config.source.clone();
        let site = CallSite { subject: source, request: "GET /api/get_token".to_owned() };
        self.shared.tokens.renew_now(&site).await
    }

    /// Inspected calls (`docs/vendors.md#sobot-results`).
    pub fn call_result(&self) -> Arc<dyn Source> {
        Arc::new(SobotStream::new(self.shared.clone(), &CALL_RESULT))
    }

    /// Inspected chats (`docs/vendors.md#sobot-results`).
    pub fn chat_result(&self) -> Arc<dyn Source> {
        Arc::new(SobotStream::new(self.shared.clone(), &CHAT_RESULT))
    }

    /// `sobot:<app_id>@<host[:port]>/<endpoint>`, the name of the stream's request budget.
    pub fn budget_name(&self, stream: StreamId) -> String {
        let known = [&CALL_RESULT, &CHAT_RESULT].into_iter().find(|endpoint| endpoint.stream == stream);
        let endpoint = known.map_or(stream.as_str(), |endpoint| endpoint.name);
        format!("{}/{endpoint}", self.shared.config.account())
    }
}

impl fmt::Debug for SobotAccount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SobotAccount").field("config", &self.shared.config).finish_non_exhaustive()
    }
}

struct SobotStream {
    account: Arc<Shared>,
    endpoint: &'static Endpoint,
    /// The vendor was found to take the endpoint's other way of writing a window.
    otherwise: AtomicBool,
}

#[async_trait]
impl Source for SobotStream {
    fn stream(&self) -> StreamId {
        self.endpoint.stream
    }

    fn closing(&self) -> Closing {
        self.endpoint.closing
    }

    /// Where the vendor does not take the window as it was written, it is written the other way, once.
    async fn fetch(&self, request: &PageRequest) -> Result<Page, Fault> {
        let otherwise = self.otherwise.load(Ordering::Relaxed);
        let refused = match self.fetch_written(request, otherwise).await {
            Err(fault) if fault.code.as_deref() == Some(TIME_FORMAT_REFUSED) => fault,
            outcome => return outcome,
        };
        if self.endpoint.bounds_otherwise.is_none() {
            return Err(refused);
        }
        let page = self.fetch_written(request, !otherwise).await?;
        self.otherwise.store(!otherwise, Ordering::Relaxed);
        Ok(page)
    }

    /// The token travels in a header, so the address holds no secret.
    fn describe(&self, request: &PageRequest) -> String {
        match self.url(&self.site(), request, self.otherwise.load(Ordering::Relaxed)) {
            Ok(url) => format!("GET {url}"),
            Err(_) => self.site().request,
        }
    }

    fn reread(&self, payload: &str) -> Record {
        record(payload, self.endpoint, &self.account.config.privacy, &mut Observation::default())
    }
}

impl SobotStream {
    fn new(account: Arc<Shared>, endpoint: &'static Endpoint) -> SobotStream {
        SobotStream { account, endpoint, otherwise: AtomicBool::new(false) }
    }

    /// One token renewal at most. A refused token is first replaced by what the vault or the vendor has
    /// newer; should that be refused as well, the vault is asked once more after a second, because another
    /// worker may have renewed in between; then another system must be at work.
    async fn fetch_written(&self, request: &PageRequest, otherwise: bool) -> Result<Page, Fault> {
        let site = self.site();
        let url = self.url(&site, request, otherwise)?;
        let tokens = &self.account.tokens;

        let first = tokens.current(&site).await?;
        let mut generation = first.token.generation;
        let mut outcome = self.ask(&site, &url, &first.token).await;
        if let Err(Refusal::Token(_)) = outcome {
            let second = if first.renewed {
                tokens.newer(Some(generation)).await?
            } else {
                Some(tokens.renew(&site, Some(generation)).await?.token)
            };
            if let Some(token) = second {
                generation = token.generation;
                outcome = self.ask(&site, &url, &token).await;
            }
        }
        if let Err(Refusal::Token(_)) = outcome {
            self.account.clock.sleep(SECOND_LOOK_AFTER).await;
            let newest = tokens.newer(None).await?.unwrap_or(first.token);
            generation = newest.generation;
            outcome = self.ask(&site, &url, &newest).await;
        }
        match outcome {
            Ok(page) => Ok(page),
            Err(Refusal::Other(fault)) => Err(fault),
            Err(Refusal::Token(fault)) => Err(self.contested(&site, generation, fault)),
        }
    }

    fn site(&self) -> CallSite {
        CallSite {
            subject: StreamKey { source: self.account.config.source.clone(), stream: self.endpoint.stream }
                .to_string(),
            request: format!("GET {}", self.endpoint.path),
        }
    }

    fn url(&self, site: &CallSite, request: &PageRequest, otherwise: bool) -> Result<Url, Fault> {
        let Some(window) = request.window else {
            return Err(site.fault(FaultKind::RequestRefused, "this stream is read by windows"));
        };
        let bounds = self.endpoint.bounds_otherwise.filter(|_| otherwise).unwrap_or(self.endpoint.bounds);
        let (start, end) = bounds(window);
        let query = [
            ("start_datetime", start.as_str()),
            ("end_datetime", &end),
            ("page_no", &request.page_no.to_string()),
            ("page_size", &request.page_size.to_string()),
        ];
        Ok(address(&self.account.config.base_url, self.endpoint.path, &query))
    }

    /// Sends the request under this token.
    async fn ask(&self, site: &CallSite, url: &Url, token: &Token) -> Result<Page, Refusal> {
        let config = &self.account.config;
        let mut request = Request::get(url.clone());
        request.secret_header = Some(("token", token.secret.clone()));
        let answer = self.account.http.send(site, request).await.map_err(Refusal::Other)?;
        let secrets = [token.secret.expose_secret(), config.app_key.expose_secret()];
        let fields = judge(site, &answer, &secrets, self.account.clock.now())?;
        page(site, (&answer, fields), self.endpoint, &config.privacy).map_err(Refusal::Other)
    }

    fn contested(&self, site: &CallSite, generation: i64, last: Fault) -> Fault {
        let app_id = &self.account.config.app_id;
        let what = format_args!(
            "the token was refused, and so was a newer one (number {generation}): another system seems to \
             use the same appid {app_id}; each token request ends the tokens before it, so only one system \
             may refresh this appid's token"
        );
        let fault = site.fault(FaultKind::TokenContested, what);
        match last.code.clone() {
            Some(code) => fault.with_code(code).with_cause(last),
            None => fault.with_cause(last),
        }
    }
}
