//! Commands about what is stored.

mod drift;
mod quarantine;
mod source;
