//! What an agent's events say of its time: stays in a state and gaps, one after another without hole or
//! overlap. Pure: the state comes from the ledger and goes back there.

use chrono::{DateTime, Duration, Utc};
use serde_json::{Map, Value as Json};
use uuid::Uuid;

use crate::domain::vendor::feed::{
    AgentState, DatabaseWait, FeedEvent, FeedEventKind, FeedMessage, GapReason, Notice,
};

/// A time of whole seconds, told by messages that take their time, seems to begin later by so much at most.
const WORD_JITTER: Duration = Duration::seconds(3);

/// What `closed_by` says where another state ended a stay.
const NOTICE: &str = "notice";

/// What is known of one agent.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Timeline {
    /// The connection whose events were applied last.
    pub connection: Option<Uuid>,
    /// When it was opened.
    pub opened_at: Option<DateTime<Utc>>,
    /// Its place in the order of connections: fence and turn.
    pub order: (i64, u64),
    /// Its last event.
    pub number: u64,
    /// Up to here the feed was heard.
    pub seen_to: Option<DateTime<Utc>>,
    /// When the last message came.
    pub last_message_at: Option<DateTime<Utc>>,
    /// What lasts now; `None` before the first connection.
    pub open: Option<Open>,
    /// What this process waited for before it heard anybody; not kept.
    pub database_wait: Option<DatabaseWait>,
}

/// A stay or gap that lasts.
#[derive(Debug, Clone, PartialEq)]
pub enum Open {
    /// Somebody listens.
    Stay(Stay),
    /// Nobody does.
    Gap {
        /// Since when.
        since: DateTime<Utc>,
        /// Why.
        reason: GapReason,
    },
}

/// A stay that lasts.
#[derive(Debug, Clone, PartialEq)]
pub struct Stay {
    /// From when on the state is known to last.
    pub since: DateTime<Utc>,
    /// Which; `None` while it is unknown.
    pub state: Option<AgentState>,
    /// Whether a notice spoke of it.
    pub is_reported: bool,
    /// Receipt of the last notice of it.
    pub confirmed_at: Option<DateTime<Utc>>,
}

/// What a notice tells of a stay.
#[derive(Debug, Clone, PartialEq)]
pub struct Report {
    /// The state.
    pub state: Option<AgentState>,
    /// When it began, by the vendor's account.
    pub reported_since: Option<DateTime<Utc>>,
    /// When the notice came.
    pub reported_at: Option<DateTime<Utc>>,
    /// Fields without a column.
    pub extra: Map<String, Json>,
}

/// A change of the tables. `since` is the row's key.
#[derive(Debug, Clone, PartialEq)]
pub enum Change {
    /// A new stay.
    StayOpened {
        /// Key.
        since: DateTime<Utc>,
        /// What is known of it.
        report: Report,
        /// Connection and number of the event that began it.
        origin: (Uuid, u64),
    },
    /// The state of a stay became known.
    StayReported {
        /// Key.
        since: DateTime<Utc>,
        /// What is known of it now.
        report: Report,
    },
    /// A stay ended.
    StayClosed {
        /// Key.
        since: DateTime<Utc>,
        /// End.
        until: DateTime<Utc>,
        /// What ended it.
        by: &'static str,
    },
    /// A new gap.
    GapOpened {
        /// Key.
        since: DateTime<Utc>,
        /// Why.
        reason: GapReason,
        /// Messages that were received and lost.
        lost: Option<u64>,
    },
    /// A gap ended.
    GapClosed {
        /// Key.
        since: DateTime<Utc>,
        /// End.
        until: DateTime<Utc>,
    },
}

impl Report {
    fn nothing() -> Report {
        Report { state: None, reported_since: None, reported_at: None, extra: Map::new() }
    }
}

