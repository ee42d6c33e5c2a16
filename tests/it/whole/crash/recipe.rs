//! What the crash tests share: a slow setup, rng with a printed seed, and what must hold in the end.

use ccsync_simulator::{ChangeKind, SimulatorConfig};
use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};
use sqlx::PgPool;

use crate::support::db::TestDb;
use crate::support::process::{Setup, recent_world};
use crate::whole::system::history::histories_are_whole;
use crate::whole::system::truth;

/// Changes of every kind but withdrawals: without those, whatever is marked deleted is marked falsely.
pub const KEPT: [ChangeKind; 6] = [
    ChangeKind::NewResult,
    ChangeKind::Rescored,
    ChangeKind::AgentMoved,
    ChangeKind::ClaimFlipped,
    ChangeKind::GroupAdded,
    ChangeKind::GroupRemoved,
];

/// A number from the environment.
pub fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok().map(|text| text.parse().unwrap())
}

/// Rng with the seed of this variable, or of their own; printed.
#[expect(clippy::print_stdout, reason = "whoever repeats a failed run needs the seed")]
pub fn rng(variable: &str) -> StdRng {
    let seed = number(variable).unwrap_or_else(|| rand::rng().random());
    println!("{variable}={seed}");
    StdRng::seed_from_u64(seed)
}

/// Slow enough that a kill finds something under way.
pub fn slow_world() -> SimulatorConfig {
    SimulatorConfig { latency_ms: 8, ..recent_world() }
}

/// A lease of a second: the next process waits no longer for what the dead one held.
pub const QUICK: &str = "[engine]\nlease = \"1s\"\npersist_pages_slower_than = \"0s\"\n";

/// The program on a slow world, where any number of rows may vanish at once; what a read lacks may be gone as of the next one.
pub async fn slow_setup() -> Setup {
    slow_setup_at(async |db| db.url().to_owned()).await
}

/// The same with the database at another address.
pub async fn slow_setup_at(address: impl AsyncFnOnce(&TestDb) -> String) -> Setup {
    let setup = Setup::at(slow_world(), QUICK, address).await;
    setup.db.lift_limits("moor:%").await;
    let setup = setup.with("CCSYNC__DEFAULTS__SOBOT__CALL_RESULT__SETTLE", "0s");
    let setup = setup.with("CCSYNC__DEFAULTS__SOBOT__CHAT_RESULT__SETTLE", "0s");
    // Hundreds of kills leave hundreds of changes between two reads; nobody is there to accept what left.
    let setup = setup.with("CCSYNC__DEFAULTS__SOBOT__CALL_RESULT__ABSENCE_MAX", "100%");
    let setup = setup.with("CCSYNC__DEFAULTS__SOBOT__CHAT_RESULT__ABSENCE_MAX", "100%");
    let setup = setup.with("CCSYNC__DEFAULTS__MOOR__QUEUE__ABSENCE_MAX", "100%");
    setup.with("CCSYNC__DEFAULTS__MOOR__AGENT_CLAIM_STATUS__ABSENCE_MAX", "100%")
}

async fn one_number(pool: &PgPool, sql: &'static str) -> i64 {
    sqlx::query_scalar(sql).fetch_one(pool).await.unwrap()
}

/// Windows of one stream never overlap, and none is there twice.
pub async fn assert_ledger_is_sound(pool: &PgPool) {
    let overlaps = one_number(
        pool,
        "select count(*) from sync.time_window a join sync.time_window b using (source, stream)
         where a.window_start < b.window_start and b.window_start < a.window_end",
    );
    assert_eq!(overlaps.await, 0, "windows overlap");
}

/// What a run counted is what is in the tables: both were committed together.
pub async fn assert_counts_are_the_rows(pool: &PgPool) {
    let counted = one_number(
        pool,
        "select coalesce(sum(inserted), 0)::bigint from sync.run where stream like 'sobot.%'",
    );
    let stored = one_number(
        pool,
        "select (select count(*) from sobot.call_result) + (select count(*) from sobot.chat_result)",
    );
    assert_eq!(counted.await, stored.await, "rows inserted by all runs, and rows");
}

/// Rows of inspections that were ever marked deleted, be it for a moment.
pub async fn tombstones(pool: &PgPool) -> i64 {
    one_number(pool, "select coalesce(sum(deleted), 0)::bigint from sync.run where stream like 'sobot.%'")
        .await
}

/// Once nothing disturbs any more, the tables are the vendors', row by row, and the books are in order.
pub async fn assert_heals(setup: &Setup) {
    let pool = setup.db.pool().await;
    // As if a minute had gone by: the next runs may tell the dead ones from the living.
    sqlx::query(
        "update sync.run set heartbeat_at = heartbeat_at - interval '2 minutes' where outcome = 'running'",
    )
    .execute(pool)
    .await
    .unwrap();
    // As if a quarter of an hour had: a walk from before the calm shows what was there then, and would be one of
    // the three reads below.
    sqlx::query("update sync.walk_page set began_at = began_at - interval '15 minutes'")
        .execute(pool)
        .await
        .unwrap();
    // What a trusted read missed is marked deleted when it is missed again, and a read of chats that
    // differs from the one before is not trusted yet.
    for _ in 0..3 {
        setup.run(&["sync"]).await.expect(0);
    }
    truth::assert_tables_are(&setup.simulator, pool).await;
    histories_are_whole(pool).await;
    assert_ledger_is_sound(pool).await;
    assert_counts_are_the_rows(pool).await;
    let running = one_number(pool, "select count(*) from sync.run where outcome = 'running'").await;
    assert_eq!(running, 0, "runs of dead processes are closed by those that come after");
}
