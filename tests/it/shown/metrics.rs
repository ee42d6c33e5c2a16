//! The metrics as they are documented, and as rules and dashboards ask for them.

mod alerting;

use std::fmt::Write as _;

use ccsync::telemetry::metric::{ALL, LABELS, Metric, MetricKind};
use metrics_exporter_prometheus::PrometheusBuilder;

use crate::support::harness::{TestWorld, small_world};

const HEAD: &str = "\
# Metrics

Served at `/metrics` in Prometheus' text format; scrape each process by itself. Written by a test from
`src/telemetry/metric/catalogue.rs` (`CCSYNC_WRITE_DOCS=1 cargo test --test it metrics_are_documented`). Names and labels
are a promise: some may be added, none is changed silently.

Counters and histograms tell what this process did since it started. Gauges of streams, windows and alerts are read from
the database at each scrape, so every process that shares it says the same; with the database away they are missing and
`ccsync_up` is 0. Those of clock, disk and spool are the process's own and never missing.

Rules for Prometheus: `deploy/prometheus/alerts.yml`. A dashboard for Grafana: `deploy/grafana/operations.json`.
Both ask for these names only; a test holds them to it.
";

fn kind(metric: &Metric) -> &'static str {
    match metric.kind {
        MetricKind::Counter => "counter",
        MetricKind::Gauge => "gauge",
        MetricKind::Histogram => "histogram",
    }
}

fn document() -> String {
    let mut text = format!("{HEAD}\n## Labels\n\n| label | values |\n|---|---|\n");
    for (name, values) in LABELS {
        writeln!(text, "| `{name}` | {values} |").unwrap();
    }
    text.push_str(
        "\n## All metrics\n\n| metric | kind | unit | labels | what it says | a query to begin with |\n",
    );
    text.push_str("|---|---|---|---|---|---|\n");
    for metric in ALL {
        let labels = metric.labels.iter().map(|label| format!("`{label}`")).collect::<Vec<_>>().join(" ");
        let (name, kind, unit) = (metric.name, kind(metric), metric.unit.as_str());
        let (description, example) = (metric.description, metric.example());
        writeln!(text, "| `{name}` | {kind} | {unit} | {labels} | {description} | `{example}` |").unwrap();
    }
    text
}

#[test]
fn all_metrics_are_documented() {
    let kept = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/metrics.md");
    let written = document();
    if std::env::var_os("CCSYNC_WRITE_DOCS").is_some() {
        std::fs::write(kept, &written).unwrap();
    }
    let old = std::fs::read_to_string(kept).unwrap_or_default();
    assert!(old == written, "{kept} is old: CCSYNC_WRITE_DOCS=1 cargo test --test it metrics_are_documented");
}

/// The metric that a sample or a selector of this name belongs to.
pub fn metric_of(name: &str) -> Option<&'static Metric> {
    let parts = ["_bucket", "_sum", "_count"];
    ALL.iter().find(|metric| match metric.kind {
        MetricKind::Histogram => {
            parts.iter().any(|part| name.strip_suffix(part).is_some_and(|name| name == metric.name))
        }
        _ => metric.name == name,
    })
}

/// Names of the labels of a sample. Values may hold anything.
fn label_names(sample: &str) -> Vec<String> {
    let Some((_, mut rest)) = sample.split_once('{') else { return Vec::new() };
    let mut names = Vec::new();
    while let Some((name, value)) = rest.split_once("=\"") {
        names.push(name.trim_start_matches(',').to_owned());
        let mut escaped = false;
        let end = value.find(|letter| {
            let ends = letter == '"' && !escaped;
            escaped = letter == '\\' && !escaped;
            ends
        });
        rest = &value[end.unwrap() + 1..];
    }
    names
}

/// Every sample is in the catalogue, with the labels that it has there; answers the names.
#[track_caller]
pub fn assert_documented(text: &str) -> Vec<&str> {
    let samples = text.lines().filter(|line| line.starts_with("ccsync_"));
    let check = |sample: &'_ str| {
        let name = sample.split(['{', ' ']).next().unwrap();
        let metric = metric_of(name).unwrap_or_else(|| panic!("not in the catalogue: {sample}"));
        let mut labels = label_names(sample);
        labels.retain(|label| label != "le");
        // What is no stream's has no labels of one.
        if metric.name != "ccsync_alert" {
            assert_eq!(labels, metric.labels, "{sample}");
        }
        assert!(labels.iter().all(|label| metric.labels.contains(&label.as_str())), "{sample}");
        metric.name
    };
    let mut names: Vec<&str> = samples.map(check).collect();
    names.dedup();
    names
}

#[tokio::test]
async fn what_a_sync_counts_is_in_the_catalogue_with_these_labels() {
    let recorder = PrometheusBuilder::new().set_buckets(&[0.1, 1.0]).unwrap().build_recorder();
    let handle = recorder.handle();
    let recorder: &'static _ = Box::leak(Box::new(recorder));
    let guard = metrics::set_default_local_recorder(recorder);
    let world = TestWorld::quick(small_world()).await;
    world.test.sync().await;
    let text = handle.render();
    drop(guard);
    let names = assert_documented(&text);
    assert!(8 < names.len(), "{names:?}");
}
