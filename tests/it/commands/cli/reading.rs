//! Commands that read vendors.

mod altered;
mod check;
mod database;
mod probe;
mod progress;
mod reader;
mod remedy;
mod vendor;
mod verb;
mod verify;
