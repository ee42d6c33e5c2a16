//! 7moor: online skill groups. Four endpoints, two of them writes.

mod auth;
mod list;
mod write;

use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, RawQuery, State as Shared};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::Response;
use axum::routing::post;
use serde_json::{Map, Value, json};
use url::form_urlencoded;

use crate::answer::exchange::{Answer, Chance, entry, exchange};
use crate::disturbance::switchboard::Switches;
use crate::disturbance::switches::MoorStatus;
use crate::service::endpoint::Endpoint;
use crate::service::state::{State, lock};

pub(super) fn router() -> Router<Arc<State>> {
    let at = |name: &str| format!("/v20210827/webChat/{name}/{{account}}");
    let route = |endpoint: Endpoint| {
        post(move |state, path, query, headers, body| handle(endpoint, state, path, query, headers, body))
    };
    Router::new()
        .route(&at("queueQueue"), route(Endpoint::MoorQueue))
        .route(&at("queueQueueAgentClaimStatus"), route(Endpoint::MoorAgentClaimStatus))
        .route(&at("addQueue"), route(Endpoint::MoorAddQueue))
        .route(&at("updateQueueAssignMembers"), route(Endpoint::MoorAssignMembers))
}

async fn handle(
    endpoint: Endpoint,
    Shared(state): Shared<Arc<State>>,
    Path(account): Path<String>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let fields = read_body(&body);
    let mut entry = entry(&state, endpoint, account.clone());
    if let Some(fields) = &fields {
        entry.page = count(fields, "page");
        entry.page_size = count(fields, "pageSize");
        entry.exten = text(fields, "exten");
        entry.write = endpoint.is_write().then(|| Value::Object(fields.clone()));
    }
    let early = over_limit(&state, endpoint, &account);
    let authorization = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let sig = form_urlencoded::parse(query.as_deref().unwrap_or_default().as_bytes())
        .find(|(name, _)| name == "sig")
        .map(|(_, value)| value.into_owned());
    exchange(&state, entry, early, |chance| {
        let switches = state.switches();
        let signed = auth::Signed { account: &account, authorization, sig: sig.as_deref() };
        if !signed.is_valid(&state, &switches) {
            // The code is documented, the text an invention.
            return refusal(403, "Authorization parameters error", "moor_403_auth", &switches);
        }
        match fields {
            Some(fields) => answer(&state, endpoint, &fields, &switches, chance),
            None => bad_parameters(&switches),
        }
    })
    .await
}

fn answer(
    state: &Arc<State>,
    endpoint: Endpoint,
    fields: &Map<String, Value>,
    switches: &Switches,
    chance: &mut Chance,
) -> Answer {
    match (endpoint, chance.lateness()) {
        (Endpoint::MoorAddQueue | Endpoint::MoorAssignMembers, Some(lateness)) => {
            write::later(Arc::clone(state), endpoint, fields.clone(), lateness);
            Answer::ok(json!({}), 0)
        }
        (Endpoint::MoorAddQueue | Endpoint::MoorAssignMembers, None) => {
            write::write(state, endpoint, fields, switches)
        }
        _ => list::list(state, endpoint, fields, switches, chance),
    }
}

/// The refusal of a request beyond the vendor's limit.
fn over_limit(state: &State, endpoint: Endpoint, account: &str) -> Option<Answer> {
    if state.config.moor_accounts.iter().all(|known| known.account != account) {
        return None;
    }
    let per_minute = match endpoint {
        Endpoint::MoorAgentClaimStatus => state.config.moor_claim_limit,
        _ => state.config.moor_limit,
    };
    let switches = state.switches();
    let (minute, scope, now) = (switches.moor_minute, switches.moor_limit_scope, state.now());
    if lock(&state.limits).take(account, endpoint, per_minute, minute, scope, now) {
        return None;
    }
    lock(&state.journal).violation(endpoint);
    let text = format!("Server is busy, max request frequency is {per_minute}/min");
    let mut answer = refusal(403, &text, "moor_403_limit", &switches);
    // The one documented body of this kind has no `success`.
    answer.body = json!({"code": 403, "message": text});
    Some(answer)
}

fn refusal(code: u16, text: &str, kind: &str, switches: &Switches) -> Answer {
    let status = match switches.moor_status {
        MoorStatus::Http200 => StatusCode::OK,
        MoorStatus::Same => StatusCode::from_u16(code).unwrap_or(StatusCode::OK),
    };
    let body = json!({"code": code, "success": false, "message": text});
    Answer { status, body, kind: kind.to_owned(), rows: 0, text: None }
}

fn bad_parameters(switches: &Switches) -> Answer {
    let mut answer = refusal(400, "", "moor_400", switches);
    answer.body = json!({"code": 400, "message": "Please check your parameters"});
    answer
}

/// The fields of the body; none when it is absent, `None` when it is no object.
fn read_body(body: &[u8]) -> Option<Map<String, Value>> {
    if body.iter().all(u8::is_ascii_whitespace) {
        return Some(Map::new());
    }
    serde_json::from_slice(body).ok()
}

/// A text that is there and not empty.
fn text(fields: &Map<String, Value>, name: &str) -> Option<String> {
    let text = match fields.get(name)? {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        _ => return None,
    };
    Some(text).filter(|text| !text.is_empty())
}

/// A number from 1, also when written as text.
fn count(fields: &Map<String, Value>, name: &str) -> Option<u64> {
    text(fields, name)?.parse().ok().filter(|n| *n > 0)
}
