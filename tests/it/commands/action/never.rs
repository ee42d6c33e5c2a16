//! What only reads never writes to a vendor.

use std::time::Duration;

use rustix::process::Signal;

use super::{setup, states};
use crate::support::harness::eventually;

#[tokio::test]
async fn no_command_that_reads_and_no_daemon_ever_makes_a_write() {
    let mut setup = setup().await;
    for stream in ["SOBOT__CALL_RESULT", "SOBOT__CHAT_RESULT", "MOOR__QUEUE", "MOOR__AGENT_CLAIM_STATUS"] {
        setup = setup.with(&format!("CCSYNC__DEFAULTS__{stream}__SCHEDULE"), "* * * * * *");
    }
    for line in [
        "check",
        "plan",
        "sync",
        "sync moor.queue",
        "backfill --stream sobot.call_result --from 2026-01-01 --to 2026-01-03",
        "verify",
        "verify --repair",
        "drift",
        "schema",
        "status",
        "absence list",
        "quarantine list",
        "action list",
        "config",
        "roster export",
    ] {
        let arguments: Vec<&str> = line.split(' ').collect();
        setup.run(&arguments).await.expect(0);
    }
    let before = setup.simulator.journal().requests();
    let daemon = setup.workspace.start(&["run"]);
    eventually(Duration::from_secs(60), async || {
        let made = setup.simulator.journal().requests() - before;
        if 12 <= made { Ok(()) } else { Err(format!("{made} requests")) }
    })
    .await;
    daemon.stop(Signal::TERM).await.expect(0);
    assert_eq!(setup.simulator.journal().writes(), 0);
    assert_eq!(states(&setup).await, Vec::<String>::new());
}
