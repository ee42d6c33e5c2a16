//! Losses planted at the vendor: each is found and healed by ordinary passes; and where nothing is planted,
//! nothing is found. `CCSYNC_PLANT_ROUNDS` says how many losses of each kind are planted, and
//! `CCSYNC_PLANT_SEED` where; `CCSYNC_QUIET_READS` how many undisturbed reads of windows are watched.

use std::time::Duration;

use ccsync::domain::proof::run::RunOutcome;
use ccsync_simulator::{Change, Channel, Endpoint, Fault, Simulator, SimulatorConfig, Step};
use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};
use serde_json::{Map, Value, json};

use crate::support::harness::{QUICK, TestClock, TestWorld, small_world};
use crate::support::trial::with_each;
use crate::whole::crash::recipe::number;
use crate::whole::system::history::assert_histories_are_whole;
use crate::whole::system::steps::{sync_well, value};
use crate::whole::system::truth;

/// Short pages, so that each window has several.
const SHORT_PAGES: &[(&str, &str)] = &[
    ("CCSYNC__SOURCES__SOBOT__CALL_RESULT__PAGE_SIZE", "6"),
    ("CCSYNC__SOURCES__SOBOT__CHAT_RESULT__PAGE_SIZE", "6"),
];

/// Ordinary passes within which a loss must be healed: one read that misses or differs, two that settle it.
const PASSES_MAX: u32 = 3;

#[derive(Debug, Clone, Copy)]
enum Loss {
    PageDropped,
    RowDropped,
    RowSwapped,
    WalkTruncated,
    TotalTooHigh,
    TotalTooLow,
    RowLate,
    RowRescored,
}

const LOSSES: [Loss; 8] = [
    Loss::PageDropped,
    Loss::RowDropped,
    Loss::RowSwapped,
    Loss::WalkTruncated,
    Loss::TotalTooHigh,
    Loss::TotalTooLow,
    Loss::RowLate,
    Loss::RowRescored,
];

fn channel(rng: &mut StdRng) -> (Channel, Endpoint) {
    if rng.random_bool(0.5) {
        (Channel::Call, Endpoint::SobotCallResult)
    } else {
        (Channel::Chat, Endpoint::SobotChatResult)
    }
}

/// The fault at one of the next requests, in whichever window that is.
fn fault_somewhere(simulator: &Simulator, endpoint: Endpoint, fault: Step, rng: &mut StdRng) {
    let before = rng.random_range(0..20);
    simulator.script(endpoint, (0..before).map(|_| Step::from(Fault::Pass)).chain([fault]));
}

/// A row of this channel by chance, as the vendor has it.
fn some_row(simulator: &Simulator, channel: Channel, rng: &mut StdRng) -> Map<String, Value> {
    let truth = simulator.truth();
    let rows = if channel == Channel::Call { truth.calls } else { truth.chats };
    rows[rng.random_range(0..rows.len())].as_object().unwrap().clone()
}

fn identity(row: &Map<String, Value>, channel: Channel) -> (String, Option<String>) {
    let name = if channel == Channel::Call { "call_log_jestid" } else { "cid" };
    (row[name].as_str().unwrap().to_owned(), Some(row["agentid"].as_str().unwrap().to_owned()))
}

fn plant(simulator: &Simulator, loss: Loss, rng: &mut StdRng) {
    let (channel, endpoint) = channel(rng);
    let row = some_row(simulator, channel, rng);
    let (id, agentid) = identity(&row, channel);
    let mut fault = |endpoint, step| fault_somewhere(simulator, endpoint, step, rng);
    match loss {
        Loss::PageDropped => fault(endpoint, Fault::DropPage.into()),
        Loss::RowDropped => fault(endpoint, Fault::DropRow.into()),
        Loss::WalkTruncated => fault(endpoint, Fault::EmptyPage.into()),
        Loss::TotalTooHigh => fault(Endpoint::SobotCallResult, Fault::LyingTotal.with(3)),
        Loss::TotalTooLow => fault(Endpoint::SobotCallResult, Fault::LyingTotal.with(-3)),
        // The same number of rows, another one among them.
        Loss::RowSwapped => {
            let mut other = row.clone();
            let name = if channel == Channel::Call { "call_log_jestid" } else { "cid" };
            other.insert(name.to_owned(), json!(format!("swapped-{}", rng.random::<u64>())));
            simulator.mutate(Change::Delete { channel, id, agentid }).unwrap();
            simulator.mutate(Change::Insert { channel, fields: other, omit: Vec::new() }).unwrap();
        }
        // Weeks after its quality time, in a window that was read and closed long ago.
        Loss::RowLate => {
            let mut other = row.clone();
            let name = if channel == Channel::Call { "call_log_jestid" } else { "cid" };
            other.insert(name.to_owned(), json!(format!("late-{}", rng.random::<u64>())));
            simulator.mutate(Change::Insert { channel, fields: other, omit: Vec::new() }).unwrap();
        }
        // Without a new quality time: nothing but the score tells.
        Loss::RowRescored => {
            let mut fields = Map::new();
            fields.insert("total_score".to_owned(), json!(format!("{}.5", rng.random_range(1..90))));
            for name in ["qualify_time", "quality_datetime", "update_datetime", "update_time"] {
                fields.extend(row.get(name).map(|at| (name.to_owned(), at.clone())));
            }
            simulator.mutate(Change::Rescore { channel, id, agentid, fields }).unwrap();
        }
    }
}

