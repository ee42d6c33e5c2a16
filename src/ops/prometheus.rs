//! The Prometheus side: the recorder behind the metrics, and the gauges that are read from the status at
//! each scrape.

use std::fmt::Write as _;
use std::sync::OnceLock;

use chrono::{DateTime, Utc};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};

use crate::domain::status::{FeedStatus, StatusReport, StreamStatus};
use crate::domain::stream::StreamId;
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
pub(super) fn render_status(text: &mut String, report: Option<&StatusReport>) {
    gauge(text, metric::UP, [(String::new(), if report.is_some() { 1 } else { 0 })]);
    let Some(report) = report else { return };
    let streams = &report.streams;
    gauge(text, metric::COMPLETE_TO, instants(streams, |stream| stream.complete_to));
    gauge(text, metric::LAST_READ, instants(streams, |stream| stream.last_read_at));
    gauge(text, metric::VENDOR_ROWS, streams.iter().map(|stream| (labels(stream), stream.rows)));
    gauge(text, metric::WINDOWS, streams.iter().flat_map(windows));
    let unverified = |stream: &StreamStatus| (labels(stream), stream.windows.unverified);
    gauge(text, metric::WINDOWS_UNVERIFIED, streams.iter().map(unverified));
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
    let source = source.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
    format!("{}=\"{source}\",{}=\"{}\"", metric::SOURCE, metric::STREAM, stream)
}
