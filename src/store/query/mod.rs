//! The read side: status, alerts, explanations, comparisons.

pub(super) mod alert;
pub(super) mod answer;
pub(super) mod compare;
pub(super) mod dictionary;
pub(super) mod explain;
pub(super) mod facts;
pub(super) mod status;
