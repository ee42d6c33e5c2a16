//! What is stored, and what analysts see of it.

pub(crate) mod bi;
pub(crate) mod forget;
pub(crate) mod identity;
pub(crate) mod privacy;
pub(crate) mod retention;
pub(crate) mod store;
pub(crate) mod upgrade;
