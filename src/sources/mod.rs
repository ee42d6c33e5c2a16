//! The vendors. Each account hands out [`Source`]s, or a [`Feed`]; signing, tokens, codes, field names, time zones and
//! bounds stay inside. Nothing here retries, keeps a budget or knows a table of the ledger.
//!
//! [`Source`]: crate::engine::port::source::Source
//! [`Feed`]: crate::engine::port::feed::Feed

pub mod http;
pub mod moor;
pub mod sobot;
pub mod workbench;

pub(crate) mod address;
mod answer;
mod contract;
mod element;
mod instant;
mod json_text;
mod reading;
mod scalar;
pub(crate) mod site;
