//! The tables of schema `sync`.

mod absence_alarm;
mod action;
mod agent;
mod block;
mod certificate;
mod lag;
mod ledger;
mod limits;
mod vendor_clock;
