//! Nothing is called proven, stable, complete or deleted that the vendor's own answers contradict: totals that its
//! rows do not equal, lists that end at a depth, totals at a cap, bounds that are ignored. Real HTTP, real PostgreSQL
//! and the production assembly, held against what the simulator knows.

mod case;
mod depth;
mod exit;
mod lasting;
mod snapshot;
mod total;
