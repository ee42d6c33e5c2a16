//! What is the matter, with what can be done: alerts, failures, departures, records and rows in doubt.

use crate::domain::row::text::one_line;
use crate::ops::text::formatter::grouped;
use crate::ops::text::status_text::Sheet;
use crate::ops::text::text_table::Colour;
use crate::report::alert::{Alert, Severity};
use crate::report::phrase::status as label;

/// Departures from the documents shown of a stream; the report may hold more.
const DRIFTS_SHOWN: usize = 5;

/// Records quarantined that are shown; the count tells of all.
const RECORDS_SHOWN: usize = 3;

impl Sheet<'_> {
    pub(super) fn alerts(&mut self) {
        let report = self.report;
        if report.alerts.is_empty() {
            return;
        }
        self.heading(label::ALERTS);
        for alert in &report.alerts {
            let colour = match alert.severity {
                Severity::Critical => Colour::Red,
                Severity::Warning => Colour::Yellow,
            };
            let mark = self.paint(colour, if alert.severity == Severity::Critical { "!" } else { "*" });
            let since = alert.since.map(|at| {
                let at = self.format.moment(Some(at));
                format!("{}{}", self.format.comma(), self.format.fill(label::SINCE, &[("at", &at)]))
            });
            let title = self.phrase(alert.kind.title());
            self.line(&format!("{mark} {}{title}{}", whose(alert), since.unwrap_or_default()));
            let message = alert.localized.text(self.format.language);
            if !message.is_empty() {
                self.wrap(&one_line(message));
            }
            let advice = self.format.alert_advice(alert, report);
            self.wrap(&self.format.fill(label::REMEDY, &[("remedy", &one_line(&advice))]));
        }
    }

    pub(super) fn failures(&mut self) {
        let report = self.report;
        let failing = report.streams.iter().filter_map(|stream| Some((stream, stream.failure.as_ref()?)));
        for (index, (stream, failure)) in failing.enumerate() {
            if index == 0 {
                self.heading(label::FAILURES);
            }
            let scope =
                failure.window.map_or_else(String::new, |window| format!(" {}", self.format.window(window)));
            self.line(&format!("{}/{}{scope}", one_line(&stream.source), stream.stream));
            let (times, at) = (self.format.times(failure.attempts), self.format.moment(Some(failure.at)));
            self.wrap(&self.format.fill(label::FAILED_LAST, &[("times", &times), ("at", &at)]));
            self.wrap(&format!("{}: {}", failure.kind, one_line(&failure.message)));
            let advice = self.format.advice(failure);
            if !advice.is_empty() {
                self.wrap(&self.format.fill(label::REMEDY, &[("remedy", &advice)]));
            }
        }
    }

    pub(super) fn drifts(&mut self) {
        let report = self.report;
        let drifting = report.streams.iter().filter(|stream| !stream.drifts.is_empty());
        for (index, stream) in drifting.enumerate() {
            if index == 0 {
                self.heading(label::DRIFTS);
            }
            self.line(&format!("{}/{}", one_line(&stream.source), stream.stream));
            for entry in stream.drifts.iter().take(DRIFTS_SHOWN) {
                let remedy = self.phrase(entry.drift.kind.remedy());
                self.wrap(&format!("{}; {remedy}", one_line(&entry.drift.sentence(self.format.language))));
            }
            if let Some(more @ 1..) = stream.drifts.len().checked_sub(DRIFTS_SHOWN) {
                self.wrap(&self.format.fill(label::MORE_DRIFTS, &[("n", &more.to_string())]));
            }
        }
    }

    pub(super) fn quarantine(&mut self) {
        let report = self.report;
        if report.quarantine_open == 0 {
            return;
        }
        let count = self.format.count(label::RECORDS_ASIDE, report.quarantine_open);
        self.line(&format!("\n{count}"));
        for entry in report.detail.quarantine.iter().take(RECORDS_SHOWN) {
            let (source, reason) = (one_line(&entry.source), one_line(&entry.reason));
            let at = self.format.ago(Some(entry.last_seen_at));
            self.wrap(&format!("#{} {source}/{}: {reason} ({at})", entry.id, entry.stream));
        }
    }

    pub(super) fn alarms(&mut self) {
        let report = self.report;
        if report.absence_alarms_open == 0 {
            return;
        }
        let count = self.format.count(label::ALARMS_OPEN, report.absence_alarms_open);
        self.line(&format!("\n{count}"));
        for alarm in &report.detail.absence_alarms {
            let (missing, live) = (grouped(alarm.missing), grouped(alarm.live));
            let missing = self.format.fill(label::MISSING_OF, &[("missing", &missing), ("live", &live)]);
            let scope =
                alarm.window.map_or_else(String::new, |window| format!(" {}", self.format.window(window)));
            let accept = self.format.fill(label::ACCEPT, &[("id", &alarm.id.to_string())]);
            let source = one_line(&alarm.source);
            self.wrap(&format!(
                "#{} {source}/{}{scope} {}: {missing}; {accept}",
                alarm.id, alarm.stream, alarm.table
            ));
        }
    }
}

/// Whose alert it is, where it is one's.
fn whose(alert: &Alert) -> String {
    match (&alert.source, alert.stream) {
        (Some(source), Some(stream)) => format!("{}/{stream}: ", one_line(source)),
        (Some(source), None) => format!("{}: ", one_line(source)),
        (None, Some(stream)) => format!("{stream}: "),
        (None, None) => String::new(),
    }
}
