//! Whatever goes wrong on the way, a sync ends well and the tables are the vendors'.

use std::time::Duration;

use ccsync_simulator::{Endpoint, Fault, FaultRates, SimulatorConfig, Step};

use crate::support::harness::{QUICK, TestClock, TestWorld, eventually, small_world};
use crate::support::trial::with_each;
use crate::whole::system::history::assert_histories_are_whole;
use crate::whole::system::steps::{assert_settles, sync_well, value};
use crate::whole::system::truth;

const READ: [Endpoint; 4] = [
    Endpoint::SobotCallResult,
    Endpoint::SobotChatResult,
    Endpoint::MoorQueue,
    Endpoint::MoorAgentClaimStatus,
];

async fn world_with(seed: u64, faults: FaultRates) -> TestWorld {
    let mut config = SimulatorConfig { seed, calls: 200, chats: 120, faults, ..small_world() };
    // Several pages of groups too.
    config.switches.set("moor_page_cap", "5").unwrap();
    TestWorld::quick(config).await
}

/// One pass that commits everything, be it unverified.
async fn sync_all(world: &TestWorld) {
    for report in world.test.sync().await {
        assert_eq!((report.failures.len(), report.left), (0, 0), "{report:?}");
    }
}

#[test]
fn any_fault_at_a_tenth_of_the_requests_leaves_no_trace() {
    let trials = Fault::SPREAD.into_iter().flat_map(|fault| [(1, fault), (2, fault)]);
    with_each(trials, |(seed, fault)| async move {
        // Only further pages can drift; there are fewer of them.
        let share = if fault == Fault::Drift { 0.3 } else { 0.1 };
        let is_unsteady = matches!(fault, Fault::Drift | Fault::LyingTotal);
        let world = world_with(seed, FaultRates::none().with(fault, share)).await;
        let happened = || -> u64 {
            let journal = world.test.simulator.journal();
            Endpoint::ALL.iter().filter_map(|e| journal.counts(*e).faults.get(&fault).copied()).sum()
        };
        for _ in 0..5 {
            // What drifts in each walk stays unverified. So do pages that state two wrong totals in a row: rows seem to move.
            if is_unsteady {
                sync_all(&world).await
            } else {
                drop(sync_well(&world.test).await)
            }
            if happened() > 0 {
                break;
            }
        }
        assert!(happened() > 0, "no {fault} happened");
        if is_unsteady {
            return assert_settles(&world).await;
        }
        truth::assert_tables_are_the_vendors(&world.test).await;
        assert_histories_are_whole(&world.test).await;
    });
}

#[test]
fn all_faults_together_at_a_tenth_and_at_half_of_the_requests_leave_no_trace() {
    let trials = [(1, 0.1), (2, 0.1), (3, 0.5), (4, 0.5)];
    with_each(trials, |(seed, share)| async move {
        let world = world_with(seed, FaultRates::all(share)).await;
        sync_all(&world).await;
        assert_settles(&world).await;
    });
}

/// Lets some requests through and then, here and there, plays the fault.
fn now_and_then(world: &TestWorld, endpoint: Endpoint, fault: Fault) {
    for pause in [1, 2, 0, 4, 7] {
        world.test.simulator.script(endpoint, (0..pause).map(|_| Step::from(Fault::Pass)));
        world.test.simulator.script(endpoint, [fault]);
    }
}

#[test]
fn a_page_that_is_wrong_once_is_found_out_at_once_where_totals_are_told_and_at_the_next_sync_where_not() {
    let faults =
        [Fault::Redirect, Fault::RepeatPage, Fault::DropRow, Fault::DropPage, Fault::EmptyPage, Fault::Slow];
    with_each(faults, |fault| async move {
        let world = world_with(7, FaultRates::none()).await;
        READ.into_iter().for_each(|endpoint| now_and_then(&world, endpoint, fault));
        sync_well(&world.test).await;
        let played = world.test.simulator.journal();
        for endpoint in READ {
            assert!(played.counts(endpoint).faults.contains_key(&fault), "no {fault} at {endpoint}");
        }
        for table in truth::TABLES {
            // A chat page states no total: one row less is a page like any other.
            if table != "sobot.chat_result" {
                truth::assert_table_is_the_vendors(&world.test, table).await;
            }
        }
        world.test.simulator.clear_scripts();
        sync_well(&world.test).await;
        truth::assert_tables_are_the_vendors(&world.test).await;
        let deleted = value::<i64>(
            &world.test,
            "select count(*) from sobot.chat_result_history where deleted_at is not null",
        );
        assert_eq!(deleted.await, 0, "a wrong page made a row look deleted");
    });
}

#[test]
fn a_wrong_page_of_a_second_read_marks_nothing_deleted() {
    with_each([Fault::DropRow, Fault::DropPage, Fault::EmptyPage], |fault| async move {
        let world = world_with(8, FaultRates::none()).await;
        sync_well(&world.test).await;
        READ.into_iter().for_each(|endpoint| now_and_then(&world, endpoint, fault));
        sync_well(&world.test).await;
        for table in truth::TABLES {
            let gone = format!("select count(*) from {table} where deleted_at is not null");
            assert_eq!(value::<i64>(&world.test, &gone).await, 0, "{table}");
        }
        assert_settles(&world).await;
    });
}

#[tokio::test]
async fn a_window_that_does_not_hold_still_for_long_is_read_in_parts_and_in_the_same_sync() {
    let moving = FaultRates::none().with_at(Endpoint::SobotCallResult, Fault::Drift, 1.0);
    let config = SimulatorConfig { faults: moving, ..small_world() };
    // Many pages, or a total may wander back by chance to what the first page told.
    let pages = [QUICK, &[("CCSYNC__SOURCES__SOBOT__CALL_RESULT__PAGE_SIZE", "6")]].concat();
    let world = TestWorld::on(TestClock::hurried(), config, &pages).await;
    let simulator = &world.test.simulator;
    let rests = async {
        eventually(Duration::from_secs(30), || async {
            let asked = simulator.journal().counts(Endpoint::SobotCallResult).requests;
            if asked < 150 { Err(format!("{asked} requests")) } else { Ok(()) }
        })
        .await;
        simulator.set_fault_rates(FaultRates::none());
    };
    // What closes by chance before it rests may stay unverified until it is read again.
    tokio::join!(sync_all(&world), rests);
    let windows = "select count(*) from sync.time_window where stream = 'sobot.call_result'";
    let windows = value::<i64>(&world.test, windows).await;
    assert!(windows > 8, "eight days in {windows} windows");
    assert_settles(&world).await;
}
