//! The vendors on one port, over real HTTP.
//!
//! Written from the vendors' documents alone: it does not depend on ccsync,
//! so that a mistake of ccsync cannot cancel itself out. What the
//! documents leave open is a [`Switches`] field, what can go wrong is a
//! [`Fault`], what was asked is in the [`Journal`], and [`Truth`] is what a
//! faithful copy must hold.
//!
//! One folder per vendor: `sobot`, `moor` and `workbench`.

mod answer;
mod disturbance;
mod moor;
mod service;
mod sobot;
mod vendor;
mod workbench;

pub use disturbance::fault::{Fault, Step};
pub use disturbance::fault_rate::FaultRates;
pub use disturbance::switchboard::Switches;
pub use disturbance::switches;
pub use service::args::SimulatorArgs;
pub use service::config::{MoorAccount, Now, SimulatorConfig, SobotAccount};
pub use service::endpoint::Endpoint;
pub use service::journal::{Counts, Entry, Journal};
pub use service::server::Simulator;
pub use vendor::change::Change;
pub use vendor::change_rate::{ChangeKind, ChangeRates};
pub use vendor::inspection::Channel;
pub use vendor::world::{Ever, Truth};
pub use workbench::{AgentTruth, ConnectionTruth, MessageTruth, MonitorAgent, MonitorRates, MonitorTruth};
