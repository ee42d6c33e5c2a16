//! One request and its answer: journal, faults of the transport, delivery.

use std::io;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::Response;
use futures::stream;
use serde_json::{Value, json};

use crate::disturbance::fault::{Fault, Step};
use crate::service::endpoint::Endpoint;
use crate::service::journal::Entry;
use crate::service::state::{State, lock};
use crate::vendor::rng::Rng;

/// An answer of a vendor, before anything happens to it on the way.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) body: Value,
    /// In place of `body`, where the answer is no JSON or was written already.
    pub(crate) text: Option<String>,
    /// The journal's word for it.
    pub(crate) kind: String,
    pub(crate) rows: usize,
}

impl Answer {
    pub(crate) fn ok(body: Value, rows: usize) -> Self {
        Self { status: StatusCode::OK, body, text: None, kind: "ok".to_owned(), rows }
    }

    /// Of a server that has nothing at this place.
    pub(crate) fn not_found() -> Self {
        let text = "<html><body><h1>404 Not Found</h1></body></html>".to_owned();
        Self { status: StatusCode::NOT_FOUND, kind: "not_found".to_owned(), ..Self::text(text) }
    }

    pub(crate) fn text(text: String) -> Self {
        Self { text: Some(text), ..Self::ok(Value::Null, 0) }
    }
}

/// The fault of this request and the numbers to play it with.
pub(crate) struct Chance {
    pub(crate) step: Option<Step>,
    pub(crate) rng: Rng,
}

impl Chance {
    pub(crate) fn is(&self, fault: Fault) -> bool {
        self.step.is_some_and(|step| step.fault == fault)
    }

    /// How long after its lost answer a write is to be done, if it is to be late.
    pub(crate) fn lateness(&self) -> Option<Duration> {
        let late = self.amount().filter(|amount| self.is(Fault::LostAnswer) && 0 < *amount);
        late.map(Duration::from_millis)
    }

    /// The amount of the step, if it has one that is not negative.
    pub(crate) fn amount(&self) -> Option<u64> {
        self.step?.amount.and_then(|amount| u64::try_from(amount).ok())
    }
}

/// What the journal notes of a request before it is answered.
pub(crate) fn entry(state: &State, endpoint: Endpoint, account: String) -> Entry {
    Entry {
        seq: 0,
        at: state.now(),
        endpoint,
        account,
        start: None,
        end: None,
        page: None,
        page_size: None,
        exten: None,
        write: None,
        answer: "pending".to_owned(),
        fault: None,
        rows: 0,
    }
}

/// Answers one request: honestly, by `honest`, or with what befalls it. An
/// `early` refusal (a limit) is never befallen: the vendor's gateway gave it.
pub(crate) async fn exchange(
    state: &State,
    entry: Entry,
    early: Option<Answer>,
    honest: impl FnOnce(&mut Chance) -> Answer,
) -> Response {
    let (endpoint, page) = (entry.endpoint, entry.page.unwrap_or(1));
    let seq = lock(&state.journal).begin(entry, state.config.journal_cap);
    let finish = |kind: &str, fault, rows| lock(&state.journal).finish(seq, endpoint, kind, fault, rows);
    if state.config.latency_ms > 0 {
        state.pause(Duration::from_millis(state.config.latency_ms)).await;
    }
    if let Some(answer) = early {
        finish(&answer.kind, None, 0);
        return json_response(state, answer, None, 0);
    }
    let (step, rng) = lock(&state.faults).draw(endpoint, page);
    let mut chance = Chance { step, rng };
    let fault = step.map(|step| step.fault);
    if let Some(fault) = fault.filter(|fault| !fault.applies_to(endpoint)) {
        // A script that asks for the impossible must not look like an answer.
        finish("inapplicable", Some(fault), 0);
        let text = format!("simulator: the fault {fault} cannot happen at {endpoint}");
        return text_response(StatusCode::NOT_IMPLEMENTED, "text/plain", text);
    }
    if let Some(fault) = fault {
        if fault == Fault::Hang {
            finish(fault.name(), Some(fault), 0);
            state.pause(Duration::from_millis(chance.amount().unwrap_or(state.config.hang_ms))).await;
            return gateway_page(StatusCode::GATEWAY_TIMEOUT);
        }
        if let Some(response) = befall(state, fault, &mut chance, endpoint) {
            finish(fault.name(), Some(fault), 0);
            return response;
        }
    }
    let answer = honest(&mut chance);
    match fault {
        Some(Fault::CutBody | Fault::ExpiredToken | Fault::LostAnswer) => {
            finish(fault.map_or("", Fault::name), fault, 0)
        }
        _ => finish(&answer.kind, fault, answer.rows),
    }
    if chance.is(Fault::Slow) {
        state.pause(Duration::from_millis(chance.amount().unwrap_or(state.config.slow_ms))).await;
    }
    if chance.is(Fault::LostAnswer) {
        // Nothing of the body leaves.
        return json_response(state, answer, Some(0), usize::MAX);
    }
    let cut = chance.is(Fault::CutBody).then(|| chance.amount().unwrap_or_else(|| chance.rng.below(2)));
    json_response(state, answer, cut, 2)
}

