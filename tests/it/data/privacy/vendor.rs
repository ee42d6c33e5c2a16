//! All vendors at one address, with plants in every field of what they answer.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade};
use axum::extract::{Query, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get, post};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::plant::{Field, Plants};

/// What is answered, made once.
pub struct Planted {
    /// The day on which everything was inspected, `2026-01-01`.
    day: String,
    calls: Vec<Value>,
    chats: Vec<Value>,
    groups: Vec<Value>,
    claims: Vec<Value>,
    messages: Vec<String>,
    /// What the vendors say where they fail.
    failure: String,
}

fn renamed(key: &'static str) -> impl Fn(usize, &mut Map<String, Value>) {
    move |index, element| {
        element.insert(key.to_owned(), json!(format!("id-{index}")));
    }
}

fn sobot(plants: &mut Plants, keys: &[&'static str], others: &[&'static str]) -> Vec<Value> {
    let mut fields: Vec<Field> = keys.iter().map(|key| (*key, json!("k"))).collect();
    fields.extend([("agent_name", json!("a")), ("agent_email", json!("e"))]);
    fields.extend(
        others.iter().map(|name| {
            (*name, if name.ends_with("datetime") { json!("1554971786077") } else { json!("100") })
        }),
    );
    plants.elements(&fields, &["agent_name"], renamed(keys[0]))
}

impl Planted {
    pub fn new(plants: &mut Plants, day: &str) -> Planted {
        let calls = sobot(
            plants,
            &["call_log_jestid", "agentid"],
            &[
                "call_start_datetime",
                "quality_datetime",
                "total_score_max",
                "standard_score_max",
                "pulse_max",
                "minus_max",
                "total_score",
                "standard_score",
                "pulse",
                "minus",
            ],
        );
        let chats = sobot(
            plants,
            &["cid", "schemeid", "agentid"],
            &[
                "chat_start_datetime",
                "update_datetime",
                "total_score",
                "standard_total_score",
                "add_total_score",
                "minus_total_score",
                "quality_score",
                "standard_quality_score",
                "add_quality_score",
                "minus_quality_score",
            ],
        );
        let member = [("agentNumber", json!("8000")), ("agentName", json!("n")), ("priority", json!("0"))];
        let group = [
            ("exten", json!("1")),
            ("displayName", json!("d")),
            ("assignRule", json!("queue")),
            ("isMemory", json!(true)),
            ("memoryTime", json!("120")),
            ("updateTime", json!("2026-01-01 08:00:00")),
            ("updateAgent", json!("8000")),
        ];
        let claim = [
            &member[..],
            &[("pcAutoClaim", json!(true)), ("mobileAutoClaim", json!(false)), ("phone", json!("8000123"))],
        ]
        .concat();
        let in_groups = |plants: &mut Plants, members: &[Field], group: &[Field]| {
            let mut list = plants.elements(group, &[], renamed("exten"));
            let members = plants.elements(members, &["agentName"], renamed("agentNumber"));
            let mut home: Map<_, _> =
                group.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
            home.insert("exten".to_owned(), json!("members"));
            home.insert("assignMembers".to_owned(), json!(members));
            list.push(Value::Object(home));
            for element in &mut list {
                let members = element.as_object_mut().unwrap().entry("assignMembers");
                members.or_insert_with(|| json!([{"agentNumber": "1", "agentName": "m", "priority": "0"}]));
            }
            list
        };
        let groups = in_groups(plants, &member, &group);
        let claims = in_groups(plants, &claim, &group[..3]);
        let messages = messages(plants);
        Planted { day: day.to_owned(), calls, chats, groups, claims, messages, failure: plants.text() }
    }

    pub async fn serve(self) -> String {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let router = Router::new()
            .route("/api/get_token", get(token))
            .route("/api/interceptor/5/quality/call_result", get(calls))
            .route("/api/interceptor/5/quality/chat_result", get(chats))
            .route("/v20210827/webChat/queueQueue/N00000000000", post(groups))
            .route("/v20210827/webChat/queueQueueAgentClaimStatus/N00000000000", post(claims))
            .route("/agent/monitor", any(monitor))
            .route("/admin/sms_api/send", post(sms))
            .with_state(Arc::new(self));
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        base
    }
}

