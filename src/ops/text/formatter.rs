//! How figures, instants and states are put for people, in their language and zone.

use chrono::{DateTime, Duration, Utc};
use chrono_tz::Tz;

use crate::domain::fault::FaultKind;
use crate::domain::proof::run::Counts;
use crate::domain::proof::window::TimeWindow;
use crate::domain::row::text;
use crate::report::alert::Alert;
use crate::report::language::Language;
use crate::report::phrase::{Phrase, page, status as label};
use crate::report::runbook::advice;
use crate::report::status::calendar::WindowState;
use crate::report::status::detail::LeaseStatus;
use crate::report::status::part::StatusPart;
use crate::report::status::{RunStatus, StatusReport, StreamFailure, StreamState, StreamStatus};

/// To whom it is told, and when.
#[derive(Debug, Clone, Copy)]
pub(in crate::ops) struct Formatter {
    /// In which language.
    pub(in crate::ops) language: Language,
    /// The language of the configuration, in which reports are put together.
    pub(in crate::ops) configured: Language,
    /// In which zone instants are shown.
    pub(in crate::ops) zone: Tz,
    /// The present.
    pub(in crate::ops) now: DateTime<Utc>,
}

/// Between two requests there is always a moment; what is longer is a pause that the vendor asked for.
pub(in crate::ops) const PAUSE_MS: i64 = 15_000;

impl Formatter {
    pub(in crate::ops) fn phrase(&self, phrase: Phrase) -> &'static str {
        phrase.text(self.language)
    }

    pub(in crate::ops) fn fill(&self, phrase: Phrase, values: &[(&str, &str)]) -> String {
        phrase.fill(self.language, values)
    }

    /// A phrase about a number.
    pub(in crate::ops) fn count(&self, phrase: Phrase, number: impl Into<i64>) -> String {
        self.fill(phrase, &[("n", &grouped(number.into()))])
    }

    /// Date and time of day.
    pub(in crate::ops) fn minute(&self, at: DateTime<Utc>) -> String {
        at.with_timezone(&self.zone).format("%Y-%m-%d %H:%M").to_string()
    }

    /// Without the year.
    pub(in crate::ops) fn second(&self, at: DateTime<Utc>) -> String {
        at.with_timezone(&self.zone).format("%m-%d %H:%M:%S").to_string()
    }

    /// Date and time of day, and how long ago.
    pub(in crate::ops) fn moment(&self, at: Option<DateTime<Utc>>) -> String {
        at.map_or_else(nothing, |at| format!("{} ({})", self.minute(at), self.ago(Some(at))))
    }

    pub(in crate::ops) fn date(&self, at: Option<DateTime<Utc>>) -> String {
        at.map_or_else(nothing, |at| at.with_timezone(&self.zone).format("%Y-%m-%d").to_string())
    }

    pub(in crate::ops) fn ago(&self, at: Option<DateTime<Utc>>) -> String {
        at.map_or_else(nothing, |at| self.fill(label::AGO, &[("span", &self.span(self.now - at))]))
    }

    pub(in crate::ops) fn ahead(&self, at: Option<DateTime<Utc>>) -> String {
        at.map_or_else(nothing, |at| self.fill(label::AHEAD, &[("span", &self.span(at - self.now))]))
    }

    /// A length of time.
    pub(in crate::ops) fn span(&self, length: Duration) -> String {
        crate::report::phrase::status::span(length, self.language)
    }

    /// How long a run took, or takes.
    pub(in crate::ops) fn took(&self, run: &RunStatus) -> String {
        self.span(run.finished_at.unwrap_or(self.now) - run.started_at)
    }

    /// What a run changed.
    pub(in crate::ops) fn changes(&self, run: &RunStatus) -> String {
        let Counts { inserted, updated, deleted, quarantined, .. } = run.counts;
        let parts = [
            (inserted, label::NEW),
            (updated, label::CHANGED),
            (deleted, label::DELETED),
            (quarantined, label::QUARANTINED),
        ];
        let parts_shown: Vec<_> = parts
            .iter()
            .filter(|(count, _)| 0 < *count)
            .map(|(count, phrase)| self.fill(*phrase, &[("n", &count.to_string())]))
            .collect();
        match parts_shown.is_empty() {
            false => parts_shown.join(self.comma()),
            true if run.finished_at.is_some() => self.phrase(label::NOTHING).to_owned(),
            true => nothing(),
        }
    }

    /// Between the parts of a list.
    pub(in crate::ops) const fn comma(&self) -> &'static str {
        match self.language {
            Language::En => ", ",
            Language::ZhCn => "，",
        }
    }

    /// What is held of a stream: the window in the reader's zone, or what else it is.
    pub(in crate::ops) fn lease_scope(&self, lease: &LeaseStatus) -> String {
        lease.window.map_or_else(|| text::one_line(&lease.scope), |window| self.window(window))
    }

    /// A whole day by its date; else from when to when, the end excluded.
    pub(in crate::ops) fn window(&self, window: TimeWindow) -> String {
        window.in_zone(self.zone)
    }

    /// How often something was tried.
    pub(in crate::ops) fn times(&self, number: i64) -> String {
        if number == 1 { self.phrase(label::ONCE).to_owned() } else { self.count(label::TIMES, number) }
    }

    /// What can be done about a failure, in this language, whatever the configured one is.
    pub(in crate::ops) fn remedy(&self, failure: &StreamFailure) -> &'static str {
        FaultKind::from_name(&failure.kind).map_or("", |kind| self.phrase(kind.remedy()))
    }

    /// The same, with its entry in the runbook.
    pub(in crate::ops) fn advice(&self, failure: &StreamFailure) -> String {
        FaultKind::from_name(&failure.kind).map_or_else(String::new, |kind| kind.advice(self.language))
    }

    /// What can be done about an alert.
    pub(in crate::ops) fn alert_remedy<'a>(&self, alert: &'a Alert, report: &StatusReport) -> &'a str {
        if self.language == self.configured && !alert.remedy.is_empty() {
            return &alert.remedy;
        }
        match report.failure_of(alert).map(|failure| self.remedy(failure)) {
            Some(remedy) if !remedy.is_empty() => remedy,
            _ => self.phrase(alert.kind.remedy()),
        }
    }

    /// The same, with the entry of the runbook: of the fault where the alert is about one.
    pub(in crate::ops) fn alert_advice(&self, alert: &Alert, report: &StatusReport) -> String {
        let fault = report.failure_of(alert).and_then(|failure| FaultKind::from_name(&failure.kind));
        let entry = fault.map_or_else(|| alert.kind.entry(), FaultKind::entry);
        advice(self.alert_remedy(alert, report), &entry, self.language)
    }

    /// What is spent of what may be.
    pub(in crate::ops) fn budget(&self, stream: &StreamStatus) -> Vec<String> {
        let (watch, budget) = (&stream.watch, &stream.detail.budget);
        let today = grouped(watch.reread_requests_today);
        let mut parts_shown = match watch.reread_requests_per_day {
            None if watch.reread_requests_today == 0 => Vec::new(),
            Some(all) => {
                let all = grouped(i64::from(all));
                vec![self.fill(label::REREADS_OF, &[("n", &today), ("all", &all)])]
            }
            None => vec![self.fill(label::REREADS, &[("n", &today)])],
        };
        parts_shown.extend(budget.requests_per_minute.map(|number| self.count(label::PER_MINUTE, number)));
        if let Some(wait) = budget.next_request_ms.filter(|wait| PAUSE_MS < *wait) {
            parts_shown.push(self.fill(label::PAUSED, &[("span", &self.span(Duration::milliseconds(wait)))]));
        }
        parts_shown
    }
}

