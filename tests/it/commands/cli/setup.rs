//! Commands that set an installation up or show it.

mod config;
mod dbt;
mod demo;
mod init;
mod migrate;
mod paths;
mod shell;
