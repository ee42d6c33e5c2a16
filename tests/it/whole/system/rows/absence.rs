//! Results that vanish in masses at the vendor, through the whole product.

use std::time::Duration;

use ccsync_simulator::{Change, Channel, Endpoint, Fault, Step};
use serde_json::Value;

use crate::support::harness::{TestClock, TestWorld, small_world};
use crate::whole::system::history::assert_histories_are_whole;
use crate::whole::system::steps::{change, sync_well, value};
use crate::whole::system::truth;

const LIVE: &str = "select count(*) from sobot.call_result where deleted_at is null";
const SETTLE: [(&str, &str); 2] = [
    ("CCSYNC__SOURCES__SOBOT__CALL_RESULT__SETTLE", "10m"),
    ("CCSYNC__SOURCES__SOBOT__CALL_RESULT__WINDOW", "31d"),
];

/// The vendor shows none of these calls any more; what they were.
async fn hide(world: &TestWorld, count: usize) -> Vec<Value> {
    let calls = world.test.simulator.truth().calls[..count].to_vec();
    for call in &calls {
        let text = |name: &str| call[name].as_str().unwrap().to_owned();
        let (id, agentid) = (text("call_log_jestid"), Some(text("agentid")));
        change(&world.test, Change::Delete { channel: Channel::Call, id, agentid });
    }
    for _ in 0..3 {
        sync_well(&world.test).await;
        world.clock.advance(Duration::from_secs(700));
    }
    calls
}

#[tokio::test]
async fn what_vanishes_in_masses_waits_for_a_person_or_for_its_return() {
    let world = TestWorld::on(TestClock::hurried(), small_world(), &SETTLE).await;
    sync_well(&world.test).await;
    let all: i64 = value(&world.test, LIVE).await;
    let calls = hide(&world, 40).await;
    assert_eq!(value::<i64>(&world.test, LIVE).await, all);
    let status = world.test.app.status().await.unwrap();
    assert_eq!((status.absence_alarms_open, status.healthy), (1, false));

    // They come back: nothing happened.
    for call in &calls {
        let fields = call.as_object().unwrap().clone();
        change(&world.test, Change::Insert { channel: Channel::Call, fields, omit: Vec::new() });
    }
    let before = truth::fact_table_writes(&world.test).await;
    sync_well(&world.test).await;
    assert_eq!(truth::fact_table_writes(&world.test).await, before);
    assert!(world.test.app.absence_alarms().await.unwrap().is_empty());
    truth::assert_tables_are_the_vendors(&world.test).await;

    // They vanish again, and a person says that they are gone.
    hide(&world, 40).await;
    let alarms = world.test.app.absence_alarms().await.unwrap();
    assert_eq!(alarms.iter().map(|case| case.alarm.missing).collect::<Vec<_>>(), [40]);
    let accepted = world.test.app.accept_absence(&[alarms[0].alarm.id]).await.unwrap();
    assert_eq!(accepted[0].deleted, 40);
    truth::assert_tables_are_the_vendors(&world.test).await;
    assert_histories_are_whole(&world.test).await;
    let healthy = world.test.app.status().await.unwrap().healthy;
    assert!(healthy);
}

#[tokio::test]
async fn what_is_gone_is_marked_deleted_at_the_second_read_however_long_the_window_under_way_takes() {
    let world = TestWorld::quick(small_world()).await;
    let (simulator, chats) = (&world.test.simulator, Endpoint::SobotChatResult);
    // Inspected just now: the window under way has a page, and a second one that says that there is no more.
    change(
        &world.test,
        Change::Insert { channel: Channel::Chat, fields: serde_json::Map::new(), omit: Vec::new() },
    );
    sync_well(&world.test).await;
    let chat = simulator.truth().chats[20].clone();
    let text = |name: &str| chat[name].as_str().unwrap().to_owned();
    let (id, agentid) = (text("cid"), Some(text("agentid")));
    change(&world.test, Change::Delete { channel: Channel::Chat, id, agentid });
    // A chat page states no total: two walks of one pass make one read that misses the row.
    sync_well(&world.test).await;
    world.clock.advance(Duration::from_secs(5));
    let gone = "select count(*) from sobot.chat_result where deleted_at is not null";
    assert_eq!(value::<i64>(&world.test, gone).await, 0);
    // The window under way comes first: the others are begun when it has its first page, and its second is late.
    simulator.script(chats, [Step::from(Fault::Pass), Step { fault: Fault::Slow, amount: Some(600) }]);
    sync_well(&world.test).await;
    let journal = simulator.journal();
    let late = journal.log.iter().find(|entry| entry.fault == Some(Fault::Slow)).unwrap();
    assert_eq!((late.start.as_deref(), late.page), (Some("2026-03-08 00:00:00"), Some(2)));
    assert_eq!(value::<i64>(&world.test, gone).await, 1);
}