impl Timeline {
    /// Applies an event and says what it changes. `false`: the cursor has passed it, and it changes nothing.
    pub fn apply(&mut self, event: &FeedEvent, changes: &mut Vec<Change>) -> bool {
        if self.connection == Some(event.connection) {
            if event.number_before() < self.number && event.number <= self.number {
                return false;
            }
        } else if (event.fence, event.turn) < self.order {
            return false;
        } else {
            // Its first event, or, where that was lost, the first that is left.
            self.connect(event, changes);
        }
        self.close_hole(event, changes);
        self.number = event.number;
        match &event.kind {
            FeedEventKind::Opened | FeedEventKind::Alive => self.heard(event.at),
            FeedEventKind::Message(message) => {
                self.heard(event.at);
                self.last_message_at = self.seen_to;
                match message.content().0 {
                    FeedMessage::Notice(notice) => self.notice(event, Some(notice), changes),
                    FeedMessage::Reject { ends_state: true, .. } => self.notice(event, None, changes),
                    FeedMessage::Announcement(_)
                    | FeedMessage::Popup(_)
                    | FeedMessage::Altered { .. }
                    | FeedMessage::Reject { .. } => {}
                }
            }
            FeedEventKind::Closed(reason) => {
                self.heard(event.at);
                self.interrupt(event.at, *reason, None, changes);
            }
            FeedEventKind::Lost { until, messages, .. } => {
                self.interrupt(event.at, GapReason::SpoolFull, Some(*messages), changes);
                if let Some(until) = until {
                    self.heard(*until);
                    self.resume(*until, event, changes);
                }
            }
        }
        true
    }

    fn heard(&mut self, at: DateTime<Utc>) {
        self.seen_to = self.seen_to.max(Some(at));
    }

    fn connect(&mut self, event: &FeedEvent, changes: &mut Vec<Change>) {
        if let (Some(Open::Stay(_)), Some(seen_to)) = (&self.open, self.seen_to) {
            // The connection before ended without a word.
            let waited = self.database_wait.is_some_and(|wait| wait.explains(seen_to, event.opened_at));
            let reason = if waited { GapReason::DatabaseAway } else { GapReason::Takeover };
            self.interrupt(seen_to, reason, None, changes);
        }
        self.connection = Some(event.connection);
        self.opened_at = Some(event.opened_at);
        self.order = (event.fence, event.turn);
        self.number = 0;
        self.resume(event.opened_at, event, changes);
        self.heard(event.opened_at);
    }

    /// Events between the last one and this one that were received and did not get here are a gap: whatever
    /// became of them, their numbers are missing.
    fn close_hole(&mut self, event: &FeedEvent, changes: &mut Vec<Change>) {
        let missing = event.number_before().saturating_sub(self.number);
        let (true, Some(seen_to)) = (0 < missing, self.seen_to) else { return };
        // Number 1 is the beginning of the connection and no message.
        let messages = missing - u64::from(self.number == 0);
        self.interrupt(seen_to, GapReason::Damaged, Some(messages), changes);
        self.resume(event.at, event, changes);
    }

    /// Ends what lasts with a gap.
    fn interrupt(
        &mut self,
        at: DateTime<Utc>,
        reason: GapReason,
        lost: Option<u64>,
        changes: &mut Vec<Change>,
    ) {
        let boundary = self.boundary(at);
        match &self.open {
            Some(Open::Stay(stay)) => {
                changes.push(Change::StayClosed { since: stay.since, until: boundary, by: reason.as_str() });
            }
            Some(Open::Gap { since, .. }) => {
                changes.push(Change::GapClosed { since: *since, until: boundary });
            }
            None => {}
        }
        changes.push(Change::GapOpened { since: boundary, reason, lost });
        self.open = Some(Open::Gap { since: boundary, reason });
    }

