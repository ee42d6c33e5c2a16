//! The ops server over real HTTP, on a status that the test writes.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use ccsync::domain::fault::{Fault, FaultKind};
use ccsync::domain::proof::run::Trigger;
use ccsync::domain::stream::{StreamId, StreamKey, StreamKind};
use ccsync::engine::alert::{alerts, without_database};
use ccsync::engine::port::clock::SystemClock;
use ccsync::engine::port::status::StatusRead;
use ccsync::ops::observe::prometheus;
use ccsync::ops::web::admission::Admission;
use ccsync::ops::web::readiness::Readiness;
use ccsync::ops::web::server::{OpsServer, OpsState};
use ccsync::report::alert::{ClockSkew, DiskSpace, SpoolFill, StreamWatch, Surroundings};
use ccsync::report::language::{Language, Locale};
use ccsync::report::status::detail::{StatusDetail, StreamDetail};
use ccsync::report::status::part::{MissingPart, StatusPart};
use ccsync::report::status::window::WindowReport;
use ccsync::report::status::{StatusReport, StreamFailure, StreamStatus, WindowTally};
use ccsync::telemetry::event::PassStarted;
use chrono::{DateTime, Utc};
use reqwest::{Method, Response, StatusCode};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

mod page;

const MARKUP: &str = "<script>alert('张三')</script>";

const LOCALE: Locale = Locale { language: Language::En, zone: chrono_tz::Asia::Shanghai };

/// A database that answers, refuses or hangs as told.
#[derive(Default)]
struct Script {
    down: AtomicBool,
    hangs: AtomicBool,
    reads: AtomicUsize,
    failure: Mutex<Option<StreamFailure>>,
    missing: Mutex<Vec<MissingPart>>,
}

impl Script {
    async fn answer(&self) -> Result<(), Fault> {
        if self.hangs.load(Ordering::SeqCst) {
            std::future::pending::<()>().await;
        }
        if self.down.load(Ordering::SeqCst) {
            return Err(Fault::new(FaultKind::DatabaseUnreachable, "connection refused"));
        }
        Ok(())
    }
}

#[async_trait]
impl StatusRead for Script {
    async fn status(&self, now: DateTime<Utc>) -> Result<StatusReport, Fault> {
        self.reads.fetch_add(1, Ordering::SeqCst);
        self.answer().await?;
        let failure = self.failure.lock().unwrap().clone();
        Ok(StatusReport {
            generated_at: now,
            version: "0.1.0".into(),
            healthy: failure.is_none(),
            alerts: Vec::new(),
            feeds: Vec::new(),
            streams: vec![StreamStatus {
                source: "so\"bot".into(),
                stream: StreamId::SOBOT_CALL_RESULT,
                kind: StreamKind::Windowed,
                complete_from: None,
                complete_to: Some("2026-03-01T00:00:00Z".parse().unwrap()),
                final_to: None,
                reach_seconds: None,
                changed_after_final: 0,
                paused: false,
                rows: 42,
                windows: WindowTally { complete: 3, open: 1, ..WindowTally::default() },
                last_read_at: None,
                quarantined: 5,
                absence_alarms: 1,
                drifts: Vec::new(),
                failure,
                schedule: "0 */10 * * * *".into(),
                next_tick: None,
                detail: StreamDetail::default(),
                watch: StreamWatch { fresh_within_seconds: Some(2_400), ..StreamWatch::default() },
            }],
            unconfigured: Vec::new(),
            runs: Vec::new(),
            quarantine_open: 5,
            absence_alarms_open: 1,
            detail: StatusDetail::default(),
            missing: self.missing.lock().unwrap().clone(),
        })
    }

    async fn window(
        &self,
        _: &StreamKey,
        _: Option<DateTime<Utc>>,
        _: DateTime<Utc>,
    ) -> Result<Option<WindowReport>, Fault> {
        self.answer().await?;
        Ok(None)
    }

    async fn ready(&self) -> Result<(), Fault> {
        self.answer().await
    }
}

