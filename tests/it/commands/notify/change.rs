//! When people are told, and how often.

use std::sync::atomic::Ordering;
use std::time::Duration;

use ccsync::domain::proof::quarantine::QuarantineFilter;
use ccsync::ops::notify::target::TargetKind;
use ccsync::report::alert::{AlertKind, Severity};
use ccsync_simulator::{Change, Channel};

use super::messenger::Messenger;
use super::{TOLD_AFTER, Watch, alert, target};
use crate::support::harness::{QUICK, TestClock, TestWorld, small_world};

async fn webhook() -> Messenger {
    Messenger::that_answers(200, "").await
}

fn changes(messenger: &Messenger) -> Vec<(String, String)> {
    let all = messenger.got().into_iter().flat_map(|got| got.json()["changes"].as_array().unwrap().clone());
    let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
    all.map(|change| (text(&change["change"]), text(&change["kind"]))).collect()
}

fn pairs(expected: &[(&str, &str)]) -> Vec<(String, String)> {
    expected.iter().map(|(change, kind)| ((*change).to_owned(), (*kind).to_owned())).collect()
}

#[tokio::test]
async fn people_are_told_once_that_it_stands_and_once_that_it_is_over() {
    let messenger = webhook().await;
    let watch = Watch::over(vec![target(TargetKind::Webhook, &messenger, None)]).await;
    let daemon = watch.daemon();
    watch.stands(&[alert(AlertKind::StreamFailing, "first")]);
    daemon.look().await;
    assert_eq!(changes(&messenger), [], "what mends itself wakes nobody");
    watch.settle(&daemon).await;
    assert_eq!(changes(&messenger), pairs(&[("raised", "stream_failing")]));
    for attempt in 0..10 {
        watch.stands(&[alert(AlertKind::StreamFailing, &format!("failed again: {attempt}"))]);
        watch.settle(&daemon).await;
    }
    assert_eq!(changes(&messenger), [], "not for each failure");
    watch.stands(&[]);
    daemon.look().await;
    watch.settle(&daemon).await;
    assert_eq!(changes(&messenger), pairs(&[("cleared", "stream_failing")]));
    watch.settle(&daemon).await;
    assert_eq!(changes(&messenger), []);
}

#[tokio::test]
async fn what_comes_and_goes_within_a_minute_is_never_told_and_what_flickers_is_told_once() {
    let messenger = webhook().await;
    let watch = Watch::over(vec![target(TargetKind::Webhook, &messenger, None)]).await;
    let daemon = watch.daemon();
    watch.stands(&[alert(AlertKind::DataStale, "late")]);
    daemon.look().await;
    watch.stands(&[]);
    watch.clock.advance(Duration::from_secs(15));
    daemon.look().await;
    watch.settle(&daemon).await;
    assert_eq!(changes(&messenger), []);
    for _ in 0..20 {
        watch.stands(&[alert(AlertKind::DataStale, "late")]);
        watch.clock.advance(Duration::from_secs(15));
        daemon.look().await;
        watch.stands(&[]);
        watch.clock.advance(Duration::from_secs(15));
        daemon.look().await;
    }
    assert_eq!(changes(&messenger), pairs(&[("raised", "data_stale")]));
}

#[tokio::test]
async fn neither_a_restart_nor_a_second_daemon_tells_it_again() {
    let messenger = webhook().await;
    let watch = Watch::over(vec![target(TargetKind::Webhook, &messenger, None)]).await;
    let (first, second) = (watch.daemon(), watch.daemon());
    watch.stands(&[alert(AlertKind::AbsenceAlarm, "missing")]);
    for _ in 0..4 {
        watch.settle(&first).await;
        watch.settle(&second).await;
    }
    assert_eq!(changes(&messenger), pairs(&[("raised", "absence_alarm")]));
    // The first one is gone for good, and its turn has ended.
    sqlx::query("update sync.notice_turn set until = now() - interval '1 second'")
        .execute(watch.db.pool().await)
        .await
        .unwrap();
    watch.settle(&second).await;
    assert_eq!(changes(&messenger), []);
    watch.stands(&[]);
    watch.settle(&second).await;
    assert_eq!(changes(&messenger), pairs(&[("cleared", "absence_alarm")]));
}

#[tokio::test]
async fn a_target_that_does_not_take_it_gets_it_later_and_holds_up_nobody() {
    let (messenger, other) = (webhook().await, webhook().await);
    let mut second = target(TargetKind::Webhook, &other, None);
    second.name = "other".into();
    let watch = Watch::over(vec![target(TargetKind::Webhook, &messenger, None), second]).await;
    let daemon = watch.daemon();
    messenger.answer_next(3, 503, "later, s3cretkey");
    watch.stands(&[alert(AlertKind::QuarantineGrowing, "3 records")]);
    watch.settle(&daemon).await;
    assert_eq!(changes(&other), pairs(&[("raised", "quarantine_growing")]));
    for minutes in [1, 2, 4, 8] {
        watch.clock.advance(Duration::from_secs(60 * minutes));
        daemon.look().await;
    }
    assert_eq!(changes(&messenger).len(), 4, "three that failed, and one that was taken");
    assert_eq!(changes(&other), []);
    let entries = watch.switch.store.notices(10).await.unwrap();
    assert!(entries.iter().all(|entry| entry.delivered_at.is_some() && entry.next_try_at.is_none()));
    let failed = entries.iter().find(|entry| entry.target == "ops").unwrap();
    assert_eq!(failed.attempts, 3);
    let failure = failed.failure.as_deref().unwrap();
    assert!(failure.contains("HTTP 503") && !failure.contains("s3cret"), "{failure}");
}

