//! Names, labels, units and descriptions of every metric. Dashboards and alerts hold on to them: names
//! may be added, never changed silently.

use metrics::{Unit, describe_counter, describe_gauge, describe_histogram};

/// Label: the operator's name for the vendor account.
pub const SOURCE: &str = "source";
/// Label: the stream, for example `sobot.call_result`.
pub const STREAM: &str = "stream";
/// Label: why a pass was started ([`crate::domain::run::Trigger`]).
pub const TRIGGER: &str = "trigger";
/// Label: how a pass ended ([`crate::domain::run::RunOutcome`]).
pub const OUTCOME: &str = "outcome";
/// Label: the kind of a fault ([`crate::domain::fault::FaultKind`]) or of a departure from the documents
/// ([`crate::domain::drift::DriftKind`]).
pub const KIND: &str = "kind";
/// Label: how far a read can be trusted ([`crate::domain::certificate::Verdict`]).
pub const VERDICT: &str = "verdict";
/// Label: what became of a row: `inserted`, `updated`, `unchanged`, `superseded` or `deleted`.
pub const CHANGE: &str = "change";
/// Label: the vendor account that a token belongs to. No secret.
pub const ACCOUNT: &str = "account";
/// Label: the program's version.
pub const VERSION: &str = "version";
/// Label: the state of a window: `complete`, `open` or `failed`.
pub const STATE: &str = "state";
/// Label: what stands ([`crate::domain::alert::AlertKind`]).
pub const ALERT_NAME: &str = "alert";
/// Label: how much it matters ([`crate::domain::alert::Severity`]).
pub const SEVERITY: &str = "severity";

/// Passes begun.
pub const PASSES_STARTED: &str = "ccsync_passes_started_total";
/// Passes ended.
pub const PASSES: &str = "ccsync_passes_total";
/// Length of passes.
pub const PASS_DURATION: &str = "ccsync_pass_duration_seconds";
/// Ticks that found no loop free to serve them.
pub const TICKS_MISSED: &str = "ccsync_ticks_missed_total";
/// Pages received.
pub const PAGES: &str = "ccsync_pages_total";
/// Time from request to understood page.
pub const PAGE_DURATION: &str = "ccsync_page_duration_seconds";
/// Requests that brought no page.
pub const REQUEST_FAILURES: &str = "ccsync_request_failures_total";
/// Single pages asked for once more because they did not fit their neighbours.
pub const PAGES_REREAD: &str = "ccsync_pages_reread_total";
/// Walks begun again because the rows moved meanwhile.
pub const WALKS_RESTARTED: &str = "ccsync_walks_restarted_total";
/// Pages from before a kill or restart that were not asked for again.
pub const PAGES_RESUMED: &str = "ccsync_pages_resumed_total";
/// Waits for the vendor's request limit.
pub const BUDGET_WAIT: &str = "ccsync_budget_wait_seconds";
/// Tokens fetched.
pub const TOKEN_RENEWALS: &str = "ccsync_token_renewals_total";
/// When the present token ends.
pub const TOKEN_EXPIRY: &str = "ccsync_token_expiry_timestamp_seconds";
/// Windows and snapshots committed.
pub const WINDOWS_COMMITTED: &str = "ccsync_windows_committed_total";
/// Windows and snapshots given up.
pub const WINDOWS_FAILED: &str = "ccsync_windows_failed_total";
/// Time from lease to commit.
pub const WINDOW_DURATION: &str = "ccsync_window_duration_seconds";
/// Elements read in committed walks.
pub const ROWS_READ: &str = "ccsync_rows_read_total";
/// Rows committed, by what became of them.
pub const ROWS: &str = "ccsync_rows_total";
/// Rows removed because their time was over.
pub const ROWS_EXPIRED: &str = "ccsync_rows_expired_total";
/// Records set aside.
pub const RECORDS_QUARANTINED: &str = "ccsync_records_quarantined_total";
/// Departures from the vendors' documents, each counted when it was recorded first.
pub const CONTRACT_DRIFT: &str = "ccsync_contract_drift_total";
/// Leases lost.
pub const LEASES_LOST: &str = "ccsync_leases_lost_total";
/// Starts of the daemon.
pub const DAEMON_STARTS: &str = "ccsync_daemon_starts_total";
/// Whether the daemon was told to stop.
pub const DAEMON_STOPPING: &str = "ccsync_daemon_stopping";
/// Failed attempts to reach the database.
pub const DATABASE_UNREACHABLE: &str = "ccsync_database_unreachable_total";
/// Connections of feeds opened.
pub const FEED_CONNECTIONS: &str = "ccsync_feed_connections_total";
/// Connections of feeds that ended or did not come about.
pub const FEED_INTERRUPTIONS: &str = "ccsync_feed_interruptions_total";
/// Messages of feeds stored.
pub const FEED_MESSAGES: &str = "ccsync_feed_messages_total";
/// Events of feeds that waited on disk.
pub const FEED_SPOOLED: &str = "ccsync_feed_spooled_total";
/// Events of feeds lost.
pub const FEED_LOST: &str = "ccsync_feed_lost_total";
/// The version, as a label.
pub const BUILD_INFO: &str = "ccsync_build_info";