/// A clock that is off, a disk with room, a spool with little.
fn surroundings() -> Surroundings {
    Surroundings {
        clock_skews: vec![ClockSkew {
            source: "moor".into(),
            ahead: chrono::Duration::seconds(-600),
            stands_still: false,
        }],
        disk: Some(DiskSpace { directory: "data".into(), free_bytes: 9 << 30, size_bytes: 20 << 30 }),
        spools: vec![SpoolFill {
            key: StreamKey { source: "setup".into(), stream: StreamId::WORKBENCH_AGENT_MONITOR },
            bytes: 5,
            bytes_max: 256 << 20,
        }],
        ..Surroundings::default()
    }
}

struct Ops {
    script: Arc<Script>,
    readiness: Readiness,
    stop: CancellationToken,
    server: OpsServer,
    client: reqwest::Client,
}

impl Ops {
    async fn start() -> Ops {
        let (script, readiness, stop) =
            (Arc::new(Script::default()), Readiness::new(), CancellationToken::new());
        let state = OpsState {
            status: script.clone(),
            clock: Arc::new(SystemClock),
            readiness: readiness.clone(),
            metrics: prometheus::install(),
            enrich: Arc::new(|mut report| {
                report.streams[0].next_tick = Some("2026-03-01T00:10:00Z".parse().unwrap());
                report.alerts = alerts(&report, &surroundings(), LOCALE);
                report
            }),
            surroundings: Arc::new(surroundings),
            outage: Arc::new(|kind, message| {
                without_database((kind, message), None, &surroundings(), LOCALE)
            }),
            admission: Admission::default(),
            zone: chrono_tz::Asia::Shanghai,
            language: Language::En,
        };
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let server = OpsServer::start(listener, state, stop.clone()).unwrap();
        let client = crate::support::http::client();
        Ops { script, readiness, stop, server, client }
    }

    async fn send(&self, method: Method, path: &str) -> Response {
        let url = format!("http://{}{path}", self.server.address());
        self.client.request(method, url).send().await.unwrap()
    }

    async fn get(&self, path: &str) -> (StatusCode, String) {
        let response = self.send(Method::GET, path).await;
        (response.status(), response.text().await.unwrap())
    }

    async fn get_json(&self, path: &str) -> (StatusCode, Value) {
        let (status, body) = self.get(path).await;
        (status, serde_json::from_str(&body).unwrap())
    }
}

#[tokio::test]
async fn a_window_that_no_database_could_hold_is_not_found() {
    let ops = Ops::start().await;
    for path in [
        "/window/setup%00/sobot.call_result/2026-03-01",
        "/window/setup/sobot.call_result/-262143-01-01",
        "/window/setup/sobot.call_result/+262142-01-01",
        "/window/setup/sobot.call_result/-9999-01-01T00:00:00Z",
        "/api/window/setup%00/sobot.call_result/2026-03-01",
        "/api/window/setup/sobot.call_result/-262143-01-01",
    ] {
        assert_eq!(ops.get(path).await.0, StatusCode::NOT_FOUND, "{path}");
    }
}

#[tokio::test]
async fn what_the_database_was_too_slow_for_is_named_wherever_it_is_missing() {
    let ops = Ops::start().await;
    let (_, metrics) = ops.get("/metrics").await;
    assert!(metrics.contains("ccsync_status_part_missing{part=\"days\"} 0"), "{metrics}");
    let ops = Ops::start().await;
    let why = "the database had no answer within 500 ms".to_owned();
    *ops.script.missing.lock().unwrap() = vec![MissingPart { part: StatusPart::Days, why: why.clone() }];
    let (status, body) = ops.get_json("/api/status").await;
    assert_eq!((status, &body["missing"]), (StatusCode::OK, &json!([{"part": "days", "why": why}])));
    assert_eq!(body["streams"][0]["rows"], 42);
    let (_, metrics) = ops.get("/metrics").await;
    assert!(metrics.contains("ccsync_status_part_missing{part=\"days\"} 1"), "{metrics}");
    assert!(metrics.contains("ccsync_vendor_rows"), "{metrics}");
    let (status, page) = ops.get("/").await;
    assert_eq!(status, StatusCode::OK);
    assert!(
        page.contains("Not shown: passes day by day; the database had no answer within 500 ms."),
        "{page}"
    );
}

