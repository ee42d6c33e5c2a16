//! What each metric means.

use metrics::{Unit, describe_counter, describe_gauge, describe_histogram};

use super::*;

/// What sort of number a metric is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MetricKind {
    /// Only grows.
    Counter,
    /// Goes up and down.
    Gauge,
    /// A distribution in buckets.
    Histogram,
}

/// One line of the catalogue.
#[derive(Debug, Clone, Copy)]
pub struct Metric {
    /// The full name.
    pub name: &'static str,
    /// What sort.
    pub kind: MetricKind,
    /// What one unit of it is.
    pub unit: Unit,
    /// The labels that its samples have. Those of an alert that is no stream's lack its labels.
    pub labels: &'static [&'static str],
    /// What it says, for people.
    pub description: &'static str,
}

impl Metric {
    /// A query to begin with.
    pub fn example(&self) -> String {
        let Metric { name, labels, .. } = self;
        let by = labels.join(", ");
        match self.kind {
            MetricKind::Counter if labels.is_empty() => format!("increase({name}[1h])"),
            MetricKind::Counter => format!("sum by ({by}) (increase({name}[1h]))"),
            MetricKind::Gauge if name.ends_with("_timestamp_seconds") => format!("time() - {name}"),
            MetricKind::Gauge => (*name).to_owned(),
            MetricKind::Histogram => {
                format!("histogram_quantile(0.95, sum by (le, {by}) (rate({name}_bucket[5m])))")
            }
        }
    }
}

/// Each label, and which values it has. All but those that the operator names are lists that do not grow.
pub const LABELS: &[(&str, &str)] = &[
    (SOURCE, "the operator's name for the vendor account"),
    (STREAM, "the stream, for example `sobot.call_result`"),
    (TRIGGER, "why a pass was started: `schedule`, `sync`, `backfill`, `retry`, `repair` or `feed`"),
    (
        OUTCOME,
        "how a pass ended: `succeeded`, `partial`, `failed`, `cancelled` or `panicked`; of a notice: `sent` or `failed`",
    ),
    (KIND, "the kind of a fault, of a departure from the documents, or why a feed's connection ended"),
    (VERDICT, "how far a read can be trusted: `proven`, `stable` or `unverified`"),
    (CHANGE, "what became of a row: `inserted`, `updated`, `unchanged`, `superseded` or `deleted`"),
    (ACCOUNT, "the vendor account that a token belongs to; no secret"),
    (VERSION, "the program's version"),
    (STATE, "the state of a window: `complete`, `open` or `failed`"),
    (TARGET, "the operator's name for a target of notices"),
    (ALERT_NAME, "what stands: a heading of docs/runbook.md"),
    (SEVERITY, "`critical`: data is missing or will be soon; `warning`: somebody should look within days"),
    (PART, "a part of the status page: `windows`, `days`, `lag` or `waiting`"),
];

const OF_STREAM: &[&str] = &[SOURCE, STREAM];

const fn counter(name: &'static str, labels: &'static [&'static str], description: &'static str) -> Metric {
    Metric { name, kind: MetricKind::Counter, unit: Unit::Count, labels, description }
}

const fn gauge(
    name: &'static str,
    unit: Unit,
    labels: &'static [&'static str],
    description: &'static str,
) -> Metric {
    Metric { name, kind: MetricKind::Gauge, unit, labels, description }
}

