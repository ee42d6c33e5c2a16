//! What was asked of the simulator and what it answered.

use std::collections::{BTreeMap, VecDeque};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::disturbance::fault::Fault;
use crate::service::endpoint::Endpoint;

/// Minutes that are counted apart; older ones are forgotten.
const MINUTES_MAX: usize = 10_000;

/// One request as the vendor saw it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// Its number, from 0.
    pub seq: u64,
    /// When it came.
    pub at: DateTime<Utc>,
    /// The endpoint.
    pub endpoint: Endpoint,
    /// The account: Sobot's appid where it is known, 7moor's account id.
    pub account: String,
    /// `start_datetime` as it was sent.
    pub start: Option<String>,
    /// `end_datetime` as it was sent.
    pub end: Option<String>,
    /// The page asked for.
    pub page: Option<u64>,
    /// The page size asked for.
    pub page_size: Option<u64>,
    /// 7moor's group filter.
    pub exten: Option<String>,
    /// The fields of a write, as they were received.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub write: Option<serde_json::Value>,
    /// What was answered: `ok`, `sobot_900002`, `moor_403_limit`, `http_5xx`, …
    /// `pending` while nothing was, and for ever if the client went away first.
    pub answer: String,
    /// The fault that happened to it.
    pub fault: Option<Fault>,
    /// The rows in the answer.
    pub rows: usize,
}

/// The counts of one endpoint.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Counts {
    /// Requests received.
    pub requests: u64,
    /// Answers by kind.
    pub answers: BTreeMap<String, u64>,
    /// Faults that happened.
    pub faults: BTreeMap<Fault, u64>,
    /// Requests over the vendor's limit.
    pub limit_violations: u64,
    /// Writes received, whatever was answered.
    pub writes: u64,
    /// Rows handed out.
    pub rows: u64,
    /// Requests by clock minute, as `2026-01-01T00:00Z`.
    pub per_minute: BTreeMap<String, u64>,
}

/// Everything that was asked and answered.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Journal {
    /// The counts of each endpoint that was asked.
    pub endpoints: BTreeMap<Endpoint, Counts>,
    /// Tokens issued.
    pub tokens_issued: u64,
    /// The last requests, oldest first.
    pub log: VecDeque<Entry>,
    /// Requests that no longer are in the log.
    pub forgotten: u64,
}

impl Journal {
    /// The counts of an endpoint; zeros if it was never asked.
    #[must_use]
    pub fn counts(&self, endpoint: Endpoint) -> Counts {
        self.endpoints.get(&endpoint).cloned().unwrap_or_default()
    }

    /// Requests received by all endpoints.
    #[must_use]
    pub fn requests(&self) -> u64 {
        self.endpoints.values().map(|counts| counts.requests).sum()
    }

    /// Writes received by all endpoints: a daemon that only reads leaves this at 0.
    #[must_use]
    pub fn writes(&self) -> u64 {
        self.endpoints.values().map(|counts| counts.writes).sum()
    }

    /// Requests over a vendor's limit.
    #[must_use]
    pub fn limit_violations(&self) -> u64 {
        self.endpoints.values().map(|counts| counts.limit_violations).sum()
    }

    /// The logged writes, oldest first.
    pub fn log_of_writes(&self) -> impl Iterator<Item = &Entry> {
        self.log.iter().filter(|entry| entry.endpoint.is_write())
    }

    /// The logged requests of one endpoint, oldest first.
    pub fn requests_of(&self, endpoint: Endpoint) -> impl Iterator<Item = &Entry> {
        self.log.iter().filter(move |entry| entry.endpoint == endpoint)
    }

    /// Notes a request; the number is for [`Journal::finish`].
    pub(crate) fn begin(&mut self, mut entry: Entry, cap: usize) -> u64 {
        let counts = self.endpoints.entry(entry.endpoint).or_default();
        counts.requests += 1;
        counts.writes += u64::from(entry.endpoint.is_write());
        let minute = entry.at.format("%Y-%m-%dT%H:%MZ").to_string();
        *counts.per_minute.entry(minute).or_default() += 1;
        if counts.per_minute.len() > MINUTES_MAX {
            counts.per_minute.pop_first();
        }
        let seq = self.forgotten + self.log.len() as u64;
        entry.seq = seq;
        self.log.push_back(entry);
        while self.log.len() > cap {
            self.log.pop_front();
            self.forgotten += 1;
        }
        seq
    }

    /// Notes what was answered, before it is sent: the client may be gone by then.
    pub(crate) fn finish(
        &mut self,
        seq: u64,
        endpoint: Endpoint,
        answer: &str,
        fault: Option<Fault>,
        rows: usize,
    ) {
        let counts = self.endpoints.entry(endpoint).or_default();
        *counts.answers.entry(answer.to_owned()).or_default() += 1;
        counts.rows += rows as u64;
        if let Some(fault) = fault {
            *counts.faults.entry(fault).or_default() += 1;
        }
        let index = seq.checked_sub(self.forgotten).and_then(|index| usize::try_from(index).ok());
        if let Some(entry) = index.and_then(|index| self.log.get_mut(index)) {
            answer.clone_into(&mut entry.answer);
            entry.fault = fault;
            entry.rows = rows;
        }
    }

    pub(crate) fn violation(&mut self, endpoint: Endpoint) {
        self.endpoints.entry(endpoint).or_default().limit_violations += 1;
    }
}
