//! Sobot 智齿, quality inspection (`docs/vendors.md#sobot`).

mod account;
mod auth;
mod config;
mod fault;
mod token;
pub(in crate::sources) mod wire;

pub use account::SobotAccount;
pub use config::SobotConfig;
