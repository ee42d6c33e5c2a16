//! Integration tests.

mod store_absence;
mod store_commit;
mod store_copy;
mod store_crash;
mod store_figures;
mod store_ledger;
mod store_limits;
mod store_schema;
mod store_support;
