use chrono_tz::Asia::Shanghai;

use chrono::{DateTime, Duration, Utc};
use unicode_width::UnicodeWidthStr as _;

use super::*;
use crate::domain::alert::StreamWatch;
use crate::domain::alert::{Alert, AlertKind};
use crate::domain::drift::{ContractDrift, DriftEntry, DriftKind};
use crate::domain::run::Counts;
use crate::domain::status::calendar::{Calendar, WindowState, WindowStatus};
use crate::domain::status::detail::{
    AbsenceStatus, GapStatus, LeaseStatus, QuarantineStatus, StatusDetail, StreamBudget, StreamDetail,
    WorkerStatus,
};
use crate::domain::status::{RunStatus, StreamFailure, WindowTally};
use crate::domain::stream::{StreamId, StreamKey};
use crate::domain::window::TimeWindow;

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
        failure: Some(StreamFailure {
            scope: "2026-02-26 00:00 .. 2026-02-27 00:00".into(),
            window: TimeWindow::new(at("2026-02-25T16:00:00Z"), at("2026-02-26T16:00:00Z")),
            at: at("2026-03-01T01:50:00Z"),
            kind: "credentials_refused".into(),
            message: "the vendor answered 900001 \u{1b}[31mno such appid".into(),
            cure: "check app_id and app_key of this source with the vendor, then run `ccsync check`".into(),
            attempts: 3,
        }),
        ..stream(StreamId::SobotChatResult)
    }
}

fn never_read() -> StreamStatus {
    StreamStatus {
        source: "moor".into(),
        complete_from: None,
        complete_to: None,
        final_to: None,
        rows: 0,
        windows: WindowTally::default(),
        last_read_at: None,
        ..stream(StreamId::MoorQueue)
    }
}

