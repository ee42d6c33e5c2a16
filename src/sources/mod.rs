//! The vendors. Each account hands out [`Source`]s, or a [`Feed`]; signing, tokens, codes, field names, time zones and
//! bounds stay inside. Nothing here retries, keeps a budget or knows a table of the ledger.
//!
//! [`Source`]: crate::engine::port::source::Source
//! [`Feed`]: crate::engine::port::feed::Feed

pub mod credential;
#[cfg(fuzzing)]
pub mod fuzzing;
pub mod http;
pub mod moor;
mod payload;
pub mod recorder;
pub mod sobot;
pub mod workbench;

pub(crate) mod address;
pub(crate) mod context;