    /// Ends a gap with a stay of which nothing is known yet.
    fn resume(&mut self, at: DateTime<Utc>, event: &FeedEvent, changes: &mut Vec<Change>) {
        let boundary = self.boundary(at);
        if let Some(Open::Gap { since, .. }) = &self.open {
            changes.push(Change::GapClosed { since: *since, until: boundary });
        }
        let stay = Stay { since: boundary, state: None, is_reported: false, confirmed_at: None };
        self.begin(stay, Report::nothing(), event, changes);
    }

    fn begin(&mut self, stay: Stay, report: Report, event: &FeedEvent, changes: &mut Vec<Change>) {
        let origin = (event.connection, event.number);
        changes.push(Change::StayOpened { since: stay.since, report, origin });
        self.open = Some(Open::Stay(stay));
    }

    /// A notice, or, without one, the word that the state is one that no document lists.
    fn notice(&mut self, event: &FeedEvent, notice: Option<&Notice>, changes: &mut Vec<Change>) {
        if matches!(self.open, Some(Open::Gap { .. })) {
            self.resume(event.at, event, changes);
        }
        let Some(Open::Stay(stay)) = self.open.clone() else { return };
        let state = notice.map(|notice| notice.state);
        let elapsed = notice.and_then(|notice| notice.elapsed_s).map(|s| Duration::seconds(s.into()));
        let reported_since = elapsed.map(|elapsed| event.at - elapsed);
        let report = Report {
            state,
            reported_since,
            reported_at: Some(event.at),
            extra: notice.map(|notice| notice.extra.clone()).unwrap_or_default(),
        };
        let next = |since| Stay { since, state, is_reported: true, confirmed_at: Some(event.at) };
        // What was confirmed before cannot be taken back, and nothing begins in the future.
        let earliest = stay.confirmed_at.unwrap_or(stay.since).min(event.at);
        let start = reported_since.unwrap_or(event.at).clamp(earliest, event.at);
        if stay.is_reported && stay.state == state {
            if let (Some(began), Some(confirmed_at)) = (reported_since, stay.confirmed_at)
                && notice.is_some_and(|notice| notice.counts_state)
                && confirmed_at + WORD_JITTER < began
            {
                return self.reenter((confirmed_at, start), &stay, report, event, changes);
            }
            self.open = Some(Open::Stay(Stay { confirmed_at: Some(event.at), ..stay }));
        } else if !stay.is_reported && start <= stay.since {
            changes.push(Change::StayReported { since: stay.since, report });
            self.open = Some(Open::Stay(next(stay.since)));
        } else {
            let boundary = self.boundary(start);
            changes.push(Change::StayClosed { since: stay.since, until: boundary, by: NOTICE });
            self.begin(next(boundary), report, event, changes);
        }
    }

    /// The state was left, nobody knows for which, and came again.
    fn reenter(
        &mut self,
        (left, again): (DateTime<Utc>, DateTime<Utc>),
        stay: &Stay,
        report: Report,
        event: &FeedEvent,
        changes: &mut Vec<Change>,
    ) {
        let (state, left) = (stay.state, self.boundary(left));
        changes.push(Change::StayClosed { since: stay.since, until: left, by: NOTICE });
        self.begin(
            Stay { since: left, state: None, is_reported: false, confirmed_at: None },
            Report::nothing(),
            event,
            changes,
        );
        let again = self.boundary(again);
        changes.push(Change::StayClosed { since: left, until: again, by: NOTICE });
        self.begin(
            Stay { since: again, state, is_reported: true, confirmed_at: Some(event.at) },
            report,
            event,
            changes,
        );
    }

    /// The instant, or the first that lies behind the beginning of what lasts: nothing is empty, and no key
    /// is there twice.
    fn boundary(&self, at: DateTime<Utc>) -> DateTime<Utc> {
        let since = match &self.open {
            Some(Open::Stay(stay)) => stay.since,
            Some(Open::Gap { since, .. }) => *since,
            None => return at,
        };
        at.max(since + Duration::microseconds(1))
    }
}

#[cfg(test)]
mod tests;
