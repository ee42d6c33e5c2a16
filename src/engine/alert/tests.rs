use super::*;
use crate::domain::stream::StreamKind;
use crate::report::alert::{ClockSkew, Severity, SpoolFill, is_well};
use crate::report::status::calendar::Calendar;
use crate::report::status::detail::{StatusDetail, StreamDetail};
use crate::report::status::{FeedAgentStatus, WindowTally};

const CALLS: StreamId = StreamId::SOBOT_CALL_RESULT;

fn now() -> DateTime<Utc> {
    "2026-03-08T04:00:00Z".parse().unwrap()
}

fn locale(language: Language) -> Locale {
    Locale { language, zone: chrono_tz::Asia::Shanghai }
}

fn ago(minutes: i64) -> DateTime<Utc> {
    now() - Duration::minutes(minutes)
}

/// A stream that keeps its promises.
fn well() -> StreamStatus {
    StreamStatus {
        source: "sobot".into(),
        stream: CALLS,
        kind: StreamKind::Windowed,
        complete_from: Some(ago(100_000)),
        complete_to: Some(ago(40)),
        final_to: None,
        reach_seconds: None,
        changed_after_final: 0,
        paused: false,
        rows: 1,
        windows: WindowTally::default(),
        last_read_at: Some(ago(5)),
        quarantined: 0,
        absence_alarms: 0,
        drifts: Vec::new(),
        failure: None,
        schedule: "0 */10 * * * *".into(),
        next_tick: None,
        watch: StreamWatch {
            fresh_within_seconds: Some(2_400),
            last_run_at: Some(ago(5)),
            ticks_missed: 2,
            reread_requests_per_day: Some(100),
            reread_requests_today: 90,
            requests_per_window: 10,
            ..StreamWatch::default()
        },
        detail: StreamDetail::default(),
    }
}

fn report(streams: Vec<StreamStatus>, feeds: Vec<FeedStatus>) -> StatusReport {
    StatusReport {
        generated_at: now(),
        version: "0.1.0".into(),
        healthy: true,
        alerts: Vec::new(),
        streams,
        feeds,
        unconfigured: Vec::new(),
        runs: Vec::new(),
        quarantine_open: 0,
        absence_alarms_open: 0,
        detail: StatusDetail::default(),
        missing: Vec::new(),
    }
}

/// The kinds and messages that a stream raises.
fn raised(stream: StreamStatus) -> Vec<(AlertKind, String)> {
    let alerts = alerts(&report(vec![stream], Vec::new()), &Surroundings::default(), locale(Language::En));
    alerts.into_iter().map(|alert| (alert.kind, alert.message)).collect()
}

/// The only message that a stream raises, of this kind.
fn only(kind: AlertKind, stream: StreamStatus) -> String {
    let raised = raised(stream);
    assert_eq!(raised.iter().map(|(kind, _)| *kind).collect::<Vec<_>>(), [kind], "{raised:?}");
    raised[0].1.clone()
}

fn watch(change: impl Fn(&mut StreamWatch)) -> StreamStatus {
    let mut stream = well();
    change(&mut stream.watch);
    stream
}

fn failing(kind: &str) -> StreamStatus {
    let failure = StreamFailure {
        scope: "2026-03-01".into(),
        window: TimeWindow::new(
            "2026-02-28T16:00:00Z".parse().unwrap(),
            "2026-03-01T16:00:00Z".parse().unwrap(),
        ),
        at: ago(3),
        kind: kind.into(),
        message: "no answer".into(),
        remedy: "wait".into(),
        attempts: 3,
        scopes: 1,
        since: ago(30),
    };
    StreamStatus { failure: Some(failure), ..well() }
}

#[test]
fn a_stream_that_just_keeps_its_promises_raises_nothing() {
    assert_eq!(raised(well()), []);
}

