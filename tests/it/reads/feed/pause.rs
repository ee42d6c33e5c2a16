//! The process stands still for longer than a silence may last: a laptop that slept, a machine that was moved.

use std::time::{Duration, Instant};

use ccsync_simulator::MonitorRates;
use rstest::rstest;
use rustix::process::Signal;

use super::setup::FeedSetup;
use super::truth::{feed_is_the_vendors, sent};
use crate::support::db::TestDb;
use crate::support::harness::eventually;
use crate::support::process::Workspace;

const TIMEOUT: Duration = Duration::from_secs(60);

/// After so long without a sign of life a connection is taken for dead.
const SILENCE: Duration = Duration::from_secs(1);

#[rstest]
#[case::and_the_socket_stands(None)]
#[case::and_the_socket_was_cut_meanwhile(Some(MonitorRates { cut: 100.0, ..MonitorRates::default() }))]
#[case::and_the_socket_was_closed_meanwhile(Some(MonitorRates { close: 100.0, ..MonitorRates::default() }))]
#[tokio::test]
async fn what_came_while_the_process_stood_still_is_read_before_the_socket_is_taken_for_dead(
    #[case] end: Option<MonitorRates>,
) {
    let db = TestDb::create().await;
    let pool = db.pool().await;
    let setup = FeedSetup::new(3, MonitorRates::lively(20.0), 1, db.url()).await;
    let messages = || sent(&setup.simulator.monitor_truth());
    let timeout = format!("ping = \"200ms\"\nsilence = \"{}s\"", SILENCE.as_secs());
    let workspace =
        Workspace::new(&setup.configuration(&timeout, "")).with("CCSYNC__DATABASE__DATA_DIR", "data");
    let daemon = workspace.start(&["run"]);
    eventually(TIMEOUT, async || if messages() > 30 { Ok(()) } else { Err("nothing is sent".to_owned()) })
        .await;

    daemon.signal(Signal::STOP);
    let (stopped, before) = (Instant::now(), messages());
    eventually(TIMEOUT, async || {
        let enough = before + 60 < messages() && SILENCE + SILENCE / 2 < stopped.elapsed();
        if enough { Ok(()) } else { Err("it goes on too early".to_owned()) }
    })
    .await;
    setup.simulator.set_monitor_rates(end.unwrap_or_default());
    eventually(TIMEOUT, async || {
        let agents = setup.simulator.monitor_truth().agents;
        let stand = agents.iter().flat_map(|agent| &agent.connections).filter(|c| c.end.is_none()).count();
        if end.is_none() || stand == 0 { Ok(()) } else { Err(format!("{stand} sockets stand")) }
    })
    .await;
    setup.simulator.set_monitor_rates(MonitorRates::default());
    daemon.signal(Signal::CONT);

    eventually(TIMEOUT, async || feed_is_the_vendors(pool, &setup.simulator.monitor_truth()).await).await;
    let truth = setup.simulator.monitor_truth();
    let ends = truth.agents.iter().flat_map(|agent| &agent.connections).map(|c| c.end.as_deref());
    assert_eq!(ends.filter(|end| *end == Some("client")).count(), 0, "a socket was given up: {truth:?}");
    daemon.stop(Signal::TERM).await.expect(0);
}
