//! The Prometheus side: the recorder behind the metrics, and the gauges that are read from the status at
//! each scrape.

use std::fmt::Write as _;
use std::sync::OnceLock;

use chrono::{DateTime, Utc};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};

use crate::domain::stream::StreamId;
use crate::report::alert::{Alert, DiskSpace, SpoolFill, Surroundings};
use crate::report::status::part::StatusPart;
use crate::report::status::{FeedStatus, StatusReport, StreamStatus};
use crate::telemetry::metric;

/// Pages take tenths of a second, windows seconds, first loads hours.
const BUCKETS: &[f64] =
    &[0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 1_800.0, 7_200.0];

static HANDLE: OnceLock<PrometheusHandle> = OnceLock::new();

/// Installs the recorder for this process on the first call; each call answers the same handle. Where
/// another recorder sits already, the handle renders no metrics of this process, and a warning says so.
pub fn install() -> PrometheusHandle {
    HANDLE
        .get_or_init(|| {
            // `set_buckets` refuses an empty list only; without buckets there would be summaries.
            let builder = PrometheusBuilder::new();
            let recorder = builder.set_buckets(BUCKETS).unwrap_or_default().build_recorder();
            let handle = recorder.handle();
            if metrics::set_global_recorder(recorder).is_err() {
                tracing::warn!(target: "ccsync", "another metrics recorder is installed; /metrics lacks counters");
            }
            metric::describe_all();
            handle
        })
        .clone()
}

/// Appends the gauges of a report, or that there is none. They are no gauges of the recorder, because
/// there a stream that is no longer configured would stay for ever.
pub(in crate::ops) fn render_status(text: &mut String, report: Option<&StatusReport>) {
    gauge(text, metric::UP, [(String::new(), if report.is_some() { 1 } else { 0 })]);
    let Some(report) = report else { return };
    let is_missing = |part| i64::from(report.missing.iter().any(|missing| missing.part == part));
    let parts = StatusPart::ALL.map(|part| (label(metric::PART, part.as_str()), is_missing(part)));
    gauge(text, metric::STATUS_PART_MISSING, parts);
    let streams = &report.streams;
    gauge(text, metric::COMPLETE_TO, instants(streams, |stream| stream.complete_to));
    gauge(text, metric::FINAL_TO, instants(streams, |stream| stream.final_to));
    gauge(text, metric::LAST_READ, instants(streams, |stream| stream.last_read_at));
    gauge(text, metric::VENDOR_ROWS, streams.iter().map(|stream| (labels(stream), stream.rows)));
    gauge(text, metric::WINDOWS, streams.iter().flat_map(windows));
    let count =
        |value: fn(&StreamStatus) -> i64| streams.iter().map(move |stream| (labels(stream), value(stream)));
    gauge(text, metric::WINDOWS_UNVERIFIED, count(|stream| stream.windows.unverified));
    gauge(text, metric::CHANGED_AFTER_FINAL, count(|stream| stream.changed_after_final));
    gauge(text, metric::WINDOWS_MOVING, count(|stream| stream.windows.moving));
    gauge(text, metric::WINDOWS_UNSETTLED, count(|stream| stream.watch.windows_unsettled));
    gauge(text, metric::STREAM_PAUSED, count(|stream| i64::from(stream.paused)));
    gauge(
        text,
        metric::STREAM_FAILING,
        streams.iter().map(|stream| (labels(stream), i64::from(stream.failure.is_some()))),
    );
    let feed_labels = |feed: &FeedStatus| labels_of(&feed.source, feed.stream);
    let of_streams = streams.iter().map(|stream| (labels(stream), stream.quarantined));
    let of_feeds = report.feeds.iter().map(|feed| (feed_labels(feed), feed.quarantined));
    gauge(text, metric::QUARANTINE_OPEN, of_streams.chain(of_feeds));
    let agents = |feed: &FeedStatus, connected: bool| {
        let chosen = feed.agents.iter().filter(|agent| !connected || agent.connected_since.is_some());
        i64::try_from(chosen.count()).unwrap_or(i64::MAX)
    };
    for (name, connected) in [(metric::FEED_AGENTS, false), (metric::FEED_AGENTS_CONNECTED, true)] {
        gauge(text, name, report.feeds.iter().map(|feed| (feed_labels(feed), agents(feed, connected))));
    }
    let alarms = |stream: &StreamStatus| (labels(stream), stream.absence_alarms);
    gauge(text, metric::ABSENCE_ALARMS_OPEN, streams.iter().map(alarms));
    render_watches(text, streams);
}