#[test]
fn each_broken_promise_is_raised_at_its_edge_with_its_figures() {
    let stale = StreamStatus { complete_to: Some(ago(41)), ..well() };
    assert_eq!(
        only(AlertKind::DataStale, stale),
        "sobot/sobot.call_result: complete up to 41 min ago, promised is 40 min"
    );
    assert_eq!(
        only(AlertKind::TicksMissed, watch(|watch| watch.ticks_missed = 3)),
        "sobot/sobot.call_result: 3 ticks passed and no run began; the last run began 5 min ago"
    );
    assert_eq!(
        only(AlertKind::BudgetExhausted, watch(|watch| watch.reread_requests_today = 91)),
        "sobot/sobot.call_result: 91 of today's 100 requests for rereads are spent"
    );
    let quarantined = StreamStatus {
        quarantined: 4,
        ..watch(|watch| (watch.quarantined_lately, watch.quarantined_since) = (1, Some(ago(3_000))))
    };
    assert_eq!(
        only(AlertKind::QuarantineGrowing, quarantined),
        "sobot/sobot.call_result: records quarantined and not yet dealt with: 4; 1 of them came within a day, \
         the first 2 d ago"
    );
    let vanished = StreamStatus { absence_alarms: 1, ..well() };
    assert!(only(AlertKind::AbsenceAlarm, vanished).contains("masses: 1;"));
    let message = only(AlertKind::StreamFailing, failing("unreachable"));
    assert_eq!(
        message,
        "sobot/sobot.call_result: failed 3 times in window 2026-03-01, last 3 min ago (unreachable): no answer"
    );
}

#[test]
fn what_was_seen_is_told_in_both_languages_and_kept_in_the_configured_one() {
    let stale = StreamStatus { complete_to: Some(ago(41)), ..failing("unreachable") };
    let alerts = alerts(&report(vec![stale], Vec::new()), &Surroundings::default(), locale(Language::ZhCn));
    let chinese: Vec<_> = alerts.iter().map(|alert| alert.localized.text(Language::ZhCn)).collect();
    let expected = [
        "sobot/sobot.call_result: 窗口 2026-03-01 已失败 3 次，最近一次在 3 分钟前（unreachable）：no answer",
        "sobot/sobot.call_result: 数据完整至 41 分钟前，承诺为 40 分钟以内",
    ];
    assert_eq!(chinese, expected);
    for alert in &alerts {
        assert_eq!(alert.message, alert.localized.text(Language::ZhCn));
        assert!(alert.localized.text(Language::En).is_ascii(), "{alert:?}");
    }
}

#[test]
fn what_was_never_promised_is_not_missed() {
    assert_eq!(raised(watch(|watch| watch.fresh_within_seconds = None)), []);
    assert_eq!(raised(watch(|watch| watch.reread_requests_per_day = None)), []);
    // No rereads at all is a choice, not a shortage.
    let never = watch(|watch| (watch.reread_requests_per_day, watch.reread_requests_today) = (Some(0), 0));
    assert_eq!(raised(never), []);
    let fresh = StreamStatus { last_read_at: None, complete_to: None, ..well() };
    assert_eq!(raised(fresh), []);
}

#[test]
fn a_first_load_that_goes_on_is_not_stale_and_one_that_stands_still_is() {
    let loading = || StreamStatus {
        complete_to: Some(ago(60 * 24 * 20)),
        detail: StreamDetail {
            calendar: Calendar { unread: 19, ..Calendar::default() },
            ..StreamDetail::default()
        },
        ..watch(|watch| watch.wanted_since = Some(ago(60)))
    };
    assert_eq!(raised(loading()), []);
    for (told, stream) in [
        ("nothing was read for an hour", StreamStatus { last_read_at: Some(ago(60)), ..loading() }),
        ("nothing is left to read", StreamStatus { detail: StreamDetail::default(), ..loading() }),
        ("it was complete since", StreamStatus { complete_to: Some(ago(50)), ..loading() }),
    ] {
        assert!(only(AlertKind::DataStale, stream).contains("complete up to"), "{told}");
    }
}

#[test]
fn nothing_complete_is_as_old_as_the_first_instant_wanted() {
    let gap = StreamStatus { complete_to: None, ..well() };
    assert!(
        only(AlertKind::DataStale, gap).contains("nothing is complete yet; data is wanted from 69 d ago on")
    );
}

#[test]
fn a_token_fight_stands_in_place_of_the_failure_and_cures_are_in_the_language() {
    let report = report(vec![failing("token_contested"), failing("unreachable")], Vec::new());
    let alerts = alerts(&report, &Surroundings::default(), locale(Language::ZhCn));
    let kinds: Vec<_> = alerts.iter().map(|alert| (alert.kind, alert.remedy.as_str())).collect();
    // The failure's own remedy, which came in the configured language.
    assert_eq!(kinds, [(AlertKind::StreamFailing, "wait"), (AlertKind::TokenContested, "wait")]);
    let silent = alerts_of_feed(vec![agent("1001", None)], Language::ZhCn);
    assert!(!silent[0].remedy.is_ascii(), "{}", silent[0].remedy);
}

