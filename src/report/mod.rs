//! What people are shown and told: the status, alerts, notices, phrases in two languages, the runbook. Values and words; no I/O.

pub mod alert;
pub mod dictionary;
pub mod headline;
pub mod language;
pub mod notice;
pub mod phrase;
pub mod runbook;
pub mod status;
