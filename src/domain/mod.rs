//! Values: streams, windows, pages, records, certificates, faults. No async, no I/O, no clock.

pub mod absence;
pub mod action;
pub mod agent;
pub mod certificate;
pub mod contract;
pub mod dictionary;
pub mod drift;
pub mod fault;
pub mod feed;
pub mod forgotten;
pub mod lag;
pub mod observation;
pub mod page;
pub mod privacy;
pub mod record;
pub mod roster;
pub mod roster_plan;
pub mod run;
pub mod share;
pub mod status;
pub mod stream;
pub mod table;
pub mod text;
pub mod window;