#[tokio::test]
async fn one_source_is_told_alone_and_an_unknown_one_is_not_found() {
    let ops = Ops::start().await;
    let (status, body) = ops.get_json("/api/status?source=so%22bot").await;
    assert_eq!((status, body["streams"].as_array().map(Vec::len)), (StatusCode::OK, Some(1)));
    for path in ["/api/status?source=nobody", "/metrics?source=nobody"] {
        let (status, body) = ops.get_json(path).await;
        assert_eq!(
            (status, body["error"].as_str()),
            (StatusCode::NOT_FOUND, Some("no source is named nobody"))
        );
    }
    let (status, metrics) = ops.get("/metrics?source=so%22bot").await;
    assert_eq!(status, StatusCode::OK);
    assert!(metrics.contains("ccsync_up 1") && metrics.contains("ccsync_vendor_rows"), "{metrics}");
    assert!(!metrics.contains("source=\"moor\",severity"), "{metrics}");
}

#[tokio::test]
async fn ready_means_that_all_latches_are_gone_and_the_database_answers() {
    let ops = Ops::start().await;
    assert_eq!(ops.get_json("/healthz").await, (StatusCode::OK, json!({"status": "ok"})));

    let latch = ops.readiness.latch("migrations");
    let (status, body) = ops.get_json("/readyz").await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(body, json!({"status": "not ready", "missing": ["migrations"]}));

    drop(latch);
    assert_eq!(ops.get_json("/readyz").await, (StatusCode::OK, json!({"status": "ready"})));

    ops.script.down.store(true, Ordering::SeqCst);
    let (status, body) = ops.get_json("/readyz").await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(body["missing"], json!(["database: connection refused"]));

    ops.script.hangs.store(true, Ordering::SeqCst);
    let (status, body) = ops.get_json("/readyz").await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(body["missing"], json!(["database: no answer within 2 s"]));
    assert_eq!(ops.get("/healthz").await.0, StatusCode::OK);
}

#[tokio::test]
async fn the_status_is_json_enriched_and_read_once_for_many() {
    let ops = Ops::start().await;
    let all = futures::future::join_all((0..20).map(|_| ops.get_json("/api/status"))).await;
    for (status, body) in all {
        assert_eq!(status, StatusCode::OK);
        assert_eq!(body["streams"][0]["rows"], 42);
        assert_eq!(body["streams"][0]["next_tick"], "2026-03-01T00:10:00Z");
    }
    // One, or a few more on a machine that needs seconds for twenty requests.
    let reads = ops.script.reads.load(Ordering::SeqCst);
    assert!(reads < 10, "twenty requests were {reads} reads");
}

