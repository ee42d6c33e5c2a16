//! Events on their way to the database: those in memory, and the memory of those that had no room.

use std::collections::{BTreeMap, VecDeque};

use chrono::{DateTime, Utc};

use crate::domain::vendor::feed::{FeedEvent, FeedEventKind};

/// What one agent lost since its last stored or spooled event.
#[derive(Debug)]
struct Loss {
    from: DateTime<Utc>,
    until: Option<DateTime<Utc>>,
    messages: u64,
    /// Number of the first event that is gone.
    first: u64,
    /// The last event that is gone; its connection and number stand for all.
    last: FeedEvent,
}

/// Events in memory.
#[derive(Debug, Default)]
pub(super) struct Backlog {
    pending: VecDeque<FeedEvent>,
    lost: BTreeMap<String, Loss>,
}

impl Backlog {
    pub(super) fn push(&mut self, event: FeedEvent) {
        self.pending.push_back(event);
    }

    pub(super) fn len(&self) -> usize {
        self.pending.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.pending.is_empty() && self.lost.is_empty()
    }

    /// The next events for the database; what was lost before them comes first.
    pub(super) fn take(&mut self, count: usize) -> Vec<FeedEvent> {
        let mut events = self.take_losses();
        events.extend(self.pending.drain(..count.min(self.pending.len())));
        events
    }

    /// All events for the disk. Mere signs of life are left out: room is worth more than a gap that begins
    /// a little later.
    pub(super) fn take_for_spool(&mut self) -> Vec<FeedEvent> {
        let mut events = self.take_losses();
        events.extend(self.pending.drain(..).filter(|event| event.kind != FeedEventKind::Alive));
        events
    }

    /// Notes that these events, the oldest there are, had no room.
    pub(super) fn lose(&mut self, events: impl IntoIterator<Item = FeedEvent>) {
        for event in events {
            let (from, until, messages) = match &event.kind {
                FeedEventKind::Lost { until, messages, .. } => (event.at, *until, *messages),
                FeedEventKind::Closed(_) => (event.at, None, 0),
                FeedEventKind::Message(_) => (event.at, Some(event.at), 1),
                FeedEventKind::Opened | FeedEventKind::Alive => (event.at, Some(event.at), 0),
            };
            match self.lost.get_mut(&event.extno) {
                Some(loss) => {
                    loss.until = until;
                    loss.messages += messages;
                    loss.last = event;
                }
                None => {
                    let first = event.number_before() + 1;
                    self.lost.insert(event.extno.clone(), Loss { from, until, messages, first, last: event });
                }
            }
        }
    }

    fn take_losses(&mut self) -> Vec<FeedEvent> {
        let lost = std::mem::take(&mut self.lost).into_values();
        lost.map(|loss| FeedEvent {
            at: loss.from,
            kind: FeedEventKind::Lost { until: loss.until, messages: loss.messages, first: loss.first },
            ..loss.last
        })
        .collect()
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::domain::vendor::feed::{Announcement, FeedMessage, GapReason};

    fn event(extno: &str, number: u64, kind: FeedEventKind) -> FeedEvent {
        let at = |second| DateTime::from_timestamp(1_800_000_000 + second, 0).unwrap();
        let at_number = at(i64::try_from(number).unwrap());
        FeedEvent {
            extno: extno.into(),
            connection: Uuid::nil(),
            opened_at: at(0),
            fence: 1,
            turn: 1,
            number,
            at: at_number,
            kind,
        }
    }

    fn message() -> FeedEventKind {
        let announcement = Announcement { msg: None, extra: serde_json::Map::new() };
        FeedEventKind::Message(FeedMessage::Announcement(announcement))
    }

    #[test]
    fn what_had_no_room_comes_first_as_one_loss_for_each_agent() {
        let mut backlog = Backlog::default();
        backlog.lose([event("a", 1, message()), event("b", 2, message()), event("a", 5, message())]);
        backlog.push(event("a", 6, message()));
        let taken = backlog.take(10);
        let lost = |first, until: u64, messages| FeedEventKind::Lost {
            until: DateTime::from_timestamp(1_800_000_000 + i64::try_from(until).unwrap(), 0),
            messages,
            first,
        };
        let kinds: Vec<_> = taken.iter().map(|event| (event.number, event.kind.clone())).collect();
        assert_eq!(kinds, [(5, lost(1, 5, 2)), (2, lost(2, 2, 1)), (6, message())]);
        assert_eq!(taken[0].at.timestamp(), 1_800_000_001);
        assert!(backlog.is_empty());
    }

    #[test]
    fn a_loss_that_is_lost_again_stays_one_loss() {
        let mut backlog = Backlog::default();
        backlog.lose([event("a", 1, message())]);
        let again = backlog.take(10);
        backlog.lose(again);
        backlog.lose([event("a", 3, FeedEventKind::Closed(GapReason::Broken))]);
        let [loss] = &backlog.take(10)[..] else { panic!() };
        assert_eq!(loss.kind, FeedEventKind::Lost { until: None, messages: 1, first: 1 });
        assert_eq!((loss.at.timestamp(), loss.number), (1_800_000_001, 3));
    }
}
