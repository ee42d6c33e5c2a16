//! The state of everything, with what only the assembled process knows of it.

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, Utc};

use crate::app::App;
use crate::app::assembly::stream::{Stream, by_name};
use crate::app::usecase::probe::open_questions;
use crate::app::usecase::source::not_configured;
use crate::domain::fault::{Fault, FaultKind};
use crate::engine::pass::reader::ReadPolicy;
use crate::engine::port::status::StatusRead as _;
use crate::report::alert::AlertKind;
use crate::report::language::Language;
use crate::report::status::calendar::windows_listed;
use crate::report::status::detail::StreamDetail;
use crate::report::status::part::StatusPart;
use crate::report::status::{StatusReport, StreamStatus};

impl App {
    /// The state of everything, with remedies, and why a pass would be refused.
    ///
    /// # Errors
    /// Database faults; where the database lacks something, what a pass says of it.
    pub async fn status(&self) -> Result<StatusReport, Fault> {
        self.recall_time().await;
        self.note_refusals().await;
        match self.database.store.status(self.overrides.clock.now()).await {
            Ok(report) => Ok(self.enrich(report, false)),
            Err(fault) => Err(self.refusal_of(fault)),
        }
    }

    /// What a pass would say, where that is why the status cannot be read.
    fn refusal_of(&self, fault: Fault) -> Fault {
        let refusals = self.refusals();
        let refusal = refusals.iter().find(|refusal| refusal.kind == AlertKind::DatabaseRefused);
        match refusal.filter(|_| fault.kind == FaultKind::DatabaseRefused) {
            Some(refusal) => Fault::new(fault.kind, &refusal.message).advising(),
            None => fault,
        }
    }

    pub(in crate::app) fn enrich(&self, report: StatusReport, scheduled: bool) -> StatusReport {
        let now = scheduled.then(|| self.overrides.clock.now());
        let mut report = enrich(report, &self.streams, self.settings.language, now);
        let sources = self.settings.sources.iter();
        report.detail.open_questions =
            sources.flat_map(|source| open_questions(source, &self.facts)).collect();
        report.unconfigured = not_configured(&self.settings, std::mem::take(&mut report.unconfigured));
        let unheard = self.unheard(&report.feeds);
        report.healthy &= unheard.is_empty();
        report.feeds.extend(unheard);
        report.feeds.sort_by(|left, right| left.source.cmp(&right.source));
        self.with_alerts(report, scheduled)
    }
}

/// Cures by kind of fault, next ticks where a scheduler runs, and the streams that the database has not been
/// told of yet.
fn enrich(
    mut report: StatusReport,
    streams: &[Stream],
    language: Language,
    now: Option<DateTime<Utc>>,
) -> StatusReport {
    let by_name = by_name(streams);
    let known: HashSet<_> =
        report.streams.iter().map(|status| (status.source.as_str(), status.stream)).collect();
    let unread = by_name.iter().filter(|(name, _)| !known.contains(*name));
    let unread: Vec<StreamStatus> = unread.map(|(_, stream)| stream.never_read()).collect();
    report.healthy &= unread.is_empty();
    report.streams.extend(unread);
    let mut next_ticks = HashMap::new();
    report.streams.sort_by(|left, right| (&left.source, left.stream).cmp(&(&right.source, right.stream)));
    let is_listed = report.missing.iter().all(|missing| missing.part != StatusPart::Windows);
    let listed = is_listed.then(|| windows_listed(report.streams.len()));
    for status in &mut report.streams {
        if let Some(failure) = &mut status.failure {
            failure.remedy = FaultKind::from_name(&failure.kind)
                .map_or("", |kind| kind.remedy().text(language))
                .to_owned();
        }
        let stream = by_name.get(&(status.source.as_str(), status.stream));
        status.next_tick = stream.zip(now).and_then(|(stream, now)| {
            let schedule = &stream.schedule;
            *next_ticks.entry(schedule.expression()).or_insert_with(|| schedule.next_tick(now))
        });
        if let Some(stream) = stream {
            stream.complete(&mut status.detail, listed, &report.detail.limits, report.generated_at);
        }
    }
    report
}

impl Stream {
    /// Adds what only the configuration knows: windows wanted and never read, and what may be spent. `listed`: how many windows
    /// are told one by one, where the database told them.
    pub(in crate::app) fn complete(
        &self,
        detail: &mut StreamDetail,
        listed: Option<usize>,
        limits: &[(String, i64)],
        now: DateTime<Utc>,
    ) {
        let key = &self.reader.budget_key;
        detail.budget.requests_per_minute = Some(key.per_minute);
        let limit = limits.iter().find(|(name, _)| *name == key.name);
        detail.budget.next_request_ms = limit.map(|(_, wait)| *wait);
        let ReadPolicy::Windows(policy) = &self.reader.policy else { return };
        let from = policy.wanted_from(now);
        if let Some(listed) = listed {
            detail.calendar.fill(&policy.grid.newest_cells(from, now, listed), listed);
        }
        let step = policy.grid.step().num_seconds();
        let uncovered = (now - from).num_seconds() - detail.calendar.covered_seconds;
        // A window that began a moment ago counts as one.
        detail.calendar.unread = (uncovered + step - 1).max(0) / step;
    }
}
