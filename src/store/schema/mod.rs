//! The schema itself: migrations, grants, partitions, distribution, and what follows from stored rows.

pub(super) mod catalogue;
pub(super) mod day_sums;
pub(super) mod derived;
pub(super) mod distribute;
pub(super) mod grant;
pub(super) mod migrate;
pub(super) mod migration_plan;
pub(super) mod partition;
pub(super) mod stream_tables;
