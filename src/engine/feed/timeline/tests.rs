use super::*;
use crate::domain::row::record::Reject;

fn second(count: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_800_000_000 + count, 0).unwrap()
}

fn event(connection: u128, opened: i64, number: u64, at: i64, kind: FeedEventKind) -> FeedEvent {
    FeedEvent {
        extno: "1001".into(),
        connection: Uuid::from_u128(connection),
        opened_at: second(opened),
        fence: 1,
        turn: u64::try_from(connection).unwrap(),
        number,
        at: second(at),
        kind,
    }
}

fn notice(state: AgentState, elapsed_s: Option<u32>) -> FeedEventKind {
    FeedEventKind::Message(FeedMessage::Notice(Notice { state, elapsed_s, extra: Map::new() }))
}

fn announcement() -> FeedMessage {
    FeedMessage::Announcement(crate::domain::vendor::feed::Announcement { msg: None, extra: Map::new() })
}

/// The intervals that changes leave behind: beginning, end, and what it is, in seconds.
fn intervals(changes: &[Change]) -> Vec<(i64, Option<i64>, String)> {
    let mut rows: Vec<(DateTime<Utc>, Option<DateTime<Utc>>, String)> = Vec::new();
    let name = |report: &Report| report.state.map_or("unknown", AgentState::as_str).to_owned();
    for change in changes {
        match change {
            Change::StayOpened { since, report, .. } => rows.push((*since, None, name(report))),
            Change::StayReported { since, report } => {
                rows.iter_mut().rfind(|row| row.0 == *since).unwrap().2 = name(report);
            }
            Change::StayClosed { since, until, .. } | Change::GapClosed { since, until } => {
                rows.iter_mut().rfind(|row| row.0 == *since && row.1.is_none()).unwrap().1 = Some(*until);
            }
            Change::GapOpened { since, reason, .. } => {
                rows.push((*since, None, format!("gap {}", reason.as_str())));
            }
        }
    }
    let count = |at: DateTime<Utc>| at.timestamp() - 1_800_000_000;
    rows.into_iter().map(|(since, until, what)| (count(since), until.map(count), what)).collect()
}

fn run(events: &[FeedEvent]) -> (Timeline, Vec<Change>) {
    let (mut timeline, mut changes) = (Timeline::default(), Vec::new());
    for event in events {
        timeline.apply(event, &mut changes);
    }
    (timeline, changes)
}

fn row(since: i64, until: Option<i64>, what: &str) -> (i64, Option<i64>, String) {
    (since, until, what.to_owned())
}

#[test]
fn a_state_that_began_before_the_connection_counts_from_the_connection_on() {
    let (_, changes) = run(&[
        event(1, 0, 1, 0, FeedEventKind::Opened),
        event(1, 0, 2, 3, notice(AgentState::Idle, Some(257))),
    ]);
    assert_eq!(intervals(&changes), [row(0, None, "idle")]);
    let Change::StayReported { report, .. } = &changes[1] else { panic!("{changes:?}") };
    assert_eq!((report.reported_since, report.reported_at), (Some(second(-254)), Some(second(3))));
}

#[test]
fn a_state_begins_when_the_vendor_says_but_not_before_the_last_word_of_the_one_before() {
    let (_, changes) = run(&[
        event(1, 0, 1, 0, FeedEventKind::Opened),
        event(1, 0, 2, 10, notice(AgentState::Idle, Some(4))),
        event(1, 0, 3, 20, notice(AgentState::Idle, Some(14))),
        event(1, 0, 4, 30, notice(AgentState::Busy, Some(2))),
        event(1, 0, 5, 40, notice(AgentState::WrapUp, Some(25))),
        event(1, 0, 6, 50, notice(AgentState::Idle, None)),
    ]);
    assert_eq!(
        intervals(&changes),
        [
            row(0, Some(6), "unknown"),
            row(6, Some(28), "idle"),
            row(28, Some(30), "busy"),
            row(30, Some(50), "wrap_up"),
            row(50, None, "idle"),
        ]
    );
}

