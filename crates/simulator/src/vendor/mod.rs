//! What the vendors know: people, groups and results, and how they change.

pub(crate) mod change;
pub(crate) mod change_rate;
pub(crate) mod churn;
pub(crate) mod data;
pub(crate) mod departure;
pub(crate) mod inspection;
pub(crate) mod rescore;
pub(crate) mod rng;
pub(crate) mod roster;
pub(crate) mod time;
pub(crate) mod world;