const fn seconds(name: &'static str, labels: &'static [&'static str], description: &'static str) -> Metric {
    Metric { name, kind: MetricKind::Histogram, unit: Unit::Seconds, labels, description }
}

/// Every metric of the product.
pub const ALL: &[Metric] = &[
    counter(NOTICES, &[TARGET, OUTCOME], "notices to people, by whether they were taken"),
    counter(PASSES_STARTED, &[SOURCE, STREAM, TRIGGER], "passes begun, by trigger"),
    counter(PASSES, &[SOURCE, STREAM, OUTCOME], "passes ended, by outcome"),
    seconds(PASS_DURATION, OF_STREAM, "length of passes"),
    counter(
        TICKS_MISSED,
        OF_STREAM,
        "ticks that came while the stream was still busy, or while the machine slept",
    ),
    counter(PAGES, OF_STREAM, "pages received from the vendor"),
    seconds(PAGE_DURATION, OF_STREAM, "time from request to understood page"),
    counter(REQUEST_FAILURES, &[SOURCE, STREAM, KIND], "requests that brought no page, by kind of fault"),
    counter(
        PAGES_REREAD,
        OF_STREAM,
        "single pages asked for once more because they did not fit their neighbours",
    ),
    counter(WALKS_RESTARTED, OF_STREAM, "walks begun again because the vendor's rows moved meanwhile"),
    counter(PAGES_RESUMED, OF_STREAM, "pages from before a kill or restart that were not asked for again"),
    seconds(BUDGET_WAIT, OF_STREAM, "waits imposed by the vendor's request limit"),
    counter(TOKEN_RENEWALS, &[ACCOUNT], "tokens fetched, by account"),
    gauge(TOKEN_EXPIRY, Unit::Seconds, &[ACCOUNT], "when the account's token ends, in seconds since 1970"),
    counter(WINDOWS_COMMITTED, &[SOURCE, STREAM, VERDICT], "windows and snapshots committed, by verdict"),
    counter(
        WINDOWS_FAILED,
        &[SOURCE, STREAM, KIND],
        "windows and snapshots given up for this pass, by kind of fault",
    ),
    seconds(WINDOW_DURATION, OF_STREAM, "time from lease to commit"),
    counter(ROWS_READ, OF_STREAM, "elements received in committed walks"),
    counter(ROWS, &[SOURCE, STREAM, CHANGE], "rows committed, by what became of them"),
    counter(
        ROWS_EXPIRED,
        OF_STREAM,
        "rows removed because their time was over, histories and ledger included",
    ),
    counter(RECORDS_QUARANTINED, OF_STREAM, "records that could not be read and were quarantined"),
    counter(
        SCHEMA_DRIFT,
        &[SOURCE, STREAM, KIND],
        "departures from the vendor's documents, counted once each, by kind",
    ),
    counter(LEASES_LOST, OF_STREAM, "leases taken over by another worker"),
    counter(DAEMON_STARTS, &[], "starts of the daemon in this process"),
    gauge(DAEMON_STOPPING, Unit::Count, &[], "1 once the daemon was told to stop"),
    counter(DATABASE_UNREACHABLE, &[], "failed attempts to reach the database"),
    counter(FEED_CONNECTIONS, OF_STREAM, "connections of feeds opened"),
    counter(
        FEED_INTERRUPTIONS,
        &[SOURCE, STREAM, KIND],
        "connections of feeds that ended or did not come about, by kind",
    ),
    counter(FEED_MESSAGES, OF_STREAM, "messages of feeds stored, those quarantined included"),
    counter(FEED_SPOOLED, OF_STREAM, "events of feeds that waited on disk while the database was away"),
    counter(
        FEED_LOST,
        OF_STREAM,
        "events of feeds that were received and lost; each loss is a gap in workbench.feed_gap",
    ),
    gauge(BUILD_INFO, Unit::Count, &[VERSION], "always 1; the version is a label"),
    gauge(UP, Unit::Count, &[], "1 if the state could be read from the database at this scrape"),
    gauge(
        STATUS_PART_MISSING,
        Unit::Count,
        &[PART],
        "1 for a part of the status page that the database was too slow for at this scrape; streams and alerts are whole",
    ),
    gauge(
        COMPLETE_TO,
        Unit::Seconds,
        OF_STREAM,
        "data is complete up to this instant, in seconds since 1970",
    ),
    gauge(FINAL_TO, Unit::Seconds, OF_STREAM, "data is final up to this instant, in seconds since 1970"),
    gauge(
        CHANGED_AFTER_FINAL,
        Unit::Count,
        OF_STREAM,
        "reads that changed a window or a day after it was final",
    ),
    gauge(LAST_READ, Unit::Seconds, OF_STREAM, "start of the last committed read, in seconds since 1970"),
    gauge(
        VENDOR_ROWS,
        Unit::Count,
        OF_STREAM,
        "rows in the stream's tables that the vendor still reports, each once",
    ),
    gauge(WINDOWS, Unit::Count, &[SOURCE, STREAM, STATE], "windows in the ledger, by state"),
    gauge(WINDOWS_UNVERIFIED, Unit::Count, OF_STREAM, "windows whose last read is confirmed by nothing yet"),
    gauge(
        WINDOWS_MOVING,
        Unit::Count,
        OF_STREAM,
        "open windows whose last read is unverified, since rows moved meanwhile",
    ),
    gauge(
        WINDOWS_UNSETTLED,
        Unit::Count,
        OF_STREAM,
        "closed windows whose last two reads, or more, were unverified",
    ),
    gauge(STREAM_PAUSED, Unit::Count, OF_STREAM, "1 for a stream that is configured and not enabled"),
    gauge(STREAM_FAILING, Unit::Count, OF_STREAM, "1 while a failure of the stream is not made good"),
    gauge(QUARANTINE_OPEN, Unit::Count, OF_STREAM, "records quarantined and not yet dealt with"),
    gauge(FEED_AGENTS, Unit::Count, OF_STREAM, "configured agents of feeds"),
    gauge(FEED_AGENTS_CONNECTED, Unit::Count, OF_STREAM, "agents of feeds whose connection stands"),
    gauge(
        ABSENCE_ALARMS_OPEN,
        Unit::Count,
        OF_STREAM,
        "alarms over rows that vanished in masses, waiting for a person",
    ),
    gauge(
        ALERT,
        Unit::Count,
        &[ALERT_NAME, SEVERITY, SOURCE, STREAM],
        "1 for each condition that stands, as on the page and in `ccsync status`",
    ),
    gauge(FRESH_WITHIN, Unit::Seconds, OF_STREAM, "how old data may be, as configured or by the schedule"),
    gauge(LAST_RUN, Unit::Seconds, OF_STREAM, "when the last run began, in seconds since 1970"),
    gauge(TICKS_PENDING, Unit::Count, OF_STREAM, "ticks that passed since the last run began"),
    gauge(REREAD_REQUESTS, Unit::Count, OF_STREAM, "requests that rereads cost in the present business day"),
    gauge(REREAD_REQUESTS_LIMIT, Unit::Count, OF_STREAM, "requests that rereads may cost in a business day"),
    gauge(
        QUARANTINE_LATELY,
        Unit::Count,
        OF_STREAM,
        "open records that were quarantined first within the last day",
    ),
    gauge(
        SCHEMA_DRIFTS,
        Unit::Count,
        OF_STREAM,
        "departures from the vendor's documents seen first within the last 7 days",
    ),
    gauge(
        CLOCK_SKEW,
        Unit::Seconds,
        &[SOURCE],
        "by how much the vendor's clock is ahead of ours, at least; negative: behind",
    ),
    gauge(DISK_FREE, Unit::Bytes, &[], "room on the disk under database.data_dir, where ccsync writes there"),
    gauge(DISK_SIZE, Unit::Bytes, &[], "size of that disk"),
    gauge(SPOOL, Unit::Bytes, OF_STREAM, "events of feeds that wait on disk for the database"),
    gauge(SPOOL_LIMIT, Unit::Bytes, OF_STREAM, "room for events of feeds that wait on disk"),
];

/// Tells the installed recorder what each metric means.
pub fn describe_all() {
    for metric in ALL {
        match metric.kind {
            MetricKind::Counter => describe_counter!(metric.name, metric.unit, metric.description),
            MetricKind::Gauge => describe_gauge!(metric.name, metric.unit, metric.description),
            MetricKind::Histogram => describe_histogram!(metric.name, metric.unit, metric.description),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_follows_the_conventions_and_is_used_once() {
        let mut seen = std::collections::BTreeSet::new();
        for metric in ALL {
            assert!(seen.insert(metric.name), "{} is listed twice", metric.name);
            assert!(metric.name.starts_with("ccsync_"), "{}", metric.name);
            assert_eq!(
                metric.name.ends_with("_total"),
                metric.kind == MetricKind::Counter,
                "{}",
                metric.name
            );
            for label in metric.labels {
                assert!(LABELS.iter().any(|(known, _)| known == label), "{}: {label}", metric.name);
            }
            if metric.kind == MetricKind::Histogram {
                assert!(metric.name.ends_with("_seconds"), "{}", metric.name);
            }
        }
    }
}
