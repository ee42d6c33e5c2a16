//! The tables of `sync` that say what was read, and what each read showed: one file for each table.

pub(super) mod ahead;
pub(super) mod certificate;
pub(super) mod finality;
pub(super) mod lag;
pub(super) mod lease;
pub(super) mod prune;
pub(super) mod quarantine;
pub(super) mod run;
pub(super) mod schema_drift;
pub(super) mod snapshot;
pub(super) mod stream;
pub(super) mod time_window;
pub(super) mod walk_page;
