//! The database fails in the middle of a sync: it cuts connections, refuses statements, makes them wait, or
//! commits and never says so. `CCSYNC_FAULT_ROUNDS` says how many syncs each trouble disturbs.

use std::time::Duration;

use ccsync_simulator::{Change, ChangeKind};
use rand::Rng as _;
use rand::rngs::StdRng;
use sqlx::{AssertSqlSafe, PgPool};

use super::proxy::Proxy;
use super::recipe::{
    assert_counts_are_the_rows, assert_heals, assert_ledger_is_sound, number, rng, slow_setup, slow_setup_at,
    tombstones,
};
use crate::support::process::{Program, Setup};

fn something_changes(setup: &Setup) {
    for kind in [ChangeKind::NewResult, ChangeKind::Rescored, ChangeKind::AgentMoved] {
        let _ = setup.simulator.mutate(Change::Random { kind });
    }
}

fn rounds() -> u64 {
    number("CCSYNC_FAULT_ROUNDS").unwrap_or(2)
}

async fn assert_sound(pool: &PgPool) {
    assert_ledger_is_sound(pool).await;
    assert_counts_are_the_rows(pool).await;
}

/// Nothing but the vendors' truth is left, and nothing was marked deleted on the way.
async fn assert_heals_without_tombstones(setup: &Setup) {
    assert_heals(setup).await;
    assert_eq!(tombstones(setup.db.pool().await).await, 0, "rows marked deleted that are still there");
}

#[tokio::test]
async fn connections_that_the_database_cuts_lose_and_double_nothing() {
    let mut rng = rng("CCSYNC_FAULT_SEED");
    let setup = slow_setup().await;
    let pool = setup.db.pool().await;
    for _ in 0..rounds() {
        something_changes(&setup);
        let mut program = setup.workspace.start(&["sync"]);
        for _ in 0..rng.random_range(1..8) {
            tokio::time::sleep(Duration::from_millis(rng.random_range(0..150))).await;
            sqlx::query(
                "select pg_terminate_backend(pid) from pg_stat_activity
                 where datname = current_database() and application_name = 'ccsync' and random() < 0.7",
            )
            .execute(pool)
            .await
            .unwrap();
            if program.has_ended().is_some() {
                break;
            }
        }
        assert!(program.wait().await.code.is_some());
        assert_sound(pool).await;
    }
    assert_heals_without_tombstones(&setup).await;
}

/// Tables that every sync writes.
pub const WRITTEN: [&str; 5] =
    ["sobot.call_result", "sync.certificate", "sync.time_window", "sync.run", "moor.queue"];

/// A trigger that refuses a share of the writes with this SQLSTATE.
pub async fn refuse(pool: &PgPool, table: &str, state: &str) {
    let sql = format!(
        "create or replace function public.refuse() returns trigger language plpgsql as $$
         begin
             if random() < 0.3 then raise sqlstate '{state}' using message = 'a test refuses'; end if;
             return new;
         end $$;
         create trigger refuse before insert or update on {table}
         for each row execute function public.refuse();"
    );
    sqlx::raw_sql(AssertSqlSafe(sql)).execute(pool).await.unwrap();
}

/// The end of it.
pub async fn refuse_no_more(pool: &PgPool, table: &str) {
    sqlx::raw_sql(AssertSqlSafe(format!("drop trigger refuse on {table}"))).execute(pool).await.unwrap();
}

async fn refused_writes(state: &str, rng: &mut StdRng) {
    // The trouble lasts as long as the command does: longer waits between its tries find nothing else.
    let setup = slow_setup().await.with("CCSYNC__ENGINE__RETRY_BASE", "5ms");
    let pool = setup.db.pool().await;
    for _ in 0..rounds() {
        something_changes(&setup);
        let table = WRITTEN[rng.random_range(0..WRITTEN.len())];
        refuse(pool, table, state).await;
        let ended = setup.run(&["sync"]).await;
        assert!(matches!(ended.code, Some(0 | 1 | 3)), "{table} {state}: {ended:?}");
        refuse_no_more(pool, table).await;
        assert_sound(pool).await;
    }
    assert_heals_without_tombstones(&setup).await;
}

#[tokio::test]
async fn a_full_disk_serialization_failures_deadlocks_and_lock_timeouts_leave_no_trace() {
    let mut rng = rng("CCSYNC_FAULT_SEED");
    for state in ["53100", "40001", "40P01", "55P03"] {
        refused_writes(state, &mut rng).await;
    }
}

#[tokio::test]
async fn a_table_that_another_session_keeps_locked_is_waited_for_and_given_up_in_time() {
    let setup = slow_setup().await;
    let pool = setup.db.pool().await;
    let mut lock = pool.begin().await.unwrap();
    sqlx::query("lock table sobot.call_result in share mode").execute(&mut *lock).await.unwrap();
    let program = setup.workspace.start(&["sync", "sobot.call_result"]);
    // Past the transaction's lock timeout of ten seconds, however long the start takes.
    tokio::time::sleep(Duration::from_secs(16)).await;
    lock.rollback().await.unwrap();
    let ended = program.wait().await.expect(0);
    assert!(ended.stderr.contains("SQLSTATE 55P03"), "no lock timeout: {}", ended.stderr);
    assert_heals_without_tombstones(&setup).await;
}

#[tokio::test]
async fn commits_whose_answer_is_lost_are_found_done_and_nothing_is_doubled() {
    let mut rng = rng("CCSYNC_FAULT_SEED");
    let mut proxy = None;
    let setup = slow_setup_at(async |db| {
        let (through, url) = Proxy::start(db).await;
        proxy = Some(through);
        url
    })
    .await;
    let proxy = proxy.unwrap();
    let pool = setup.db.pool().await;
    let mut lost = 0;
    for _ in 0..rounds() {
        something_changes(&setup);
        proxy.swallow(rng.random_range(1..4));
        let program = Program::spawn(setup.workspace.command(&["sync"]));
        assert!(program.wait().await.code.is_some());
        lost += proxy.swallowed();
        assert_sound(pool).await;
    }
    println!("{lost} commits whose answer was lost");
    assert!(lost > 0, "no answer was lost");
    proxy.swallow(0);
    assert_heals_without_tombstones(&setup).await;
}
