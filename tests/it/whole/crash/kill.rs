//! kill -9 again and again, on a database that stays.
//!
//! `CCSYNC_KILL_ROUNDS` sets the number of rounds and `CCSYNC_KILL_SEED` the instants, as printed by a run
//! that failed.

use std::time::Duration;

use ccsync_simulator::{Change, ChangeKind, SimulatorConfig};
use rand::Rng as _;
use rand::rngs::StdRng;

use super::recipe::{
    QUICK, assert_counts_are_the_rows, assert_heals, assert_ledger_is_sound, number, rng, slow_setup,
    slow_world,
};
use crate::support::process::Setup;
use crate::whole::system::truth;

const ROUNDS: u64 = 8;

/// A kill at any instant up to a little more than a whole sync takes.
async fn killed_sync(setup: &Setup, rng: &mut StdRng) {
    let program = setup.workspace.start(&["sync"]);
    tokio::time::sleep(Duration::from_millis(rng.random_range(0..1_200))).await;
    program.kill().await;
}

#[tokio::test]
async fn kills_at_any_instant_lose_and_double_nothing() {
    let mut rng = rng("CCSYNC_KILL_SEED");
    let setup = slow_setup().await;
    let pool = setup.db.pool().await;
    for _ in 0..number("CCSYNC_KILL_ROUNDS").unwrap_or(ROUNDS) {
        for kind in ChangeKind::ALL {
            // Where there is nothing of a kind to change, there is no change.
            let _ = setup.simulator.mutate(Change::Random { kind });
        }
        killed_sync(&setup, &mut rng).await;
        assert_ledger_is_sound(pool).await;
        assert_counts_are_the_rows(pool).await;
    }
    assert_heals(&setup).await;
}

#[tokio::test]
async fn a_first_load_that_is_killed_again_and_again_goes_on_where_it_stopped() {
    let mut rng = rng("CCSYNC_KILL_SEED");
    let extra = format!(
        "{QUICK}[defaults.sobot.call_result]\nlookback = \"0s\"\nsettle = \"0s\"\n[defaults.sobot.chat_result]\nlookback = \"0s\"\nsettle = \"0s\"\n"
    );
    let world = || SimulatorConfig { latency_ms: 30, ..slow_world() };
    // What it costs undisturbed.
    let setup = Setup::new(world(), &extra).await;
    setup.run(&["sync"]).await.expect(0);
    let whole = setup.simulator.journal().requests();

    let setup = Setup::new(world(), &extra).await;
    let mut kills = 0;
    let mut program = setup.workspace.start(&["sync"]);
    loop {
        // So many more requests, however slow the machine is today.
        let until = setup.simulator.journal().requests() + rng.random_range(2..40);
        let mut ended = None;
        while ended.is_none() && setup.simulator.journal().requests() < until {
            tokio::time::sleep(Duration::from_millis(5)).await;
            ended = program.has_ended();
        }
        if let Some(status) = ended {
            assert_eq!(status.code(), Some(0));
            break;
        }
        program.kill().await;
        kills += 1;
        assert!(kills < 100, "no progress is made between kills");
        program = setup.workspace.start(&["sync"]);
    }
    truth::assert_tables_are(&setup.simulator, setup.db.pool().await).await;
    assert_ledger_is_sound(setup.db.pool().await).await;
    // A kill costs the window under way of each stream, today's window, which is due each time, the two
    // snapshots and a token; not what was committed.
    let pages = setup.simulator.truth().calls.len() as u64 / 20 + 1;
    let spent = setup.simulator.journal().requests();
    println!("{kills} kills, {whole} requests undisturbed, {spent} with kills");
    assert!(spent <= whole + kills * (2 * pages + 7), "{kills} kills, {whole} requests undisturbed, {spent}");
}
