use std::io::Write;
use std::sync::{Arc, Mutex};

use metrics_exporter_prometheus::PrometheusBuilder;

use super::*;
use crate::domain::fault::FaultKind;
use crate::domain::proof::certificate::Verdict;
use crate::domain::proof::run::{Counts, RunId, RunOutcome, Trigger};
use crate::domain::stream::StreamId;
use crate::domain::vendor::drift::DriftKind;

#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// What was said: the one log line as JSON, and all metrics as Prometheus would read them.
fn observe(emit: impl FnOnce()) -> (serde_json::Value, String) {
    let lines = Lines::default();
    let writer = lines.clone();
    let subscriber = tracing_subscriber::fmt()
        .json()
        .flatten_event(true)
        .with_max_level(tracing::Level::TRACE)
        .with_writer(move || writer.clone())
        .finish();
    let recorder = PrometheusBuilder::new().build_recorder();
    let handle = recorder.handle();
    metrics::with_local_recorder(&recorder, || tracing::subscriber::with_default(subscriber, emit));
    let written = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
    assert_eq!(written.lines().count(), 1, "one event is one line: {written}");
    (serde_json::from_str(&written).unwrap(), handle.render())
}

#[track_caller]
fn check(emit: impl FnOnce(), level: &str, message: &str, samples: &[&str]) -> serde_json::Value {
    let (line, metrics) = observe(emit);
    assert_eq!(line["level"], level, "{line}");
    assert_eq!(line["message"], message);
    for sample in samples {
        assert!(metrics.lines().any(|line| line == *sample), "no `{sample}` in\n{metrics}");
    }
    line
}

fn key() -> StreamKey {
    StreamKey { source: "sobot".into(), stream: StreamId::SOBOT_CALL_RESULT }
}

const OF: &str = r#"source="sobot",stream="sobot.call_result""#;

#[test]
fn passes_are_news_only_when_they_changed_something_or_failed() {
    let key = key();
    check(
        || PassStarted { key: &key, trigger: Trigger::Schedule }.emit(),
        "DEBUG",
        "pass over sobot/sobot.call_result started",
        &[&format!("ccsync_passes_started_total{{{OF},trigger=\"schedule\"}} 1")],
    );

    let quiet = Counts { windows: 3, rows_read: 50, unchanged: 50, ..Counts::default() };
    let busy = Counts { inserted: 2, ..quiet };
    let finish = |outcome, counts| {
        let (key, elapsed) = (key.clone(), Duration::from_millis(1500));
        move || PassFinished { key: &key, run: RunId(7), outcome, counts: &counts, elapsed }.emit()
    };
    let sample = |outcome| format!("ccsync_passes_total{{{OF},outcome=\"{outcome}\"}} 1");
    check(
        finish(RunOutcome::Succeeded, quiet),
        "DEBUG",
        "pass over sobot/sobot.call_result succeeded: 0 new, 0 changed, 0 deleted of 50 read",
        &[&sample("succeeded")],
    );
    let line = check(
        finish(RunOutcome::Succeeded, busy),
        "INFO",
        "pass over sobot/sobot.call_result succeeded: 2 new, 0 changed, 0 deleted of 50 read",
        &[&sample("succeeded"), &format!("ccsync_pass_duration_seconds_sum{{{OF}}} 1.5")],
    );
    assert_eq!((&line["run.id"], &line["elapsed_ms"]), (&7.into(), &1500.into()));
    check(
        finish(RunOutcome::Partial, busy),
        "WARN",
        "pass over sobot/sobot.call_result partial: 3 windows committed, 0 records quarantined",
        &[&sample("partial")],
    );
    let panicked = "pass over sobot/sobot.call_result panicked; the next tick tries again";
    check(|| PassPanicked { key: &key }.emit(), "ERROR", panicked, &[&sample("panicked")]);
    check(
        || TickMissed { key: &key, missed: 3 }.emit(),
        "WARN",
        "3 ticks of sobot/sobot.call_result were missed; the next pass reads all that is due; see docs/runbook.md#ticks_missed",
        &[&format!("ccsync_ticks_missed_total{{{OF}}} 3")],
    );
}

