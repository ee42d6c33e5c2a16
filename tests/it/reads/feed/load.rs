//! A hundred agents and a thousand messages a second through one process: what it takes.
//!
//! `CCSYNC_FEED_LOAD_SECONDS` and `CCSYNC_FEED_LOAD_RATE` (messages a second of all agents) make it longer and
//! heavier.

use std::time::{Duration, Instant};

use ccsync_simulator::MonitorRates;
use rustix::process::Signal;

use super::setup::FeedSetup;
use super::truth::sent;
use crate::support::db::TestDb;
use crate::support::harness::eventually;
use crate::support::process::Workspace;

const AGENTS: usize = 100;
const TIMEOUT: Duration = Duration::from_secs(90);

fn number(variable: &str, otherwise: u64) -> u64 {
    std::env::var(variable).map_or(otherwise, |text| text.parse().unwrap())
}

/// Seconds of processor time so far.
fn processor_seconds(pid: i32) -> f64 {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap().split_whitespace().collect();
    let ticks: f64 = fields[11].parse::<f64>().unwrap() + fields[12].parse::<f64>().unwrap();
    // Linux counts in hundredths of a second.
    ticks / 100.0
}

/// Resident memory in MiB.
fn resident_mib(pid: i32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() / 1024
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hundred_agents_and_a_thousand_messages_a_second_are_stored_with_flat_memory() {
    let seconds = number("CCSYNC_FEED_LOAD_SECONDS", 4);
    let rate = number("CCSYNC_FEED_LOAD_RATE", 1_000);
    let db = TestDb::create().await;
    let pool = db.pool().await;
    let setup = FeedSetup::new(AGENTS, MonitorRates::default(), 1, db.url()).await;
    let workspace = Workspace::new(&setup.configuration("", ""));
    let daemon = workspace.start(&["run"]);
    let stored = async || {
        let stored: i64 = sqlx::query_scalar("select coalesce(sum(rows_read), 0)::bigint from sync.run")
            .fetch_one(pool)
            .await
            .unwrap();
        usize::try_from(stored).unwrap()
    };
    eventually(TIMEOUT, async || {
        let agents = setup.simulator.monitor_truth().agents;
        let heard = agents.iter().filter(|agent| !agent.connections.is_empty()).count();
        if heard == AGENTS { Ok(()) } else { Err(format!("{heard} agents are heard")) }
    })
    .await;
    setup.simulator.set_monitor_rates(MonitorRates::lively(rate as f64 / AGENTS as f64));
    let (began, processor) = (Instant::now(), processor_seconds(daemon.pid()));
    let mut memory = Vec::new();
    while began.elapsed() < Duration::from_secs(seconds) {
        tokio::time::sleep(Duration::from_secs(1)).await;
        memory.push(resident_mib(daemon.pid()));
    }
    setup.simulator.set_monitor_rates(MonitorRates::default());
    let (wall, processor) = (began.elapsed().as_secs_f64(), processor_seconds(daemon.pid()) - processor);
    let behind = sent(&setup.simulator.monitor_truth()) - stored().await;
    eventually(TIMEOUT, async || {
        let (sent, stored) = (sent(&setup.simulator.monitor_truth()), stored().await);
        if sent == stored { Ok(()) } else { Err(format!("{sent} sent, {stored} stored")) }
    })
    .await;
    let all = sent(&setup.simulator.monitor_truth());
    println!(
        "{all} messages in {wall:.1} s ({:.0} a second), {:.3} processor seconds a second, {behind} behind at the end",
        all as f64 / wall,
        processor / wall,
    );
    println!("resident memory in MiB, each second: {memory:?}");
    // Half-way on nothing more is added: what comes is stored and forgotten.
    let (middle, last) = (memory[memory.len() / 2], memory[memory.len() - 1]);
    assert!(last < middle + 64, "memory grows: {memory:?}");
    daemon.stop(Signal::TERM).await.expect(0);
}