/// Whether the status could be read from the database (written at each scrape, as are those below).
pub const UP: &str = "ccsync_up";
/// Data is complete up to here.
pub const COMPLETE_TO: &str = "ccsync_complete_to_timestamp_seconds";
/// Start of the last committed read.
pub const LAST_READ: &str = "ccsync_last_read_timestamp_seconds";
/// Elements the vendor has, as of the last reads.
pub const VENDOR_ROWS: &str = "ccsync_vendor_rows";
/// Windows by state.
pub const WINDOWS: &str = "ccsync_windows";
/// Windows whose last read is confirmed by nothing yet.
pub const WINDOWS_UNVERIFIED: &str = "ccsync_windows_unverified";
/// Whether a failure stands.
pub const STREAM_FAILING: &str = "ccsync_stream_failing";
/// Open quarantine entries.
pub const QUARANTINE_OPEN: &str = "ccsync_quarantine_open";
/// Open alarms over rows that vanished in masses.
pub const ABSENCE_ALARMS_OPEN: &str = "ccsync_absence_alarms_open";

/// What stands, one sample for each alert.
pub const ALERT: &str = "ccsync_alert";
/// How old data may be.
pub const FRESH_WITHIN: &str = "ccsync_fresh_within_seconds";
/// Start of the last run.
pub const LAST_RUN: &str = "ccsync_last_run_timestamp_seconds";
/// Ticks since the last run began.
pub const TICKS_PENDING: &str = "ccsync_ticks_pending";
/// Requests that second looks cost today.
pub const REREAD_REQUESTS: &str = "ccsync_reread_requests_today";
/// Requests that second looks may cost in a day.
pub const REREAD_REQUESTS_LIMIT: &str = "ccsync_reread_requests_limit";
/// Open quarantine entries of the last day.
pub const QUARANTINE_LATELY: &str = "ccsync_quarantine_last_day";
/// Departures from the documents that are news.
pub const CONTRACT_DRIFTS: &str = "ccsync_contract_drifts_last_week";
/// By how much a vendor's clock is ahead.
pub const CLOCK_SKEW: &str = "ccsync_clock_skew_seconds";
/// Room on the disk.
pub const DISK_FREE: &str = "ccsync_disk_free_bytes";
/// The disk.
pub const DISK_SIZE: &str = "ccsync_disk_size_bytes";
/// What waits on disk for the database.
pub const SPOOL: &str = "ccsync_spool_bytes";
/// Room for that.
pub const SPOOL_LIMIT: &str = "ccsync_spool_limit_bytes";

/// Agents of feeds.
pub const FEED_AGENTS: &str = "ccsync_feed_agents";
/// Agents of feeds that are heard.
pub const FEED_AGENTS_CONNECTED: &str = "ccsync_feed_agents_connected";

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
    /// What it says, for people.
    pub description: &'static str,
}

const fn counter(name: &'static str, description: &'static str) -> Metric {
    Metric { name, kind: MetricKind::Counter, unit: Unit::Count, description }
}

const fn gauge(name: &'static str, unit: Unit, description: &'static str) -> Metric {
    Metric { name, kind: MetricKind::Gauge, unit, description }
}

const fn seconds(name: &'static str, description: &'static str) -> Metric {
    Metric { name, kind: MetricKind::Histogram, unit: Unit::Seconds, description }
}

