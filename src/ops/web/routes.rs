//! The routes. GET and HEAD only, and nothing of a request counts but its path and the language that it asks for.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{FromRequestParts, Path, Query, Request, State};
use axum::http::header::{
    ALLOW, CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, HeaderName, IF_NONE_MATCH,
    REFERRER_POLICY, SET_COOKIE, VARY, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{Html, IntoResponse, Json, Response};
use axum::routing::get;
use chrono::{DurationRound as _, TimeDelta};
use md5::{Digest as _, Md5};
use serde::Deserialize;
use serde_json::json;
use tokio::time::timeout;
use tower_http::compression::CompressionLayer;

use crate::domain::fault::FaultKind;
use crate::domain::stream::{StreamId, StreamKey};
use crate::ops::observe::prometheus;
use crate::ops::web::admission::Admission;
use crate::ops::web::page;
use crate::ops::web::page::{CONTENT_SECURITY_POLICY as PAGE_POLICY, Filter, Reader, window_of};
use crate::ops::web::reader::RequestedLocale;
use crate::ops::web::server::OpsState;
use crate::ops::web::status_cache::{StatusCache, Unreadable};
use crate::report::language::Language;
use crate::report::phrase::page as label;
use crate::report::status::StatusReport;
use crate::report::status::window::WindowReport;

/// A probe that waits longer has given up by itself.
const PING_TIMEOUT: Duration = Duration::from_secs(2);

/// The database may take so long over a window.
const WINDOW_TIMEOUT: Duration = Duration::from_secs(5);

/// Sent with every answer.
const HEADERS: [(HeaderName, &str); 4] = [
    (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (CACHE_CONTROL, "no-store"),
    (X_FRAME_OPTIONS, "DENY"),
    (REFERRER_POLICY, "no-referrer"),
];

struct Shared {
    state: OpsState,
    cache: StatusCache,
}

pub(in crate::ops) fn router(state: OpsState) -> Router {
    let admission = state.admission.clone();
    Router::new()
        .route("/", get(show_page))
        .route("/healthz", get(healthz))
        .route("/readyz", get(readyz))
        .route("/metrics", get(metrics))
        .route("/api/status", get(api_status))
        .route("/window/{source}/{stream}/{start}", get(show_window))
        .route("/runbook", get(show_runbook))
        .route("/api/window/{source}/{stream}/{start}", get(api_window))
        .fallback(not_found)
        .with_state(Arc::new(Shared { state, cache: StatusCache::default() }))
        .layer(from_fn_with_state(admission, guard))
        .layer(CompressionLayer::new())
}

/// Refuses who is not admitted and what is not a read, and adds the headers.
async fn guard(State(admission): State<Admission>, request: Request, next: Next) -> Response {
    let mut response = match admission.refuse(request.uri(), request.headers()) {
        Some(refusal) => refusal,
        None if matches!(*request.method(), Method::GET | Method::HEAD) => next.run(request).await,
        None => (StatusCode::METHOD_NOT_ALLOWED, [(ALLOW, "GET, HEAD")]).into_response(),
    };
    for (name, value) in HEADERS {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    if let Ok(policy) = HeaderValue::from_str(&PAGE_POLICY) {
        response.headers_mut().insert(CONTENT_SECURITY_POLICY, policy);
    }
    response
}

/// For whom a page is made.
struct PageContext {
    requested: RequestedLocale,
    reader: Reader,
}

impl FromRequestParts<Arc<Shared>> for PageContext {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(
        parts: &mut Parts,
        shared: &Arc<Shared>,
    ) -> Result<PageContext, Self::Rejection> {
        let configured = shared.state.language;
        let requested = RequestedLocale::of(&parts.uri, &parts.headers, configured);
        Ok(PageContext {
            requested,
            reader: Reader { language: requested.language, configured, zone: shared.state.zone },
        })
    }
}

impl PageContext {
    fn answer(&self, status: StatusCode, text: String) -> Response {
        let mut response = (status, [(VARY, "Accept-Language, Cookie")], Html(text)).into_response();
        if let Some(cookie) = self.requested.cookie().and_then(|cookie| HeaderValue::from_str(&cookie).ok()) {
            response.headers_mut().insert(SET_COOKIE, cookie);
        }
        response
    }
}

async fn healthz() -> Response {
    Json(json!({ "status": "ok" })).into_response()
}

async fn readyz(State(shared): State<Arc<Shared>>) -> Response {
    let state = &shared.state;
    let mut missing: Vec<String> = state.readiness.waiting_for().into_iter().map(str::to_owned).collect();
    match timeout(PING_TIMEOUT, state.status.ready()).await {
        Ok(Ok(())) => {}
        Ok(Err(fault)) => missing.push(format!("database: {}", fault.chain())),
        Err(_) => missing.push(format!("database: no answer within {} s", PING_TIMEOUT.as_secs())),
    }
    let refusals = (state.surroundings)().refusals.into_iter();
    missing.extend(refusals.map(|refusal| match refusal.source {
        Some(source) => format!("source {source}: {}", refusal.message),
        None => format!("database: {}", refusal.message),
    }));
    if missing.is_empty() {
        Json(json!({ "status": "ready" })).into_response()
    } else {
        let body = Json(json!({ "status": "not ready", "missing": missing }));
        (StatusCode::SERVICE_UNAVAILABLE, body).into_response()
    }
}

/// `?source=NAME`: what concerns that one alone.
#[derive(Debug, Default, Deserialize)]
struct OfSource {
    source: Option<String>,
}

impl OfSource {
    /// The report as far as it is asked for.
    ///
    /// # Errors
    /// 404 where there is no such source.
    fn narrow(&self, report: Arc<StatusReport>) -> Result<Arc<StatusReport>, Box<Response>> {
        let Some(source) = &self.source else { return Ok(report) };
        match report.of_source(source) {
            Some(report) => Ok(Arc::new(report)),
            None => {
                let body = Json(json!({ "error": format!("no source is named {source}") }));
                Err(Box::new((StatusCode::NOT_FOUND, body).into_response()))
            }
        }
    }
}

/// With a source, its gauges and alerts alone: the counters are of the process.
async fn metrics(State(shared): State<Arc<Shared>>, Query(of): Query<OfSource>) -> Response {
    let state = &shared.state;
    let mut text = if of.source.is_none() { state.metrics.render() } else { String::new() };
    let report = match shared.cache.get(state).await.map(|report| of.narrow(report)) {
        Ok(Ok(report)) => Ok(report),
        Ok(Err(refusal)) => return *refusal,
        Err(unreadable) => Err(unreadable),
    };
    // Without the database the counters are still worth reading, and `ccsync_up` says the rest.
    prometheus::render_status(&mut text, report.as_deref().ok());
    prometheus::render_surroundings(&mut text, &(state.surroundings)());
    match &report {
        Ok(report) => prometheus::render_alerts(&mut text, &report.alerts),
        Err(Unreadable { kind, message }) => {
            prometheus::render_alerts(&mut text, &(state.outage)(*kind, message));
        }
    }
    ([(CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], text).into_response()
}

async fn api_status(State(shared): State<Arc<Shared>>, Query(of): Query<OfSource>) -> Response {
    match shared.cache.get(&shared.state).await {
        Ok(report) => match of.narrow(report) {
            Ok(report) => Json(report.as_ref()).into_response(),
            Err(refusal) => *refusal,
        },
        Err(Unreadable { kind, message }) => {
            let alerts = (shared.state.outage)(kind, &message);
            let body =
                Json(json!({ "error": format!("database cannot be read: {message}"), "alerts": alerts }));
            (StatusCode::SERVICE_UNAVAILABLE, body).into_response()
        }
    }
}

async fn show_page(
    State(shared): State<Arc<Shared>>,
    Query(filter): Query<Filter>,
    headers: HeaderMap,
    context: PageContext,
) -> Response {
    match shared.cache.get(&shared.state).await {
        Ok(report) => {
            let tag = entity_tag(&report, context.reader.language);
            let mut response = match headers.get(IF_NONE_MATCH) {
                Some(known) if known.as_bytes() == tag.as_bytes() => StatusCode::NOT_MODIFIED.into_response(),
                _ => context.answer(StatusCode::OK, page::status(&report, context.reader, &filter)),
            };
            if let Ok(tag) = HeaderValue::from_str(&tag) {
                response.headers_mut().insert(ETAG, tag);
            }
            response
        }
        Err(unreadable) => {
            let text = page::unavailable(&unreadable, "./", context.reader);
            context.answer(StatusCode::SERVICE_UNAVAILABLE, text)
        }
    }
}

/// Of what the report tells, within one minute: ages are shown by it, and what only counts down says nothing new. Weak, since
/// ages within the minute are told otherwise.
fn entity_tag(report: &StatusReport, language: Language) -> String {
    let mut told = report.clone();
    told.generated_at = told.generated_at.duration_trunc(TimeDelta::minutes(1)).unwrap_or(told.generated_at);
    for stream in &mut told.streams {
        stream.detail.budget.next_request_ms = None;
    }
    let text = serde_json::to_vec(&(told, language)).unwrap_or_default();
    format!("W/\"{:032x}\"", u128::from_be_bytes(Md5::digest(text).into()))
}

async fn show_runbook(context: PageContext) -> Response {
    context.answer(StatusCode::OK, page::runbook(context.reader))
}

async fn not_found(context: PageContext) -> Response {
    // How deep the way was that led here, nobody knows.
    context.answer(StatusCode::NOT_FOUND, page::not_found(None, "/", context.reader))
}

/// Source, stream and start of a window, as a way names them.
type Named = Path<(String, String, String)>;

async fn show_window(
    State(shared): State<Arc<Shared>>,
    Path(named): Named,
    context: PageContext,
) -> Response {
    let root = page::WINDOW_ROOT;
    match window_read(&shared, named).await {
        Ok(Some(report)) => context.answer(StatusCode::OK, page::window(&report, context.reader)),
        Ok(None) => {
            let text = page::not_found(Some(label::NO_SUCH_WINDOW), root, context.reader);
            context.answer(StatusCode::NOT_FOUND, text)
        }
        Err(unreadable) => {
            let text = page::unavailable(&unreadable, root, context.reader);
            context.answer(StatusCode::SERVICE_UNAVAILABLE, text)
        }
    }
}

async fn api_window(State(shared): State<Arc<Shared>>, Path(named): Named) -> Response {
    let (status, error) = match window_read(&shared, named).await {
        Ok(Some(report)) => return Json(report).into_response(),
        Ok(None) => (StatusCode::NOT_FOUND, label::NO_SUCH_WINDOW.english().to_owned()),
        Err(Unreadable { message, .. }) => {
            (StatusCode::SERVICE_UNAVAILABLE, format!("database cannot be read: {message}"))
        }
    };
    (status, Json(json!({ "error": error }))).into_response()
}

/// The window, with the remedy of its failure; `None` where there is none of that name.
async fn window_read(
    shared: &Shared,
    (source, stream, start): (String, String, String),
) -> Result<Option<WindowReport>, Unreadable> {
    let state = &shared.state;
    let (Ok(stream), Some(start)) = (stream.parse::<StreamId>(), window_of(&start, state.zone)) else {
        return Ok(None);
    };
    // PostgreSQL's texts hold no NUL.
    if source.contains('\0') {
        return Ok(None);
    }
    let key = StreamKey { source, stream };
    let read = timeout(WINDOW_TIMEOUT, state.status.window(&key, start, state.clock.now())).await;
    let read = read.map_err(|_| Unreadable {
        kind: FaultKind::DatabaseUnreachable,
        message: format!("no answer within {} s", WINDOW_TIMEOUT.as_secs()),
    })?;
    let mut report = read.map_err(|fault| Unreadable { kind: fault.kind, message: fault.chain() })?;
    if let Some(failure) = report.as_mut().and_then(|report| report.failure.as_mut()) {
        let kind = FaultKind::from_name(&failure.kind);
        failure.remedy = kind.map_or("", |kind| kind.remedy().text(state.language)).to_owned();
    }
    Ok(report)
}