/// What was promised of streams, and what says whether it is kept.
fn render_watches(text: &mut String, streams: &[StreamStatus]) {
    let each = |value: fn(&StreamStatus) -> Option<i64>| {
        let sample = move |stream: &StreamStatus| Some((labels(stream), value(stream)?));
        streams.iter().filter_map(sample).collect::<Vec<_>>()
    };
    gauge(text, metric::LAST_RUN, instants(streams, |stream| stream.watch.last_run_at));
    gauge(text, metric::FRESH_WITHIN, each(|stream| stream.watch.fresh_within_seconds));
    gauge(text, metric::TICKS_PENDING, each(|stream| i64::try_from(stream.watch.ticks_missed).ok()));
    gauge(text, metric::REREAD_REQUESTS, each(|stream| Some(stream.watch.reread_requests_today)));
    gauge(
        text,
        metric::REREAD_REQUESTS_LIMIT,
        each(|stream| stream.watch.reread_requests_per_day.map(i64::from)),
    );
    gauge(text, metric::QUARANTINE_LATELY, each(|stream| Some(stream.watch.quarantined_lately)));
    gauge(text, metric::SCHEMA_DRIFTS, each(|stream| i64::try_from(stream.drifts.len()).ok()));
}

/// Appends the gauges of what is known without the database.
pub(in crate::ops) fn render_surroundings(text: &mut String, surroundings: &Surroundings) {
    let bytes = |bytes: u64| i64::try_from(bytes).unwrap_or(i64::MAX);
    let skews = surroundings.clock_skews.iter();
    gauge(
        text,
        metric::CLOCK_SKEW,
        skews.map(|skew| (label(metric::SOURCE, &skew.source), skew.ahead.num_seconds())),
    );
    let disk = |bytes_of: fn(&DiskSpace) -> u64| {
        surroundings.disk.iter().map(move |disk| (String::new(), bytes(bytes_of(disk))))
    };
    gauge(text, metric::DISK_FREE, disk(|disk| disk.free_bytes));
    gauge(text, metric::DISK_SIZE, disk(|disk| disk.size_bytes));
    let spools = |fill: fn(&SpoolFill) -> u64| {
        let sample =
            move |spool: &SpoolFill| (labels_of(&spool.key.source, spool.key.stream), bytes(fill(spool)));
        surroundings.spools.iter().map(sample)
    };
    gauge(text, metric::SPOOL, spools(|spool| spool.bytes));
    gauge(text, metric::SPOOL_LIMIT, spools(|spool| spool.bytes_max));
}

/// Appends what stands. A label that is empty is none to Prometheus.
pub(in crate::ops) fn render_alerts(text: &mut String, alerts: &[Alert]) {
    let sample = |alert: &Alert| {
        let (kind, severity) = (alert.kind.as_str(), alert.severity.as_str());
        let mut labels = vec![label(metric::ALERT_NAME, kind), label(metric::SEVERITY, severity)];
        labels.extend(alert.source.iter().map(|source| label(metric::SOURCE, source)));
        labels.extend(alert.stream.map(|stream| label(metric::STREAM, stream.as_str())));
        (labels.join(","), 1)
    };
    gauge(text, metric::ALERT, alerts.iter().map(sample));
}

fn gauge(text: &mut String, name: &str, samples: impl IntoIterator<Item = (String, i64)>) {
    let mut samples = samples.into_iter().peekable();
    if samples.peek().is_none() {
        return;
    }
    let description = metric::ALL.iter().find(|metric| metric.name == name).map_or("", |m| m.description);
    // Writing to a String cannot fail.
    let _ = writeln!(text, "# HELP {name} {description}\n# TYPE {name} gauge");
    for (labels, value) in samples {
        let _ = if labels.is_empty() {
            writeln!(text, "{name} {value}")
        } else {
            writeln!(text, "{name}{{{labels}}} {value}")
        };
    }
}

fn instants(
    streams: &[StreamStatus],
    instant: impl Fn(&StreamStatus) -> Option<DateTime<Utc>>,
) -> Vec<(String, i64)> {
    // A stream never read has no sample, since zero would be read as 1970.
    streams.iter().filter_map(|stream| Some((labels(stream), instant(stream)?.timestamp()))).collect()
}

fn windows(stream: &StreamStatus) -> [(String, i64); 3] {
    let tally = stream.windows;
    [("complete", tally.complete), ("open", tally.open), ("failed", tally.failed)]
        .map(|(state, count)| (format!("{},{}=\"{state}\"", labels(stream), metric::STATE), count))
}

fn labels(stream: &StreamStatus) -> String {
    labels_of(&stream.source, stream.stream)
}

fn labels_of(source: &str, stream: StreamId) -> String {
    format!("{},{}", label(metric::SOURCE, source), label(metric::STREAM, stream.as_str()))
}

fn label(name: &str, value: &str) -> String {
    let value = value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
    format!("{name}=\"{value}\"")
}
