//! A report in which there is something of everything, in both languages.

use unicode_width::UnicodeWidthStr as _;

use super::*;
use crate::domain::proof::absence::AbsenceAlarm;
use crate::domain::stream::StreamKey;
use crate::domain::vendor::fact::Question;
use crate::report::alert::{Alert, AlertKind, StreamWatch};
use crate::report::phrase::Localized;
use crate::report::status::calendar::{Calendar, WindowState, WindowStatus};
use crate::report::status::detail::{
    GapStatus, LeaseStatus, OpenQuestions, QuarantineStatus, StreamBudget, WorkerStatus,
};

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
        budget: StreamBudget { requests_per_minute: Some(90), next_request_ms: Some(180_000) },
        ..StreamDetail::default()
    };
    let watch = StreamWatch {
        reread_requests_per_day: Some(2_000),
        reread_requests_today: 1_200,
        ..StreamWatch::default()
    };
    let seen = "what was seen, \u{1b}[2Jin one sentence";
    let alert = |kind: AlertKind, stream| Alert {
        kind,
        severity: kind.severity(),
        source: Some("sobot".into()),
        stream: Some(stream),
        since: Some(at("2026-03-01T01:00:00Z")),
        message: seen.into(),
        localized: Localized::each(|_| seen.into()),
        remedy: String::new(),
    };
    StatusReport {
        alerts: vec![
            alert(AlertKind::StreamFailing, StreamId::SOBOT_CHAT_RESULT),
            alert(AlertKind::QuarantineGrowing, StreamId::SOBOT_CALL_RESULT),
        ],
        streams: vec![StreamStatus { detail, watch, ..stream(StreamId::SOBOT_CALL_RESULT) }, failing()],
        unconfigured: Vec::new(),
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
        window: scope.parse().ok(),
        held_seconds: 200,
        ends_in_seconds,
    };
    StatusDetail {
        alert_history: Vec::new(),
        open_questions: vec![OpenQuestions {
            key: StreamKey { source: "sobot".into(), stream: StreamId::SOBOT_CALL_RESULT },
            questions: vec![Question::FilterTime, Question::PageSize],
        }],
        quarantine: vec![QuarantineStatus {
            id: 7,
            source: "sobot".into(),
            stream: StreamId::SOBOT_CALL_RESULT,
            window: None,
            reason: "`score`: expected a number, came text".into(),
            first_seen_at: at("2026-03-01T00:00:00Z"),
            last_seen_at: at("2026-03-01T01:30:00Z"),
            seen: 2,
        }],
        absence_alarms: vec![AbsenceAlarm {
            id: 3,
            source: "moor".into(),
            stream: StreamId::MOOR_QUEUE,
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
                lease(StreamId::SOBOT_CALL_RESULT, "[2026-02-28T16:00:00Z, 2026-03-01T16:00:00Z)", 20),
                lease(StreamId::SOBOT_CHAT_RESULT, "[2026-02-27T16:00:00Z, 2026-02-28T16:00:00Z)", -5),
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
