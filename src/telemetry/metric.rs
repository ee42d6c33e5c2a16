//! Names and labels of every metric; the catalogue says what they mean. Dashboards and alerts hold on to them: names
//! may be added, never changed silently.

mod catalogue;

pub use self::catalogue::{ALL, LABELS, Metric, MetricKind, describe_all};

/// Label: the operator's name for the vendor account.
pub const SOURCE: &str = "source";
/// Label: the stream, for example `sobot.call_result`.
pub const STREAM: &str = "stream";
/// Label: why a pass was started ([`crate::domain::proof::run::Trigger`]).
pub const TRIGGER: &str = "trigger";
/// Label: how a pass ended ([`crate::domain::proof::run::RunOutcome`]).
pub const OUTCOME: &str = "outcome";
/// Label: the kind of a fault ([`crate::domain::fault::FaultKind`]) or of a departure from the documents
/// ([`crate::domain::vendor::drift::DriftKind`]).
pub const KIND: &str = "kind";
/// Label: how far a read can be trusted ([`crate::domain::proof::certificate::Verdict`]).
pub const VERDICT: &str = "verdict";
/// Label: what became of a row: `inserted`, `updated`, `unchanged`, `superseded` or `deleted`.
pub const CHANGE: &str = "change";
/// Label: the vendor account that a token belongs to. No secret.
pub const ACCOUNT: &str = "account";
/// Label: the program's version.
pub const VERSION: &str = "version";
/// Label: the state of a window: `complete`, `open` or `failed`.
pub const STATE: &str = "state";
/// Label: the operator's name for a target of notices.
pub const TARGET: &str = "target";
/// Label: what stands ([`crate::report::alert::AlertKind`]).
pub const ALERT_NAME: &str = "alert";
/// Label: how much it matters ([`crate::report::alert::Severity`]).
pub const SEVERITY: &str = "severity";
/// Label: a part of the status ([`crate::report::status::part::StatusPart`]).
pub const PART: &str = "part";

/// Notices to people, by whether they were taken.
pub const NOTICES: &str = "ccsync_notices_total";
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
/// Records quarantined.
pub const RECORDS_QUARANTINED: &str = "ccsync_records_quarantined_total";
/// Departures from the vendors' documents, each counted when it was recorded first.
pub const SCHEMA_DRIFT: &str = "ccsync_schema_drift_total";
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
/// Whether the database was too slow for a part of the status.
pub const STATUS_PART_MISSING: &str = "ccsync_status_part_missing";
/// Data is complete up to here.
pub const COMPLETE_TO: &str = "ccsync_complete_to_timestamp_seconds";
/// Data is final up to here.
pub const FINAL_TO: &str = "ccsync_final_to_timestamp_seconds";
/// Reads that changed what was final.
pub const CHANGED_AFTER_FINAL: &str = "ccsync_changed_after_final";
/// Open windows whose rows moved while they were read.
pub const WINDOWS_MOVING: &str = "ccsync_windows_moving";
/// Closed windows that stay unverified.
pub const WINDOWS_UNSETTLED: &str = "ccsync_windows_unsettled";
/// Streams that are configured and not enabled.
pub const STREAM_PAUSED: &str = "ccsync_stream_paused";
/// Start of the last committed read.
pub const LAST_READ: &str = "ccsync_last_read_timestamp_seconds";
/// Rows in the stream's tables that the vendor still reports, each once.
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
/// Requests that rereads cost today.
pub const REREAD_REQUESTS: &str = "ccsync_reread_requests_today";
/// Requests that rereads may cost in a day.
pub const REREAD_REQUESTS_LIMIT: &str = "ccsync_reread_requests_limit";
/// Open quarantine entries of the last day.
pub const QUARANTINE_LATELY: &str = "ccsync_quarantine_last_day";
/// Departures from the documents that are news.
pub const SCHEMA_DRIFTS: &str = "ccsync_schema_drifts_last_week";
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
