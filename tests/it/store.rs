//! The room `store`, from outside.

mod commit;
mod contract;
mod copy;
mod crash;
mod ledger;
mod limits;
mod schema;
mod support;
