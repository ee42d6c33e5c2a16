//! The endpoints under `/_sim`, for whoever runs the simulator as a process.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Path, State as Shared};
use axum::http::StatusCode;
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

use crate::disturbance::fault::Step;
use crate::disturbance::fault_rate::FaultRates;
use crate::service::endpoint::Endpoint;
use crate::service::state::{State, lock};
use crate::vendor::change::Change;
use crate::vendor::change_rate::ChangeRates;
use crate::workbench::MonitorRates;

type Reply = (StatusCode, Json<Value>);

pub(crate) fn router() -> Router<Arc<State>> {
    Router::new()
        .route("/_sim/health", get(health))
        .route("/_sim/truth/{part}", get(truth))
        .route("/_sim/journal", get(journal))
        .route("/_sim/journal/counts", get(counts))
        .route("/_sim/faults", post(faults))
        .route("/_sim/changes", post(changes))
        .route("/_sim/script", post(script).delete(clear_scripts))
        .route("/_sim/mutate", post(mutate))
        .route("/_sim/rescore", post(rescore))
        .route("/_sim/monitor", get(monitor).post(set_monitor))
        .route("/_sim/switches", get(switches).post(set_switches))
        .route("/_sim/tokens", axum::routing::delete(end_tokens))
}

fn reply<T: serde::Serialize>(result: Result<T, String>) -> Reply {
    match result.and_then(|value| serde_json::to_value(value).map_err(|error| error.to_string())) {
        Ok(value) => (StatusCode::OK, Json(value)),
        Err(error) => (StatusCode::BAD_REQUEST, Json(json!({"error": error}))),
    }
}

fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, String> {
    serde_json::from_slice(body).map_err(|error| error.to_string())
}

async fn health(Shared(state): Shared<Arc<State>>) -> Reply {
    let world = lock(&state.world);
    reply(Ok(json!({
        "ok": true,
        "calls": world.calls.len(),
        "chats": world.chats.len(),
        "groups": world.groups.len(),
        "agents": world.agents.len(),
        "now": state.now(),
    })))
}

async fn truth(Shared(state): Shared<Arc<State>>, Path(part): Path<String>) -> Reply {
    let switches = state.switches();
    let world = lock(&state.world);
    match part.as_str() {
        "calls" => reply(Ok(world.calls.truth(&switches))),
        "chats" => reply(Ok(world.chats.truth(&switches))),
        "groups" => reply(Ok(world.by_exten(|group| group.to_queue(&world.agents, &switches)))),
        "claims" => reply(Ok(world.by_exten(|group| group.to_claims(&world.agents, &switches)))),
        "ever" => reply(Ok(world.ever())),
        _ => reply(Err::<(), _>("the parts of the truth are calls, chats, groups, claims, ever".to_owned())),
    }
}

async fn journal(Shared(state): Shared<Arc<State>>) -> Reply {
    let journal = lock(&state.journal).clone();
    reply(Ok(journal))
}

/// The journal without its entries.
async fn counts(Shared(state): Shared<Arc<State>>) -> Reply {
    let counts = lock(&state.journal).endpoints.clone();
    reply(Ok(counts))
}

async fn faults(Shared(state): Shared<Arc<State>>, body: Bytes) -> Reply {
    reply(read::<FaultRates>(&body).inspect(|rates| lock(&state.faults).rates.clone_from(rates)))
}

async fn changes(Shared(state): Shared<Arc<State>>, body: Bytes) -> Reply {
    reply(read::<ChangeRates>(&body).inspect(|rates| *lock(&state.changes) = *rates))
}

/// `{"endpoint": "sobot.call_result", "steps": ["http_5xx", {"fault": "hang", "amount": 500}]}`
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Script {
    endpoint: Endpoint,
    steps: Vec<Step>,
}

async fn script(Shared(state): Shared<Arc<State>>, body: Bytes) -> Reply {
    let script = match read::<Script>(&body) {
        Ok(script) => script,
        Err(error) => return reply(Err::<(), _>(error)),
    };
    if let Some(step) = script.steps.iter().find(|step| !step.fault.applies_to(script.endpoint)) {
        let error = format!("the fault {} cannot happen at {}", step.fault, script.endpoint);
        return reply(Err::<(), _>(error));
    }
    let mut faults = lock(&state.faults);
    faults.script(script.endpoint, script.steps);
    let waiting: BTreeMap<_, _> = faults.waiting();
    drop(faults);
    reply(Ok(waiting))
}

async fn clear_scripts(Shared(state): Shared<Arc<State>>) -> Reply {
    lock(&state.faults).clear_scripts();
    reply(Ok(json!({})))
}

async fn mutate(Shared(state): Shared<Arc<State>>, body: Bytes) -> Reply {
    let changed = read::<Change>(&body).and_then(|change| state.mutate(change));
    reply(changed.map(|id| json!({"id": id})))
}

/// `{"channel": "call", "share": 0.05}`
async fn rescore(Shared(state): Shared<Arc<State>>, body: Bytes) -> Reply {
    let switches = state.switches();
    let now_ms = state.now().timestamp_millis();
    reply(read(&body).and_then(|order| lock(&state.world).rescore_share(order, &switches, now_ms)))
}

/// What went through the call system's sockets.
async fn monitor(Shared(state): Shared<Arc<State>>) -> Reply {
    let truth = lock(&state.monitor).truth();
    reply(Ok(truth))
}

async fn set_monitor(Shared(state): Shared<Arc<State>>, body: Bytes) -> Reply {
    reply(read::<MonitorRates>(&body).inspect(|rates| lock(&state.monitor).rates = *rates))
}

async fn switches(Shared(state): Shared<Arc<State>>) -> Reply {
    reply(Ok(state.switches()))
}

/// Sets the named switches and leaves the others.
async fn set_switches(Shared(state): Shared<Arc<State>>, body: Bytes) -> Reply {
    let mut switches = lock(&state.switches);
    let set = read::<Map<String, Value>>(&body).and_then(|settings| switches.with(&settings));
    reply(set.inspect(|set| switches.clone_from(set)))
}

/// Ends all tokens, as if another system had taken the account over.
async fn end_tokens(Shared(state): Shared<Arc<State>>) -> Reply {
    lock(&state.tokens).end_all();
    reply(Ok(json!({})))
}
