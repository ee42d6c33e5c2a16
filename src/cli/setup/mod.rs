//! Commands that set an installation up, try it out or change its settings.

pub(in crate::cli) mod config;
pub(in crate::cli) mod demo;
pub(in crate::cli) mod embedded;
pub(in crate::cli) mod grant;
pub(in crate::cli) mod init;
pub(in crate::cli) mod migrate;
pub(in crate::cli) mod schema;
pub(in crate::cli) mod shell;
pub(in crate::cli) mod simulator;
