//! What the simulator can serve when nothing else is asked of the machine: it must not be what limits.

use std::time::{Duration, Instant};

use md5::{Digest as _, Md5};
use serde::Serialize;
use url::form_urlencoded::Serializer;

use super::connection::Connection;
use super::simulator::Simulator;
use crate::failure::Failure;
use crate::place::DaySpan;

/// How long it is asked.
const LENGTH: Duration = Duration::from_secs(2);
/// Connections that ask at the same time, as a reader does that asks ahead.
const CONNECTIONS: usize = 2;

/// The vendor, alone.
#[derive(Debug, Serialize)]
pub(crate) struct Capacity {
    /// Rows that it answered with in a second.
    pub rows_per_second: f64,
    /// Rows for each second of its processor time.
    pub rows_per_cpu_second: Option<f64>,
    /// How long it took to make its data.
    pub start_seconds: f64,
    /// The memory that it has taken at most, in KiB.
    pub resident_max_kib: Option<u64>,
}

/// Asks for one page after another and looks at none of them.
///
/// # Errors
/// The simulator does not answer.
pub(crate) async fn capacity(
    simulator: &Simulator,
    days: DaySpan,
    page_size: u32,
) -> Result<Capacity, Failure> {
    let failed = |error: String| Failure::failed(format!("asking the simulator: {error}"));
    let token = token(simulator).await.map_err(failed)?;
    let (rows, cpu) = (simulator.rows_served().await?, simulator.cpu_seconds());
    let began = Instant::now();
    let asking = (0..CONNECTIONS).map(|lane| ask(simulator, &token, days, page_size, lane, began));
    futures::future::try_join_all(asking).await.map_err(failed)?;
    let seconds = began.elapsed().as_secs_f64();
    let rows = simulator.rows_served().await?.saturating_sub(rows) as f64;
    let cpu = simulator.cpu_seconds().zip(cpu).map(|(after, before)| after - before);
    Ok(Capacity {
        rows_per_second: rows / seconds,
        rows_per_cpu_second: cpu.filter(|cpu| 0.0 < *cpu).map(|cpu| rows / cpu),
        start_seconds: simulator.start_seconds,
        resident_max_kib: simulator.resident_max_kib(),
    })
}

async fn token(simulator: &Simulator) -> Result<String, String> {
    let sign = Md5::digest("demo-app0demo-key");
    let sign: String = sign.iter().map(|byte| format!("{byte:02x}")).collect();
    let mut connection = Connection::open(&simulator.base_url).await?;
    let path = format!("/api/get_token?appid=demo-app&create_time=0&sign={sign}");
    let (_, body) = connection.get(&path, "").await?;
    let answer: serde_json::Value = serde_json::from_slice(&body).map_err(|error| error.to_string())?;
    answer["item"]["token"].as_str().map(str::to_owned).ok_or_else(|| format!("no token: {answer}"))
}

/// Every other day, page by page, until the time is over.
async fn ask(
    simulator: &Simulator,
    token: &str,
    days: DaySpan,
    page_size: u32,
    lane: usize,
    began: Instant,
) -> Result<(), String> {
    let mut connection = Connection::open(&simulator.base_url).await?;
    let span: Vec<_> = days.from.iter_days().take_while(|day| *day < days.to).collect();
    for day in span.iter().cycle().skip(lane).step_by(CONNECTIONS) {
        for page in 1_u32.. {
            if LENGTH <= began.elapsed() {
                return Ok(());
            }
            let query = Serializer::new(String::new())
                .append_pair("start_datetime", &format!("{day} 00:00:00"))
                .append_pair("end_datetime", &format!("{day} 23:59:59"))
                .append_pair("page_no", &page.to_string())
                .append_pair("page_size", &page_size.to_string())
                .finish();
            let path = format!("/api/interceptor/5/quality/call_result?{query}");
            let (_, body) = connection.get(&path, token).await?;
            if body.windows(10).take(32).any(|part| part == b"\"items\":[]") {
                break;
            }
        }
    }
    Ok(())
}