#[test]
fn requests_and_walks_are_counted_and_quiet_unless_they_fail() {
    let key = key();
    let elapsed = Duration::from_millis(250);
    check(
        || PageFetched { key: &key, rows: 50, elapsed }.emit(),
        "TRACE",
        "page of 50 rows came for sobot/sobot.call_result",
        &[
            &format!("ccsync_pages_total{{{OF}}} 1"),
            &format!("ccsync_page_duration_seconds_sum{{{OF}}} 0.25"),
        ],
    );
    let (kind, message) = (FaultKind::VendorFailed, "code 999999");
    let line = check(
        || RequestFailed { key: &key, kind, attempt: 2, wait: Some(elapsed * 8), message }.emit(),
        "WARN",
        "request for sobot/sobot.call_result failed (attempt 2, vendor_failed): code 999999; trying again in 2.0 s",
        &[&format!("ccsync_request_failures_total{{{OF},kind=\"vendor_failed\"}} 1")],
    );
    assert_eq!((&line["wait_ms"], &line["fault.kind"]), (&2000.into(), &"vendor_failed".into()));
    let restart = |walk| {
        let key = key.clone();
        move || WalkRestarted { key: &key, scope: "[a, b)", walk, reason: "totals differ" }.emit()
    };
    let said = |walk| {
        format!(
            "walk {walk} over sobot/sobot.call_result [a, b) begins, because the one before did not close: totals differ"
        )
    };
    let sample = format!("ccsync_walks_restarted_total{{{OF}}} 1");
    check(restart(2), "DEBUG", &said(2), &[&sample]);
    check(restart(3), "INFO", &said(3), &[&sample]);
    check(
        || PageReread { key: &key, reason: "it repeats the one before" }.emit(),
        "DEBUG",
        "page of sobot/sobot.call_result read again: it repeats the one before",
        &[&format!("ccsync_pages_reread_total{{{OF}}} 1")],
    );
    check(
        || BudgetWaited { key: &key, wait: elapsed * 2 }.emit(),
        "TRACE",
        "request for sobot/sobot.call_result waits 0.5 s for the vendor's limit",
        &[&format!("ccsync_budget_wait_seconds_sum{{{OF}}} 0.5")],
    );
}