/// Where there is no figure.
pub(in crate::ops) fn nothing() -> String {
    "-".to_owned()
}

pub(in crate::ops) const fn stream_state(state: StreamState) -> Phrase {
    match state {
        StreamState::Well => label::WELL,
        StreamState::Failing => label::FAILING,
        StreamState::NeverRead => label::NEVER_READ,
        StreamState::Unverified => label::UNVERIFIED_STREAM,
        StreamState::CatchingUp => label::CATCHING_UP,
        StreamState::Quarantined => label::QUARANTINED_STREAM,
        StreamState::Paused => label::PAUSED_STREAM,
    }
}

pub(in crate::ops) const fn part_name(part: StatusPart) -> Phrase {
    match part {
        StatusPart::Windows => page::PART_WINDOWS,
        StatusPart::Days => page::PART_DAYS,
        StatusPart::Lag => page::PART_LAG,
        StatusPart::Waiting => page::PART_WAITING,
    }
}

pub(in crate::ops) const fn window_state(state: WindowState) -> Phrase {
    match state {
        WindowState::Proven => label::PROVEN,
        WindowState::Stable => label::STABLE,
        WindowState::Provisional => label::PROVISIONAL,
        WindowState::Unverified => label::UNVERIFIED,
        WindowState::Failed => label::FAILED,
        WindowState::Open => label::OPEN,
        WindowState::Moving => label::MOVING,
        WindowState::NotYet => label::NOT_YET,
    }
}

/// The verdict of one read, as the ledger names it.
pub(in crate::ops) fn verdict(name: &str) -> Option<Phrase> {
    Some(match name {
        "proven" => label::PROVEN,
        "stable" => label::STABLE,
        "unverified" => label::UNVERIFIED,
        _ => return None,
    })
}

/// How a run ended, as the ledger names it.
pub(in crate::ops) fn outcome(name: &str) -> Option<Phrase> {
    Some(match name {
        "running" => label::RUNNING,
        "succeeded" => label::SUCCEEDED,
        "partial" => label::PARTIAL,
        "failed" => label::FAILED,
        "cancelled" => label::CANCELLED,
        "interrupted" => label::INTERRUPTED,
        _ => return None,
    })
}

/// Why a run was started, as the ledger names it.
pub(in crate::ops) fn trigger(name: &str) -> Option<Phrase> {
    Some(match name {
        "schedule" => label::SCHEDULE,
        "sync" => label::SYNC,
        "backfill" => label::BACKFILL,
        "retry" => label::RETRY,
        "repair" => label::REPAIR,
        "feed" => label::FEED,
        _ => return None,
    })
}

/// 1234567 as 1,234,567.
pub(in crate::ops) fn grouped(number: i64) -> String {
    let digits = number.unsigned_abs().to_string();
    let mut text = String::from(if number < 0 { "-" } else { "" });
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_lengths_are_short() {
        let texts = [0, 999, 1_000, -1_234_567].map(grouped);
        assert_eq!(texts, ["0", "999", "1,000", "-1,234,567"]);
        let format =
            |language| Formatter { language, configured: language, zone: Tz::UTC, now: DateTime::UNIX_EPOCH };
        let span = |seconds| format(Language::En).span(Duration::seconds(seconds));
        assert_eq!(
            [-5, 119, 120, 7_199, 7_200, 172_800].map(span),
            ["0 s", "119 s", "2 min", "119 min", "2 h", "2 d"]
        );
        assert_eq!(format(Language::ZhCn).ago(Some(DateTime::UNIX_EPOCH)), "0 秒前");
    }
}
