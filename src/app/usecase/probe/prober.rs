//! Asking within a limit of requests, and noting what was found.

use chrono::{DateTime, Utc};

use crate::app::assembly::stream::Endpoint;
use crate::domain::fault::{Fault, FaultKind};
use crate::domain::proof::window::TimeWindow;
use crate::domain::stream::StreamId;
use crate::domain::vendor::fact::{Question, VendorFact};
use crate::domain::vendor::page::{Page, PageRequest};
use crate::engine::port::budget::Budget;
use crate::engine::port::clock::Clock;
use crate::sources::recorder::{RecordedAnswer, Recorder};

/// Why no more is asked.
pub(super) enum Stop {
    /// No request is left.
    Spent,
    /// The account cannot be asked.
    Fault(Fault),
}

/// What came of a request.
pub(super) enum Reply {
    Page(Page),
    Refused(Fault),
}

impl Reply {
    /// The page, or one without elements.
    pub(super) fn page(self) -> Page {
        match self {
            Reply::Page(page) => page,
            Reply::Refused(_) => Page::default(),
        }
    }
}

/// One stream of an account, while it is asked.
pub(super) struct Prober<'a> {
    pub(super) endpoint: &'a Endpoint,
    pub(super) recorder: &'a Recorder,
    pub(super) budget: &'a dyn Budget,
    pub(super) clock: &'a dyn Clock,
    pub(super) facts: Vec<VendorFact>,
    /// The answers to the last request.
    pub(super) answers: Vec<RecordedAnswer>,
    /// Of each answer: its date, and when it came.
    pub(super) seen: Vec<(Option<DateTime<Utc>>, DateTime<Utc>)>,
    /// Statuses of refusals.
    pub(super) refusals: Vec<u16>,
}

impl Prober<'_> {
    pub(super) fn stream(&self) -> StreamId {
        self.endpoint.settings.key.stream
    }

    /// Asks for one page, when the vendor's limit lets us.
    pub(super) async fn ask(
        &mut self,
        window: Option<TimeWindow>,
        page_no: u32,
        page_size: u32,
    ) -> Result<Reply, Stop> {
        if self.recorder.left() == 0 {
            return Err(Stop::Spent);
        }
        self.budget.acquire(&self.endpoint.budget, self.clock).await.map_err(Stop::Fault)?;
        let outcome = self.endpoint.source.fetch(&PageRequest { window, page_no, page_size }).await;
        self.look();
        match outcome {
            Ok(page) => Ok(Reply::Page(page)),
            Err(fault) => match fault.kind {
                FaultKind::Cancelled => Err(Stop::Spent),
                FaultKind::RequestRefused
                | FaultKind::UnknownCode
                | FaultKind::VendorFailed
                | FaultKind::Malformed => {
                    self.refusals.extend(self.answers.last().map(|answer| answer.status));
                    Ok(Reply::Refused(fault))
                }
                _ => Err(Stop::Fault(fault)),
            },
        }
    }

    /// Takes over what the recorder kept.
    pub(super) fn look(&mut self) {
        self.answers = self.recorder.take();
        self.seen.extend(self.answers.iter().map(|answer| (answer.date, answer.came_at)));
    }

    /// Notes an answer, or why there is none.
    pub(super) fn note(&mut self, question: Question, answer: Option<String>, evidence: impl Into<String>) {
        if !question.concerns(self.stream()) || self.facts.iter().any(|fact| fact.question == question) {
            return;
        }
        self.facts.push(VendorFact {
            stream: self.endpoint.settings.key.clone(),
            question,
            answer,
            evidence: evidence.into(),
            found_at: self.clock.now(),
        });
    }

    pub(super) fn found(
        &mut self,
        question: Question,
        answer: impl Into<String>,
        evidence: impl Into<String>,
    ) {
        self.note(question, Some(answer.into()), evidence);
    }

    pub(super) fn unknown(&mut self, question: Question, why: impl Into<String>) {
        self.note(question, None, why);
    }

    /// Whatever was not asked, with why not.
    pub(super) fn close(&mut self, why: &str) {
        for question in Question::of(self.stream()) {
            self.unknown(question, why);
        }
        self.facts.sort_by_key(|fact| fact.question);
    }
}
