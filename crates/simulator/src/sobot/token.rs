//! `get_token`: the signature, and which tokens live.

use std::collections::HashMap;
use std::sync::Arc;

use axum::extract::{RawQuery, State as Shared};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use chrono::{DateTime, TimeDelta, Utc};
use md5::{Digest, Md5};
use serde_json::json;

use super::query::Query;
use super::refusal;
use crate::answer::exchange::{Answer, entry, exchange};
use crate::disturbance::switches::{CreateTime, OnOff, TokenStatus};
use crate::service::endpoint::Endpoint;
use crate::service::state::{State, lock};
use crate::vendor::rng::Rng;

/// How far `create_time` may lie from now where that is checked. An invention.
const FRESH_S: u64 = 300;

#[derive(Debug)]
struct Issued {
    app_id: String,
    expires: DateTime<Utc>,
}

/// The tokens that live.
#[derive(Debug)]
pub(crate) struct Tokens {
    issued: HashMap<String, Issued>,
    rng: Rng,
}

impl Tokens {
    pub(crate) fn new(seed: u64) -> Self {
        Self { issued: HashMap::new(), rng: Rng::new(seed, 6) }
    }

    fn issue(&mut self, app_id: &str, now: DateTime<Utc>, life_s: u64, takeover: bool) -> String {
        self.issued.retain(|_, token| token.expires > now && !(takeover && token.app_id == app_id));
        let life = i64::try_from(life_s).ok().and_then(TimeDelta::try_seconds).unwrap_or(TimeDelta::MAX);
        let expires = now.checked_add_signed(life).unwrap_or(DateTime::<Utc>::MAX_UTC);
        let token = self.rng.hex32();
        self.issued.insert(token.clone(), Issued { app_id: app_id.to_owned(), expires });
        token
    }

    /// The account of a token, if it still lives.
    pub(super) fn account(&self, token: &str, now: DateTime<Utc>) -> Option<&str> {
        self.issued.get(token).filter(|token| token.expires > now).map(|token| token.app_id.as_str())
    }

    pub(crate) fn end(&mut self, token: &str) {
        self.issued.remove(token);
    }

    pub(crate) fn end_all(&mut self) {
        self.issued.clear();
    }
}

/// The token of a request: the header, and the account if it lives.
pub(super) fn bearer(state: &State, headers: &HeaderMap) -> (String, Option<String>) {
    let sent = headers.get("token").and_then(|value| value.to_str().ok()).unwrap_or_default().trim();
    let account = lock(&state.tokens).account(sent, state.now()).map(str::to_owned);
    (sent.to_owned(), account)
}

/// The answer to a request without a token, or with one that does not live.
pub(super) fn refused(state: &State, sent: &str) -> Answer {
    let mut answer = refusal(if sent.is_empty() { "900001" } else { "900002" });
    if state.switches().sobot_token_status == TokenStatus::Http401 {
        answer.status = StatusCode::UNAUTHORIZED;
    }
    answer
}

pub(super) async fn get_token(Shared(state): Shared<Arc<State>>, RawQuery(query): RawQuery) -> Response {
    let query = Query::parse(query.as_deref());
    let app_id = query.get("appid").unwrap_or_default().to_owned();
    let entry = entry(&state, Endpoint::SobotToken, app_id.clone());
    exchange(&state, entry, None, |_| answer(&state, &query, &app_id)).await
}

fn answer(state: &State, query: &Query, app_id: &str) -> Answer {
    let Some(account) = state.config.sobot_accounts.iter().find(|account| account.app_id == app_id) else {
        return refusal("900004");
    };
    let create_time = query.get("create_time").unwrap_or_default();
    let sign = query.get("sign").unwrap_or_default();
    let signed = Md5::digest(format!("{app_id}{create_time}{}", account.app_key));
    let signed: String = signed.iter().map(|byte| format!("{byte:02x}")).collect();
    let switches = state.switches();
    let now = state.now();
    let is_fresh = || {
        let age = create_time.parse::<i64>().map(|at| now.timestamp().abs_diff(at));
        switches.sobot_create_time == CreateTime::Any || age.is_ok_and(|age| age <= FRESH_S)
    };
    // Whether the case of the hash matters is not documented: both are taken.
    if create_time.is_empty() || !signed.eq_ignore_ascii_case(sign) || !is_fresh() {
        return refusal("900003");
    }
    let life_s = state.config.token_life_s;
    let takeover = switches.sobot_takeover == OnOff::On;
    let token = lock(&state.tokens).issue(app_id, now, life_s, takeover);
    lock(&state.journal).tokens_issued += 1;
    let item = json!({"token": token, "expires_in": life_s.to_string()});
    Answer::ok(json!({"item": item, "ret_code": "000000", "ret_msg": "操作成功"}), 0)
}
