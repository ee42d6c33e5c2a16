//! The room `store`, from outside.

mod absence;
mod certificate;
mod commit;
mod copy;
mod crash;
mod lag;
mod ledger;
mod limits;
mod schema;
mod support;
