//! Personal data: where it is, and who was forgotten.

pub mod forgotten;
pub mod privacy;
