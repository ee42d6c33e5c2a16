//! Parts of the status that may be missing while the rest stands.

use serde::Serialize;

/// One of them. No alert rests on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum StatusPart {
    /// The newest windows of each stream, one by one.
    Windows,
    /// What passes did day by day.
    Days,
    /// How late results come.
    Lag,
    /// What waits for a person one by one, and who works.
    Waiting,
}

impl StatusPart {
    /// All of them.
    pub const ALL: [StatusPart; 4] =
        [StatusPart::Windows, StatusPart::Days, StatusPart::Lag, StatusPart::Waiting];

    /// Its name in JSON and metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            StatusPart::Windows => "windows",
            StatusPart::Days => "days",
            StatusPart::Lag => "lag",
            StatusPart::Waiting => "waiting",
        }
    }
}

/// A part that is missing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MissingPart {
    /// Which.
    pub part: StatusPart,
    /// What the database said.
    pub why: String,
}
