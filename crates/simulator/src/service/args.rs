//! The command line of `ccsync simulator`.

use std::net::SocketAddr;
use std::time::Duration;

use chrono::NaiveDate;
use clap::Args;
use humantime_serde::re::humantime;

use crate::disturbance::fault_rate::FaultRates;
use crate::disturbance::switchboard::Switches;
use crate::service::config::{MoorAccount, SimulatorConfig, SobotAccount};
use crate::vendor::change_rate::ChangeRates;
use crate::workbench::{MonitorAgent, MonitorRates};

/// Plays the vendors on one port.
#[derive(Clone, Debug, Args)]
pub struct SimulatorArgs {
    /// Where to listen; port 0 takes a free one.
    #[arg(long, default_value = "127.0.0.1:9090")]
    pub listen: SocketAddr,
    /// The same seed gives the same data.
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// Call inspections at the start.
    #[arg(long, default_value_t = 1_000)]
    pub calls: usize,
    /// Chat inspections at the start.
    #[arg(long, default_value_t = 1_000)]
    pub chats: usize,
    /// Skill groups at the start.
    #[arg(long, default_value_t = 20)]
    pub groups: usize,
    /// Agents.
    #[arg(long, default_value_t = 50)]
    pub agents: usize,
    /// The first Beijing day with data.
    #[arg(long, default_value = "2026-01-01")]
    pub from: NaiveDate,
    /// The Beijing day after the last with data.
    #[arg(long, default_value = "2026-03-01")]
    pub to: NaiveDate,
    /// How often a fault happens, as KIND=RATE, ENDPOINT:KIND=RATE or all=RATE
    /// (that share of the requests altogether); repeatable, later wins.
    #[arg(long = "fault", value_name = "KIND=RATE")]
    pub faults: Vec<String>,
    /// What the documents leave open, what a vendor says that its rows contradict, and how deep its lists
    /// reach, as NAME=VALUE; repeatable. An unknown name lists them all; docs/simulator.md says what they do.
    #[arg(long = "switch", value_name = "NAME=VALUE")]
    pub switches: Vec<String>,
    /// How many seconds a Sobot token lives.
    #[arg(long, value_name = "SECONDS", default_value_t = 86_400)]
    pub token_life: u64,
    /// A Sobot account; repeatable, each with its --app-key.
    #[arg(long = "app-id", default_value = "demo-app")]
    pub app_ids: Vec<String>,
    /// The key of a Sobot account, in the order of --app-id.
    #[arg(long = "app-key", default_value = "demo-key")]
    pub app_keys: Vec<String>,
    /// A 7moor account; repeatable, each with its --moor-secret.
    #[arg(long = "moor-account", default_value = "N00000000000")]
    pub moor_accounts: Vec<String>,
    /// The secret of a 7moor account, in the order of --moor-account.
    #[arg(long = "moor-secret", default_value = "demo-secret")]
    pub moor_secrets: Vec<String>,
    /// An agent of the call system, as EXTNO=TOKEN; repeatable.
    #[arg(long = "monitor-agent", value_name = "EXTNO=TOKEN", default_value = "1001=demo-token")]
    pub monitor_agents: Vec<String>,
    /// How many messages each agent of the call system gets per second.
    #[arg(long, value_name = "RATE", default_value_t = 0.0)]
    pub monitor_rate: f64,
    /// How many changes the data sees per second, in a realistic mix.
    #[arg(long, value_name = "RATE", default_value_t = 0.0)]
    pub changes_per_second: f64,
    /// How long every answer takes at least, as in 20ms.
    #[arg(long, value_name = "DURATION", default_value = "0ms", value_parser = humantime::parse_duration)]
    pub latency: Duration,
    /// How long the fault `hang` lasts.
    #[arg(long, value_name = "DURATION", default_value = "60s", value_parser = humantime::parse_duration)]
    pub hang: Duration,
}

fn pair<'a>(text: &'a str, option: &str) -> Result<(&'a str, &'a str), String> {
    let pair = text.split_once('=').map(|(name, value)| (name.trim(), value.trim()));
    pair.ok_or_else(|| format!("--{option} {text}: it must be written NAME=VALUE"))
}

fn zip<T>(
    names: Vec<String>,
    keys: Vec<String>,
    options: [&str; 2],
    make: impl Fn(String, String) -> T,
) -> Result<Vec<T>, String> {
    if names.len() != keys.len() {
        let [name, key] = options;
        return Err(format!("--{name} is given {} times but --{key} {} times", names.len(), keys.len()));
    }
    Ok(names.into_iter().zip(keys).map(|(name, key)| make(name, key)).collect())
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

impl TryFrom<SimulatorArgs> for SimulatorConfig {
    type Error = String;

    fn try_from(args: SimulatorArgs) -> Result<Self, String> {
        if args.to <= args.from {
            return Err(format!("--to {} must lie after --from {}", args.to, args.from));
        }
        if !(0.0..=100_000.0).contains(&args.changes_per_second) {
            return Err(format!(
                "--changes-per-second {} must lie from 0 to 100000",
                args.changes_per_second
            ));
        }
        let mut faults = FaultRates::none();
        for text in &args.faults {
            let (name, rate) = pair(text, "fault")?;
            let rate = rate.parse().map_err(|_| format!("--fault {text}: the rate must be a number"))?;
            faults.set(name, rate).map_err(|error| format!("--fault {text}: {error}"))?;
        }
        let mut switches = Switches::default();
        for text in &args.switches {
            let (name, value) = pair(text, "switch")?;
            switches.set(name, value).map_err(|error| format!("--switch {text}: {error}"))?;
        }
        let mut monitor_agents = Vec::new();
        for text in &args.monitor_agents {
            let (extno, token) = pair(text, "monitor-agent")?;
            monitor_agents.push(MonitorAgent { extno: extno.to_owned(), token: token.to_owned() });
        }
        let sobot = |app_id, app_key| SobotAccount { app_id, app_key };
        let moor = |account, secret| MoorAccount { account, secret };
        Ok(Self {
            seed: args.seed,
            calls: args.calls,
            chats: args.chats,
            groups: args.groups,
            agents: args.agents,
            data_start: args.from,
            data_end: args.to,
            sobot_accounts: zip(args.app_ids, args.app_keys, ["app-id", "app-key"], sobot)?,
            moor_accounts: zip(args.moor_accounts, args.moor_secrets, ["moor-account", "moor-secret"], moor)?,
            monitor_agents,
            monitor: MonitorRates::lively(args.monitor_rate),
            token_life_s: args.token_life,
            switches,
            faults,
            changes: ChangeRates::mixed(args.changes_per_second),
            latency_ms: millis(args.latency),
            hang_ms: millis(args.hang),
            ..Self::default()
        })
    }
}
