//! Two daemons on one database.

use std::collections::BTreeMap;
use std::time::Duration;

use ccsync_simulator::{Endpoint, Entry, SimulatorConfig};
use rustix::process::Signal;

use super::{Daemon, first_passes, scheduled};
use crate::support::process::{Setup, recent_world};
use crate::whole::system::truth;

/// Seconds from tick to tick.
const TICK: i64 = 10;

/// What a request asked to read first: the window, or the whole. Of an empty one the first element is looked at besides.
fn scope(entry: &Entry) -> Option<(Endpoint, Option<String>)> {
    (entry.page.unwrap_or(1) == 1 && entry.page_size != Some(1))
        .then(|| (entry.endpoint, entry.start.clone()))
}

#[tokio::test]
async fn two_daemons_read_each_window_once_a_tick_and_exceed_no_limit() {
    let limits = SimulatorConfig::default();
    let world = SimulatorConfig {
        moor_limit: limits.moor_limit,
        moor_claim_limit: limits.moor_claim_limit,
        ..recent_world()
    };
    let setup = scheduled(Setup::limited(world, "").await, &format!("*/{TICK} * * * * *"));
    let first = Daemon::start(&setup);
    first.ready().await;
    let second = Daemon::start(&setup);
    second.ready().await;
    first_passes(&setup).await;
    // Nothing to wait for: it is the absence of requests that is looked at.
    tokio::time::sleep(Duration::from_secs(16)).await;
    let journal = setup.simulator.journal();
    for daemon in [first, second] {
        let ended = daemon.program.stop(Signal::TERM).await.expect(0);
        assert!(ended.took < Duration::from_secs(30), "{:?}", ended.took);
    }
    assert_eq!(journal.limit_violations(), 0);
    assert_eq!(journal.tokens_issued, 1, "they share the token");
    let read: Vec<_> = journal.log.iter().filter(|entry| entry.endpoint != Endpoint::SobotToken).collect();
    let tick = |entry: &Entry| entry.at.timestamp().div_euclid(TICK);
    let first = read.iter().map(|entry| tick(entry)).min().unwrap();
    let ticks = read.iter().map(|entry| tick(entry)).max().unwrap() - first + 1;
    assert!(2 <= ticks, "{ticks}");
    let mut reads: BTreeMap<_, i64> = BTreeMap::new();
    for scope in read.iter().filter_map(|entry| scope(entry)) {
        *reads.entry(scope).or_default() += 1;
    }
    // Over the whole time, not within each tick: on a busy machine a pass may run into the next one's.
    // Chats state no total: what is new of them is walked twice in one pass.
    let walks = |scope: &Endpoint| if *scope == Endpoint::SobotChatResult { 2 } else { 1 };
    let twice: Vec<_> =
        reads.iter().filter(|((endpoint, _), count)| ticks * walks(endpoint) < **count).collect();
    assert!(twice.is_empty(), "read more often than there were {ticks} ticks: {twice:?}");
    truth::assert_tables_are(&setup.simulator, setup.db.pool().await).await;
}
