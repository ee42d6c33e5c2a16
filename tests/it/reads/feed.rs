//! The live feed of the workbench: real sockets, real PostgreSQL, the daemon as it ships.

mod alert;
mod altered;
mod load;
mod message;
mod outage;
mod pause;
mod reader;
mod setup;
mod storm;
mod truth;
