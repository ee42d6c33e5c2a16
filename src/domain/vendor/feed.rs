//! What comes through a live feed, and what is known of the time in between. Privacy rules were applied
//! before any of this was made: it may lie on a disk.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};
use uuid::Uuid;

use crate::domain::row::record::Reject;
use crate::domain::vendor::drift::SchemaDrift;

/// The state of an agent, as a notice tells it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum AgentState {
    /// Not signed in.
    SignedOut,
    /// Waiting for a call.
    Idle,
    /// In a call.
    Busy,
    /// After a call, its form not yet submitted.
    WrapUp,
}

impl AgentState {
    /// Every state.
    pub const ALL: [AgentState; 4] =
        [AgentState::SignedOut, AgentState::Idle, AgentState::Busy, AgentState::WrapUp];

    /// The vendor's number.
    pub const fn number(self) -> i32 {
        match self {
            AgentState::SignedOut => 0,
            AgentState::Idle => 1,
            AgentState::Busy => 2,
            AgentState::WrapUp => 3,
        }
    }

    /// The state of this number, if a document lists it.
    pub fn from_number(number: i32) -> Option<AgentState> {
        AgentState::ALL.into_iter().find(|state| state.number() == number)
    }

    /// The name in `workbench.agent_status`.
    pub const fn as_str(self) -> &'static str {
        match self {
            AgentState::SignedOut => "signed_out",
            AgentState::Idle => "idle",
            AgentState::Busy => "busy",
            AgentState::WrapUp => "wrap_up",
        }
    }
}

/// What the time of a notice counts, which the vendor's document leaves open (`docs/vendors.md#call-system`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum NoticeTime {
    /// Nobody knows: it is kept as what the vendor says, and no stay begins because of it.
    #[default]
    Unknown,
    /// How long the state lasts already: told with less than has passed since the last word, the state began anew.
    State,
    /// How long the agent waited before: it says nothing of the state.
    Wait,
}

impl NoticeTime {
    /// Every meaning.
    pub const ALL: [NoticeTime; 3] = [NoticeTime::Unknown, NoticeTime::State, NoticeTime::Wait];

    /// As it is configured, and as a probe answers.
    pub const fn as_str(self) -> &'static str {
        match self {
            NoticeTime::Unknown => "unknown",
            NoticeTime::State => "state",
            NoticeTime::Wait => "wait",
        }
    }

    /// The meaning of this name.
    pub fn from_name(name: &str) -> Option<NoticeTime> {
        NoticeTime::ALL.into_iter().find(|time| time.as_str() == name)
    }
}

/// The agent is in a state.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Notice {
    /// Which.
    pub state: AgentState,
    /// For how long already, in whole seconds, where the vendor says it.
    pub elapsed_s: Option<u32>,
    /// That is known to count from the state's beginning ([`NoticeTime::State`]).
    #[serde(default)]
    pub counts_state: bool,
    /// Fields that no document names.
    pub extra: Map<String, Json>,
}

/// A word of the administrator to the agents.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Announcement {
    /// The text.
    pub msg: Option<String>,
    /// Fields that no document names.
    pub extra: Map<String, Json>,
}

/// A call came in, and the customer's record popped up. The fields are the columns of
/// `workbench.call_popup`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CallPopup {
    /// Number of the call; the key.
    pub session_id: String,
    /// Where the number is registered.
    pub city: Option<String>,
    /// The agent who takes the call.
    pub extno: Option<String>,
    /// Whose record it is.
    pub admin_id: Option<i32>,
    /// Last edited.
    pub edit_stamp: Option<DateTime<Utc>>,
    /// The record's agent.
    pub info_extno: Option<String>,
    /// Custom fields that are kept.
    pub fields: Option<Map<String, Json>>,
    /// Tag group.
    pub info_group: Option<String>,
    /// Imported.
    pub import_stamp: Option<DateTime<Utc>>,
    /// Name.
    pub info_name: Option<String>,
    /// Project.
    pub project_id: Option<String>,
    /// State of calling.
    pub info_status: Option<String>,
    /// Task.
    pub task_id: Option<String>,
    /// Phone number, after the privacy rules.
    pub telephone: Option<String>,
    /// Number of the record.
    pub info_uuid: Option<String>,
    /// Fields that no document names.
    pub extra: Map<String, Json>,
}

/// One message of a feed, read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum FeedMessage {
    /// `notice`
    Notice(Notice),
    /// `message`
    Announcement(Announcement),
    /// `info`
    Popup(Box<CallPopup>),
    /// One of the others, of which something could not be kept as it was sent.
    Altered {
        /// What is kept of it.
        message: Box<FeedMessage>,
        /// What was altered.
        drifts: Vec<SchemaDrift>,
    },
    /// It could not be read, and is quarantined whole.
    Reject {
        /// What and why.
        reject: Reject,
        /// It told of a state that no document lists: the state known before is over.
        ends_state: bool,
    },
}

