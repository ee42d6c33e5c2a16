//! Values: streams, windows, pages, records, certificates, faults. No async, no I/O, no clock.

pub mod catalogue;
pub mod fault;
pub mod person;
pub mod proof;
pub mod row;
pub mod source;
pub mod stream;
pub mod vendor;
