//! The call system's agent workbench.

mod action;

pub(super) use action::router;