fn agent(extno: &str, seen_to: Option<DateTime<Utc>>) -> FeedAgentStatus {
    FeedAgentStatus {
        extno: extno.into(),
        connected_since: None,
        seen_to,
        last_message_at: None,
        gap_reason: None,
        failing_since: None,
        failure_kind: None,
        gaps_today: 0,
        gap_seconds_today: 0,
    }
}

fn alerts_of_feed(agents: Vec<FeedAgentStatus>, language: Language) -> Vec<Alert> {
    let feed = FeedStatus {
        source: "workbench".into(),
        stream: StreamId::WORKBENCH_AGENT_MONITOR,
        wanted_since: Some(ago(6)),
        last_message_at: None,
        quarantined: 0,
        agents,
    };
    alerts(&report(Vec::new(), vec![feed]), &Surroundings::default(), locale(language))
}

#[test]
fn an_agent_who_was_never_heard_has_the_first_five_minutes() {
    let feed = |wanted_since| FeedStatus {
        source: "workbench".into(),
        stream: StreamId::WORKBENCH_AGENT_MONITOR,
        wanted_since,
        last_message_at: None,
        quarantined: 0,
        agents: vec![agent("1001", None), agent("1002", None)],
    };
    let raised = |wanted_since| {
        alerts(&report(Vec::new(), vec![feed(wanted_since)]), &Surroundings::default(), locale(Language::En))
            .len()
    };
    assert_eq!((raised(Some(ago(4))), raised(Some(ago(5))), raised(None)), (0, 1, 1));
}

#[test]
fn agents_that_are_not_heard_for_five_minutes_are_one_alert() {
    assert_eq!(alerts_of_feed(vec![agent("1001", Some(ago(4)))], Language::En), []);
    let agents = vec![
        agent("1001", Some(ago(4))),
        agent("1002", Some(ago(5))),
        agent("1003", None),
        agent("1004", Some(ago(60))),
        agent("1005", Some(ago(6))),
    ];
    let alerts = alerts_of_feed(agents, Language::En);
    assert_eq!(alerts.len(), 1);
    assert_eq!(
        alerts[0].message,
        "workbench/workbench.agent_monitor: not heard are 4 of 5 agents: 1002 (for 5 min), 1003 (never yet), \
         1004 (for 60 min), and others"
    );
    assert_eq!(alerts[0].since, Some(ago(60)));
}

fn around(surroundings: &Surroundings) -> Vec<(AlertKind, String)> {
    let alerts = alerts(&report(vec![well()], Vec::new()), surroundings, locale(Language::En));
    alerts.into_iter().map(|alert| (alert.kind, alert.message)).collect()
}

#[test]
fn a_disk_is_full_by_its_share_and_by_what_a_person_would_call_little() {
    let is_filling = |free_mib: u64, size_gib: u64| {
        let disk =
            DiskSpace { directory: "data".into(), free_bytes: free_mib * MIB, size_bytes: size_gib * GIB };
        !around(&Surroundings { disk: Some(disk), ..Surroundings::default() }).is_empty()
    };
    for (free_mib, size_gib, filling) in [
        (1_025, 15, false),
        (1_023, 15, true),
        (5 * 1_024 + 1, 100, false),
        (5 * 1_024 - 1, 100, true),
        (10 * 1_024, 4_000, false),
        (10 * 1_024 - 1, 4_000, true),
        // A small volume of one's own.
        (103, 1, false),
        (102, 1, true),
    ] {
        assert_eq!(is_filling(free_mib, size_gib), filling, "{free_mib} MiB of {size_gib} GiB");
    }
}

fn skew(source: &str, seconds: i64, stands_still: bool) -> ClockSkew {
    ClockSkew { source: source.into(), ahead: Duration::seconds(seconds), stands_still }
}

