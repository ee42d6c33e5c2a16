//! kill -9 at every named place. `CCSYNC_FAULT_ROUNDS` says how often each, `CCSYNC_FAULT_SEED` at which
//! of its occurrences.

use ccsync::telemetry::failpoint::Failpoint;
use ccsync_simulator::Change;
use rand::Rng as _;
use rand::rngs::StdRng;
use rand::seq::SliceRandom as _;

use super::recipe::{
    KEPT, assert_counts_are_the_rows, assert_heals, assert_ledger_is_sound, number, rng, slow_setup,
    tombstones,
};
use crate::support::process::{Program, Setup};

/// How far into a sync the kill may come, in occurrences of its place.
const OCCURRENCES: u32 = 12;

/// Syncs with a kill at this occurrence of the place; whether it came so far.
async fn dies_at(setup: &Setup, place: Failpoint, occurrence: u32) -> bool {
    for kind in KEPT {
        let _ = setup.simulator.mutate(Change::Random { kind });
    }
    if place.name().starts_with("token.") {
        setup.simulator.end_tokens();
    }
    let mut command = setup.workspace.command(&["sync"]);
    command.env("FAILPOINTS", format!("{}={}*off->return(kill)", place.name(), occurrence - 1));
    let ended = Program::spawn(command).wait().await;
    // As if half a minute had gone by: so long nobody else may renew the token.
    sqlx::query("delete from sync.lease where name like 'token/%'")
        .execute(setup.db.pool().await)
        .await
        .unwrap();
    let killed = ended.code.is_none();
    // Pages that were kept through a kill may hold a chat that has changed since: no walk of this pass contains it then.
    let differ = ended.code == Some(3) && ended.stderr.contains("several reads in a row did not agree");
    assert!(killed || differ || ended.code == Some(0), "{}: {}", place.name(), ended.stderr);
    killed
}

async fn kill_everywhere(setup: &Setup, rng: &mut StdRng, rounds: u64) -> u64 {
    let pool = setup.db.pool().await;
    let mut kills = 0;
    for round in 0..rounds {
        let mut places = Failpoint::ALL.to_vec();
        places.shuffle(rng);
        for place in places {
            // Some occur once in a sync: each is reached at its first occurrence, or the list is wrong.
            let occurrence = if round == 0 { 1 } else { rng.random_range(1..=OCCURRENCES) };
            let died = dies_at(setup, place, occurrence).await;
            assert!(died || occurrence > 1, "a sync does not come by {}", place.name());
            if !died {
                assert!(dies_at(setup, place, 1).await, "a sync does not come by {}", place.name());
            }
            kills += 1;
            assert_ledger_is_sound(pool).await;
            assert_counts_are_the_rows(pool).await;
        }
    }
    kills
}

#[tokio::test]
async fn a_kill_at_every_named_place_loses_and_doubles_nothing_and_marks_nothing_deleted_by_mistake() {
    let mut rng = rng("CCSYNC_FAULT_SEED");
    let setup = slow_setup().await;
    setup.run(&["sync"]).await.expect(0);
    let kills = kill_everywhere(&setup, &mut rng, number("CCSYNC_FAULT_ROUNDS").unwrap_or(1)).await;
    let pool = setup.db.pool().await;
    let booked: i64 =
        sqlx::query_scalar("select sum(requests)::bigint from sync.run").fetch_one(pool).await.unwrap();
    let journal = setup.simulator.journal();
    let spent = i64::try_from(journal.requests() - journal.tokens_issued).unwrap();
    println!(
        "{kills} kills at {} places; {spent} requests, {booked} of them for reads that were committed",
        Failpoint::ALL.len()
    );
    assert_heals(&setup).await;
    assert_eq!(tombstones(pool).await, 0, "rows marked deleted that the vendor never withdrew");
}

#[test]
fn only_builds_for_tests_carry_failpoints() {
    assert!(fail::has_failpoints());
    let manifest = include_str!("../../../../Cargo.toml");
    let (product, tests) = manifest.split_once("[dev-dependencies]").unwrap();
    assert!(product.contains("\nfail = \"0.5\"\n"), "without features: compiled to nothing");
    assert!(tests.contains("\"failpoints\""));
}
