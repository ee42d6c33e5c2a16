//! One Sobot account and the streams it gives.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use secrecy::ExposeSecret as _;
use url::Url;

use crate::domain::fault::{Fault, FaultKind};
use crate::domain::row::record::Record;
use crate::domain::stream::{StreamId, StreamKey};
use crate::domain::vendor::page::{Closing, Page, PageRequest};
use crate::engine::port::clock::Clock;
use crate::engine::port::source::Source;
use crate::engine::port::token::{Token, TokenVault};
use crate::sources::address::address;
use crate::sources::context::RequestContext;
use crate::sources::http::{HttpClient, Request};
use crate::sources::payload::element::{self, PageLimits};
use crate::sources::sobot::config::SobotConfig;
use crate::sources::sobot::token::TokenRenewer;
use crate::sources::sobot::wire::{Refusal, judge, page};

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
    tokens: TokenRenewer,
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
        let tokens = TokenRenewer::new(config.clone(), http.clone(), vault, clock.clone());
        SobotAccount { shared: Arc::new(Shared { config, http, clock, tokens }) }
    }

    /// Obtains a new token, whatever the stored one is good for: the proof that the vendor takes appid and key. It is
    /// stored as at each renewal, so that other workers find it when theirs is refused.
    ///
    /// # Errors
    /// As of any token request.
    pub async fn prove(&self) -> Result<(), Fault> {
        let source = self.shared.config.source.clone();
        let context = RequestContext { subject: source, request: "GET /api/get_token".to_owned() };
        self.shared.tokens.renew_now(&context).await
    }

    /// The same page under a token that the vendor never gave: how it refuses one.
    ///
    /// # Errors
    /// The refusal.
    pub async fn fetch_with_wrong_token(
        &self,
        stream: StreamId,
        request: &PageRequest,
    ) -> Result<Page, Fault> {
        let stream = SobotStream { account: self.shared.clone(), stream, form: AtomicUsize::new(0) };
        let context = stream.context();
        let url = stream.url(&context, request, 0)?;
        let now = self.shared.clock.now();
        let secret = secrecy::SecretString::from(WRONG_TOKEN.to_owned());
        let token = Token { secret, generation: 0, obtained_at: now, expires_at: now };
        stream.ask(&context, (&url, request.page_size), &token).await.map_err(Refusal::into_fault)
    }

    /// One of its streams.
    pub fn stream(&self, stream: StreamId) -> Arc<dyn Source> {
        let account = self.shared.clone();
        Arc::new(SobotStream { account, stream, form: AtomicUsize::new(0) })
    }

    /// `sobot:<app_id>@<host[:port]>/<endpoint>`, the name of the stream's request budget.
    pub fn budget_name(&self, stream: StreamId) -> String {
        format!("{}/{}", self.shared.config.account(), stream.endpoint())
    }
}

impl fmt::Debug for SobotAccount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SobotAccount").field("config", &self.shared.config).finish_non_exhaustive()
    }
}

/// Has the form of a token and is none.
const WRONG_TOKEN: &str = "00000000000000000000000000000000";

struct SobotStream {
    account: Arc<Shared>,
    stream: StreamId,
    /// Which of its forms of a window's ends the vendor was found to take.
    form: AtomicUsize,
}

#[async_trait]
impl Source for SobotStream {
    fn stream(&self) -> StreamId {
        self.stream
    }

    fn closing(&self) -> Closing {
        self.stream.closing
    }

    /// Where the vendor does not take the window as it was written, it is written the other way, once.
    async fn fetch(&self, request: &PageRequest) -> Result<Page, Fault> {
        let form = self.form.load(Ordering::Relaxed);
        let refused = match self.fetch_written(request, form).await {
            Err(fault) if fault.code.as_deref() == Some(TIME_FORMAT_REFUSED) => fault,
            outcome => return outcome,
        };
        let forms = self.stream.bounds.len();
        if forms < 2 {
            return Err(refused);
        }
        let other = (form + 1) % forms;
        let page = self.fetch_written(request, other).await?;
        self.form.store(other, Ordering::Relaxed);
        Ok(page)
    }

