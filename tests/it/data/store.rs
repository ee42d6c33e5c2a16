//! The room `store`, from outside.

mod absence_alarm;
mod action;
mod agent;
mod catalogue;
mod certificate;
mod commit;
mod conformance;
mod copy;
mod crash;
mod lag;
mod ledger;
mod limits;
mod observation;
mod row_count;
mod schema;
pub mod support;
mod touched;
mod vendor_clock;
