//! Vendors, networks and answers that misbehave.

mod exact;
mod fault;
mod limit;
mod outage;
mod planted;
mod token;
mod vendor_schema;
