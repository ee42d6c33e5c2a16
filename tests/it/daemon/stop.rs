//! The end of a daemon.

use std::time::Duration;

use ccsync::simulator::{Endpoint, Fault, SimulatorConfig, Step};
use rustix::process::Signal;

use super::{Daemon, PATIENCE, YEARLY, first_passes, requests, scheduled};
use crate::support::harness::eventually;
use crate::support::process::{Desk, recent_world};

/// The contract's; supervisors kill what takes longer.
const IN_TIME: Duration = Duration::from_secs(10);

#[tokio::test]
async fn an_idle_daemon_ends_with_0_at_either_signal() {
    for signal in [Signal::TERM, Signal::INT] {
        let desk = scheduled(Desk::new(recent_world(), "").await, YEARLY);
        let daemon = Daemon::start(&desk);
        daemon.ready().await;
        first_passes(&desk).await;
        let ended = daemon.program.stop(signal).await.expect(0);
        println!("idle, {signal:?}: {:?}", ended.took);
        assert!(ended.took < IN_TIME, "{signal:?}: {:?}", ended.took);
    }
}

#[tokio::test]
async fn a_daemon_ends_in_time_in_the_midst_of_requests_that_hang() {
    for signal in [Signal::TERM, Signal::INT] {
        let world = SimulatorConfig { hang_ms: 60_000, ..recent_world() };
        let desk = scheduled(Desk::new(world, "").await, YEARLY);
        let waiting = [Endpoint::SobotCallResult, Endpoint::SobotChatResult, Endpoint::MoorQueue];
        for endpoint in waiting {
            desk.simulator.script(endpoint, vec![Step::from(Fault::Hang); 20]);
        }
        let daemon = Daemon::start(&desk);
        eventually(PATIENCE, async || {
            let asked = waiting.map(|endpoint| requests(&desk, endpoint));
            if asked.iter().all(|asked| 0 < *asked) { Ok(()) } else { Err(format!("{asked:?}")) }
        })
        .await;
        let ended = daemon.program.stop(signal).await.expect(0);
        println!("hanging, {signal:?}: {:?}", ended.took);
        assert!(ended.took < IN_TIME, "{signal:?}: {:?}", ended.took);
        let outcomes: Vec<String> =
            sqlx::query_scalar("select outcome from sync.run where stream <> 'moor.agent_claim_status'")
                .fetch_all(desk.db.pool().await)
                .await
                .unwrap();
        assert_eq!(outcomes, ["cancelled"; 3], "the runs say how they ended");
    }
}
