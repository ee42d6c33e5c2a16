//! The room `store`, from outside.

mod absence;
mod absence_alarm;
mod certificate;
mod commit;
mod copy;
mod crash;
mod lag;
mod ledger;
mod limits;
mod schema;
mod sighting;
mod support;
