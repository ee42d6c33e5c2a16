//! The vendors on one port, over real HTTP.
//!
//! Written from the vendors' documents alone: it does not depend on ccsync,
//! so that a mistake of ccsync cannot cancel itself out. What the
//! documents leave open is a [`Switches`] field, what can go wrong is a
//! [`Fault`], what was asked is in the [`Journal`], and [`Truth`] is what a
//! faithful copy must hold.
//!
//! One folder per vendor: `sobot`, `moor` and `workbench`.

mod args;
mod change;
mod change_rate;
mod churn;
mod clamp;
mod config;
mod control;
mod data;
mod departure;
mod dice;
mod endpoint;
mod evidence;
mod exchange;
mod fault;
mod fault_rate;
mod inspection;
mod journal;
mod limit;
mod moor;
mod paging;
mod plain;
mod rescore;
mod roster;
mod server;
mod shelf;
mod sobot;
mod state;
mod switchboard;
mod time;
mod workbench;
mod world;

/// The values of the switches, one enum per open question.
pub mod switches;

pub use args::SimulatorArgs;
pub use change::Change;
pub use change_rate::{ChangeKind, ChangeRates};
pub use config::{MoorAccount, Now, SimulatorConfig, SobotAccount};
pub use endpoint::Endpoint;
pub use fault::{Fault, Step};
pub use fault_rate::FaultRates;
pub use inspection::Channel;
pub use journal::{Counts, Entry, Journal};
pub use server::Simulator;
pub use switchboard::Switches;
pub use workbench::{AgentTruth, ConnectionTruth, MessageTruth, MonitorAgent, MonitorRates, MonitorTruth};
pub use world::{Ever, Truth};