impl FeedMessage {
    /// The message itself, and what of it was altered.
    pub fn content(&self) -> (&FeedMessage, &[SchemaDrift]) {
        match self {
            FeedMessage::Altered { message, drifts } => (message, drifts),
            message => (message, &[]),
        }
    }
}

/// Why nobody listened, or why what was heard is lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum GapReason {
    /// The vendor closed the connection.
    Closed,
    /// The connection broke.
    Broken,
    /// No sign of life came for too long.
    Silent,
    /// The process was told to stop.
    Shutdown,
    /// Another process follows the agent now, or one ended without a word.
    Takeover,
    /// The database was away for longer than the spool had room.
    SpoolFull,
    /// What was received did not come back from the spool as it was written.
    Damaged,
    /// The process had no database at its start, and heard nobody until there was one.
    DatabaseAway,
}

/// From when to when a process that started waited for the database before it could follow anybody.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DatabaseWait {
    /// Its start.
    pub from: DateTime<Utc>,
    /// When the database answered.
    pub until: DateTime<Utc>,
}

impl DatabaseWait {
    /// Whether that is why nobody was heard for most of this time: before it, no process may have been there.
    pub fn explains(&self, since: DateTime<Utc>, until: DateTime<Utc>) -> bool {
        since <= self.from && self.until <= until && until - since <= (self.until - self.from) * 2
    }
}

impl FeedEvent {
    /// The number that the last event before this one has.
    pub fn number_before(&self) -> u64 {
        match self.kind {
            FeedEventKind::Alive => self.number,
            FeedEventKind::Lost { first, .. } => first.saturating_sub(1),
            FeedEventKind::Opened | FeedEventKind::Message(_) | FeedEventKind::Closed(_) => {
                self.number.saturating_sub(1)
            }
        }
    }
}

impl GapReason {
    /// Every reason.
    pub const ALL: [GapReason; 8] = [
        GapReason::Closed,
        GapReason::Broken,
        GapReason::Silent,
        GapReason::Shutdown,
        GapReason::Takeover,
        GapReason::SpoolFull,
        GapReason::Damaged,
        GapReason::DatabaseAway,
    ];

    /// The name in `workbench.feed_gap`.
    pub const fn as_str(self) -> &'static str {
        match self {
            GapReason::Closed => "closed",
            GapReason::Broken => "broken",
            GapReason::Silent => "silent",
            GapReason::Shutdown => "shutdown",
            GapReason::Takeover => "takeover",
            GapReason::SpoolFull => "spool_full",
            GapReason::Damaged => "damaged",
            GapReason::DatabaseAway => "database_away",
        }
    }

    /// The reason of this name.
    pub fn from_name(name: &str) -> Option<GapReason> {
        GapReason::ALL.into_iter().find(|reason| reason.as_str() == name)
    }
}

/// What happened to a connection.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum FeedEventKind {
    /// It stands.
    Opened,
    /// Nothing but a sign of life.
    Alive,
    /// A message came.
    Message(FeedMessage),
    /// It ended; the event's time is that of the last sign of life.
    Closed(GapReason),
    /// What was received from the event's time on had no room in the spool.
    Lost {
        /// Up to here; `None` where the connection ended meanwhile.
        until: Option<DateTime<Utc>>,
        /// How many messages.
        messages: u64,
        /// Number of the first event that was lost; the event's own is that of the last.
        first: u64,
    },
}

/// One event of one connection. Connection and number name it for ever: stored twice it is stored once.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FeedEvent {
    /// The agent.
    pub extno: String,
    /// The connection.
    pub connection: Uuid,
    /// When the connection was opened.
    pub opened_at: DateTime<Utc>,
    /// Fencing number of the lease under which it was opened: connections are ordered by this and `turn`,
    /// not by clocks, which may jump.
    pub fence: i64,
    /// Number of the connection under that lease.
    pub turn: u64,
    /// Counts the connection's events from 1, so that a number that is missing is an event that was lost. A
    /// mere sign of life, which need not be kept, repeats the number before it.
    pub number: u64,
    /// When it was received, by our clock.
    pub at: DateTime<Utc>,
    /// What happened.
    pub kind: FeedEventKind,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn states_and_reasons_are_found_by_what_is_stored_of_them() {
        for state in AgentState::ALL {
            assert_eq!(AgentState::from_number(state.number()), Some(state));
        }
        assert_eq!(AgentState::from_number(4), None);
        for reason in GapReason::ALL {
            assert_eq!(GapReason::from_name(reason.as_str()), Some(reason));
        }
    }

    #[test]
    fn a_wait_explains_what_it_was_most_of_and_not_the_night_before() {
        let at = |second: i64| DateTime::from_timestamp(1_800_000_000 + second, 0).unwrap();
        let wait = DatabaseWait { from: at(100), until: at(160) };
        assert!(wait.explains(at(95), at(161)));
        assert!(!wait.explains(at(0), at(161)), "dead for longer than it waited");
        assert!(!wait.explains(at(120), at(161)) && !wait.explains(at(95), at(150)));
    }
}