#[tokio::test]
async fn after_a_day_a_notice_that_nobody_takes_is_given_up() {
    let messenger = Messenger::that_answers(500, "no").await;
    let watch = Watch::over(vec![target(TargetKind::Webhook, &messenger, None)]).await;
    let daemon = watch.daemon();
    watch.stands(&[alert(AlertKind::DataStale, "late")]);
    watch.settle(&daemon).await;
    watch.clock.advance(Duration::from_secs(25 * 3_600));
    daemon.look().await;
    assert_eq!(messenger.got().len(), 2);
    watch.clock.advance(Duration::from_secs(25 * 3_600));
    daemon.look().await;
    assert_eq!(messenger.got().len(), 0);
    let entry = watch.switch.store.notices(10).await.unwrap().remove(0);
    assert_eq!((entry.delivered_at, entry.next_try_at), (None, None));
}

#[tokio::test]
async fn a_target_for_critical_things_hears_of_nothing_else() {
    let messenger = webhook().await;
    let mut critical = target(TargetKind::Webhook, &messenger, None);
    critical.severity = Severity::Critical;
    let watch = Watch::over(vec![critical]).await;
    let daemon = watch.daemon();
    watch.stands(&[alert(AlertKind::SchemaDrift, "field"), alert(AlertKind::StreamFailing, "down")]);
    watch.settle(&daemon).await;
    watch.stands(&[]);
    watch.settle(&daemon).await;
    assert_eq!(changes(&messenger), pairs(&[("raised", "stream_failing"), ("cleared", "stream_failing")]));
}

#[tokio::test]
async fn while_the_database_is_away_that_is_told_and_so_is_its_return() {
    let messenger = webhook().await;
    let watch = Watch::over(vec![target(TargetKind::Webhook, &messenger, None)]).await;
    let daemon = watch.daemon();
    daemon.look().await;
    watch.switch.down.store(true, Ordering::SeqCst);
    for _ in 0..3 {
        watch.settle(&daemon).await;
    }
    assert_eq!(changes(&messenger), pairs(&[("raised", "database_unreachable")]));
    watch.switch.down.store(false, Ordering::SeqCst);
    watch.clock.advance(TOLD_AFTER);
    daemon.look().await;
    assert_eq!(changes(&messenger), pairs(&[("cleared", "database_unreachable")]));
    assert!(watch.now() < chrono::DateTime::<chrono::Utc>::MAX_UTC);
}

#[tokio::test]
async fn what_a_daemon_finds_reaches_people_and_so_does_its_end() {
    let messenger = webhook().await;
    let (clock, url) = (TestClock::hurried(), messenger.url());
    let variables =
        [QUICK, &[("CCSYNC__NOTIFY__OPS__KIND", "webhook"), ("CCSYNC__NOTIFY__OPS__URL", &url)]].concat();
    let world = TestWorld::on(clock.clone(), small_world(), &variables).await;
    let unreadable = serde_json::json!({ "total_score": "abc" }).as_object().unwrap().clone();
    let change = Change::Insert { channel: Channel::Call, fields: unreadable, omit: Vec::new() };
    world.test.simulator.mutate(change).unwrap();
    let stop = tokio_util::sync::CancellationToken::new();
    let daemon = tokio::spawn(world.test.app.clone().run(None, stop.clone()));
    let mut told = Vec::new();
    let timeout = tokio::time::Instant::now() + Duration::from_secs(60);
    let mut dropped = false;
    while !told.contains(&("cleared".to_owned(), "quarantine_growing".to_owned())) {
        assert!(tokio::time::Instant::now() < timeout, "{told:?}");
        clock.advance(Duration::from_secs(5));
        tokio::time::sleep(Duration::from_millis(20)).await;
        told.extend(changes(&messenger));
        if !dropped && told.contains(&("raised".to_owned(), "quarantine_growing".to_owned())) {
            let open = world.test.app.quarantined(&QuarantineFilter::default()).await.unwrap();
            let ids: Vec<i64> = open.iter().map(|entry| entry.id).collect();
            world.test.app.quarantine_drop(&ids, "known").await.unwrap();
            dropped = true;
        }
    }
    stop.cancel();
    daemon.await.unwrap().unwrap();
    let raised = told.iter().filter(|(change, kind)| change == "raised" && kind == "quarantine_growing");
    assert_eq!(raised.count(), 1, "{told:?}");
}

#[tokio::test]
async fn notices_are_kept_for_thirty_days_and_old_ones_are_removed_at_a_start_and_when_a_day_turns() {
    let messenger = webhook().await;
    let watch = Watch::over(vec![target(TargetKind::Webhook, &messenger, None)]).await;
    let store = &watch.switch.store;
    let kept = async || store.notices(100).await.unwrap().len();
    let old = async |days: i32| {
        let sql = "insert into sync.notice (target, change, kind, source, stream, severity, message, remedy, created_at,
            delivered_at) values ('ops', 'raised', 'data_stale', '', '', 'warning', '', '', $1, $1)";
        let created = watch.now() - chrono::Duration::days(days.into());
        sqlx::query(sql).bind(created).execute(watch.db.pool().await).await.unwrap();
    };
    old(31).await;
    old(20).await;
    let daemon = watch.daemon();
    daemon.look().await;
    assert_eq!(kept().await, 1, "at a start");
    old(31).await;
    daemon.look().await;
    assert_eq!(kept().await, 2, "not at each look");
    watch.clock.advance(Duration::from_secs(24 * 3600));
    daemon.look().await;
    assert_eq!(kept().await, 1, "when a day turns");
}
