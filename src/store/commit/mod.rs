//! What one read leaves behind, in one transaction.
//!
//! The way of a read's rows into the fact tables is `transaction` → `probe` → `merge` → `stage` → `copy`, then `absence`.

pub(super) mod absence;
pub(super) mod absence_note;
pub(super) mod agent;
pub(super) mod confirm;
pub(super) mod copy;
pub(super) mod merge;
pub(super) mod observation;
pub(super) mod owner;
pub(super) mod probe;
pub(super) mod row_count;
pub(super) mod stage;
pub(super) mod tombstone;
pub(super) mod transaction;
