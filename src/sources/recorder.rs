//! What the vendors answered, kept for a moment by those who look at the answers themselves, and a limit of requests.

use std::sync::{Arc, Mutex, PoisonError};

use chrono::{DateTime, Utc};

use crate::engine::plan::present::TimeWitness;
use crate::sources::payload::answer::Answer;

/// Requests of one account, counted and kept. Clones are the same.
#[derive(Clone)]
pub struct Recorder {
    shared: Arc<Mutex<Recorded>>,
    requests_max: usize,
    witness: TimeWitness,
}

#[derive(Debug, Default)]
struct Recorded {
    requests: usize,
    answers: Vec<RecordedAnswer>,
}

/// One answer. Its text may hold personal data: it is looked at and thrown away.
#[derive(Debug, Clone)]
pub struct RecordedAnswer {
    /// The path that was asked for.
    pub path: String,
    /// HTTP.
    pub status: u16,
    /// The header `Date`.
    pub date: Option<DateTime<Utc>>,
    /// When it came, by this host's clock.
    pub came_at: DateTime<Utc>,
    /// The body.
    pub text: String,
}

impl Recorder {
    /// One that lets so many requests pass.
    pub fn new(requests_max: usize, witness: TimeWitness) -> Recorder {
        Recorder { shared: Arc::default(), requests_max, witness }
    }

    /// Counts a request; false where it must not be sent.
    pub(in crate::sources) fn admit(&self) -> bool {
        let mut recorded = self.shared.lock().unwrap_or_else(PoisonError::into_inner);
        let is_admitted = recorded.requests < self.requests_max;
        recorded.requests += usize::from(is_admitted);
        is_admitted
    }

    pub(in crate::sources) fn keep(&self, path: &str, answer: &Answer) {
        let answer = RecordedAnswer {
            path: path.to_owned(),
            status: answer.status,
            date: answer.date,
            came_at: self.witness.host_now(),
            text: answer.text.to_string(),
        };
        self.shared.lock().unwrap_or_else(PoisonError::into_inner).answers.push(answer);
    }

    /// Requests that were sent.
    pub fn requests(&self) -> usize {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner).requests
    }

    /// Requests that may still be sent.
    pub fn left(&self) -> usize {
        self.requests_max - self.requests()
    }

    /// The answers since the last look.
    pub fn take(&self) -> Vec<RecordedAnswer> {
        std::mem::take(&mut self.shared.lock().unwrap_or_else(PoisonError::into_inner).answers)
    }
}
