//! `GET /agent/monitor?<token>`: the socket of one agent.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade};
use axum::extract::{RawQuery, State as Shared};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use serde_json::json;

use super::monitor::Event;
use super::truth::MessageTruth;
use crate::service::state::{State, lock};

/// How often a quiet socket looks whether something is to happen again.
const LOOK: Duration = Duration::from_millis(50);

pub(crate) fn router() -> Router<Arc<State>> {
    super::action::router().route("/agent/monitor", get(monitor))
}

/// How a connection ended on this side.
enum End {
    Client,
    Close,
    Cut,
    HalfOpen,
}

async fn monitor(
    Shared(state): Shared<Arc<State>>,
    RawQuery(query): RawQuery,
    upgrade: WebSocketUpgrade,
) -> Response {
    let query = query.unwrap_or_default();
    // The token is the whole query; with a name in front it is taken as well.
    let token = query.strip_prefix("access_token=").unwrap_or(&query);
    let (seat, refuse) = {
        let monitor = lock(&state.monitor);
        (monitor.seat_of(token), monitor.rates.refuse)
    };
    let refusal = |status: StatusCode| (status, Json(json!({"code": 1, "msg": "no"}))).into_response();
    match seat {
        _ if refuse => refusal(StatusCode::SERVICE_UNAVAILABLE),
        None => refusal(StatusCode::UNAUTHORIZED),
        Some(seat) => upgrade.on_upgrade(move |socket| serve(state, seat, socket)),
    }
}

async fn serve(state: Arc<State>, seat: usize, mut socket: WebSocket) {
    let connection = lock(&state.monitor).open(seat, state.now());
    let place = (seat, connection);
    let end = converse(&state, place, &mut socket).await;
    let name = match end {
        End::Client => "client",
        End::Close => "close",
        End::Cut => "cut",
        End::HalfOpen => "half_open",
    };
    lock(&state.monitor).close(place, name, state.now());
    match end {
        End::Close => drop(socket.send(Message::Close(None)).await),
        // The other side must find out by itself: nothing is read, nothing is answered.
        End::HalfOpen => state.pause(Duration::from_secs(600)).await,
        End::Client | End::Cut => {}
    }
}

async fn converse(state: &State, place: (usize, usize), socket: &mut WebSocket) -> End {
    let rotations = lock(&state.monitor).rotations(place.0);
    loop {
        let (rates, drawn) = {
            let mut monitor = lock(&state.monitor);
            if monitor.rotations(place.0) != rotations {
                return End::Close;
            }
            (monitor.rates, monitor.draw())
        };
        // Rates may be set anew while a rare event is waited for.
        let (event, wait) = match drawn {
            Some((event, wait)) if wait < 1.0 => (Some(event), Duration::from_secs_f64(wait)),
            Some(_) => (None, Duration::from_secs(1)),
            None => (None, LOOK),
        };
        let sleep = tokio::time::sleep(wait);
        tokio::pin!(sleep);
        loop {
            tokio::select! {
                () = &mut sleep => break,
                () = state.stop.cancelled() => return End::Close,
                received = socket.recv() => match received {
                    None | Some(Err(_) | Ok(Message::Close(_))) => return End::Client,
                    Some(Ok(_)) => {}
                },
            }
        }
        let Some(event) = event else { continue };
        // Whoever sets all rates to nothing is promised that nothing happens from then on.
        if lock(&state.monitor).rates != rates {
            continue;
        }
        match event {
            Event::Close => return End::Close,
            Event::Cut => return End::Cut,
            Event::HalfOpen => return End::HalfOpen,
            _ => {}
        }
        let now = state.now();
        let time = lock(&state.switches).workbench_notice_time;
        let Some(composed) = lock(&state.monitor).compose(place.0, event, (time, now)) else { continue };
        let (kind, key) = (composed.kind.to_owned(), composed.key);
        if socket.send(Message::text(composed.text)).await.is_err() {
            return End::Client;
        }
        lock(&state.monitor).sent(place, MessageTruth { at: now, kind, key });
    }
}
