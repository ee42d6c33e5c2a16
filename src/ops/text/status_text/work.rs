//! What runs, who runs it, what it may spend, and what ran.

use std::collections::BTreeMap;

use chrono::Duration;

use crate::domain::row::text::one_line;
use crate::ops::text::formatter::{PAUSE_MS, grouped, nothing, outcome, trigger};
use crate::ops::text::status_text::Sheet;
use crate::ops::text::text_table::{Colour, Column};
use crate::report::phrase::status as label;
use crate::report::status::RunStatus;

/// Runs shown; the report may hold more.
const RUNS_SHOWN: usize = 10;
/// Leases shown of a worker.
const LEASES_SHOWN: usize = 4;
/// Characters of a bar.
const BAR: u64 = 20;

impl Sheet<'_> {
    pub(super) fn running(&mut self) {
        let report = self.report;
        for (index, run) in report.runs.iter().filter(|run| run.finished_at.is_none()).enumerate() {
            if index == 0 {
                self.heading(label::RUNNING_NOW);
            }
            let shown = self.run_line(run);
            let bar = report.progress(run).map_or_else(String::new, |(done, left)| {
                let filled = BAR * done / (done + left).max(1);
                format!("[{}{}] ", "#".repeat(filled as usize), ".".repeat((BAR - filled) as usize))
            });
            let source = one_line(&run.source);
            self.wrap(&format!(
                "#{} {source}/{} {bar}{}",
                run.id,
                run.stream,
                shown.join(self.format.comma())
            ));
        }
    }

    fn run_line(&self, run: &RunStatus) -> Vec<String> {
        let format = &self.format;
        let number = |count: u64| grouped(i64::try_from(count).unwrap_or(i64::MAX));
        let windows = match self.report.progress(run) {
            Some((done, left)) => {
                format.fill(label::PROGRESS, &[("done", &number(done)), ("left", &number(left))])
            }
            None => format.fill(label::WINDOWS_READ, &[("n", &number(run.counts.windows))]),
        };
        let left = self.report.time_left(run).map(|left| format.span(left));
        let left = left.map(|span| format.fill(label::TIME_LEFT, &[("span", &span)]));
        let counts = vec![
            format.fill(label::ROWS_READ, &[("n", &number(run.counts.rows_read))]),
            format.fill(label::REQUESTS_SENT, &[("n", &number(run.counts.requests))]),
            format.took(run),
        ];
        [windows].into_iter().chain(left).chain(counts).collect()
    }

    /// One line a stream that spent of a budget, or has to wait.
    pub(super) fn budgets(&mut self) {
        let report = self.report;
        let limited = |stream: &&crate::report::status::StreamStatus| {
            stream.watch.reread_requests_per_day.is_some()
                || 0 < stream.watch.reread_requests_today
                || Some(PAUSE_MS) < stream.detail.budget.next_request_ms
        };
        for (index, stream) in report.streams.iter().filter(limited).enumerate() {
            if index == 0 {
                self.heading(label::BUDGETS);
            }
            let shown = self.format.budget(stream).join(self.format.comma());
            self.wrap(&format!("{}/{}: {shown}", one_line(&stream.source), stream.stream));
        }
    }

    /// One line a source of whose vendor something is not known.
    pub(super) fn open_questions(&mut self) {
        let mut by_source: BTreeMap<&str, usize> = BTreeMap::new();
        for open in &self.report.detail.open_questions {
            *by_source.entry(&open.key.source).or_default() += open.questions.len();
        }
        for (source, count) in by_source {
            let values = [("source", one_line(source)), ("n", count.to_string())];
            let values = values.each_ref().map(|(name, value)| (*name, value.as_str()));
            self.wrap(&self.format.fill(label::OPEN_QUESTIONS, &values));
        }
    }

    pub(super) fn workers(&mut self) {
        let report = self.report;
        if report.detail.workers.is_empty() {
            return;
        }
        self.heading(label::WORKERS);
        for worker in &report.detail.workers {
            let shown = match worker.silent_seconds {
                Some(silent) => {
                    let span = self.format.span(Duration::seconds(silent));
                    self.format.fill(label::SILENT, &[("span", &span)])
                }
                None => self.phrase(label::IDLE).to_owned(),
            };
            self.wrap(&format!("{}: {shown}", short(worker.worker)));
            for lease in worker.leases.iter().take(LEASES_SHOWN) {
                let held = match lease.ends_in_seconds {
                    0.. => {
                        let span = self.format.span(Duration::seconds(lease.held_seconds));
                        self.format.fill(label::HELD, &[("span", &span)])
                    }
                    _ => self.phrase(label::ENDED).to_owned(),
                };
                let source =
                    lease.source.as_deref().map_or_else(String::new, |source| one_line(source) + "/");
                let stream = lease.stream.map_or_else(String::new, |stream| format!("{stream} "));
                let scope = self.format.lease_scope(lease);
                self.wrap(&format!("- {source}{stream}{scope}: {held}"));
            }
            if let Some(more @ 1..) = worker.leases.len().checked_sub(LEASES_SHOWN) {
                self.wrap(&self.format.fill(label::AND_MORE, &[("n", &more.to_string())]));
            }
        }
    }

    pub(super) fn runs(&mut self) {
        let report = self.report;
        if report.runs.is_empty() {
            return;
        }
        self.heading(label::LATEST_RUNS);
        let (format, all) = (self.format, || report.runs.iter().take(RUNS_SHOWN));
        let title = |phrase| format.phrase(phrase);
        let named = |name: &str, phrase: Option<crate::report::phrase::Phrase>| {
            phrase.map_or_else(|| one_line(name), |phrase| format.phrase(phrase).to_owned())
        };
        let columns = vec![
            Column::right(title(label::RUN), all().map(|run| run.id.to_string())),
            Column::left(
                title(label::STREAM),
                all().map(|run| format!("{}/{}", one_line(&run.source), run.stream)),
            ),
            Column::left(title(label::TRIGGER), all().map(|run| named(&run.trigger, trigger(&run.trigger)))),
            Column::left(title(label::STARTED), all().map(|run| format.second(run.started_at))),
            Column::right(title(label::TOOK), all().map(|run| format.took(run))),
            Column::left(title(label::OUTCOME), all().map(|run| named(&run.outcome, outcome(&run.outcome))))
                .coloured(all().map(|run| colour(&run.outcome))),
            Column::left(title(label::CHANGES), all().map(|run| format.changes(run))),
        ];
        self.table(columns, &[label::TRIGGER, label::TOOK, label::RUN, label::CHANGES]);
    }

    pub(super) fn gaps(&mut self) {
        let report = self.report;
        for (index, gap) in report.detail.feed_gaps.iter().take(RUNS_SHOWN / 2).enumerate() {
            if index == 0 {
                self.heading(label::GAPS);
            }
            let until = gap
                .until
                .map_or_else(|| self.phrase(label::LASTS).to_owned(), |until| self.format.minute(until));
            let length = gap.until.unwrap_or(report.generated_at) - gap.since;
            let lost = gap
                .lost_messages
                .map(|lost| format!("{}{}", self.format.comma(), self.format.count(label::LOST, lost)));
            let (source, extno) = (one_line(&gap.source), one_line(&gap.extno));
            let since = self.format.minute(gap.since);
            let (span, reason) = (self.format.span(length), one_line(&gap.reason));
            let lost = lost.unwrap_or_else(String::new);
            self.wrap(&format!("{source} {extno}: {since} .. {until} ({span}), {reason}{lost}"));
        }
    }
}

/// Enough of a worker's number to tell it from the others.
fn short(worker: uuid::Uuid) -> String {
    worker.simple().to_string().get(..8).map_or_else(nothing, str::to_owned)
}

fn colour(outcome: &str) -> Option<Colour> {
    Some(match outcome {
        "succeeded" => Colour::Green,
        "running" => Colour::Blue,
        "failed" => Colour::Red,
        _ => Colour::Yellow,
    })
}