fn messages(plants: &mut Plants) -> Vec<String> {
    let info = [
        ("admin_id", json!(1)),
        ("edit_stamp", json!("2021-08-30 14:13:08")),
        ("extno", json!("1001")),
        ("group", json!("default")),
        ("import_stamp", json!("2021-08-26 18:17:52")),
        ("name", json!("")),
        ("project_id", json!(1)),
        ("status", json!(0)),
        ("task_id", json!(0)),
        ("telephone", json!("123456")),
        ("uuid", json!("beeb8dda-87fb-4f7d-aa60-a4dee98e2e08")),
        ("fields", json!("{}")),
    ];
    let mut all: Vec<Value> = Vec::new();
    for (index, info) in plants.elements(&info, &["name"], |_, _| {}).into_iter().enumerate() {
        // As JSON, and as JSON in a text.
        let info = if index % 2 == 0 { info } else { json!(info.to_string()) };
        all.push(json!({"method": "info", "sessionId": format!("s-{index}"), "city": "x", "info": info}));
    }
    let popup = [
        ("method", json!("info")),
        ("sessionId", json!("s")),
        ("city", json!("x")),
        ("extno", json!("1001")),
        ("info", json!({})),
    ];
    all.extend(plants.elements(&popup, &[], |index, element| {
        element.insert("sessionId".to_owned(), json!(format!("t-{index}")));
    }));
    all.extend(plants.elements(&[("method", json!("message")), ("msg", json!("m"))], &[], |_, _| {}));
    let notice = [("method", json!("notice")), ("status", json!(1)), ("time", json!("00:00:01"))];
    all.extend(plants.elements(&notice, &[], |_, _| {}));
    let mut texts: Vec<String> = all.iter().map(Value::to_string).collect();
    texts.push(format!("no JSON at all {}", plants.text()));
    texts.push(format!(r#"{{"method": "info", "remark": "{}", "name": "{}"#, plants.text(), plants.name()));
    texts.push(format!(
        r#"{{"method": "message", "msg": "{}", "x": "{}"}}"#,
        plants.text(),
        "x".repeat(300_000)
    ));
    texts
}

async fn token() -> Response {
    axum::Json(json!({"item": {"token": "t0ken", "expires_in": "86400"}, "ret_code": "000000"}))
        .into_response()
}

#[derive(Deserialize)]
struct Asked {
    start_datetime: String,
    page_no: u32,
}

fn page(planted: &Planted, asked: &Asked, items: &[Value]) -> Response {
    if !asked.start_datetime.starts_with(&planted.day) {
        // A failure in words that nobody may repeat.
        return axum::Json(json!({"ret_code": "999998", "ret_msg": planted.failure})).into_response();
    }
    let shown = if asked.page_no == 1 { items } else { &[] };
    axum::Json(json!({"items": shown, "total_count": items.len(), "ret_code": "000000", "ret_msg": "ok"}))
        .into_response()
}

async fn calls(State(planted): State<Arc<Planted>>, Query(asked): Query<Asked>) -> Response {
    page(&planted, &asked, &planted.calls)
}

async fn chats(State(planted): State<Arc<Planted>>, Query(asked): Query<Asked>) -> Response {
    page(&planted, &asked, &planted.chats)
}

fn listing(body: &str, list: &[Value]) -> Response {
    let body: Value = serde_json::from_str(body).unwrap();
    let shown = if body["page"] == 1 { list } else { &[] };
    axum::Json(json!({"success": true, "data": {"count": list.len(), "list": shown}, "message": "200 ok!"}))
        .into_response()
}

async fn groups(State(planted): State<Arc<Planted>>, body: String) -> Response {
    listing(&body, &planted.groups)
}

async fn claims(State(planted): State<Arc<Planted>>, body: String) -> Response {
    listing(&body, &planted.claims)
}

async fn sms(State(planted): State<Arc<Planted>>, body: String) -> Response {
    axum::Json(json!({"code": 500, "msg": format!("{} {body}", planted.failure)})).into_response()
}

async fn monitor(State(planted): State<Arc<Planted>>, upgrade: WebSocketUpgrade) -> Response {
    upgrade.on_upgrade(move |socket| talk(socket, planted))
}

/// Everything over and over, so that some of it comes while the database is away.
async fn talk(mut socket: WebSocket, planted: Arc<Planted>) {
    loop {
        for message in &planted.messages {
            if socket.send(Message::Text(message.clone().into())).await.is_err() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}
