//! Several windows of one stream at once, in one process.

use std::time::Duration;

use ccsync::app::StreamChoice;
use ccsync_simulator::{Endpoint, Fault, FaultRates, SimulatorConfig};
use tokio_util::sync::CancellationToken;

use crate::support::harness::{QUICK, TestClock, TestWorld, small_world};

const AT_ONCE: usize = 3;

/// A pass over the calls of a vendor that takes its time; the most requests that waited for an answer at once.
async fn most_at_once(faults: FaultRates) -> usize {
    let variables = [
        ("CCSYNC__ENGINE__MAX_CONCURRENT_WINDOWS", "3"),
        ("CCSYNC__SOURCES__SOBOT__CALL_RESULT__WINDOW", "6h"),
        ("CCSYNC__SOURCES__SOBOT__CALL_RESULT__LOOKBACK", "0s"),
    ];
    let slow = SimulatorConfig { latency_ms: 100, faults, ..small_world() };
    let world = TestWorld::on(TestClock::hurried(), slow, &[QUICK, &variables].concat()).await;
    let choice: StreamChoice = "sobot.call_result".parse().unwrap();
    let app = world.test.app.clone();
    let pass = tokio::spawn(async move { app.sync(&[choice], &CancellationToken::new()).await.unwrap() });
    let mut most = 0;
    while !pass.is_finished() {
        let journal = world.test.simulator.journal();
        let is_open = |entry: &&ccsync_simulator::Entry| {
            entry.endpoint == Endpoint::SobotCallResult && entry.answer == "pending"
        };
        most = most.max(journal.log.iter().filter(is_open).count());
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    pass.await.unwrap();
    most
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn others_are_begun_as_soon_as_the_vendor_has_given_its_first_page() {
    let tiny_pages = [("CCSYNC__SOURCES__SOBOT__CALL_RESULT__PAGE_SIZE", "3")];
    let slow = SimulatorConfig { latency_ms: 50, calls: 3000, ..small_world() };
    let world = TestWorld::on(TestClock::hurried(), slow, &[QUICK, &tiny_pages].concat()).await;
    let choice: StreamChoice = "sobot.call_result".parse().unwrap();
    world.test.app.sync(&[choice], &CancellationToken::new()).await.unwrap();
    let journal = world.test.simulator.journal();
    let mut asked = journal.log.iter().filter(|entry| entry.endpoint == Endpoint::SobotCallResult);
    let first = asked.next().unwrap();
    let own: Vec<_> = journal.log.iter().filter(|entry| entry.start == first.start).collect();
    let other = asked.find(|entry| entry.start != first.start).unwrap();
    assert!(4 < own.len(), "{own:?}");
    assert!(other.seq < own[own.len() - 1].seq, "beside the first window, not behind it: {own:?} {other:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn as_many_windows_as_configured_are_read_side_by_side() {
    assert_eq!(most_at_once(FaultRates::none()).await, AT_ONCE);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_vendor_that_fails_is_asked_for_one_window_at_a_time() {
    let broken = FaultRates::none().with_at(Endpoint::SobotCallResult, Fault::Http5xx, 1.0);
    assert_eq!(most_at_once(broken).await, 1);
}
