//! The end of a daemon.

use std::time::Duration;

use ccsync_simulator::{Endpoint, Fault, SimulatorConfig, Step};
use rustix::process::Signal;

use super::{Daemon, TIMEOUT, YEARLY, first_passes, requests, scheduled};
use crate::support::harness::eventually;
use crate::support::process::{Setup, recent_world};

/// The contract's; supervisors kill what takes longer.
const IN_TIME: Duration = Duration::from_secs(10);

#[tokio::test]
async fn an_idle_daemon_ends_with_0_at_either_signal() {
    for signal in [Signal::TERM, Signal::INT] {
        let setup = scheduled(Setup::new(recent_world(), "").await, YEARLY);
        let daemon = Daemon::start(&setup);
        daemon.ready().await;
        first_passes(&setup).await;
        let ended = daemon.program.stop(signal).await.expect(0);
        println!("idle, {signal:?}: {:?}", ended.took);
        assert!(ended.took < IN_TIME, "{signal:?}: {:?}", ended.took);
    }
}

#[tokio::test]
async fn a_daemon_ends_in_time_in_the_midst_of_requests_that_hang() {
    for signal in [Signal::TERM, Signal::INT] {
        let world = SimulatorConfig { hang_ms: 60_000, ..recent_world() };
        let setup = scheduled(Setup::new(world, "").await, YEARLY);
        let waiting = [Endpoint::SobotCallResult, Endpoint::SobotChatResult, Endpoint::MoorQueue];
        for endpoint in waiting {
            setup.simulator.script(endpoint, vec![Step::from(Fault::Hang); 20]);
        }
        let daemon = Daemon::start(&setup);
        eventually(TIMEOUT, async || {
            let asked = waiting.map(|endpoint| requests(&setup, endpoint));
            if asked.iter().all(|asked| 0 < *asked) { Ok(()) } else { Err(format!("{asked:?}")) }
        })
        .await;
        let ended = daemon.program.stop(signal).await.expect(0);
        println!("hanging, {signal:?}: {:?}", ended.took);
        assert!(ended.took < IN_TIME, "{signal:?}: {:?}", ended.took);
        let outcomes: Vec<String> =
            sqlx::query_scalar("select outcome from sync.run where stream <> 'moor.agent_claim_status'")
                .fetch_all(setup.db.pool().await)
                .await
                .unwrap();
        assert_eq!(outcomes, ["cancelled"; 3], "the runs say how they ended");
    }
}