/// Every metric of the product.
pub const ALL: &[Metric] = &[
    counter(PASSES_STARTED, "passes begun, by trigger"),
    counter(PASSES, "passes ended, by outcome"),
    seconds(PASS_DURATION, "length of passes"),
    counter(TICKS_MISSED, "ticks that came while the stream was still busy, or while the machine slept"),
    counter(PAGES, "pages received from the vendor"),
    seconds(PAGE_DURATION, "time from request to understood page"),
    counter(REQUEST_FAILURES, "requests that brought no page, by kind of fault"),
    counter(PAGES_REREAD, "single pages asked for once more because they did not fit their neighbours"),
    counter(WALKS_RESTARTED, "walks begun again because the vendor's rows moved meanwhile"),
    counter(PAGES_RESUMED, "pages from before a kill or restart that were not asked for again"),
    seconds(BUDGET_WAIT, "waits imposed by the vendor's request limit"),
    counter(TOKEN_RENEWALS, "tokens fetched, by account"),
    gauge(TOKEN_EXPIRY, Unit::Seconds, "when the account's token ends, in seconds since 1970"),
    counter(WINDOWS_COMMITTED, "windows and snapshots committed, by verdict"),
    counter(WINDOWS_FAILED, "windows and snapshots given up for this pass, by kind of fault"),
    seconds(WINDOW_DURATION, "time from lease to commit"),
    counter(ROWS_READ, "elements received in committed walks"),
    counter(ROWS, "rows committed, by what became of them"),
    counter(ROWS_EXPIRED, "rows removed because their time was over, histories and ledger included"),
    counter(RECORDS_QUARANTINED, "records that could not be read and were set aside"),
    counter(CONTRACT_DRIFT, "departures from the vendor's documents, counted once each, by kind"),
    counter(LEASES_LOST, "leases taken over by another worker"),
    counter(DAEMON_STARTS, "starts of the daemon in this process"),
    gauge(DAEMON_STOPPING, Unit::Count, "1 once the daemon was told to stop"),
    counter(DATABASE_UNREACHABLE, "failed attempts to reach the database"),
    counter(FEED_CONNECTIONS, "connections of feeds opened"),
    counter(FEED_INTERRUPTIONS, "connections of feeds that ended or did not come about, by kind"),
    counter(FEED_MESSAGES, "messages of feeds stored, those set aside included"),
    counter(FEED_SPOOLED, "events of feeds that waited on disk while the database was away"),
    counter(
        FEED_LOST,
        "events of feeds that were received and lost; each loss is a gap in workbench.feed_gap",
    ),
    gauge(BUILD_INFO, Unit::Count, "always 1; the version is a label"),
    gauge(UP, Unit::Count, "1 if the state could be read from the database at this scrape"),
    gauge(COMPLETE_TO, Unit::Seconds, "data is complete up to this instant, in seconds since 1970"),
    gauge(LAST_READ, Unit::Seconds, "start of the last committed read, in seconds since 1970"),
    gauge(VENDOR_ROWS, Unit::Count, "elements the vendor has, as of the last reads"),
    gauge(WINDOWS, Unit::Count, "windows in the ledger, by state"),
    gauge(WINDOWS_UNVERIFIED, Unit::Count, "windows whose last read is confirmed by nothing yet"),
    gauge(STREAM_FAILING, Unit::Count, "1 while a failure of the stream is not made good"),
    gauge(QUARANTINE_OPEN, Unit::Count, "records set aside and not yet dealt with"),
    gauge(FEED_AGENTS, Unit::Count, "configured agents of feeds"),
    gauge(FEED_AGENTS_CONNECTED, Unit::Count, "agents of feeds whose connection stands"),
    gauge(ABSENCE_ALARMS_OPEN, Unit::Count, "alarms over rows that vanished in masses, waiting for a person"),
    gauge(ALERT, Unit::Count, "1 for each condition that stands, as on the page and in `ccsync status`"),
    gauge(FRESH_WITHIN, Unit::Seconds, "how old data may be, as configured or by the schedule"),
    gauge(LAST_RUN, Unit::Seconds, "when the last run began, in seconds since 1970"),
    gauge(TICKS_PENDING, Unit::Count, "ticks that passed since the last run began"),
    gauge(REREAD_REQUESTS, Unit::Count, "requests that second looks cost in the present business day"),
    gauge(REREAD_REQUESTS_LIMIT, Unit::Count, "requests that second looks may cost in a business day"),
    gauge(QUARANTINE_LATELY, Unit::Count, "open records that were set aside first within the last day"),
    gauge(
        CONTRACT_DRIFTS,
        Unit::Count,
        "departures from the vendor's documents seen first within the last 7 days",
    ),
    gauge(
        CLOCK_SKEW,
        Unit::Seconds,
        "by how much the vendor's clock is ahead of ours, at least; negative: behind",
    ),
    gauge(DISK_FREE, Unit::Bytes, "room on the disk under database.data_dir, where ccsync writes there"),
    gauge(DISK_SIZE, Unit::Bytes, "size of that disk"),
    gauge(SPOOL, Unit::Bytes, "events of feeds that wait on disk for the database"),
    gauge(SPOOL_LIMIT, Unit::Bytes, "room for events of feeds that wait on disk"),
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
            if metric.kind == MetricKind::Histogram {
                assert!(metric.name.ends_with("_seconds"), "{}", metric.name);
            }
        }
    }
}
