//! kill -9 again and again, on a database that stays.
//!
//! `CCSYNC_KILL_ROUNDS` sets the number of rounds and `CCSYNC_KILL_SEED` the instants, as printed by a run
//! that failed.

use std::time::Duration;

use ccsync::simulator::{Change, ChangeKind, SimulatorConfig};
use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};
use sqlx::PgPool;

use crate::support::process::{Desk, recent_world};
use crate::system::truth;

const ROUNDS: u64 = 8;

fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok().map(|text| text.parse().unwrap())
}

#[expect(clippy::print_stdout, reason = "whoever repeats a failed run needs the seed")]
fn dice() -> StdRng {
    let seed = number("CCSYNC_KILL_SEED").unwrap_or_else(|| rand::rng().random());
    println!("CCSYNC_KILL_SEED={seed}");
    StdRng::seed_from_u64(seed)
}

/// Slow enough that a kill finds something under way.
fn slow_world() -> SimulatorConfig {
    SimulatorConfig { latency_ms: 8, moor_limit: 100_000, ..recent_world() }
}

/// A lease of a second: the next process waits no longer for what the dead one held.
const QUICK: &str = "[engine]\nlease = \"1s\"\n";

/// A kill at any instant up to a little more than a whole sync takes.
async fn killed_sync(desk: &Desk, dice: &mut StdRng) {
    let program = desk.site.start(&["sync"]);
    tokio::time::sleep(Duration::from_millis(dice.random_range(0..1_200))).await;
    program.kill().await;
}

/// Windows of one stream never overlap, and none is there twice.
async fn assert_ledger_is_sound(pool: &PgPool) {
    let overlaps: i64 = sqlx::query_scalar(
        "select count(*) from sync.time_window a join sync.time_window b using (source, stream)
         where a.window_start < b.window_start and b.window_start < a.window_end",
    )
    .fetch_one(pool)
    .await
    .unwrap();
    assert_eq!(overlaps, 0, "windows overlap");
}

/// What a run counted is what is in the tables: both were committed together.
async fn assert_counts_are_the_rows(pool: &PgPool) {
    let counted: i64 = sqlx::query_scalar(
        "select coalesce(sum(inserted), 0)::bigint from sync.run where stream like 'sobot.%'",
    )
    .fetch_one(pool)
    .await
    .unwrap();
    let stored: i64 = sqlx::query_scalar(
        "select (select count(*) from sobot.call_result) + (select count(*) from sobot.chat_result)",
    )
    .fetch_one(pool)
    .await
    .unwrap();
    assert_eq!(counted, stored, "rows inserted by all runs, and rows");
}

#[tokio::test]
async fn kills_at_any_instant_lose_and_double_nothing() {
    let mut dice = dice();
    let desk =
        Desk::new(slow_world(), QUICK).await.with("CCSYNC__DEFAULTS__SOBOT__CALL_RESULT__SETTLE", "0s");
    let desk = desk.with("CCSYNC__DEFAULTS__SOBOT__CHAT_RESULT__SETTLE", "0s");
    let pool = desk.db.pool().await;
    for _ in 0..number("CCSYNC_KILL_ROUNDS").unwrap_or(ROUNDS) {
        for kind in ChangeKind::ALL {
            // Where there is nothing of a kind to change, there is no change.
            let _ = desk.simulator.mutate(Change::Random { kind });
        }
        killed_sync(&desk, &mut dice).await;
        assert_ledger_is_sound(pool).await;
        assert_counts_are_the_rows(pool).await;
    }
    // As if a minute had gone by: the next runs may tell the dead ones from the living.
    sqlx::query(
        "update sync.run set heartbeat_at = heartbeat_at - interval '2 minutes' where outcome = 'running'",
    )
    .execute(pool)
    .await
    .unwrap();
    // What a trusted read missed is marked deleted when it is missed again, and a read of chats that
    // differs from the one before is not trusted yet.
    for _ in 0..3 {
        desk.run(&["sync"]).await.expect(0);
    }
    truth::assert_tables_are(&desk.simulator, pool).await;
    assert_ledger_is_sound(pool).await;
    assert_counts_are_the_rows(pool).await;
    let running: i64 = sqlx::query_scalar("select count(*) from sync.run where outcome = 'running'")
        .fetch_one(pool)
        .await
        .unwrap();
    assert_eq!(running, 0, "runs of dead processes are closed by those that come after");
}

#[tokio::test]
async fn a_first_load_that_is_killed_again_and_again_goes_on_where_it_stopped() {
    let mut dice = dice();
    let extra = format!(
        "{QUICK}[defaults.sobot.call_result]\nlookback = \"0s\"\nsettle = \"0s\"\n[defaults.sobot.chat_result]\nlookback = \"0s\"\nsettle = \"0s\"\n"
    );
    let world = || SimulatorConfig { latency_ms: 30, ..slow_world() };
    // What it costs undisturbed.
    let desk = Desk::new(world(), &extra).await;
    desk.run(&["sync"]).await.expect(0);
    let whole = desk.simulator.journal().requests();

    let desk = Desk::new(world(), &extra).await;
    let mut kills = 0;
    let mut program = desk.site.start(&["sync"]);
    loop {
        tokio::time::sleep(Duration::from_millis(dice.random_range(100..700))).await;
        if let Some(status) = program.has_ended() {
            assert_eq!(status.code(), Some(0));
            break;
        }
        program.kill().await;
        kills += 1;
        assert!(kills < 100, "no progress is made between kills");
        program = desk.site.start(&["sync"]);
    }
    truth::assert_tables_are(&desk.simulator, desk.db.pool().await).await;
    assert_ledger_is_sound(desk.db.pool().await).await;
    // A kill costs the window under way of each stream, today's window, which is due each time, the two
    // snapshots and a token; not what was committed.
    let pages = desk.simulator.truth().calls.len() as u64 / 20 + 1;
    let spent = desk.simulator.journal().requests();
    println!("{kills} kills, {whole} requests undisturbed, {spent} with kills");
    assert!(spent <= whole + kills * (2 * pages + 7), "{kills} kills, {whole} requests undisturbed, {spent}");
}
