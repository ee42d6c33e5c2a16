//! The one live token of an account (`docs/vendors.md#sobot-token`): shared by all workers
//! through the vault, because each token request may end the token that came before.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use secrecy::{ExposeSecret as _, SecretString};

use crate::domain::fault::{Fault, FaultKind};
use crate::domain::person::privacy::Privacy;
use crate::engine::port::clock::Clock;
use crate::engine::port::token::{RenewalLease, Token, TokenVault};
use crate::sources::context::RequestContext;
use crate::sources::http::{HttpClient, Request};
use crate::sources::payload::answer::Answer;
use crate::sources::payload::reading::Fields;
use crate::sources::sobot::auth::token_address;
use crate::sources::sobot::config::SobotConfig;
use crate::sources::sobot::wire::judge;
use crate::telemetry::failpoint::{Failpoint, failpoint};

/// A worker that died while renewing is waited for no longer than this.
const LEASE_TERM: Duration = Duration::from_secs(30);
/// A token request ends well within the lease, so that no two workers renew at once.
const REQUEST_TIME: Duration = Duration::from_secs(20);
/// How often a waiting worker looks, and for how long.
const LOOK_EVERY: Duration = Duration::from_millis(150);
const LOOK_FOR: Duration = Duration::from_secs(32);
/// So often another worker's renewal may come in between when one of our own is wanted.
const RENEWALS_MET_MAX: u32 = 5;
/// A token is renewed when a tenth of its life is left, at most this.
const MARGIN_MAX: chrono::Duration = chrono::Duration::minutes(10);
/// Where the answer says nothing usable of the token's life.
const LIFE_SECONDS: i64 = 86_400;
const LIFE_SECONDS_MAX: i64 = 366 * 86_400;

/// A token, and whether it was obtained just now by the one who asks.
pub(super) struct Held {
    pub(super) token: Token,
    pub(super) renewed: bool,
}

pub(super) struct TokenRenewer {
    config: Arc<SobotConfig>,
    account: String,
    http: HttpClient,
    vault: Arc<dyn TokenVault>,
    clock: Arc<dyn Clock>,
    /// Tasks of this process queue here and need not poll the vault for one another.
    renewing: tokio::sync::Mutex<Option<FailedRenewal>>,
}

impl TokenRenewer {
    pub(super) fn new(
        config: Arc<SobotConfig>,
        http: HttpClient,
        vault: Arc<dyn TokenVault>,
        clock: Arc<dyn Clock>,
    ) -> TokenRenewer {
        let account = config.account();
        TokenRenewer { config, account, http, vault, clock, renewing: tokio::sync::Mutex::new(None) }
    }

    /// The stored token while it is good for a while, else a new one.
    pub(super) async fn current(&self, context: &RequestContext) -> Result<Held, Fault> {
        let stored = self.vault.load(&self.account).await?;
        let generation = stored.as_ref().map(|token| token.generation);
        let is_good =
            |token: &Token| is_lasting(token, self.clock.now()) && is_sendable(token.secret.expose_secret());
        match stored.filter(is_good) {
            Some(token) => Ok(Held { token, renewed: false }),
            None => self.renew(context, generation).await,
        }
    }

    /// Obtains a token by this account's own request.
    pub(super) async fn renew_now(&self, context: &RequestContext) -> Result<(), Fault> {
        for _ in 0..RENEWALS_MET_MAX {
            let stored = self.vault.load(&self.account).await?;
            if self.renew(context, stored.map(|token| token.generation)).await?.renewed {
                return Ok(());
            }
            // Another worker's renewal came in between, and proves its key, not ours.
        }
        let what = "other workers renew the token again and again";
        Err(context.fault(FaultKind::TokenContested, what))
    }

    /// The stored token if it is newer than the judged one.
    pub(super) async fn newer(&self, judged: Option<i64>) -> Result<Option<Token>, Fault> {
        let stored = self.vault.load(&self.account).await?;
        Ok(stored.filter(|token| judged.is_none_or(|judged| judged < token.generation)))
    }

