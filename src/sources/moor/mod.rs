//! 7moor 容联七陌, online skill groups (`docs/vendors.md#7moor`). The two endpoints that read
//! are streams of a [`MoorAccount`]; the two that write are a [`MoorWriter`]'s alone.

mod account;
mod action;
mod by_group;
mod config;
mod fault;
mod request;
mod sign;
pub(in crate::sources) mod wire;

pub use account::{MoorAccount, MoorLimits};
pub use action::MoorWriter;
pub use config::MoorConfig;
