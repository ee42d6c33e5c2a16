//! The simulator's settings.

use std::fmt;
use std::sync::Arc;

use chrono::{DateTime, Days, NaiveDate, Utc};
use serde::{Deserialize, Serialize};

use crate::disturbance::fault_rate::FaultRates;
use crate::disturbance::switchboard::Switches;
use crate::vendor::change_rate::ChangeRates;
use crate::workbench::{MonitorAgent, MonitorRates};

/// Where the simulator takes the time from. A test hands in its own.
#[derive(Clone)]
pub struct Now(pub Arc<dyn Fn() -> DateTime<Utc> + Send + Sync>);

impl Now {
    /// A clock that stands still.
    #[must_use]
    pub fn fixed(at: DateTime<Utc>) -> Self {
        Self(Arc::new(move || at))
    }
}

impl Default for Now {
    fn default() -> Self {
        Self(Arc::new(Utc::now))
    }
}

impl fmt::Debug for Now {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Now(..)")
    }
}

/// One Sobot account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SobotAccount {
    /// The appid.
    pub app_id: String,
    /// The key that signs token requests.
    pub app_key: String,
}

/// One 7moor account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MoorAccount {
    /// `N` or `T` and eleven digits.
    pub account: String,
    /// The secret that signs requests.
    pub secret: String,
}

/// Everything that makes one simulator different from another. Change what
/// matters and leave the rest: `SimulatorConfig { seed: 7, ..Default::default() }`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SimulatorConfig {
    /// The seed of the data, the changes and the faults.
    pub seed: u64,
    /// Call inspections at the start.
    pub calls: usize,
    /// Chat inspections at the start.
    pub chats: usize,
    /// Skill groups at the start.
    pub groups: usize,
    /// Agents.
    pub agents: usize,
    /// The first Beijing day with data.
    pub data_start: NaiveDate,
    /// The Beijing day after the last with data.
    pub data_end: NaiveDate,
    /// The Sobot accounts. All see the same data.
    pub sobot_accounts: Vec<SobotAccount>,
    /// The 7moor accounts. All see the same data.
    pub moor_accounts: Vec<MoorAccount>,
    /// The agents of the call system.
    pub monitor_agents: Vec<MonitorAgent>,
    /// How often something happens to each of them.
    pub monitor: MonitorRates,
    /// How long a token lives.
    pub token_life_s: u64,
    /// 7moor's limit of three of its endpoints, requests per minute.
    pub moor_limit: u32,
    /// 7moor's limit of the claim states, requests per minute.
    pub moor_claim_limit: u32,
    /// What the documents leave open.
    pub switches: Switches,
    /// How often faults happen.
    pub faults: FaultRates,
    /// How often the vendor's data changes.
    pub changes: ChangeRates,
    /// How long every answer takes at least.
    pub latency_ms: u64,
    /// How long a `hang` lasts.
    pub hang_ms: u64,
    /// How late a `slow` answer is.
    pub slow_ms: u64,
    /// What a 429 asks to wait.
    pub retry_after_s: u64,
    /// Where a `redirect` points: another host.
    pub redirect_to: String,
    /// The requests that the journal keeps.
    pub journal_cap: usize,
    /// The time.
    #[serde(skip)]
    pub now: Now,
}

impl SimulatorConfig {
    /// Days of history in the demonstration's world.
    pub const DEMO_DAYS: u64 = 14;

    /// The demonstration's world, as quiet as a picture: a contact centre of 200 agents, up to this day.
    pub fn demo(seed: u64, today: NaiveDate) -> SimulatorConfig {
        SimulatorConfig {
            seed,
            calls: 12_000,
            chats: 12_000,
            groups: 60,
            agents: 200,
            data_start: today - Days::new(SimulatorConfig::DEMO_DAYS),
            data_end: today,
            ..SimulatorConfig::default()
        }
    }
}

impl Default for SimulatorConfig {
    fn default() -> Self {
        Self {
            seed: 1,
            calls: 1_000,
            chats: 1_000,
            groups: 20,
            agents: 50,
            data_start: NaiveDate::from_ymd_opt(2026, 1, 1).unwrap_or_default(),
            data_end: NaiveDate::from_ymd_opt(2026, 3, 1).unwrap_or_default(),
            sobot_accounts: vec![SobotAccount { app_id: "demo-app".into(), app_key: "demo-key".into() }],
            moor_accounts: vec![MoorAccount { account: "N00000000000".into(), secret: "demo-secret".into() }],
            monitor_agents: vec![MonitorAgent { extno: "1001".into(), token: "demo-token".into() }],
            monitor: MonitorRates::default(),
            token_life_s: 86_400,
            moor_limit: 20,
            moor_claim_limit: 100,
            switches: Switches::default(),
            faults: FaultRates::none(),
            changes: ChangeRates::default(),
            latency_ms: 0,
            hang_ms: 60_000,
            slow_ms: 1_000,
            retry_after_s: 1,
            // A reserved name: whoever follows the redirect finds nobody there.
            redirect_to: "http://other-host.invalid/login".to_owned(),
            journal_cap: 200_000,
            now: Now::default(),
        }
    }
}
