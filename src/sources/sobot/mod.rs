//! Sobot 智齿, quality inspection (`docs/vendors.md#sobot`).

mod account;
mod auth;
mod call_result;
mod chat_result;
mod config;
mod endpoint;
mod fault;
mod token;
mod wire;

pub use account::SobotAccount;
pub use config::SobotConfig;