    /// The token travels in a header, so the address holds no secret.
    fn describe(&self, request: &PageRequest) -> String {
        match self.url(&self.context(), request, self.form.load(Ordering::Relaxed)) {
            Ok(url) => format!("GET {url}"),
            Err(_) => self.context().request,
        }
    }

    fn reread(&self, payload: &str) -> Record {
        element::reread(self.stream.spec(), payload, &self.account.config.privacy)
    }
}

impl SobotStream {
    /// One token renewal at most. A refused token is first replaced by what the vault or the vendor has
    /// newer; should that be refused as well, the vault is asked once more after a second, because another
    /// worker may have renewed in between; then another system must be at work.
    async fn fetch_written(&self, request: &PageRequest, form: usize) -> Result<Page, Fault> {
        let context = self.context();
        let url = self.url(&context, request, form)?;
        let tokens = &self.account.tokens;

        let first = tokens.current(&context).await?;
        let mut generation = first.token.generation;
        let mut outcome = self.ask(&context, (&url, request.page_size), &first.token).await;
        if let Err(Refusal::Token(_) | Refusal::Unexplained(_)) = outcome {
            let second = if first.renewed {
                tokens.newer(Some(generation)).await?
            } else {
                Some(tokens.renew(&context, Some(generation)).await?.token)
            };
            if let Some(token) = second {
                generation = token.generation;
                outcome = self.ask(&context, (&url, request.page_size), &token).await;
            }
        }
        if let Err(Refusal::Token(_)) = outcome {
            self.account.clock.sleep(SECOND_LOOK_AFTER).await;
            let newest = tokens.newer(None).await?.unwrap_or(first.token);
            generation = newest.generation;
            outcome = self.ask(&context, (&url, request.page_size), &newest).await;
        }
        match outcome {
            Ok(page) => Ok(page),
            Err(Refusal::Other(fault) | Refusal::Unexplained(fault)) => Err(fault),
            Err(Refusal::Token(fault)) => Err(self.contested(&context, generation, fault)),
        }
    }

    fn context(&self) -> RequestContext {
        RequestContext {
            subject: StreamKey { source: self.account.config.source.clone(), stream: self.stream }
                .to_string(),
            request: format!("GET {}", self.stream.path),
        }
    }

    fn url(&self, context: &RequestContext, request: &PageRequest, form: usize) -> Result<Url, Fault> {
        let (Some(window), Some(bounds)) = (request.window, self.stream.bounds.get(form)) else {
            return Err(context.fault(FaultKind::RequestRefused, "this stream is read by windows"));
        };
        let (start, end) = bounds(window);
        let query = [
            ("start_datetime", start.as_str()),
            ("end_datetime", &end),
            ("page_no", &request.page_no.to_string()),
            ("page_size", &request.page_size.to_string()),
        ];
        Ok(address(&self.account.config.base_url, self.stream.path, &query))
    }

    /// Sends the request under this token.
    async fn ask(
        &self,
        context: &RequestContext,
        (url, asked): (&Url, u32),
        token: &Token,
    ) -> Result<Page, Refusal> {
        let config = &self.account.config;
        let mut request = Request::get(url.clone());
        request.secret_header = Some(("token", token.secret.clone()));
        let answer = self.account.http.send(context, request).await.map_err(Refusal::Other)?;
        let app_key = config.app_key.current();
        let secrets = [token.secret.expose_secret(), app_key.expose_secret()];
        let fields = judge(context, &answer, &secrets, self.account.clock.now())?;
        let limits = PageLimits { asked, bytes_max: self.account.http.page_bytes_max() };
        page(context, (&answer, fields), self.stream.spec(), &config.privacy, limits).map_err(Refusal::Other)
    }

    fn contested(&self, context: &RequestContext, generation: i64, last: Fault) -> Fault {
        let app_id = &self.account.config.app_id;
        let what = format_args!(
            "the token was refused, and so was a newer one (number {generation}): another system seems to \
             use the same appid {app_id}; each token request ends the tokens before it, so only one system \
             may refresh this appid's token"
        );
        let fault = context.fault(FaultKind::TokenContested, what);
        match last.code.clone() {
            Some(code) => fault.with_code(code).with_cause(last),
            None => fault.with_cause(last),
        }
    }
}
