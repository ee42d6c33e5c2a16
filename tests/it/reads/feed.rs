//! The live feed of the workbench: real sockets, real PostgreSQL, the daemon as it ships.

mod alert;
mod altered;
mod load;
mod message;
mod notice_time;
mod outage;
mod pause;
mod reader;
mod rotation;
mod setup;
mod steps;
mod storm;
mod truth;
