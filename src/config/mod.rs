//! The configuration: three layers in, one checked [`Settings`] out, or every mistake at once.
//!
//! `config/default.toml` is the one list of settings and their defaults; it is compiled in as the lowest
//! layer. Over it come the operator's file and the variables `CCSYNC__…`, which are handed in: nothing here
//! reads the process environment. The secrets' files are read here.

mod parse;
mod schema;
mod section;
mod settings;

#[cfg(test)]
mod tests;

use std::path::Path;

use chrono::{DateTime, Utc};

pub use self::parse::address::{DatabaseAddress, parse as database_address};
pub use self::parse::error::{ConfigError, ConfigErrors, Origin};
pub use self::parse::name::source_name;
pub use self::parse::render::{Format, render};
pub use self::schema::schema;
pub use self::section::database::{DatabaseSettings, Distribution, Partitioning};
pub use self::section::feed::{FeedSettings, TokenForm};
pub use self::section::log::{LogFormat, LogSettings};
pub use self::section::notify::NotifySettings;
pub use self::section::ops::OpsSettings;
pub use self::section::telemetry::TelemetrySettings;
pub use self::settings::{
    Account, ActionBody, AgentSettings, EngineSettings, HttpSettings, PrivacySettings, SchedulerSettings,
    Settings, SourceSettings, StreamSettings, WindowSettings,
};

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
    let report = parse::error::Report::of_file(file);
    let tree = parse::layer::merge(file, variables, &report)?;
    let settings = parse::read::settings(&tree, now, &report);
    report.into_result(settings)
}
