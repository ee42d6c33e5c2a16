//! The whole product against vendors, kills and mistakes.

pub(crate) mod bench;
pub(crate) mod crash;
pub(crate) mod mutation;
pub(crate) mod scale;
pub(crate) mod simulation;
pub(crate) mod system;
