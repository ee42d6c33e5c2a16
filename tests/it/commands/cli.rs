//! The program as people and scripts meet it: what it prints where, and how it ends.

mod altered;
mod check;
mod config;
mod database;
mod dbt;
mod demo;
mod drift;
mod help;
mod init;
mod migrate;
mod progress;
mod quarantine;
mod reader;
mod remedy;
mod shell;
mod source;
mod vendor;
mod verb;
mod verify;
