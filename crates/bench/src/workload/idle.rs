//! What a daemon costs that has nothing to do, and how soon after its start it is ready.

use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde::Serialize;
use tokio::process::Child;

use super::load::surroundings;
use crate::args::IdleArgs;
use crate::failure::{Failure, print};
use crate::place::{DaySpan, Place};
use crate::process::child::{last_lines, listen, measured, pid, spawn};
use crate::process::stat::{ThreadTimes, resident_kib, resident_max_kib};
use crate::report::{Surroundings, render};
use crate::vendor::Connection;
use crate::vendor::simulator::{Simulator, World};

/// A daemon that is not ready by then will not be.
const TIMEOUT: Duration = Duration::from_secs(60);
/// How often it is asked whether it is ready.
const LOOK: Duration = Duration::from_millis(2);
/// What it does at its start is over by then.
const SETTLE: Duration = Duration::from_secs(5);

#[derive(Debug, Serialize)]
struct Report {
    surroundings: Surroundings,
    watched_seconds: f64,
    /// While it idled, at the end.
    resident_kib: Option<u64>,
    /// Ever, its start included.
    resident_max_kib: Option<u64>,
    /// Of one core, in percent.
    cpu_percent: Option<f64>,
    /// From the start of the process until `/readyz` said so, in milliseconds, sorted.
    ready_ms: Vec<f64>,
    /// Their median.
    ready_ms_median: f64,
}

pub(crate) async fn idle(place: &Place, args: &IdleArgs) -> Result<String, Failure> {
    let days = DaySpan::of(2);
    let world = World {
        calls: 200,
        days,
        others: (0, 0),
        accounts: 1,
        latency: Duration::ZERO,
        switches: &[],
        options: &[],
    };
    let simulator = Simulator::start(place, &world).await?;
    let address = free_address()?;
    let config = place.configure("idle.toml", &sources(&simulator.base_url, days, address))?;
    measured(place.ccsync(Some(&config), &["sync", "--no-progress"])).await?;
    let mut ready_ms = Vec::new();
    for _ in 0..args.starts {
        let (daemon, ready) = start(place, &config, address).await?;
        ready_ms.push(ready.as_secs_f64() * 1e3);
        stop(daemon).await?;
    }
    ready_ms.sort_by(f64::total_cmp);
    print(&format!("ready after {ready_ms:.0?} ms; watching it for {:?} …", args.length));
    let (daemon, _) = start(place, &config, address).await?;
    tokio::time::sleep(SETTLE).await;
    let (began, before) = (Instant::now(), ThreadTimes::of(pid(&daemon)));
    tokio::time::sleep(args.length).await;
    let watched_seconds = began.elapsed().as_secs_f64();
    let used = ThreadTimes::of(pid(&daemon)).zip(before).map(|(after, before)| after.seconds_since(&before));
    let report = Report {
        surroundings: surroundings(place).await?,
        watched_seconds,
        resident_kib: resident_kib(pid(&daemon)),
        resident_max_kib: resident_max_kib(pid(&daemon)),
        cpu_percent: used.map(|used| used / watched_seconds * 100.0),
        ready_ms_median: ready_ms.get(ready_ms.len() / 2).copied().unwrap_or_default(),
        ready_ms,
    };
    stop(daemon).await?;
    render(&report, args.place.json, || text(&report))
}

fn text(report: &Report) -> String {
    let mib = |kib: Option<u64>| kib.map_or("-".to_owned(), |kib| format!("{:.1}", kib as f64 / 1024.0));
    format!(
        "idle for {:.0} s: {} MiB resident ({} at most), {} % of a core\nready after {:.0} ms (median of {})",
        report.watched_seconds,
        mib(report.resident_kib),
        mib(report.resident_max_kib),
        report.cpu_percent.map_or("-".to_owned(), |percent| format!("{percent:.3}")),
        report.ready_ms_median,
        report.ready_ms.len(),
    )
}

/// Once a year, so that nothing is due while it is watched.
fn sources(base_url: &str, days: DaySpan, address: SocketAddr) -> String {
    format!(
        "[ops]\nlisten = \"{address}\"\n[sources.bench]\nkind = \"sobot\"\nbase_url = {base_url:?}\n\
         app_id = \"demo-app\"\napp_key = \"demo-key\"\n[sources.bench.call_result]\nstart = \"{}\"\n\
         schedule = \"0 0 4 1 1 *\"\n[sources.bench.chat_result]\nenabled = false\n",
        days.from,
    )
}

/// Free a moment ago; nobody else is likely to have taken it since.
pub(super) fn free_address() -> Result<SocketAddr, Failure> {
    let found = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr());
    found.map_err(|error| Failure::failed(format!("no free port: {error}")))
}

/// Starts the daemon; how long it took until it was ready.
async fn start(place: &Place, config: &Path, address: SocketAddr) -> Result<(Child, Duration), Failure> {
    let began = Instant::now();
    let mut daemon = spawn(place.ccsync(Some(config), &["run"]))?;
    let (_, err) = (listen(daemon.stdout.take()), listen(daemon.stderr.take()));
    while began.elapsed() < TIMEOUT {
        if is_ready(address).await {
            return Ok((daemon, began.elapsed()));
        }
        if let Ok(Some(status)) = daemon.try_wait() {
            let said = err.await.unwrap_or_default();
            return Err(Failure::failed(format!("the daemon ended with {status}{}", last_lines(&said))));
        }
        tokio::time::sleep(LOOK).await;
    }
    Err(Failure::failed(format!("the daemon was not ready within {} s", TIMEOUT.as_secs())))
}

async fn is_ready(address: SocketAddr) -> bool {
    let Ok(mut connection) = Connection::open(&format!("http://{address}")).await else { return false };
    connection.get("/readyz", "").await.is_ok_and(|(status, _)| status == 200)
}

pub(super) async fn stop(mut daemon: Child) -> Result<(), Failure> {
    if let Some(process) = Pid::from_raw(pid(&daemon)) {
        // Gone already is stopped too.
        let _ = kill_process(process, Signal::TERM);
    }
    let ended = tokio::time::timeout(TIMEOUT, daemon.wait()).await;
    match ended {
        Ok(Ok(status)) if status.success() => Ok(()),
        Ok(Ok(status)) => Err(Failure::failed(format!("the daemon ended with {status}"))),
        _ => Err(Failure::failed("the daemon could not be stopped")),
    }
}
