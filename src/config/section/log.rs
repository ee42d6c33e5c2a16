//! `[log]`.

use tracing_subscriber::EnvFilter;

use crate::config::parse::reader::Section;

/// `[log]`
#[derive(Debug, Clone)]
pub struct LogSettings {
    /// The form of a line.
    pub format: LogFormat,
    /// A filter that `tracing_subscriber::EnvFilter` accepts.
    pub filter: String,
}

/// The form of a log line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// Human on a terminal, else JSON.
    Auto,
    /// For people.
    Human,
    /// For machines.
    Json,
}

/// Reads the section.
pub(in crate::config) fn settings(section: &Section<'_>) -> Option<LogSettings> {
    let formats = [("auto", LogFormat::Auto), ("human", LogFormat::Human), ("json", LogFormat::Json)];
    let format = section.choice("format", &formats);
    let filter = section.parse("filter", |text| match EnvFilter::try_new(text) {
        Ok(_) => Ok(text.to_owned()),
        Err(error) => Err(format!("{text:?} is not a filter such as \"info,ccsync=debug\": {error}")),
    });
    Some(LogSettings { format: format?, filter: filter? })
}
