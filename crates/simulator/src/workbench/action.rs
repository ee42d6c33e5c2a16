//! The eight endpoints that act. Refusals are inventions: the document prints
//! none. The journal counts every request as a write.

use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State as Shared;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::Response;
use axum::routing::post;
use serde_json::{Map, Value, json};
use url::form_urlencoded;

use crate::answer::exchange::{Answer, entry, exchange};
use crate::disturbance::switchboard::Switches;
use crate::disturbance::switches::{ActionBody, MessageBody, WorkbenchCode, WorkbenchStatus};
use crate::service::endpoint::Endpoint;
use crate::service::state::State;

/// What getMsg tells; the document says no more than 短信内容.
const MESSAGE: &str = "您的验证码是 8848";

const ROUTES: [(&str, Endpoint); 8] = [
    ("/admin/agent/logon", Endpoint::WorkbenchLogon),
    ("/admin/agent/logout", Endpoint::WorkbenchLogout),
    ("/admin/agent/nextCall", Endpoint::WorkbenchNextCall),
    ("/admin/agent/hold", Endpoint::WorkbenchHold),
    ("/admin/agent/meeting", Endpoint::WorkbenchMeeting),
    ("/admin/agent/addBlack", Endpoint::WorkbenchAddBlack),
    ("/admin/agent/getMsg", Endpoint::WorkbenchGetMessage),
    ("/admin/sms_api/send", Endpoint::WorkbenchSendSms),
];

/// The fields that the document demands.
const fn demanded(endpoint: Endpoint) -> &'static [&'static str] {
    match endpoint {
        Endpoint::WorkbenchLogon | Endpoint::WorkbenchLogout => &["extno"],
        Endpoint::WorkbenchMeeting => &["tel"],
        Endpoint::WorkbenchAddBlack => &["info_uuid"],
        Endpoint::WorkbenchSendSms => &["telephone", "msg"],
        _ => &[],
    }
}

pub(crate) fn router() -> Router<Arc<State>> {
    ROUTES.into_iter().fold(Router::new(), |router, (path, endpoint)| {
        router.route(path, post(move |state, headers, body| handle(endpoint, state, headers, body)))
    })
}

async fn handle(
    endpoint: Endpoint,
    Shared(state): Shared<Arc<State>>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let switches = state.switches();
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let agents = &state.config.monitor_agents;
    let agent = text("access_token").and_then(|token| agents.iter().find(|known| known.token == token));
    let fields = read_body(text(header::CONTENT_TYPE.as_str()).unwrap_or_default(), &body, &switches);
    let account = agent.map_or("", |agent| agent.extno.as_str()).to_owned();
    let mut entry = entry(&state, endpoint, account);
    entry.write = fields.clone().map(Value::Object);
    exchange(&state, entry, None, |_| {
        if agent.is_none() {
            return refusal(401, "access_token error", StatusCode::UNAUTHORIZED, &switches);
        }
        let Some(fields) = fields else {
            return refusal(400, "参数错误", StatusCode::BAD_REQUEST, &switches);
        };
        let given =
            |name: &&str| fields.get(*name).and_then(Value::as_str).is_some_and(|text| !text.is_empty());
        if !demanded(endpoint).iter().all(given) {
            return refusal(400, "参数错误", StatusCode::BAD_REQUEST, &switches);
        }
        done(endpoint, &switches)
    })
    .await
}

fn done(endpoint: Endpoint, switches: &Switches) -> Answer {
    let code = match switches.workbench_code {
        WorkbenchCode::Number => json!(0),
        WorkbenchCode::String => json!("0"),
    };
    if endpoint != Endpoint::WorkbenchGetMessage {
        return Answer::ok(json!({"msg": "success", "code": code, "data": 1}), 0);
    }
    match switches.workbench_message {
        MessageBody::Json => Answer::ok(json!({"msg": "success", "code": code, "data": MESSAGE}), 0),
        MessageBody::AsDocumented => {
            let text = format!(r#"{{ "msg": "success", "code": {code}, "data": "" {MESSAGE} }}"#);
            Answer::text(text)
        }
    }
}

fn refusal(code: u16, text: &str, status: StatusCode, switches: &Switches) -> Answer {
    let body = json!({"msg": text, "code": code});
    let status = match switches.workbench_status {
        WorkbenchStatus::Http200 => StatusCode::OK,
        WorkbenchStatus::Telling => status,
    };
    Answer { status, kind: format!("workbench_{code}"), ..Answer::ok(body, 0) }
}

/// The fields; `None` where they are sent in a way that is not taken.
fn read_body(content_type: &str, body: &[u8], switches: &Switches) -> Option<Map<String, Value>> {
    if body.is_empty() {
        return Some(Map::new());
    }
    let is_json = content_type.starts_with("application/json");
    match switches.workbench_body {
        ActionBody::Form if is_json => None,
        ActionBody::Json if !is_json => None,
        _ if is_json => serde_json::from_slice(body).ok(),
        _ => Some(
            form_urlencoded::parse(body)
                .map(|(name, value)| (name.into_owned(), Value::from(value.into_owned())))
                .collect(),
        ),
    }
}
