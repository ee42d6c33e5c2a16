//! The routes. GET and HEAD only, and nothing that reads its request beyond the path.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::header::{
    ALLOW, CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderName, REFERRER_POLICY,
    X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use axum::http::{HeaderValue, Method, StatusCode};
use axum::middleware::{Next, from_fn};
use axum::response::{Html, IntoResponse, Json, Response};
use axum::routing::get;
use serde_json::json;
use tokio::time::timeout;

use crate::ops::server::OpsState;
use crate::ops::status_cache::StatusCache;
use crate::ops::{page, prometheus};

/// A probe that waits longer has given up by itself.
const PING_PATIENCE: Duration = Duration::from_secs(2);

/// Sent with every answer. The page has one inline style sheet and loads nothing.
const HEADERS: [(HeaderName, &str); 5] = [
    (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (CACHE_CONTROL, "no-store"),
    (CONTENT_SECURITY_POLICY, "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"),
    (X_FRAME_OPTIONS, "DENY"),
    (REFERRER_POLICY, "no-referrer"),
];

struct Shared {
    state: OpsState,
    cache: StatusCache,
}

pub(super) fn router(state: OpsState) -> Router {
    Router::new()
        .route("/", get(show_page))
        .route("/healthz", get(healthz))
        .route("/readyz", get(readyz))
        .route("/metrics", get(metrics))
        .route("/api/status", get(api_status))
        .with_state(Arc::new(Shared { state, cache: StatusCache::default() }))
        .layer(from_fn(guard))
}

/// Refuses what is not a read, and adds the headers.
async fn guard(request: Request, next: Next) -> Response {
    let mut response = if matches!(*request.method(), Method::GET | Method::HEAD) {
        next.run(request).await
    } else {
        (StatusCode::METHOD_NOT_ALLOWED, [(ALLOW, "GET, HEAD")]).into_response()
    };
    for (name, value) in HEADERS {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}

async fn healthz() -> Response {
    Json(json!({ "status": "ok" })).into_response()
}

async fn readyz(State(shared): State<Arc<Shared>>) -> Response {
    let state = &shared.state;
    let mut missing: Vec<String> = state.readiness.waiting_for().into_iter().map(str::to_owned).collect();
    match timeout(PING_PATIENCE, state.status.ping()).await {
        Ok(Ok(())) => {}
        Ok(Err(fault)) => missing.push(format!("database: {}", fault.chain())),
        Err(_) => missing.push(format!("database: no answer within {} s", PING_PATIENCE.as_secs())),
    }
    if missing.is_empty() {
        Json(json!({ "status": "ready" })).into_response()
    } else {
        let body = Json(json!({ "status": "not ready", "missing": missing }));
        (StatusCode::SERVICE_UNAVAILABLE, body).into_response()
    }
}

async fn metrics(State(shared): State<Arc<Shared>>) -> Response {
    let state = &shared.state;
    let mut text = state.metrics.render();
    let report = shared.cache.get(state).await;
    // Without the database the counters are still worth reading, and `ccsync_up` says the rest.
    prometheus::render_status(&mut text, report.as_deref().ok());
    prometheus::render_surroundings(&mut text, &(state.surroundings)());
    match &report {
        Ok(report) => prometheus::render_alerts(&mut text, &report.alerts),
        Err(message) => prometheus::render_alerts(&mut text, &(state.outage)(message)),
    }
    ([(CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], text).into_response()
}

async fn api_status(State(shared): State<Arc<Shared>>) -> Response {
    match shared.cache.get(&shared.state).await {
        Ok(report) => Json(report.as_ref()).into_response(),
        Err(message) => {
            let alerts = (shared.state.outage)(&message);
            let body =
                Json(json!({ "error": format!("database cannot be read: {message}"), "alerts": alerts }));
            (StatusCode::SERVICE_UNAVAILABLE, body).into_response()
        }
    }
}

async fn show_page(State(shared): State<Arc<Shared>>) -> Response {
    match shared.cache.get(&shared.state).await {
        Ok(report) => Html(page::status(&report, shared.state.zone)).into_response(),
        Err(message) => (StatusCode::SERVICE_UNAVAILABLE, Html(page::unavailable(&message))).into_response(),
    }
}
