//! The configuration: three layers in, one checked [`Settings`] out, or every mistake at once.
//!
//! `config/default.toml` is the one list of settings and their defaults; it is compiled in as the lowest
//! layer. Over it come the operator's file and the variables `CCSYNC__…`, which are handed in: nothing here
//! reads the process environment. The secrets' files are read here.

mod database;
mod environment;
mod error;
mod feed;
mod layer;
mod leaf;
mod log;
mod name;
mod notify;
mod privacy;
mod read;
mod reader;
mod render;
mod secret;
mod settings;
mod source;
mod suggest;
mod telemetry;

#[cfg(test)]
mod tests;

use std::path::Path;

use chrono::{DateTime, Utc};

pub use self::database::{DatabaseSettings, Distribution, Partitioning};
pub use self::error::{ConfigError, ConfigErrors, Origin};
pub use self::feed::{FeedSettings, TokenForm};
pub use self::log::{LogFormat, LogSettings};
pub use self::name::source_name;
pub use self::notify::NotifySettings;
pub use self::render::{Format, render};
pub use self::settings::{
    Account, ActionBody, AgentSettings, EngineSettings, HttpSettings, OpsSettings, PrivacySettings,
    SchedulerSettings, Settings, SourceSettings, StreamSettings, WindowSettings,
};
pub use self::telemetry::TelemetrySettings;

/// Loads the configuration from its layers: defaults, then `file`, then the variables `CCSYNC__…` among
/// `variables` (all others are passed over).
///
/// `now` decides what lies in the future, and where a stream begins that does not say so: at the midnight
/// 31 days ago, in the configured zone.
///
/// # Errors
/// Every mistake there is, each with its key and origin. A file that cannot be read, or is not TOML, is the
/// only one then, because what would follow from it is not the operator's mistake.
pub fn load(
    file: Option<&Path>,
    variables: impl IntoIterator<Item = (String, String)>,
    now: DateTime<Utc>,
) -> Result<Settings, ConfigErrors> {
    let report = error::Report::default();
    let tree = layer::merge(file, variables, &report)?;
    let settings = read::settings(&tree, now, &report);
    report.into_result(settings)
}