#[tokio::test]
async fn metrics_hold_counters_and_the_gauges_of_the_status() {
    let ops = Ops::start().await;
    let key = StreamKey { source: "ops-test".into(), stream: StreamId::MOOR_QUEUE };
    PassStarted { key: &key, trigger: Trigger::Sync }.emit();
    let response = ops.send(Method::GET, "/metrics").await;
    assert_eq!(response.headers()["content-type"], "text/plain; version=0.0.4; charset=utf-8");
    let text = response.text().await.unwrap();
    let stream = r#"source="so\"bot",stream="sobot.call_result""#;
    for sample in [
        "ccsync_passes_started_total{source=\"ops-test\",stream=\"moor.queue\",trigger=\"sync\"} 1"
            .to_owned(),
        "# TYPE ccsync_complete_to_timestamp_seconds gauge".to_owned(),
        format!("ccsync_complete_to_timestamp_seconds{{{stream}}} 1772323200"),
        format!("ccsync_vendor_rows{{{stream}}} 42"),
        format!("ccsync_windows{{{stream},state=\"open\"}} 1"),
        format!("ccsync_stream_failing{{{stream}}} 0"),
        format!("ccsync_quarantine_open{{{stream}}} 5"),
        format!("ccsync_absence_alarms_open{{{stream}}} 1"),
        format!("ccsync_fresh_within_seconds{{{stream}}} 2400"),
        format!("ccsync_alert{{alert=\"absence_alarm\",severity=\"warning\",{stream}}} 1"),
        "ccsync_alert{alert=\"clock_off\",severity=\"critical\",source=\"moor\"} 1".to_owned(),
        "ccsync_clock_skew_seconds{source=\"moor\"} -600".to_owned(),
        "ccsync_disk_free_bytes 9663676416".to_owned(),
        "ccsync_spool_bytes{source=\"setup\",stream=\"workbench.agent_monitor\"} 5".to_owned(),
        "ccsync_up 1".to_owned(),
    ] {
        assert!(text.lines().any(|line| line == sample), "no `{sample}` in\n{text}");
    }
    assert!(!text.contains("ccsync_last_read_timestamp_seconds"), "a stream never read has no instant");
    crate::shown::metrics::assert_documented(&text);
}

#[tokio::test]
async fn without_the_database_the_metrics_remain_and_the_rest_says_why() {
    let ops = Ops::start().await;
    ops.script.down.store(true, Ordering::SeqCst);
    let (status, text) = ops.get("/metrics").await;
    assert_eq!(status, StatusCode::OK);
    assert!(text.lines().any(|line| line == "ccsync_up 0"), "{text}");
    assert!(!text.contains("ccsync_vendor_rows{"), "{text}");
    for sample in [
        "ccsync_alert{alert=\"database_unreachable\",severity=\"critical\"} 1",
        "ccsync_alert{alert=\"clock_off\",severity=\"critical\",source=\"moor\"} 1",
        "ccsync_clock_skew_seconds{source=\"moor\"} -600",
    ] {
        assert!(text.lines().any(|line| line == sample), "no `{sample}` in\n{text}");
    }
    let (status, body) = ops.get_json("/api/status").await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(body["error"], "database cannot be read: connection refused");
    assert_eq!(body["alerts"][0]["kind"], "database_unreachable");
    let (status, page) = ops.get("/").await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(page.contains("connection refused"), "{page}");
}

#[tokio::test]
async fn it_only_reads_and_sends_careful_headers() {
    let ops = Ops::start().await;
    for method in [Method::POST, Method::PUT, Method::DELETE, Method::OPTIONS] {
        for path in ["/", "/api/status", "/nowhere"] {
            let response = ops.send(method.clone(), path).await;
            assert_eq!(response.status(), StatusCode::METHOD_NOT_ALLOWED, "{method} {path}");
            assert_eq!(response.headers()["allow"], "GET, HEAD");
        }
    }
    assert_eq!(ops.get("/nowhere").await.0, StatusCode::NOT_FOUND);
    let head = ops.send(Method::HEAD, "/healthz").await;
    assert_eq!(head.status(), StatusCode::OK);
    assert_eq!(head.headers()["x-content-type-options"], "nosniff");
    assert_eq!(head.headers()["cache-control"], "no-store");
    assert_eq!(head.text().await.unwrap(), "");
}

#[tokio::test]
async fn it_ends_when_told_even_while_an_answer_hangs() {
    let ops = Ops::start().await;
    ops.script.hangs.store(true, Ordering::SeqCst);
    let url = format!("http://{}/api/status", ops.server.address());
    let hanging = tokio::spawn(ops.client.get(url).send());
    while ops.script.reads.load(Ordering::SeqCst) == 0 {
        tokio::task::yield_now().await;
    }
    ops.stop.cancel();
    tokio::time::timeout(Duration::from_secs(10), ops.server.stopped()).await.expect("still serves").unwrap();
    hanging.abort();
}
