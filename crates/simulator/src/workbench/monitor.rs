//! The agents, their states, and how often something happens to them.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::truth::{AgentTruth, ConnectionTruth, MessageTruth, MonitorTruth};
use crate::vendor::rng::Rng;

/// An agent whose workbench can be watched.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MonitorAgent {
    /// The agent's number.
    pub extno: String,
    /// The agent's token.
    pub token: String,
}

/// How often something happens, per second and agent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MonitorRates {
    /// The state is told once more.
    pub notice: f64,
    /// The state changes, and is told.
    pub change: f64,
    /// The state is left and comes again, and only that is told.
    pub reenter: f64,
    /// An announcement.
    pub announcement: f64,
    /// A call pops up.
    pub popup: f64,
    /// A text that is no JSON.
    pub garbage: f64,
    /// A message of a method that no document lists.
    pub unknown_method: f64,
    /// A state that no document lists.
    pub unknown_status: f64,
    /// A message of a mebibyte.
    pub large: f64,
    /// The connection is closed with a word.
    pub close: f64,
    /// The connection is cut without one.
    pub cut: f64,
    /// The connection stays and is dead: no data, no answer, no end.
    pub half_open: f64,
    /// New connections are refused with 503.
    pub refuse: bool,
}

/// What happens next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Event {
    Notice,
    Change,
    Reenter,
    Announcement,
    Popup,
    Garbage,
    UnknownMethod,
    UnknownStatus,
    Large,
    Close,
    Cut,
    HalfOpen,
}

impl MonitorRates {
    /// A lively shift without anything wrong: about this many messages a second and agent.
    #[must_use]
    pub fn lively(rate: f64) -> Self {
        Self {
            notice: rate * 0.5,
            change: rate * 0.2,
            announcement: rate * 0.1,
            popup: rate * 0.2,
            ..Self::default()
        }
    }

    const fn weights(&self) -> [(Event, f64); 12] {
        [
            (Event::Notice, self.notice),
            (Event::Change, self.change),
            (Event::Reenter, self.reenter),
            (Event::Announcement, self.announcement),
            (Event::Popup, self.popup),
            (Event::Garbage, self.garbage),
            (Event::UnknownMethod, self.unknown_method),
            (Event::UnknownStatus, self.unknown_status),
            (Event::Large, self.large),
            (Event::Close, self.close),
            (Event::Cut, self.cut),
            (Event::HalfOpen, self.half_open),
        ]
    }
}

/// One agent at the vendor.
#[derive(Debug)]
pub(super) struct Seat {
    pub(super) agent: MonitorAgent,
    pub(super) status: i64,
    pub(super) since: DateTime<Utc>,
    /// How often the token was replaced.
    pub(super) rotations: u64,
    /// Seconds that the state before lasted.
    pub(super) waited: i64,
    connections: Vec<ConnectionTruth>,
}

impl Seat {
    /// A state begins.
    pub(super) fn enter(&mut self, now: DateTime<Utc>) {
        self.waited = (now - self.since).num_seconds().max(0);
        self.since = now;
    }
}

/// All agents.
#[derive(Debug)]
pub(crate) struct Monitor {
    pub(crate) rates: MonitorRates,
    pub(super) seats: Vec<Seat>,
    pub(super) rng: Rng,
    /// Counts what has to be told apart.
    pub(super) next: u64,
}

impl Monitor {
    pub(crate) fn new(agents: &[MonitorAgent], rates: MonitorRates, seed: u64, now: DateTime<Utc>) -> Self {
        let mut rng = Rng::new(seed, 9);
        let seat = |agent: &MonitorAgent| Seat {
            agent: agent.clone(),
            status: rng.between(0, 4),
            since: now - chrono::Duration::seconds(rng.between(0, 600)),
            waited: 0,
            rotations: 0,
            connections: Vec::new(),
        };
        Self { rates, seats: agents.iter().map(seat).collect(), rng: Rng::new(seed, 10), next: 0 }
    }

    /// What happens next to an agent and in how many seconds; `None` while nothing ever does.
    pub(super) fn draw(&mut self) -> Option<(Event, f64)> {
        let weights = self.rates.weights();
        let rates: Vec<f64> = weights.iter().map(|(_, rate)| *rate).collect();
        let total: f64 = rates.iter().sum();
        if total <= 0.0 {
            return None;
        }
        let wait = -(1.0 - self.rng.unit()).ln() / total;
        weights.get(self.rng.weighted(&rates)).map(|(event, _)| (*event, wait))
    }

    /// Replaces the token of an agent. Sockets that stand under the old one are closed.
    pub(crate) fn rotate(&mut self, extno: &str, token: &str) {
        for seat in self.seats.iter_mut().filter(|seat| seat.agent.extno == extno) {
            token.clone_into(&mut seat.agent.token);
            seat.rotations += 1;
        }
    }

    pub(super) fn rotations(&self, seat: usize) -> u64 {
        self.seats.get(seat).map_or(0, |seat| seat.rotations)
    }

    /// The agent with this token.
    pub(super) fn seat_of(&self, token: &str) -> Option<usize> {
        self.seats.iter().position(|seat| seat.agent.token == token)
    }

    pub(super) fn open(&mut self, seat: usize, now: DateTime<Utc>) -> usize {
        let Some(seat) = self.seats.get_mut(seat) else { return 0 };
        let connection = ConnectionTruth { opened_at: now, closed_at: None, end: None, messages: Vec::new() };
        seat.connections.push(connection);
        seat.connections.len() - 1
    }

    pub(super) fn close(&mut self, (seat, connection): (usize, usize), end: &str, now: DateTime<Utc>) {
        let found = self.seats.get_mut(seat).and_then(|seat| seat.connections.get_mut(connection));
        if let Some(connection) = found {
            connection.closed_at = Some(now);
            connection.end = Some(end.to_owned());
        }
    }

    pub(super) fn sent(&mut self, (seat, connection): (usize, usize), message: MessageTruth) {
        let found = self.seats.get_mut(seat).and_then(|seat| seat.connections.get_mut(connection));
        if let Some(connection) = found {
            connection.messages.push(message);
        }
    }

    pub(crate) fn truth(&self) -> MonitorTruth {
        let agent = |seat: &Seat| AgentTruth {
            extno: seat.agent.extno.clone(),
            connections: seat.connections.clone(),
        };
        MonitorTruth { agents: self.seats.iter().map(agent).collect() }
    }

    /// Forgets what was sent, for long runs.
    pub(crate) fn forget(&mut self) {
        for connection in self.seats.iter_mut().flat_map(|seat| &mut seat.connections) {
            connection.messages = Vec::new();
        }
    }
}
