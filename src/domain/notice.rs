//! What people are told without asking: changes of alerts.

use chrono::{DateTime, Utc};
use serde::Serialize;

use crate::domain::alert::{Alert, AlertKind, Severity};
use crate::domain::stream::StreamId;

/// What became of an alert.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Change {
    /// It stands.
    Raised,
    /// It is over.
    Cleared,
}

impl Change {
    /// As it is stored.
    pub const fn as_str(self) -> &'static str {
        match self {
            Change::Raised => "raised",
            Change::Cleared => "cleared",
        }
    }

    /// The change of this name.
    pub fn from_name(name: &str) -> Option<Change> {
        [Change::Raised, Change::Cleared].into_iter().find(|change| change.as_str() == name)
    }
}

/// An alert that stands now or stands no more.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct AlertChange {
    /// What became of it.
    pub change: Change,
    /// What is, or was, the matter.
    pub kind: AlertKind,
    /// How much it matters.
    pub severity: Severity,
    /// The source, where it is one's.
    pub source: Option<String>,
    /// The stream, where it is one's.
    pub stream: Option<StreamId>,
    /// Since when it stood, where that is known.
    pub since: Option<DateTime<Utc>>,
    /// What was seen.
    pub message: String,
    /// What the operator can do.
    pub cure: String,
}

impl AlertChange {
    /// This alert's change.
    pub fn of(change: Change, alert: &Alert) -> AlertChange {
        AlertChange {
            change,
            kind: alert.kind,
            severity: alert.severity,
            source: alert.source.clone(),
            stream: alert.stream,
            since: alert.since,
            message: alert.message.clone(),
            cure: alert.cure.clone(),
        }
    }
}

/// One message to one target: the changes since the last one. Without any it is a trial.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Notice {
    /// When it was put together.
    pub at: DateTime<Utc>,
    /// What changed, in the order in which it did.
    pub changes: Vec<AlertChange>,
}
