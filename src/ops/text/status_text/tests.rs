use chrono::{DateTime, Duration, Utc};
use chrono_tz::Asia::Shanghai;

use super::*;
use crate::domain::proof::run::Counts;
use crate::domain::proof::window::TimeWindow;
use crate::domain::stream::{StreamId, StreamKey};
use crate::domain::vendor::drift::{DriftEntry, DriftKind, SchemaDrift};
use crate::engine::alert::alerts;
use crate::report::alert::{Alert, StreamWatch, Surroundings};
use crate::report::language::Locale;
use crate::report::status::detail::{StatusDetail, StreamDetail};
use crate::report::status::{RunStatus, StreamFailure, WindowTally};

mod everything;

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

fn stream(stream: StreamId) -> StreamStatus {
    StreamStatus {
        source: "sobot".into(),
        stream,
        kind: stream.kind(),
        complete_from: Some(at("2025-12-31T16:00:00Z")),
        complete_to: Some(at("2026-03-01T01:30:00Z")),
        final_to: Some(at("2026-01-29T16:00:00Z")),
        reach_seconds: None,
        changed_after_final: 0,
        paused: false,
        rows: 1_234_567,
        windows: WindowTally { complete: 59, open: 1, proven: 60, ..WindowTally::default() },
        last_read_at: Some(at("2026-03-01T01:55:00Z")),
        quarantined: 0,
        absence_alarms: 0,
        drifts: Vec::new(),
        failure: None,
        schedule: "0 */10 * * * *".into(),
        next_tick: None,
        watch: StreamWatch::default(),
        detail: StreamDetail::default(),
    }
}

fn failing() -> StreamStatus {
    StreamStatus {
        complete_to: Some(at("2026-02-25T16:00:00Z")),
        final_to: None,
        reach_seconds: None,
        changed_after_final: 0,
        paused: false,
        failure: Some(StreamFailure {
            scope: "2026-02-26 00:00 .. 2026-02-27 00:00".into(),
            window: TimeWindow::new(at("2026-02-25T16:00:00Z"), at("2026-02-26T16:00:00Z")),
            at: at("2026-03-01T01:50:00Z"),
            kind: "credentials_refused".into(),
            message: "the vendor answered 900001 \u{1b}[31mno such appid".into(),
            remedy: "check app_id and app_key of this source with the vendor, then run `ccsync check`".into(),
            attempts: 3,
            scopes: 1,
            since: at("2026-03-01T01:20:00Z"),
        }),
        ..stream(StreamId::SOBOT_CHAT_RESULT)
    }
}

fn never_read() -> StreamStatus {
    StreamStatus {
        source: "moor".into(),
        complete_from: None,
        complete_to: None,
        final_to: None,
        reach_seconds: None,
        changed_after_final: 0,
        paused: false,
        rows: 0,
        windows: WindowTally::default(),
        last_read_at: None,
        ..stream(StreamId::MOOR_QUEUE)
    }
}

fn run(id: i64, outcome: &str, counts: Counts) -> RunStatus {
    let started_at = at("2026-03-01T01:55:00Z");
    RunStatus {
        id,
        source: "sobot".into(),
        stream: StreamId::SOBOT_CALL_RESULT,
        trigger: "schedule".into(),
        started_at,
        finished_at: (outcome != "running").then(|| started_at + Duration::seconds(42)),
        outcome: outcome.into(),
        counts,
        windows_due: None,
        message: None,
    }
}

fn report() -> StatusReport {
    let mut report = StatusReport {
        generated_at: at("2026-03-01T02:00:00Z"),
        version: "0.1.0".into(),
        healthy: false,
        alerts: Vec::new(),
        feeds: Vec::new(),
        streams: vec![stream(StreamId::SOBOT_CALL_RESULT), failing(), never_read()],
        unconfigured: Vec::new(),
        runs: vec![
            run(1042, "running", Counts::default()),
            run(1041, "succeeded", Counts { inserted: 12, updated: 3, ..Counts::default() }),
        ],
        quarantine_open: 2,
        absence_alarms_open: 1,
        detail: StatusDetail::default(),
        missing: Vec::new(),
    };
    report.alerts = raised(&report);
    report
}