    /// A token newer than the judged one: whoever else obtained it, or else a fresh one.
    pub(super) async fn renew(&self, context: &RequestContext, judged: Option<i64>) -> Result<Held, Fault> {
        let asked_at = self.clock.now();
        let mut last_failed = self.renewing.lock().await;
        if let Some(failed) = last_failed.as_ref().filter(|failed| asked_at < failed.at) {
            return Err(failed.for_another(context));
        }
        let renewed = self.renew_alone(context, judged).await;
        *last_failed =
            renewed.as_ref().err().map(|fault| FailedRenewal::of(fault, context, self.clock.now()));
        renewed
    }

    async fn renew_alone(&self, context: &RequestContext, judged: Option<i64>) -> Result<Held, Fault> {
        let mut waited = Duration::ZERO;
        loop {
            if let Some(token) = self.newer(judged).await? {
                return Ok(Held { token, renewed: false });
            }
            if let Some(lease) = self.vault.begin_renewal(&self.account, LEASE_TERM).await? {
                failpoint(Failpoint::TokenRenewalBegun).await?;
                return self.renew_under(context, lease, judged).await;
            }
            if LOOK_FOR <= waited {
                let what = format_args!(
                    "another worker has been renewing the token of {} for {} s",
                    self.account,
                    LOOK_FOR.as_secs()
                );
                // Not `LeaseLost`, which means that somebody else does the work: here it is only delayed.
                return Err(context.fault(FaultKind::Unreachable, what));
            }
            self.clock.sleep(LOOK_EVERY).await;
            waited += LOOK_EVERY;
        }
    }

    async fn renew_under(
        &self,
        context: &RequestContext,
        lease: RenewalLease,
        judged: Option<i64>,
    ) -> Result<Held, Fault> {
        let obtained = match self.newer(judged).await {
            // Somebody renewed between our look and our lease.
            Ok(Some(token)) => Ok(Err(token)),
            Ok(None) => self.obtain(context).await.map(Ok),
            Err(fault) => Err(fault),
        };
        match obtained {
            Ok(Ok(new)) => self.finish(context, lease, new, judged).await,
            Ok(Err(token)) => {
                // A lease that cannot be ended early ends by itself; what was found is good all the same.
                let _ = self.vault.abandon_renewal(lease).await;
                Ok(Held { token, renewed: false })
            }
            Err(fault) => {
                let _ = self.vault.abandon_renewal(lease).await;
                Err(fault)
            }
        }
    }

    async fn finish(
        &self,
        context: &RequestContext,
        lease: RenewalLease,
        new: NewToken,
        judged: Option<i64>,
    ) -> Result<Held, Fault> {
        failpoint(Failpoint::TokenObtained).await?;
        let stored = self.vault.finish_renewal(lease, new.secret, new.obtained_at, new.expires_at).await;
        failpoint(Failpoint::TokenStored).await?;
        let token = match stored {
            // The lease ran out under us: whoever took it over may have ended our token at the vendor.
            Err(lost) if lost.kind == FaultKind::LeaseLost => self.newer(judged).await?.ok_or_else(|| {
                let what = "the right to renew the token ran out before it was renewed";
                context.fault(FaultKind::Unreachable, what).with_cause(lost)
            })?,
            stored => stored?,
        };
        Ok(Held { token, renewed: true })
    }

    /// A key that is refused is looked up again where it is kept.
    async fn obtain(&self, context: &RequestContext) -> Result<NewToken, Fault> {
        match self.request(context).await {
            Err(fault) if fault.kind == FaultKind::CredentialsRefused && self.config.app_key.reread() => {
                self.request(context).await
            }
            outcome => outcome,
        }
    }

