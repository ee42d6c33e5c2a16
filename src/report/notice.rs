//! What people are told without asking: changes of alerts.

use std::time::Duration;

use chrono::{DateTime, Utc};
use serde::Serialize;
use uuid::Uuid;

use crate::domain::stream::StreamId;
use crate::report::alert::{Alert, AlertKind, Severity};

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
    pub remedy: String,
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
            remedy: alert.remedy.clone(),
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

/// Whom notices are written for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subscription {
    /// The target's name.
    pub target: String,
    /// What matters less is not for it.
    pub severity: Severity,
}

/// What a daemon saw.
#[derive(Debug, Clone, Copy)]
pub struct Look<'a> {
    /// The daemon.
    pub worker: Uuid,
    /// How long its turn lasts from now.
    pub term: Duration,
    /// All that stands.
    pub alerts: &'a [Alert],
    /// How long an alert must stand before it is told, and be gone before that is told.
    pub stands: Duration,
    /// When.
    pub now: DateTime<Utc>,
}

/// A notice on its way, or delivered.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct NoticeEntry {
    /// Number.
    pub id: i64,
    /// The target's name.
    pub target: String,
    /// What it tells.
    #[serde(flatten)]
    pub alert: AlertChange,
    /// When the change was noted.
    pub created_at: DateTime<Utc>,
    /// Failed tries.
    pub attempts: i32,
    /// Why the last one failed.
    pub failure: Option<String>,
    /// When it is sent next; `None` once it was delivered or given up.
    pub next_try_at: Option<DateTime<Utc>>,
    /// When the target took it.
    pub delivered_at: Option<DateTime<Utc>>,
}