#[test]
fn a_host_that_differs_by_more_than_a_minute_is_not_well_and_the_wrong_clock_is_named() {
    let clocks = |database, vendor, stands_still| Surroundings {
        clock_skews: vec![skew("moor", vendor, stands_still)],
        database_skew: Some(Duration::seconds(database)),
        ..Surroundings::default()
    };
    for (surroundings, expected) in [
        (clocks(60, -60, false), vec![]),
        (
            clocks(-172_800, -172_800, false),
            vec![
                "this host's clock is at least 2 d ahead of that of the database",
                "this host's clock is at least 2 d ahead of that of moor",
            ],
        ),
        (
            clocks(0, -28_800, false),
            vec![
                "the `Date` of moor's answers is at least 8 h behind this host and the database: nothing later is called complete",
            ],
        ),
        (
            clocks(0, 28_800, false),
            vec![
                "the `Date` of moor's answers is at least 8 h ahead of this host and the database, whose time counts",
            ],
        ),
        (clocks(0, 0, true), vec!["the `Date` of moor's answers stands still and is left out of account"]),
    ] {
        let localized: Vec<_> = around(&surroundings).into_iter().collect();
        let expected: Vec<_> =
            expected.into_iter().map(|localized| (AlertKind::ClockOff, localized.to_owned())).collect();
        assert_eq!(localized, expected);
    }
    assert_eq!(AlertKind::ClockOff.severity(), Severity::Critical, "not healthy");
}

#[test]
fn clocks_and_spools_are_raised_by_source() {
    let skew = |source: &str, seconds| skew(source, seconds, false);
    let key = StreamKey { source: "workbench".into(), stream: StreamId::WORKBENCH_AGENT_MONITOR };
    let surroundings = |spooled| Surroundings {
        clock_skews: vec![skew("a", 60), skew("b", 61), skew("c", -600)],
        spools: vec![SpoolFill { key: key.clone(), bytes: spooled, bytes_max: 256 * MIB }],
        ..Surroundings::default()
    };
    assert_eq!(around(&surroundings(128 * MIB)).len(), 2);
    assert_eq!(
        around(&surroundings(129 * MIB)),
        [
            (AlertKind::ClockOff, "this host's clock is at least 61 s behind that of b".to_owned()),
            (AlertKind::ClockOff, "this host's clock is at least 10 min ahead of that of c".to_owned()),
            (
                AlertKind::SpoolFilling,
                "workbench/workbench.agent_monitor: 129 MiB of events wait on disk for the database; there is room \
                 for 256 MiB"
                    .to_owned()
            ),
        ]
    );
}

#[test]
fn without_the_database_the_process_still_tells_what_it_sees() {
    let around = Surroundings { clock_skews: vec![skew("moor", 600, false)], ..Surroundings::default() };
    let alerts = without_database(
        (FaultKind::DatabaseUnreachable, "connection refused"),
        Some(ago(2)),
        &around,
        locale(Language::En),
    );
    let kinds: Vec<_> = alerts.iter().map(|alert| alert.kind).collect();
    assert_eq!(kinds, [AlertKind::DatabaseUnreachable, AlertKind::ClockOff]);
    assert_eq!(alerts[0].message, "the database cannot be read: connection refused");
    assert_eq!((alerts[0].since, is_well(&alerts), is_well(&alerts[1..])), (Some(ago(2)), false, false));
}

/// What the process knows of a refusal says more than that the status could not be read.
#[test]
fn why_nothing_is_read_is_raised_with_and_without_the_report_and_once() {
    let refusal = |kind: AlertKind, source: Option<&str>| Refusal {
        kind,
        source: source.map(str::to_owned),
        since: None,
        message: "it was altered".to_owned(),
        remedy: kind.remedy(),
    };
    let both =
        vec![refusal(AlertKind::SourceRefused, Some("sobot")), refusal(AlertKind::DatabaseRefused, None)];
    let surroundings = Surroundings { refusals: both, ..Surroundings::default() };
    let told = [
        (AlertKind::DatabaseRefused, "it was altered".to_owned()),
        (AlertKind::SourceRefused, "sobot: it was altered".to_owned()),
    ];
    let raised = alerts(&report(Vec::new(), Vec::new()), &surroundings, locale(Language::En));
    let pair = |alert: &Alert| (alert.kind, alert.message.clone());
    assert_eq!(raised.iter().map(pair).collect::<Vec<_>>(), told);
    assert!(!is_well(&raised) && raised.iter().all(|alert| !alert.remedy.is_empty()), "{raised:?}");
    let refused = (FaultKind::DatabaseRefused, "a column is missing");
    let without = without_database(refused, None, &surroundings, locale(Language::En));
    assert_eq!(without.iter().map(pair).collect::<Vec<_>>(), told);
    let away = (FaultKind::DatabaseUnreachable, "connection refused");
    let without = without_database(away, None, &surroundings, locale(Language::En));
    assert_eq!(without[0].kind, AlertKind::DatabaseUnreachable);
    assert_eq!(without.len(), 3);
}

