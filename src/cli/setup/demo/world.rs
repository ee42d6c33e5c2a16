//! The demo's world: vendors of a lively contact centre, and a configuration that reads them every few
//! seconds.

use std::net::SocketAddr;
use std::path::Path;

use chrono::{Days, NaiveDate};
use tokio::net::TcpListener;

use crate::cli::output::Failure;
use ccsync::config::Settings;
use ccsync::engine::port::clock::{Clock as _, SystemClock};
use ccsync_simulator::{ChangeRates, FaultRates, MonitorAgent, MonitorRates, Simulator, SimulatorConfig};

/// Share of answers that are faulty.
const FAULTS: f64 = 0.03;
/// Agents whose workbench is followed.
const AGENTS: [&str; 4] = ["8006", "8009", "8012", "1004"];

fn token(extno: &str) -> String {
    format!("demo-token-{extno}")
}

fn today() -> NaiveDate {
    SystemClock.now().with_timezone(&chrono_tz::Asia::Shanghai).date_naive()
}

pub(super) async fn simulator(seed: u64) -> Result<Simulator, Failure> {
    let failed = |error: std::io::Error| Failure::failed(format!("the simulator could not start: {error}"));
    let config = SimulatorConfig {
        faults: FaultRates::all(FAULTS),
        changes: ChangeRates::mixed(4.0),
        monitor_agents: AGENTS
            .iter()
            .map(|extno| MonitorAgent { extno: (*extno).to_owned(), token: token(extno) })
            .collect(),
        monitor: MonitorRates { cut: 0.02, garbage: 0.01, ..MonitorRates::lively(1.0) },
        hang_ms: 3_000,
        retry_after_s: 1,
        ..SimulatorConfig::demo(seed, today())
    };
    let listener = TcpListener::bind("127.0.0.1:0").await.map_err(failed)?;
    Simulator::start(config, listener).map_err(failed)
}

/// The agents' part of the configuration.
fn workbench(vendor: &str) -> String {
    let agent = |extno: &&str| {
        let token = token(extno);
        format!("[[sources.workbench.agents]]\nextno = \"{extno}\"\naccess_token = \"{token}\"\n")
    };
    let agents: String = AGENTS.iter().map(agent).collect();
    format!("[sources.workbench]\nkind = \"workbench\"\nbase_url = \"{vendor}\"\n{agents}")
}

/// Goes through the same loader as an operator's file. A feed is there only where a daemon follows it.
pub(super) fn settings(
    directory: &Path,
    vendor: &str,
    database: Option<&str>,
    listen: SocketAddr,
    live: bool,
) -> Result<Settings, Failure> {
    let workbench = if live { workbench(vendor) } else { String::new() };
    let start = today() - Days::new(SimulatorConfig::DEMO_DAYS);
    let data_dir = directory.join("data");
    let database = database.map(|url| format!("url = {url:?}")).unwrap_or_default();
    let text = format!(
        r#"
[database]
data_dir = {data_dir:?}
{database}
[ops]
listen = "{listen}"
[http]
read_timeout = "1s"
[scheduler]
jitter = "200ms"
[sources.sobot]
kind = "sobot"
base_url = "{vendor}"
app_id = "demo-app"
app_key = "demo-key"
[sources.sobot.call_result]
schedule = "*/5 * * * * *"
start = "{start}"
page_size = 200
requests_per_minute = 6000
settle = "10s"
[sources.sobot.chat_result]
schedule = "*/5 * * * * *"
start = "{start}"
page_size = 1000
requests_per_minute = 6000
settle = "10s"
[sources.moor]
kind = "moor"
base_url = "{vendor}"
account_id = "N00000000000"
api_secret = "demo-secret"
[sources.moor.queue]
schedule = "*/15 * * * * *"
[sources.moor.agent_claim_status]
schedule = "*/5 * * * * *"
{workbench}
"#
    );
    let file = directory.join("demo.toml");
    std::fs::write(&file, text)
        .map_err(|error| Failure::failed(format!("{} cannot be written: {error}", file.display())))?;
    // The demo's configuration is its own; the operator's environment is not asked.
    Ok(ccsync::config::load(Some(&file), Vec::new(), SystemClock.now())?)
}
