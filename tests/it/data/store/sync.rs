//! The tables of schema `sync`.

mod absence_alarm;
mod action;
mod agent;
mod block;
mod certificate;
mod lag;
mod ledger;
mod limits;
mod part;
mod prune;
mod vendor_clock;
