//! What people decide and are told: alarms, writes, identities, notices, quarantine.

pub(super) mod absence_alarm;
pub(super) mod action;
pub(super) mod agent_link;
pub(super) mod notice;
pub(super) mod quarantine_review;