#[test]
fn windows_count_their_rows_and_say_aloud_only_what_failed() {
    let key = key();
    let counts = Counts { rows_read: 10, inserted: 4, unchanged: 5, deleted: 1, ..Counts::default() };
    let commit = |elapsed| {
        let key = key.clone();
        let (scope, verdict) = ("[a, b)", Verdict::Proven);
        move || WindowCommitted { key: &key, run: RunId(7), scope, counts: &counts, verdict, elapsed }.emit()
    };
    let said = "sobot/sobot.call_result [a, b) committed, proven: 10 read, 4 new, 0 changed, 1 deleted";
    let samples = [
        format!("ccsync_windows_committed_total{{{OF},verdict=\"proven\"}} 1"),
        format!("ccsync_rows_total{{{OF},change=\"inserted\"}} 4"),
        format!("ccsync_rows_total{{{OF},change=\"deleted\"}} 1"),
        format!("ccsync_rows_read_total{{{OF}}} 10"),
    ];
    let samples: Vec<_> = samples.iter().map(String::as_str).collect();
    check(commit(Duration::from_secs(2)), "DEBUG", said, &samples);
    check(commit(Duration::from_secs(301)), "INFO", said, &samples);

    let fail = |kind| {
        let key = key.clone();
        move || {
            WindowFailed {
                key: &key,
                run: RunId(7),
                scope: "[a, b)",
                kind,
                message: "code 1",
                remedy: "call them",
            }
            .emit()
        }
    };
    check(
        fail(FaultKind::CredentialsRefused),
        "ERROR",
        "sobot/sobot.call_result [a, b) could not be read (credentials_refused): code 1; call them",
        &[&format!("ccsync_windows_failed_total{{{OF},kind=\"credentials_refused\"}} 1")],
    );
    let (line, _) = observe(fail(FaultKind::Cancelled));
    assert_eq!(line["level"], "DEBUG");
    check(
        || RecordsQuarantined { key: &key, run: RunId(7), count: 2 }.emit(),
        "WARN",
        "sobot/sobot.call_result: 2 records quarantined as unreadable; see `ccsync quarantine list` and docs/runbook.md#quarantine_growing",
        &[&format!("ccsync_records_quarantined_total{{{OF}}} 2")],
    );
    let sentence = "field `a` is in no document; it came as boolean";
    check(
        || SchemaDrifted { key: &key, kind: DriftKind::NewField, sentence }.emit(),
        "WARN",
        "sobot/sobot.call_result departs from its document (new_field): field `a` is in no document; it came \
         as boolean; a field of a record is kept in `extra` of its row, unless it is named like a secret; ask for a column if it is \
         wanted; see docs/runbook.md#schema_drift",
        &[&format!("ccsync_schema_drift_total{{{OF},kind=\"new_field\"}} 1")],
    );
    check(
        || LeaseLost { key: &key, run: RunId(7), scope: "[a, b)" }.emit(),
        "WARN",
        "lease on sobot/sobot.call_result [a, b) was lost to another worker; nothing was written",
        &[&format!("ccsync_leases_lost_total{{{OF}}} 1")],
    );
}

#[test]
fn the_process_its_database_and_its_tokens_speak() {
    check(
        || DaemonStarted { version: "0.1.0", streams: 4, page: Some("http://127.0.0.1:8080") }.emit(),
        "INFO",
        "ccsync 0.1.0 keeps 4 streams in step; status page on http://127.0.0.1:8080",
        &["ccsync_daemon_starts_total 1", "ccsync_build_info{version=\"0.1.0\"} 1"],
    );
    check(
        || DaemonStopping { reason: "SIGTERM" }.emit(),
        "INFO",
        "stopping: SIGTERM",
        &["ccsync_daemon_stopping 1"],
    );
    check(
        || DatabaseSecretReplaced.emit(),
        "INFO",
        "the database's secret was replaced; new connections are made with it",
        &[],
    );
    check(
        || DatabaseUnreachable { message: "connection refused" }.emit(),
        "WARN",
        "database cannot be reached: connection refused; see docs/runbook.md#database_unreachable",
        &["ccsync_database_unreachable_total 1"],
    );
    let failed = |kind, remedy, is_due_again| TaskFailed {
        task: "the scheduled pass over s/t",
        kind,
        message: "s was renamed",
        remedy,
        is_due_again,
    };
    check(
        || failed(FaultKind::SourceRefused, "see docs/runbook.md#source_refused", false).emit(),
        "ERROR",
        "the scheduled pass over s/t failed (source_refused): s was renamed; see docs/runbook.md#source_refused",
        &[],
    );
    check(
        || failed(FaultKind::DatabaseConflict, "", true).emit(),
        "WARN",
        "the scheduled pass over s/t failed (database_conflict): s was renamed",
        &[],
    );
    let account = "sobot:a1@www.sobot.com";
    let expires_at = "2026-03-01T00:00:00Z".parse().unwrap();
    check(
        || TokenRenewed { account, generation: 7, expires_at }.emit(),
        "INFO",
        "token number 7 of sobot:a1@www.sobot.com fetched, valid until 2026-03-01T00:00:00Z",
        &[
            "ccsync_token_renewals_total{account=\"sobot:a1@www.sobot.com\"} 1",
            "ccsync_token_expiry_timestamp_seconds{account=\"sobot:a1@www.sobot.com\"} 1772323200",
        ],
    );
}
