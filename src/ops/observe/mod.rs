//! Log, traces and metrics, as other programs take them.

pub mod log;
pub mod otlp;
pub mod prometheus;
