//! What is measured.

mod floor;
pub(crate) mod idle;
pub(crate) mod load;
pub(crate) mod scale;
pub(crate) mod soak;
pub(crate) mod workers;