#[test]
fn a_repeated_notice_changes_nothing() {
    let mut events = vec![event(1, 0, 1, 0, FeedEventKind::Opened)];
    events.extend((2..50).map(|number| event(1, 0, number, 1, notice(AgentState::Idle, None))));
    let (_, changes) = run(&events);
    assert_eq!(changes.len(), 3, "{changes:?}");
}

#[test]
fn a_gap_ends_the_state_and_a_new_connection_ends_the_gap() {
    let (_, changes) = run(&[
        event(1, 0, 1, 0, FeedEventKind::Opened),
        event(1, 0, 2, 0, notice(AgentState::Idle, Some(0))),
        event(1, 0, 3, 10, FeedEventKind::Closed(GapReason::Broken)),
        event(2, 15, 1, 15, FeedEventKind::Opened),
        event(2, 15, 2, 16, notice(AgentState::Idle, Some(16))),
    ]);
    assert_eq!(
        intervals(&changes),
        [row(0, Some(10), "idle"), row(10, Some(15), "gap broken"), row(15, None, "idle")]
    );
}

#[test]
fn a_process_that_ends_without_a_word_leaves_a_gap_from_what_was_stored_last() {
    let (_, changes) = run(&[
        event(1, 0, 1, 0, FeedEventKind::Opened),
        event(1, 0, 1, 4, FeedEventKind::Alive),
        event(2, 30, 1, 30, FeedEventKind::Opened),
    ]);
    assert_eq!(
        intervals(&changes),
        [row(0, Some(4), "unknown"), row(4, Some(30), "gap takeover"), row(30, None, "unknown")]
    );
}

#[test]
fn what_was_lost_is_a_gap_and_the_state_is_unknown_behind_it() {
    let (_, changes) = run(&[
        event(1, 0, 1, 0, FeedEventKind::Opened),
        event(1, 0, 2, 0, notice(AgentState::Busy, Some(0))),
        event(1, 0, 9, 5, FeedEventKind::Lost { until: Some(second(8)), messages: 6, first: 3 }),
        event(1, 0, 10, 9, notice(AgentState::Idle, Some(0))),
    ]);
    assert_eq!(
        intervals(&changes),
        [
            row(0, Some(5), "busy"),
            row(5, Some(8), "gap spool_full"),
            row(8, Some(9), "unknown"),
            row(9, None, "idle"),
        ]
    );
}

#[test]
fn a_number_that_is_missing_is_a_gap_up_to_the_next_event_even_if_that_is_a_sign_of_life() {
    let busy = || event(1, 0, 2, 2, notice(AgentState::Busy, Some(0)));
    let opened = || event(1, 0, 1, 0, FeedEventKind::Opened);
    let next = [
        (event(1, 0, 5, 9, FeedEventKind::Alive), 3),
        (event(1, 0, 4, 9, FeedEventKind::Message(announcement())), 1),
        (event(1, 0, 5, 9, FeedEventKind::Lost { until: Some(second(11)), messages: 2, first: 4 }), 1),
    ];
    for (event, lost) in next {
        let (timeline, changes) = run(&[opened(), busy(), event.clone()]);
        let rows = intervals(&changes);
        assert_eq!(rows[1..3], [row(2, Some(2), "busy"), row(2, Some(9), "gap damaged")], "{event:?}");
        let told = changes.iter().find_map(|change| match change {
            Change::GapOpened { reason: GapReason::Damaged, lost, .. } => *lost,
            _ => None,
        });
        assert_eq!((told, timeline.number), (Some(lost), event.number));
    }
}

#[test]
fn a_connection_whose_beginning_is_missing_begins_with_a_gap() {
    let (_, changes) = run(&[event(1, 0, 3, 9, notice(AgentState::Idle, None))]);
    let rows = intervals(&changes);
    assert_eq!(rows[1..], [row(0, Some(9), "gap damaged"), row(9, None, "idle")], "{rows:?}");
    let Change::GapOpened { lost, .. } = &changes[2] else { panic!("{changes:?}") };
    assert_eq!(*lost, Some(1), "the first number is no message");
}

