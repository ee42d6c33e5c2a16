//! Two daemons on one database.

use std::collections::BTreeMap;
use std::time::Duration;

use ccsync::simulator::{Endpoint, Entry};
use rustix::process::Signal;

use super::{Daemon, first_passes, scheduled};
use crate::support::process::{Desk, recent_world};
use crate::system::truth;

/// Seconds from tick to tick.
const TICK: i64 = 10;

/// What a request asked to read first: the window, or the whole.
fn scope(entry: &Entry) -> Option<(Endpoint, Option<String>)> {
    (entry.page.unwrap_or(1) == 1).then(|| (entry.endpoint, entry.start.clone()))
}

#[tokio::test]
async fn two_daemons_read_each_window_once_a_tick_and_exceed_no_limit() {
    let desk = scheduled(Desk::new(recent_world(), "").await, &format!("*/{TICK} * * * * *"));
    let first = Daemon::start(&desk);
    first.ready().await;
    let second = Daemon::start(&desk);
    second.ready().await;
    first_passes(&desk).await;
    // Nothing to wait for: it is the absence of requests that is looked at.
    tokio::time::sleep(Duration::from_secs(16)).await;
    let journal = desk.simulator.journal();
    for daemon in [first, second] {
        let ended = daemon.program.stop(Signal::TERM).await.expect(0);
        assert!(ended.took < Duration::from_secs(30), "{:?}", ended.took);
    }
    assert_eq!(journal.limit_violations(), 0);
    assert_eq!(journal.tokens_issued, 1, "they share the token");
    let mut reads: BTreeMap<_, u32> = BTreeMap::new();
    for entry in journal.log.iter().filter(|entry| entry.endpoint != Endpoint::SobotToken) {
        if let Some(scope) = scope(entry) {
            *reads.entry((entry.at.timestamp().div_euclid(TICK), scope)).or_default() += 1;
        }
    }
    let twice: Vec<_> = reads.iter().filter(|(_, count)| 1 < **count).collect();
    assert!(twice.is_empty(), "read twice within a tick: {twice:?}");
    let ticks: std::collections::BTreeSet<_> = reads.keys().map(|(tick, _)| tick).collect();
    assert!(2 <= ticks.len(), "{ticks:?}");
    truth::assert_tables_are(&desk.simulator, desk.db.pool().await).await;
}