fn run(id: i64, outcome: &str, counts: Counts) -> RunStatus {
    let started_at = at("2026-03-01T01:55:00Z");
    RunStatus {
        id,
        source: "sobot".into(),
        stream: StreamId::SobotCallResult,
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
    StatusReport {
        generated_at: at("2026-03-01T02:00:00Z"),
        version: "0.1.0".into(),
        healthy: false,
        alerts: Vec::new(),
        feeds: Vec::new(),
        streams: vec![stream(StreamId::SobotCallResult), failing(), never_read()],
        runs: vec![
            run(1042, "running", Counts::default()),
            run(1041, "succeeded", Counts { inserted: 12, updated: 3, ..Counts::default() }),
        ],
        quarantine_open: 2,
        absence_alarms_open: 1,
        detail: StatusDetail::default(),
    }
}

fn plain(report: &StatusReport, width: Option<usize>) -> String {
    render(report, &View { width, ..View::plain(Shanghai) })
}

#[test]
fn a_report_reads_well_without_colour() {
    insta::assert_snapshot!(plain(&report(), None), @r#"
    ccsync 0.1.0, 2026-03-01 10:00:00 Asia/Shanghai: needs attention

    SOURCE  STREAM             STATE       COMPLETE UP TO                 FINAL UP TO       ROWS  COMPLETE  OPEN  FAILED  UNVERIFIED  LAST READ
    sobot   sobot.call_result  ok          2026-03-01 09:30 (30 min ago)  2026-01-30   1,234,567        59     1       0           0  5 min ago
    sobot   sobot.chat_result  failing     2026-02-26 00:00 (3 d ago)     -            1,234,567        59     1       0           0  5 min ago
    moor    moor.queue         never read  -                              -                    0         0     0       0           0  -

    Running now
      #1042 sobot/sobot.call_result 0 windows read, 0 rows, 0 requests, 5 min

    Failures
    sobot/sobot.chat_result 2026-02-26 00:00 .. 2026-02-27 00:00
      failed 3 times, last 2026-03-01 09:50 (10 min ago)
      credentials_refused: the vendor answered 900001 [31mno such appid
      cure: check app_id and app_key of this source with the vendor, then run `ccsync check`

    2 records are set aside; see `ccsync quarantine list`.

    Alarms over missing rows: 1; see `ccsync absence list`.

    Latest runs
     RUN  STREAM                   TRIGGER   STARTED          TOOK  OUTCOME    CHANGED
    1042  sobot/sobot.call_result  schedule  03-01 09:55:00  5 min  running    -
    1041  sobot/sobot.call_result  schedule  03-01 09:55:00   42 s  succeeded  12 new, 3 changed
    "#);
}

#[test]
fn departures_from_the_documents_are_told_with_what_to_do_and_not_all_at_once() {
    let entry = |field: &str| {
        let drift = ContractDrift {
            kind: DriftKind::NewField,
            field: field.into(),
            observed: String::new(),
            expected: "no such field".into(),
            example: "boolean".into(),
        };
        DriftEntry {
            key: StreamKey { source: "sobot".into(), stream: StreamId::SobotCallResult },
            sentence: drift.sentence(),
            cure: drift.kind.cure().english(),
            drift,
            first_seen_at: at("2026-03-01T01:55:00Z"),
            first_run_id: 7,
            window: None,
        }
    };
    let drifts = ["a", "b", "c", "d", "e", "f", "g"].map(entry).to_vec();
    let streams = vec![StreamStatus { drifts, ..stream(StreamId::SobotCallResult) }];
    let text = plain(&StatusReport { streams, ..report() }, Some(100));
    let (_, told) = text.split_once("Departures").unwrap();
    insta::assert_snapshot!(told.split("\n\n").next().unwrap(), @r#"
     from the vendor's documents, last 7 days
    sobot/sobot.call_result
      field `a` is in no document; it came as boolean; nothing is lost: the field is kept in `extra` of
        its rows; ask for a column if it is wanted
      field `b` is in no document; it came as boolean; nothing is lost: the field is kept in `extra` of
        its rows; ask for a column if it is wanted
      field `c` is in no document; it came as boolean; nothing is lost: the field is kept in `extra` of
        its rows; ask for a column if it is wanted
      field `d` is in no document; it came as boolean; nothing is lost: the field is kept in `extra` of
        its rows; ask for a column if it is wanted
      field `e` is in no document; it came as boolean; nothing is lost: the field is kept in `extra` of
        its rows; ask for a column if it is wanted
      and 2 more; see `ccsync contract`
    "#);
}

#[test]
fn a_narrow_terminal_gets_fewer_columns_and_wrapped_messages() {
    let text = plain(&report(), Some(72));
    insta::assert_snapshot!(text, @r#"
    ccsync 0.1.0, 2026-03-01 10:00:00 Asia/Shanghai: needs attention

    SOURCE  STREAM             STATE       COMPLETE UP TO
    sobot   sobot.call_result  ok          2026-03-01 09:30 (30 min ago)
    sobot   sobot.chat_result  failing     2026-02-26 00:00 (3 d ago)
    moor    moor.queue         never read  -

    Running now
      #1042 sobot/sobot.call_result 0 windows read, 0 rows, 0 requests, 5
        min

    Failures
    sobot/sobot.chat_result 2026-02-26 00:00 .. 2026-02-27 00:00
      failed 3 times, last 2026-03-01 09:50 (10 min ago)
      credentials_refused: the vendor answered 900001 [31mno such appid
      cure: check app_id and app_key of this source with the vendor, then
        run `ccsync check`

    2 records are set aside; see `ccsync quarantine list`.

    Alarms over missing rows: 1; see `ccsync absence list`.

    Latest runs
    STREAM                   STARTED         OUTCOME    CHANGED
    sobot/sobot.call_result  03-01 09:55:00  running    -
    sobot/sobot.call_result  03-01 09:55:00  succeeded  12 new, 3 changed
    "#);
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

/// Everything at once.
fn full() -> StatusReport {
    let day = |number: i64| {
        let start = at("2026-01-31T16:00:00Z") + Duration::days(number);
        TimeWindow { start, end: start + Duration::days(1) }
    };
    let states = [
        WindowState::Proven,
        WindowState::Stable,
        WindowState::Provisional,
        WindowState::Unverified,
        WindowState::Failed,
        WindowState::NotYet,
        WindowState::Open,
    ];
    let known = |index: i64| WindowStatus {
        window: day(index),
        state: states[(index / 4) as usize],
        rows: 3,
        read_at: Some(day(index).end),
    };
    let detail = StreamDetail {
        calendar: Calendar {
            windows: (0..28).map(known).collect(),
            older: 31,
            unread: 4,
            covered_seconds: 0,
        },
        budget: StreamBudget {
            rereads_today: 1_200,
            rereads_per_day: Some(2_000),
            requests_per_minute: Some(90),
            next_request_ms: Some(180_000),
        },
        ..StreamDetail::default()
    };
    let alert = |kind: AlertKind, stream| Alert {
        kind,
        severity: kind.severity(),
        source: Some("sobot".into()),
        stream: Some(stream),
        since: Some(at("2026-03-01T01:00:00Z")),
        message: "what was seen, \u{1b}[2Jin one sentence".into(),
        cure: String::new(),
    };
    StatusReport {
        alerts: vec![
            alert(AlertKind::StreamFailing, StreamId::SobotChatResult),
            alert(AlertKind::QuarantineGrowing, StreamId::SobotCallResult),
        ],
        streams: vec![StreamStatus { detail, ..stream(StreamId::SobotCallResult) }, failing()],
        runs: vec![
            run(1042, "running", Counts { windows: 12, requests: 30, rows_read: 1_234, ..Counts::default() }),
            run(1041, "failed", Counts { inserted: 12, deleted: 3, ..Counts::default() }),
        ],
        detail: waiting(),
        ..report()
    }
}

fn waiting() -> StatusDetail {
    let lease = |stream, scope: &str, ends_in_seconds| LeaseStatus {
        source: Some("sobot".into()),
        stream: Some(stream),
        scope: scope.into(),
        held_seconds: 200,
        ends_in_seconds,
    };
    StatusDetail {
        quarantine: vec![QuarantineStatus {
            id: 7,
            source: "sobot".into(),
            stream: StreamId::SobotCallResult,
            window: None,
            reason: "`score`: expected a number, came text".into(),
            first_seen_at: at("2026-03-01T00:00:00Z"),
            last_seen_at: at("2026-03-01T01:30:00Z"),
            seen: 2,
        }],
        absence_alarms: vec![AbsenceStatus {
            id: 3,
            source: "moor".into(),
            stream: StreamId::MoorQueue,
            table: "moor.queue_member".into(),
            window: None,
            missing: 420,
            live: 1_000,
            raised_at: at("2026-03-01T01:30:00Z"),
        }],
        feed_gaps: vec![GapStatus {
            source: "bench".into(),
            extno: "1001".into(),
            since: at("2026-03-01T01:30:00Z"),
            until: None,
            reason: "disconnected".into(),
            lost_messages: Some(4),
        }],
        workers: vec![WorkerStatus {
            worker: uuid::Uuid::from_u128(0x1234_5678_9abc_def0_1234_5678_9abc_def0),
            runs: vec![1042],
            silent_seconds: Some(4),
            leases: vec![
                lease(StreamId::SobotCallResult, "[2026-02-28T16:00:00Z, 2026-03-01T16:00:00Z)", 20),
                lease(StreamId::SobotChatResult, "[2026-02-27T16:00:00Z, 2026-02-28T16:00:00Z)", -5),
            ],
        }],
        limits: Vec::new(),
    }
}

#[test]
fn everything_at_once_is_told_in_english() {
    insta::assert_snapshot!(plain(&full(), Some(120)));
}

#[test]
fn everything_at_once_is_told_in_chinese_within_the_width() {
    for width in [80, 120] {
        let view = View { language: Language::ZhCn, width: Some(width), ..View::plain(Shanghai) };
        let text = render(&full(), &view);
        for line in text.lines() {
            assert!(line.width() <= width, "{width}: {line}");
        }
        insta::assert_snapshot!(format!("chinese_{width}"), text);
    }
}

#[test]
fn colours_say_nothing_of_their_own_and_vendors_bring_none() {
    let coloured = render(&full(), &View { colour: true, width: Some(120), ..View::plain(Shanghai) });
    assert!(coloured.contains("\u{1b}[31m"), "{coloured}");
    let mut bare = String::new();
    for (index, part) in coloured.split('\u{1b}').enumerate() {
        bare.push_str(if index == 0 { part } else { part.split_once('m').unwrap().1 });
    }
    assert_eq!(bare, plain(&full(), Some(120)));
}

#[test]
fn the_state_is_told_in_a_word_or_two() {
    let ok = stream(StreamId::SobotCallResult);
    assert_eq!(ok.state(), StreamState::Well);
    assert_eq!(failing().state(), StreamState::Failing);
    assert_eq!(never_read().state(), StreamState::NeverRead);
    let behind = StreamStatus { complete_to: Some(at("2026-01-05T00:00:00Z")), ..ok.clone() };
    assert_eq!(behind.state(), StreamState::CatchingUp);
    assert_eq!(StreamStatus { complete_to: None, ..ok }.state(), StreamState::CatchingUp);
}
