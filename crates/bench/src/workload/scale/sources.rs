//! Many accounts of two streams each, and one daemon.

use std::time::{Duration, Instant};

use crate::failure::{Failure, print};
use crate::place::{DaySpan, Place};
use crate::process::child::{listen, measured, pid, spawn};
use crate::process::stat::{cpu_seconds, resident_max_kib};
use crate::vendor::Connection;
use crate::vendor::simulator::{Simulator, World, account};
use crate::workload::idle::{free_address, stop};

use super::{Measured, median};

/// A cold start takes less.
const TIMEOUT: Duration = Duration::from_secs(1_800);
/// How often it is looked whether it is over.
const LOOK: Duration = Duration::from_millis(500);
/// The period of the schedule.
const TICK: Duration = Duration::from_secs(60);

/// Streams of each account.
const STREAMS: u64 = 2;

pub(super) async fn measure(place: &Place, first: u64, size: u64, ticks: u32) -> Result<Measured, Failure> {
    let days = DaySpan::of(2);
    let world = World {
        calls: 40,
        days,
        others: (0, 0),
        accounts: first + size,
        latency: Duration::ZERO,
        switches: &[],
        options: &[],
    };
    let simulator = Simulator::start(place, &world).await?;
    let address = free_address()?;
    let numbers = first..first + size;
    let sources: String = numbers.map(|number| source(size, number, &simulator.base_url, days)).collect();
    let rest = format!("[ops]\nlisten = \"{address}\"\n{sources}");
    let config = place.configure(&format!("sources-{size}.toml"), &rest)?;
    measured(place.ccsync(Some(&config), &["migrate"])).await?;
    let began = Instant::now();
    let mut daemon = spawn(place.ccsync(Some(&config), &["run"]))?;
    let (_, said) = (listen(daemon.stdout.take()), listen(daemon.stderr.take()));
    let read = format!(
        "select count(distinct (source, stream)) from sync.run where source like 'a{size}x%' and outcome <> 'running'"
    );
    while place.psql.ask(&read).await?.parse() != Ok(size * STREAMS) {
        if TIMEOUT < began.elapsed() {
            return Err(Failure::failed(format!("not all of {size} sources were read within {TIMEOUT:?}")));
        }
        tokio::time::sleep(LOOK).await;
    }
    let cold_seconds = began.elapsed().as_secs_f64();
    print(&format!("{size} sources: read after {cold_seconds:.1} s, now {ticks} ticks"));
    tokio::time::sleep(TICK * ticks).await;
    let status_ms = status(address).await?;
    let (cpu, peak) = (cpu_seconds(pid(&daemon)), resident_max_kib(pid(&daemon)));
    stop(daemon).await?;
    let said = said.await.unwrap_or_default();
    let count = async |what: &str| {
        let sql = format!("select count(*) from sync.run where source like 'a{size}x%' and {what}");
        Ok::<f64, Failure>(place.psql.ask(&sql).await?.parse().unwrap_or_default())
    };
    Ok(vec![
        ("cold start, s", cold_seconds),
        ("passes", count("true").await?),
        ("passes that did not succeed", count("outcome not in ('succeeded', 'cancelled')").await?),
        ("lines of log", said.lines().count() as f64),
        ("/api/status, ms", status_ms),
        ("processor, s", cpu.unwrap_or_default()),
        ("peak memory, MiB", peak.unwrap_or_default() as f64 / 1024.0),
    ])
}

fn source(size: u64, number: u64, base_url: &str, days: DaySpan) -> String {
    let (name, account, start) = (format!("a{size}x{number}"), account(number), days.from);
    format!(
        "[sources.{name}]\nkind = \"sobot\"\nbase_url = {base_url:?}\napp_id = \"{account}\"\napp_key = \"demo-key\"\n\
         [sources.{name}.call_result]\nstart = \"{start}\"\nschedule = \"0 * * * * *\"\n\
         [sources.{name}.chat_result]\nstart = \"{start}\"\nschedule = \"0 * * * * *\"\n"
    )
}

/// The median of five.
async fn status(address: std::net::SocketAddr) -> Result<f64, Failure> {
    let failed = |error: String| Failure::failed(format!("/api/status: {error}"));
    let mut times = Vec::new();
    for _ in 0..5 {
        let mut connection = Connection::open(&format!("http://{address}")).await.map_err(failed)?;
        let began = Instant::now();
        let (status, _) = connection.get("/api/status", "").await.map_err(failed)?;
        if status != 200 {
            return Err(failed(format!("HTTP {status}")));
        }
        times.push(began.elapsed().as_secs_f64() * 1e3);
        // The status is kept for a moment.
        tokio::time::sleep(Duration::from_secs(3)).await;
    }
    Ok(median(&mut times))
}