    async fn request(&self, context: &RequestContext) -> Result<NewToken, Fault> {
        let context =
            RequestContext { subject: context.subject.clone(), request: "GET /api/get_token".to_owned() };
        // Taken before the request, so that the token ends no later than we think.
        let now = self.clock.now();
        let mut request = Request::get(token_address(&self.config, now));
        request.time_limit = Some(REQUEST_TIME);
        let answer = self.http.send(&context, request).await?;
        self.read(&context, &answer, now)
    }

    fn read(&self, context: &RequestContext, answer: &Answer, now: DateTime<Utc>) -> Result<NewToken, Fault> {
        let app_key = self.config.app_key.current();
        let mut fields = judge(context, answer, &[app_key.expose_secret()], now)
            .map_err(|refusal| refusal.into_fault())?;
        let malformed = |why| context.fault(FaultKind::Malformed, why);
        let item = fields.take_raw("item").map_or("null", |raw| raw.get());
        let mut item =
            Fields::open(item, &Privacy::KEEP).map_err(|why| malformed(format!("field `item`: {why}")))?;
        let token = item.take("token").into_text().map(|text| text.trim().to_owned());
        let token = token.ok_or_else(|| malformed("the answer holds no token".to_owned()))?;
        if !is_sendable(&token) {
            // It is not stored, so that the next try asks for another.
            return Err(malformed("the token holds characters that no header can carry".to_owned()));
        }
        let life = ["expires_in", "expire_in"]
            .iter()
            .find_map(|name| item.take(name).count())
            .and_then(|seconds| i64::try_from(seconds).ok())
            .filter(|seconds| 0 < *seconds)
            .unwrap_or(LIFE_SECONDS)
            .min(LIFE_SECONDS_MAX);
        Ok(NewToken {
            secret: SecretString::from(token),
            obtained_at: now,
            expires_at: now + chrono::Duration::seconds(life),
        })
    }
}

/// Who waited in the queue while the token could not be renewed would wait as long again for the same
/// answer: it is theirs too.
struct FailedRenewal {
    at: DateTime<Utc>,
    kind: FaultKind,
    what: String,
    code: Option<String>,
    retry_after: Option<Duration>,
}

impl FailedRenewal {
    fn of(fault: &Fault, context: &RequestContext, at: DateTime<Utc>) -> FailedRenewal {
        let message = fault.chain();
        let what = message.strip_prefix(&format!("{}: ", context.subject)).unwrap_or(&message).to_owned();
        FailedRenewal { at, kind: fault.kind, what, code: fault.code.clone(), retry_after: fault.retry_after }
    }

    fn for_another(&self, context: &RequestContext) -> Fault {
        let mut fault = Fault::new(self.kind, format!("{}: {}", context.subject, self.what));
        fault.code.clone_from(&self.code);
        fault.retry_after = self.retry_after;
        fault
    }
}

struct NewToken {
    secret: SecretString,
    obtained_at: DateTime<Utc>,
    expires_at: DateTime<Utc>,
}

/// Whether a header can carry the token: visible ASCII.
fn is_sendable(token: &str) -> bool {
    !token.is_empty() && token.bytes().all(|byte| byte.is_ascii_graphic())
}

fn is_lasting(token: &Token, now: DateTime<Utc>) -> bool {
    let margin = ((token.expires_at - token.obtained_at) / 10).min(MARGIN_MAX);
    now + margin < token.expires_at
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_renewed_when_a_tenth_of_its_life_is_left_or_ten_minutes_if_that_is_less() {
        let start = DateTime::UNIX_EPOCH;
        let second = chrono::Duration::seconds;
        let token = |life| Token {
            secret: "t".into(),
            generation: 1,
            obtained_at: start,
            expires_at: start + second(life),
        };
        for (life, until) in [(86_400, 86_400 - 600), (60, 54)] {
            assert!(is_lasting(&token(life), start + second(until - 1)));
            assert!(!is_lasting(&token(life), start + second(until)));
        }
    }
}