#[test]
fn a_state_that_no_document_lists_ends_the_one_before() {
    let reject = Reject { payload: "{}".into(), reason: "status 9".into() };
    let unlisted = FeedEventKind::Message(FeedMessage::Reject { reject, ends_state: true });
    let (_, changes) = run(&[
        event(1, 0, 1, 0, FeedEventKind::Opened),
        event(1, 0, 2, 0, notice(AgentState::Busy, Some(0))),
        event(1, 0, 3, 5, unlisted),
        event(1, 0, 4, 9, notice(AgentState::Busy, Some(0))),
    ]);
    assert_eq!(
        intervals(&changes),
        [row(0, Some(5), "busy"), row(5, Some(9), "unknown"), row(9, None, "busy")]
    );
}

#[test]
fn an_event_that_the_cursor_has_passed_changes_nothing() {
    let events = [
        event(1, 0, 1, 0, FeedEventKind::Opened),
        event(1, 0, 2, 0, notice(AgentState::Idle, Some(0))),
        event(1, 0, 3, 10, FeedEventKind::Closed(GapReason::Closed)),
        event(2, 15, 1, 15, FeedEventKind::Opened),
    ];
    let (mut timeline, _) = run(&events);
    let (before, mut changes) = (timeline.clone(), Vec::new());
    for event in &events {
        assert!(!timeline.apply(event, &mut changes));
    }
    assert_eq!((timeline, changes.len()), (before, 0));
}

#[test]
fn a_clock_that_went_back_loses_nothing() {
    let (_, changes) = run(&[
        event(1, 100, 1, 100, FeedEventKind::Opened),
        event(1, 100, 2, 110, FeedEventKind::Closed(GapReason::Shutdown)),
        event(2, 50, 1, 50, FeedEventKind::Opened),
        event(2, 50, 2, 60, notice(AgentState::Idle, Some(0))),
        event(2, 50, 3, 200, notice(AgentState::Busy, Some(0))),
    ]);
    let names: Vec<_> = intervals(&changes).into_iter().map(|(.., name)| name).collect();
    assert_eq!(names, ["unknown", "gap shutdown", "idle", "busy"]);
}

proptest::proptest! {
    /// Whatever comes, and in whatever order of clocks: no hole, no overlap, nothing empty.
    #[test]
    fn stays_and_gaps_follow_one_another_without_hole_or_overlap(
        steps in proptest::collection::vec((0u8..9, -3i64..6, 0u32..20), 1..80)
    ) {
        let (mut connection, mut opened, mut number, mut at) = (1u128, 0, 0u64, 0);
        let (mut timeline, mut changes) = (Timeline::default(), Vec::new());
        for (what, step, elapsed) in steps {
            at += step;
            // A step of 8 is an event that is lost.
            number += u64::from(what != 2);
            let kind = match what {
                8 => continue,
                0 => {
                    (connection, opened, number) = (connection + 1, at, 1);
                    FeedEventKind::Opened
                }
                1 => FeedEventKind::Closed(GapReason::Broken),
                2 => FeedEventKind::Alive,
                3 => {
                    let until = (elapsed > 3).then(|| second(at + 2));
                    FeedEventKind::Lost { until, messages: 1, first: number }
                }
                _ => notice(AgentState::ALL[usize::from(what) % 4], (elapsed > 0).then_some(elapsed)),
            };
            timeline.apply(&event(connection, opened, number, at, kind), &mut changes);
        }
        let mut rows: Vec<(DateTime<Utc>, Option<DateTime<Utc>>)> = Vec::new();
        for change in &changes {
            match change {
                Change::StayOpened { since, .. } | Change::GapOpened { since, .. } => rows.push((*since, None)),
                Change::StayClosed { since, until, .. } | Change::GapClosed { since, until } => {
                    let open = rows.last_mut().unwrap();
                    proptest::prop_assert_eq!(*open, (*since, None));
                    open.1 = Some(*until);
                }
                Change::StayReported { since, .. } => proptest::prop_assert_eq!(rows.last().unwrap().0, *since),
            }
        }
        for pair in rows.windows(2) {
            proptest::prop_assert!(pair[0].0 < pair[1].0);
            proptest::prop_assert_eq!(pair[0].1, Some(pair[1].0));
        }
    }
}