fn raised(report: &StatusReport) -> Vec<Alert> {
    let locale = Locale { language: Language::En, zone: Shanghai };
    alerts(report, &Surroundings::default(), locale)
}

fn plain(report: &StatusReport, width: Option<usize>) -> String {
    render(report, &View { width, ..View::plain(Shanghai) })
}

#[test]
fn a_report_reads_well_without_colour() {
    insta::assert_snapshot!(plain(&report(), None), @"
    ccsync 0.1.0, 2026-03-01 10:00:00 Asia/Shanghai: needs attention
      1 of 3 streams failing: sobot/sobot.chat_result, credentials refused
      Yesterday (2026-02-28) is not complete: sobot/sobot.chat_result is complete up to 2026-02-26
        00:00.

    SOURCE  STREAM             STATE       COMPLETE UP TO                 FINAL UP TO       ROWS  COMPLETE  OPEN  FAILED  UNVERIFIED  LAST READ
    sobot   sobot.call_result  ok          2026-03-01 09:30 (30 min ago)  2026-01-30   1,234,567        59     1       0           0  5 min ago
    sobot   sobot.chat_result  failing     2026-02-26 00:00 (3 d ago)     -            1,234,567        59     1       0           0  5 min ago
    moor    moor.queue         never read  -                              -                    0         0     0       0           0  -

    Alerts
    ! sobot/sobot.chat_result: credentials refused, since 2026-03-01 09:20 (40 min ago)
      sobot/sobot.chat_result: failed 3 times in window 2026-02-26, last 10 min ago
        (credentials_refused): the vendor answered 900001 [31mno such appid
      remedy: check app_id and app_key of this source with the vendor, then run `ccsync check`; see
        docs/runbook.md#credentials_refused

    Running now
      #1042 sobot/sobot.call_result 0 windows read, 0 rows, 0 requests, 5 min

    2 records are quarantined; see `ccsync quarantine list`.

    Alarms over missing rows: 1; see `ccsync absence list`.

    Latest runs
     RUN  STREAM                   TRIGGER   STARTED          TOOK  OUTCOME    CHANGED
    1042  sobot/sobot.call_result  schedule  03-01 09:55:00  5 min  running    -
    1041  sobot/sobot.call_result  schedule  03-01 09:55:00   42 s  succeeded  12 new, 3 changed
    ");
}

#[test]
fn departures_from_the_documents_are_told_with_what_to_do_and_not_all_at_once() {
    let entry = |field: &str| {
        let drift = SchemaDrift {
            kind: DriftKind::NewField,
            field: field.into(),
            observed: String::new(),
            expected: "no such field".into(),
            example: "boolean".into(),
        };
        DriftEntry {
            key: StreamKey { source: "sobot".into(), stream: StreamId::SOBOT_CALL_RESULT },
            sentence: drift.sentence(Language::En),
            remedy: drift.kind.remedy().english(),
            drift,
            first_seen_at: at("2026-03-01T01:55:00Z"),
            first_run_id: 7,
            window: None,
        }
    };
    let drifts = ["a", "b", "c", "d", "e", "f", "g"].map(entry).to_vec();
    let streams = vec![StreamStatus { drifts, ..stream(StreamId::SOBOT_CALL_RESULT) }];
    let text = plain(&StatusReport { streams, ..report() }, Some(100));
    let (_, told) = text.split_once("Departures").unwrap();
    insta::assert_snapshot!(told.split("\n\n").next().unwrap(), @r#"
     from the vendor's documents, last 7 days
    sobot/sobot.call_result
      field `a` is in no document; it came as boolean; a field of a record is kept in `extra` of its
        row, unless it is named like a secret; ask for a column if it is wanted
      field `b` is in no document; it came as boolean; a field of a record is kept in `extra` of its
        row, unless it is named like a secret; ask for a column if it is wanted
      field `c` is in no document; it came as boolean; a field of a record is kept in `extra` of its
        row, unless it is named like a secret; ask for a column if it is wanted
      field `d` is in no document; it came as boolean; a field of a record is kept in `extra` of its
        row, unless it is named like a secret; ask for a column if it is wanted
      field `e` is in no document; it came as boolean; a field of a record is kept in `extra` of its
        row, unless it is named like a secret; ask for a column if it is wanted
      and 2 more; see `ccsync drift`
    "#);
}

#[test]
fn a_narrow_terminal_gets_fewer_columns_and_wrapped_messages() {
    let text = plain(&report(), Some(72));
    insta::assert_snapshot!(text, @"
    ccsync 0.1.0, 2026-03-01 10:00:00 Asia/Shanghai: needs attention
      1 of 3 streams failing: sobot/sobot.chat_result, credentials refused
      Yesterday (2026-02-28) is not complete: sobot/sobot.chat_result is
        complete up to 2026-02-26 00:00.

    SOURCE  STREAM             STATE       COMPLETE UP TO
    sobot   sobot.call_result  ok          2026-03-01 09:30 (30 min ago)
    sobot   sobot.chat_result  failing     2026-02-26 00:00 (3 d ago)
    moor    moor.queue         never read  -

    Alerts
    ! sobot/sobot.chat_result: credentials refused, since 2026-03-01 09:20
      (40 min ago)
      sobot/sobot.chat_result: failed 3 times in window 2026-02-26, last 10
        min ago (credentials_refused): the vendor answered 900001 [31mno
        such appid
      remedy: check app_id and app_key of this source with the vendor, then
        run `ccsync check`; see docs/runbook.md#credentials_refused

    Running now
      #1042 sobot/sobot.call_result 0 windows read, 0 rows, 0 requests, 5
        min

    2 records are quarantined; see `ccsync quarantine list`.

    Alarms over missing rows: 1; see `ccsync absence list`.

    Latest runs
    STREAM                   STARTED         OUTCOME    CHANGED
    sobot/sobot.call_result  03-01 09:55:00  running    -
    sobot/sobot.call_result  03-01 09:55:00  succeeded  12 new, 3 changed
    ");
    for line in text.lines() {
        assert!(line.chars().count() <= 72, "{line}");
    }
}

#[test]
fn an_empty_report_says_so() {
    let empty = StatusReport {
        healthy: true,
        alerts: Vec::new(),
        streams: Vec::new(),
        unconfigured: Vec::new(),
        runs: Vec::new(),
        quarantine_open: 0,
        absence_alarms_open: 0,
        ..report()
    };
    insta::assert_snapshot!(plain(&empty, None), @r#"
    ccsync 0.1.0, 2026-03-01 10:00:00 Asia/Shanghai: healthy

    No stream is configured.
    "#);
}

#[test]
fn the_state_is_told_in_a_word_or_two() {
    let ok = stream(StreamId::SOBOT_CALL_RESULT);
    assert_eq!(ok.state(), StreamState::Well);
    assert_eq!(failing().state(), StreamState::Failing);
    assert_eq!(never_read().state(), StreamState::NeverRead);
    let behind = StreamStatus { complete_to: Some(at("2026-01-05T00:00:00Z")), ..ok.clone() };
    assert_eq!(behind.state(), StreamState::CatchingUp);
    let contradicted = WindowTally { unverified: 2, moving: 1, ..ok.windows };
    assert_eq!(StreamStatus { windows: contradicted, ..ok.clone() }.state(), StreamState::Unverified);
    let moving = WindowTally { unverified: 1, moving: 1, ..ok.windows };
    assert_eq!(StreamStatus { windows: moving, ..ok.clone() }.state(), StreamState::Well);
    assert_eq!(StreamStatus { quarantined: 1, ..ok.clone() }.state(), StreamState::Quarantined);
    assert_eq!(StreamStatus { complete_to: None, ..ok }.state(), StreamState::CatchingUp);
}