/// A fault that needs no answer of the vendor.
fn befall(state: &State, fault: Fault, chance: &mut Chance, endpoint: Endpoint) -> Option<Response> {
    let response = match fault {
        Fault::Http5xx => {
            let drawn = chance.rng.pick(&[500_u64, 502, 503, 504]);
            let code = u16::try_from(chance.amount().unwrap_or(drawn)).ok();
            let status = code.and_then(|code| StatusCode::from_u16(code).ok());
            gateway_page(status.unwrap_or(StatusCode::SERVICE_UNAVAILABLE))
        }
        Fault::Http429 => {
            let wait = chance.amount().unwrap_or(state.config.retry_after_s);
            let response = gateway_page(StatusCode::TOO_MANY_REQUESTS);
            with_header(response, header::RETRY_AFTER, &wait.to_string())
        }
        Fault::HtmlPage => text_response(StatusCode::OK, "text/html; charset=utf-8", web_page("系统维护中")),
        Fault::Redirect => {
            let response = text_response(StatusCode::FOUND, "text/html", web_page("302 Found"));
            with_header(response, header::LOCATION, &state.config.redirect_to)
        }
        Fault::Code999999 => {
            // Two of the codes are documented; 7moor's text and the call system's answer are inventions.
            let code = chance.amount();
            let body = if endpoint.is_sobot() {
                json!({"ret_code": format!("{:06}", code.unwrap_or(999_999)), "ret_msg": "系统未知异常"})
            } else if endpoint.is_workbench() {
                json!({"code": code.unwrap_or(500), "msg": "server error"})
            } else {
                json!({"code": code.unwrap_or(500), "success": false, "message": "server error"})
            };
            json_response(state, Answer::ok(body, 0), None, 0)
        }
        _ => return None,
    };
    Some(response)
}

/// An invention: the look of a common proxy's error page.
fn web_page(title: &str) -> String {
    format!(
        "<html>\r\n<head><title>{title}</title></head>\r\n<body>\r\n<center><h1>{title}</h1></center>\r\n\
         <hr><center>nginx</center>\r\n</body>\r\n</html>\r\n"
    )
}

fn gateway_page(status: StatusCode) -> Response {
    text_response(status, "text/html", web_page(&status.to_string()))
}

fn text_response(status: StatusCode, content_type: &str, text: String) -> Response {
    let mut response = Response::new(Body::from(text));
    *response.status_mut() = status;
    with_header(response, header::CONTENT_TYPE, content_type)
}

fn with_header(mut response: Response, name: HeaderName, value: &str) -> Response {
    // A value that no header may hold is left out; it comes from the settings.
    if let Ok(value) = HeaderValue::from_str(value) {
        response.headers_mut().insert(name, value);
    }
    response
}

/// The answer as JSON; with `cut`, only its first `1/share` and then a closed
/// connection, after declaring the whole length (0) or chunk by chunk (1).
fn json_response(state: &State, answer: Answer, cut: Option<u64>, share: usize) -> Response {
    let text = answer.text.unwrap_or_else(|| answer.body.to_string());
    let (content_type, bytes) = state.switches().charset.encode(text);
    let length = bytes.len();
    let mut response = match cut {
        None => Response::new(Body::from(bytes)),
        Some(framing) => {
            let mut half = Bytes::from(bytes);
            half.truncate(length / share.max(1));
            let body = Body::from_stream(stream::unfold(Some(half), cut_after));
            let response = Response::new(body);
            if framing == 0 {
                with_header(response, header::CONTENT_LENGTH, &length.to_string())
            } else {
                response
            }
        }
    };
    *response.status_mut() = answer.status;
    with_header(response, header::CONTENT_TYPE, content_type)
}

/// First the bytes, then, once they had time to leave, an error that makes the
/// server drop the connection.
async fn cut_after(rest: Option<Bytes>) -> Option<(io::Result<Bytes>, Option<Bytes>)> {
    match rest {
        Some(bytes) if !bytes.is_empty() => Some((Ok(bytes), Some(Bytes::new()))),
        Some(_) => {
            tokio::time::sleep(Duration::from_millis(20)).await;
            Some((Err(io::Error::new(io::ErrorKind::ConnectionAborted, "cut by the simulator")), None))
        }
        None => None,
    }
}
