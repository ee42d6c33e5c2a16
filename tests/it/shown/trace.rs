//! Traces: what a collector receives of a sync, and what a collector that is away costs.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::http::HeaderMap;
use axum::routing::post;
use ccsync_simulator::{Endpoint, Fault};
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message as _;

use crate::support::port::free_address;
use crate::support::process::{Setup, recent_world};

/// What a collector has received.
#[derive(Clone, Default)]
struct Collector {
    bodies: Arc<Mutex<Vec<Bytes>>>,
    authorizations: Arc<Mutex<BTreeSet<String>>>,
}

impl Collector {
    /// Listens; answers where.
    async fn start(&self) -> String {
        let kept = self.clone();
        let take = move |headers: HeaderMap, body: Bytes| async move {
            let authorization = headers.get("authorization").map_or("none", |value| value.to_str().unwrap());
            kept.authorizations.lock().unwrap().insert(authorization.to_owned());
            kept.bodies.lock().unwrap().push(body);
        };
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let app = Router::new().route("/v1/traces", post(take));
        tokio::spawn(async move { axum::serve(listener, app).await });
        format!("http://{address}")
    }

    fn spans(&self) -> Vec<Span> {
        let bodies = self.bodies.lock().unwrap();
        let requests = bodies.iter().map(|body| ExportTraceServiceRequest::decode(body.clone()).unwrap());
        let scopes = requests.flat_map(|request| request.resource_spans).flat_map(|of| of.scope_spans);
        scopes.flat_map(|scope| scope.spans).collect()
    }
}

fn attributes(span: &Span) -> BTreeMap<String, String> {
    let text = |value: Option<Value>| match value {
        Some(Value::StringValue(text)) => text,
        Some(Value::IntValue(number)) => number.to_string(),
        other => panic!("{other:?}"),
    };
    let pairs = span
        .attributes
        .iter()
        .map(|pair| (pair.key.clone(), text(pair.value.clone().and_then(|value| value.value))));
    pairs.collect()
}

#[tokio::test]
async fn a_collector_receives_passes_windows_requests_and_commits_and_nothing_that_is_secret() {
    let collector = Collector::default();
    let endpoint = collector.start().await;
    let setup = Setup::new(recent_world(), "").await;
    let setup = setup
        .with("CCSYNC__TELEMETRY__OTLP_ENDPOINT", &endpoint)
        .with("CCSYNC__TELEMETRY__OTLP_AUTHORIZATION", "Bearer c0llector")
        .with("CCSYNC__TELEMETRY__SERVICE_NAME", "ccsync-test")
        .with("CCSYNC__LOG__FORMAT", "json");
    // One request that the vendor refuses, and that is tried again.
    setup.simulator.script(Endpoint::MoorQueue, [Fault::Code999999]);
    let ended = setup.run(&["sync"]).await.expect(0);
    let spans = collector.spans();
    let named = |name: &str| spans.iter().filter(|span| span.name == name).collect::<Vec<_>>();
    assert_eq!(named("pass").len(), 4);
    for name in ["window", "request", "commit"] {
        assert!(4 <= named(name).len(), "{} of {name}", named(name).len());
    }
    assert_eq!(
        spans.len(),
        ["pass", "window", "request", "commit"].map(|name| named(name).len()).iter().sum::<usize>()
    );
    // A request lies in a window's read, that in a pass, and all of them in one trace.
    let by_id: BTreeMap<_, _> = spans.iter().map(|span| (&span.span_id, span)).collect();
    for (child, parent) in [("request", "window"), ("commit", "window"), ("window", "pass")] {
        for span in named(child) {
            let above = by_id[&span.parent_span_id];
            assert_eq!((above.name.as_str(), &above.trace_id), (parent, &span.trace_id), "{child}");
        }
    }
    let pass = named("pass").into_iter().map(attributes).find(|pass| pass["stream"] == "moor.queue").unwrap();
    let told: Vec<_> =
        ["source", "trigger", "outcome", "windows"].iter().map(|key| pass[*key].as_str()).collect();
    assert_eq!(told, ["moor", "sync", "succeeded", "1"]);
    let failed =
        named("request").into_iter().map(attributes).find(|request| request.contains_key("fault.kind"));
    let failed = failed.unwrap();
    assert_eq!((failed["fault.kind"].as_str(), failed["vendor.code"].as_str()), ("vendor_failed", "500"));
    let window = attributes(named("window")[0]);
    assert!(window.contains_key("run") && window.contains_key("verdict"), "{window:?}");

    assert_eq!(*collector.authorizations.lock().unwrap(), BTreeSet::from(["Bearer c0llector".to_owned()]));
    let bodies = collector.bodies.lock().unwrap().concat();
    let sent = String::from_utf8_lossy(&bodies);
    assert!(sent.contains("ccsync-test"));
    for secret in ["demo-key", "demo-secret", "c0llector", "sign=", "sig=", "http://", "127.0.0.1"] {
        assert!(!sent.contains(secret), "{secret} was sent");
    }
    for span in &spans {
        assert!(attributes(span).values().all(|value| !value.contains('@') && value.len() < 80), "{span:?}");
    }
    // Spans are no log lines.
    for line in ended.stderr.lines().filter(|line| line.starts_with('{')) {
        let line: serde_json::Value = serde_json::from_str(line).unwrap();
        assert!(line["message"].as_str().is_some_and(|message| !message.is_empty()), "{line}");
        if line["message"].as_str().unwrap().starts_with("request for") {
            assert!(line["span"]["run"].is_i64() && line["span"]["window"] == "snapshot", "{line}");
        }
    }
}

#[tokio::test]
async fn a_collector_that_is_away_costs_a_line_in_the_log_and_no_row() {
    let endpoint = format!("http://{}", free_address());
    let setup = Setup::new(recent_world(), "").await.with("CCSYNC__TELEMETRY__OTLP_ENDPOINT", &endpoint);
    let ended = setup.run(&["sync"]).await.expect(0);
    let told = ended.stderr.lines().filter(|line| line.contains("traces are lost")).count();
    assert_eq!(told, 1, "{}", ended.stderr);
    let rows: i64 =
        sqlx::query_scalar("select count(*) from moor.queue").fetch_one(setup.db.pool().await).await.unwrap();
    assert_eq!(rows, 6);
}
