//! Commands that set an installation up or show it.

mod config;
mod dbt;
mod demo;
mod download;
mod init;
mod migrate;
mod paths;
mod shell;
