//! The simulator does what the vendors' documents say, by real HTTP.
//!
//! The client here is written a third time, from the documents: neither the
//! product's nor the simulator's own.

#![expect(clippy::unwrap_used, reason = "the lint's exemption for tests does not reach their helpers")]

mod control;
mod evidence;
mod fault;
mod moor;
mod sobot;
mod sobot_switch;
mod workbench;
mod world;

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use ccsync_simulator::{Now, Simulator, SimulatorConfig, Switches};
use chrono::{DateTime, FixedOffset, TimeDelta, Utc};
use md5::{Digest, Md5};
use reqwest::{Client, Response};
use serde_json::Value;
use tokio::net::TcpListener;

const CALLS: &str = "/api/interceptor/5/quality/call_result";
const CHATS: &str = "/api/interceptor/5/quality/chat_result";
/// The whole data set, in two windows of at most 31 days each.
const WINDOWS: [(&str, &str); 2] =
    [("2026-01-01 00:00:00", "2026-01-31 23:59:59"), ("2026-02-01 00:00:00", "2026-02-28 23:59:59")];

/// A running simulator, a client and a clock that the test moves.
struct Play {
    sim: Simulator,
    http: Client,
    clock: Arc<AtomicI64>,
}

fn small() -> SimulatorConfig {
    SimulatorConfig { calls: 137, chats: 223, groups: 23, agents: 12, ..Default::default() }
}

async fn play(mut config: SimulatorConfig) -> Play {
    let start = DateTime::parse_from_rfc3339("2026-03-02T10:00:00+08:00").unwrap();
    let clock = Arc::new(AtomicI64::new(start.timestamp_millis()));
    let read = Arc::clone(&clock);
    config.now =
        Now(Arc::new(move || DateTime::<Utc>::from_timestamp_millis(read.load(Ordering::SeqCst)).unwrap()));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let sim = Simulator::start(config, listener).unwrap();
    Play { sim, http: http(), clock }
}

fn http() -> Client {
    // Built together with ccsync, the client has TLS and no cryptography of its own.
    let _ = rustls::crypto::ring::default_provider().install_default();
    Client::builder()
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .timeout(Duration::from_secs(10))
        .build()
        .unwrap()
}

async fn play_with(settings: &[(&str, &str)]) -> Play {
    let mut switches = Switches::default();
    for (name, value) in settings {
        switches.set(name, value).unwrap();
    }
    play(SimulatorConfig { switches, ..small() }).await
}

fn md5_hex(text: &str) -> String {
    Md5::digest(text).iter().map(|byte| format!("{byte:02x}")).collect()
}

fn base64(text: &str) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let letter = |bits: u32| char::from(LETTERS[(bits & 63) as usize]);
    let mut out = String::new();
    for three in text.as_bytes().chunks(3) {
        let at = |i: usize| u32::from(three.get(i).copied().unwrap_or(0));
        let bits = (at(0) << 16) | (at(1) << 8) | at(2);
        out.push(letter(bits >> 18));
        out.push(letter(bits >> 12));
        out.push(if three.len() > 1 { letter(bits >> 6) } else { '=' });
        out.push(if three.len() > 2 { letter(bits) } else { '=' });
    }
    out
}

impl Play {
    fn now(&self) -> DateTime<FixedOffset> {
        let now = DateTime::<Utc>::from_timestamp_millis(self.clock.load(Ordering::SeqCst)).unwrap();
        now.with_timezone(&FixedOffset::east_opt(8 * 3600).unwrap())
    }

    fn advance(&self, by: TimeDelta) {
        self.clock.fetch_add(by.num_milliseconds(), Ordering::SeqCst);
    }

    async fn get(&self, path: &str) -> Value {
        let url = format!("{}{path}", self.sim.base_url());
        self.http.get(url).send().await.unwrap().json().await.unwrap()
    }

    async fn get_token(&self) -> Value {
        let at = self.now().timestamp();
        let sign = md5_hex(&format!("demo-app{at}demo-key"));
        self.get(&format!("/api/get_token?appid=demo-app&create_time={at}&sign={sign}")).await
    }

    async fn token(&self) -> String {
        self.get_token().await["item"]["token"].as_str().unwrap().to_owned()
    }

    async fn quality(&self, path: &str, token: &str, query: &[(&str, &str)]) -> Response {
        let url = format!("{}{path}", self.sim.base_url());
        self.http.get(url).header("token", token).query(query).send().await.unwrap()
    }

    /// One page of the first window, with a fresh token.
    async fn page(&self, path: &str, page_no: &str, page_size: &str) -> Value {
        let token = self.token().await;
        let (start, end) = WINDOWS[0];
        let query = [
            ("start_datetime", start),
            ("end_datetime", end),
            ("page_no", page_no),
            ("page_size", page_size),
        ];
        self.quality(path, &token, &query).await.json().await.unwrap()
    }

    /// All rows of a window, read until an empty page.
    async fn walk(&self, path: &str, start: &str, end: &str, size: &str) -> Vec<Value> {
        let token = self.token().await;
        let mut rows = Vec::new();
        for page_no in 1.. {
            let number = page_no.to_string();
            let query =
                [("start_datetime", start), ("end_datetime", end), ("page_no", &number), ("page_size", size)];
            let body: Value = self.quality(path, &token, &query).await.json().await.unwrap();
            assert_eq!(body["ret_code"], "000000", "{body}");
            match body["items"].as_array() {
                Some(items) if !items.is_empty() => rows.extend(items.clone()),
                _ => break,
            }
        }
        rows
    }

    /// All rows of the data set.
    async fn walk_all(&self, path: &str) -> Vec<Value> {
        let mut rows = Vec::new();
        for (start, end) in WINDOWS {
            rows.extend(self.walk(path, start, end, "40").await);
        }
        rows
    }

    async fn moor(&self, name: &str, body: Value) -> Value {
        self.moor_at(name, body, self.now()).await.json().await.unwrap()
    }

    async fn moor_at(&self, name: &str, body: Value, at: DateTime<FixedOffset>) -> Response {
        let stamp = at.format("%Y%m%d%H%M%S").to_string();
        let sig = md5_hex(&format!("N00000000000demo-secret{stamp}")).to_uppercase();
        self.moor_signed(name, body, &sig, &base64(&format!("N00000000000:{stamp}"))).await
    }

    async fn moor_signed(&self, name: &str, body: Value, sig: &str, authorization: &str) -> Response {
        let url = format!("{}/v20210827/webChat/{name}/N00000000000?sig={sig}", self.sim.base_url());
        let request = self.http.post(url).header("Authorization", authorization).json(&body);
        request.send().await.unwrap()
    }
}

/// Rows in an order of their own, to compare sets.
fn sorted(mut rows: Vec<Value>) -> Vec<Value> {
    rows.sort_by_key(Value::to_string);
    rows
}