/// Faults of scripts that were played.
fn played(simulator: &Simulator) -> u64 {
    let journal = simulator.journal();
    Endpoint::ALL.iter().flat_map(|endpoint| journal.counts(*endpoint).faults.into_values()).sum()
}

fn rng(salt: u64) -> StdRng {
    StdRng::seed_from_u64(number("CCSYNC_PLANT_SEED").unwrap_or(1).wrapping_add(salt))
}

#[test]
fn every_planted_loss_is_found_and_healed_by_ordinary_passes() {
    let rounds = number("CCSYNC_PLANT_ROUNDS").unwrap_or(3);
    with_each(LOSSES.into_iter().zip(0..), |(loss, salt)| async move {
        let mut rng = rng(salt);
        let world = TestWorld::on(TestClock::hurried(), small_world(), &[QUICK, SHORT_PAGES].concat()).await;
        let simulator = &world.test.simulator;
        // Also the very first read meets what is planted in it.
        plant(simulator, loss, &mut rng);
        sync_well(&world.test).await;
        for round in 0..rounds {
            // Weeks later; the look-back of this configuration is longer.
            world.clock.advance(Duration::from_secs(3600 * rng.random_range(1..24 * 14)));
            plant(simulator, loss, &mut rng);
            for _ in 0..PASSES_MAX {
                world.test.sync().await;
                world.clock.advance(Duration::from_secs(60));
            }
            let faults = if matches!(loss, Loss::RowSwapped | Loss::RowLate | Loss::RowRescored) {
                0
            } else {
                round + 2
            };
            assert_eq!(played(simulator), faults, "{loss:?}: planted and never met");
            truth::assert_tables_are_the_vendors(&world.test).await;
            assert_histories_are_whole(&world.test).await;
            let false_tombstones = "select coalesce(sum(deleted), 0)::bigint from sync.run";
            let deleted = value::<i64>(&world.test, false_tombstones).await;
            let withdrawn = if matches!(loss, Loss::RowSwapped) { round + 2 } else { 0 };
            assert!(
                deleted <= i64::try_from(withdrawn).unwrap(),
                "{deleted} marked deleted, {withdrawn} were"
            );
        }
        println!("{loss:?}: {} planted, all healed", rounds + 1);
    });
}

/// What speaks up where nothing is wrong: failed windows, doubts that had to be walked again, reads that nothing
/// confirmed, alarms, absences, tombstones and records in quarantine.
const ALARMS: &str = "
    select (select count(*) from sync.time_window where failure_kind is not null)
        + (select count(*) from sync.snapshot where failure_kind is not null)
        + (select count(*) from sync.time_window where verdict = 'unverified')
        + (select count(*) from sync.snapshot where verdict = 'unverified')
        + (select count(*) from sync.absence) + (select count(*) from sync.absence_alarm)
        + (select count(*) from sync.quarantine)
        + (select coalesce(sum(deleted + quarantined + updated), 0)::bigint from sync.run)";

#[tokio::test]
async fn where_nothing_is_wrong_nothing_is_called_wrong() {
    let wanted = i64::try_from(number("CCSYNC_QUIET_READS").unwrap_or(400)).unwrap();
    // An hour to a window.
    let small: &[(&str, &str)] = &[("CCSYNC__SOURCES__SOBOT__CALL_RESULT__WINDOW", "1h")];
    let config = SimulatorConfig { calls: 600, chats: 600, ..small_world() };
    let world = TestWorld::on(TestClock::hurried(), config, &[QUICK, SHORT_PAGES, small].concat()).await;
    let mut reads = 0;
    while reads < wanted {
        for report in sync_well(&world.test).await {
            assert_eq!((report.outcome, report.failures.len()), (RunOutcome::Succeeded, 0));
        }
        world.clock.advance(Duration::from_secs(60));
        let alarms = value::<i64>(&world.test, ALARMS).await;
        assert_eq!(alarms, 0, "alarms after {reads} reads");
        reads = value::<i64>(&world.test, "select coalesce(sum(windows), 0)::bigint from sync.run").await;
    }
    truth::assert_tables_are_the_vendors(&world.test).await;
    println!("{reads} reads of undisturbed windows, no alarm");
}
