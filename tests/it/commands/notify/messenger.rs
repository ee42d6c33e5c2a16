//! A messenger that writes down what it gets, and answers as told.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::Value;

/// What was sent to it.
#[derive(Debug, Clone)]
pub struct Got {
    pub path: String,
    pub query: String,
    pub signature: Option<String>,
    pub body: String,
}

impl Got {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }
}

#[derive(Default)]
struct Setup {
    got: Mutex<Vec<Got>>,
    answers: Mutex<VecDeque<(u16, String)>>,
}

/// Listens until it is dropped.
pub struct Messenger {
    address: std::net::SocketAddr,
    setup: Arc<Setup>,
    serving: tokio::task::JoinHandle<()>,
}

impl Messenger {
    /// Which answers so, where nothing else was ordered.
    pub async fn that_answers(status: u16, body: &str) -> Messenger {
        let setup = Arc::new(Setup::default());
        let usual = (status, body.to_owned());
        let state = (setup.clone(), usual);
        let router = Router::new().fallback(take).with_state(state);
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let serving = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Messenger { address, setup, serving }
    }

    /// An address with something in it that nobody may read.
    pub fn url(&self) -> String {
        format!("http://{}/hook/s3cretpath?key=s3cretkey", self.address)
    }

    /// The next answers, before the usual one.
    pub fn answer_next(&self, times: usize, status: u16, body: &str) {
        let mut answers = self.setup.answers.lock().unwrap();
        answers.extend((0..times).map(|_| (status, body.to_owned())));
    }

    /// What came since it was asked last.
    pub fn got(&self) -> Vec<Got> {
        std::mem::take(&mut self.setup.got.lock().unwrap())
    }
}

impl Drop for Messenger {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn take(State((setup, usual)): State<(Arc<Setup>, (u16, String))>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let body = axum::body::to_bytes(body, 1 << 20).await.unwrap();
    setup.got.lock().unwrap().push(Got {
        path: head.uri.path().to_owned(),
        query: head.uri.query().unwrap_or_default().to_owned(),
        signature: head.headers.get("x-ccsync-signature").map(|value| value.to_str().unwrap().to_owned()),
        body: String::from_utf8(body.to_vec()).unwrap(),
    });
    let (status, body) = setup.answers.lock().unwrap().pop_front().unwrap_or(usual);
    (StatusCode::from_u16(status).unwrap(), body).into_response()
}