#[test]
fn what_one_remedy_mends_is_one_group_and_the_most_severe_stands_first() {
    let failing = |source: &str, stream, kind: &str| StreamStatus {
        source: source.into(),
        stream,
        kind: stream.kind(),
        ..self::failing(kind)
    };
    let drifting = watch(|watch| watch.reread_requests_today = 100);
    let mut report = report(
        vec![
            drifting,
            failing("sobot-shanghai", CALLS, "credentials_refused"),
            failing("sobot-shanghai", StreamId::SOBOT_CHAT_RESULT, "credentials_refused"),
            failing("moor", StreamId::MOOR_QUEUE, "unreachable"),
        ],
        Vec::new(),
    );
    report.alerts = alerts(&report, &Surroundings::default(), locale(Language::En));
    report.healthy = false;
    let groups: Vec<(String, &str, usize)> = report
        .alert_groups()
        .iter()
        .map(|group| (group.who(), group.cause().english(), group.alerts.len()))
        .collect();
    assert_eq!(
        groups,
        [
            ("moor/moor.queue".to_owned(), "the vendor does not answer", 1),
            ("sobot-shanghai".to_owned(), "credentials refused", 2),
            ("sobot/sobot.call_result".to_owned(), "today's requests for reading again are used up", 1),
        ]
    );
    assert_eq!(
        report.headline(Language::En),
        "3 of 4 streams failing: moor/moor.queue, the vendor does not answer; sobot-shanghai, credentials refused; \
         and 1 more"
    );
    assert_eq!(report.alert_groups()[0].since(), Some(ago(30)), "since the first failure, not the last");
    report.streams.truncate(1);
    report.healthy = true;
    report.alerts = alerts(&report, &Surroundings::default(), locale(Language::ZhCn));
    assert_eq!(
        report.headline(Language::ZhCn),
        "运行正常，值得关注：sobot/sobot.call_result，今日重读请求额度已用完"
    );
    report.healthy = false;
    assert!(report.headline(Language::En).starts_with("Needs attention: "), "a person has to decide");
    report.alerts.clear();
    assert_eq!(report.headline(Language::En), "Not everything was read yet");
}

#[test]
fn whether_yesterday_may_be_used_is_said_of_every_stream_that_is_read_in_windows() {
    let zone = chrono_tz::Asia::Shanghai;
    let today: DateTime<Utc> = "2026-03-07T16:00:00Z".parse().unwrap();
    let told = |streams: Vec<StreamStatus>| report(streams, Vec::new()).yesterday(zone, Language::En);
    let up_to = |complete_to: Option<DateTime<Utc>>| StreamStatus { complete_to, ..well() };
    assert_eq!(told(Vec::new()), None);
    let late = Duration::seconds(1);
    for (streams, wanted) in [
        (vec![up_to(Some(today))], "Yesterday (2026-03-07) is complete; late changes may still come."),
        (
            vec![StreamStatus { final_to: Some(today), ..up_to(Some(today)) }],
            "Yesterday (2026-03-07) is complete and final.",
        ),
        (
            vec![up_to(Some(today)), up_to(Some(today - late))],
            "Yesterday (2026-03-07) is not complete: sobot/sobot.call_result is complete up to 2026-03-07 23:59:59.",
        ),
        (
            vec![up_to(None)],
            "Yesterday (2026-03-07) is not complete: sobot/sobot.call_result has nothing complete yet.",
        ),
        (
            vec![up_to(Some(today)), StreamStatus { paused: true, ..up_to(None) }],
            "Yesterday (2026-03-07) is complete; late changes may still come.",
        ),
    ] {
        assert_eq!(told(streams).as_deref(), Some(wanted));
    }
}
