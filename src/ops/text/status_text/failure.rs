//! What is the matter, with what can be done: alerts, failures, departures, records and rows in doubt.

use crate::domain::row::text::one_line;
use crate::ops::text::formatter::grouped;
use crate::ops::text::status_text::Sheet;
use crate::ops::text::text_table::{self, Colour};
use crate::report::alert::Severity;
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
        for group in report.alert_groups() {
            let (colour, mark) = match group.severity() {
                Severity::Critical => (Colour::Red, "!"),
                Severity::Warning => (Colour::Yellow, "*"),
            };
            let mark = self.paint(colour, mark);
            let since = group.since().map_or_else(String::new, |at| {
                let at = self.format.moment(Some(at));
                format!("{}{}", self.format.comma(), self.format.fill(label::SINCE, &[("at", &at)]))
            });
            let (who, cause) = (one_line(&group.who()), self.phrase(group.cause()));
            let who = if who.is_empty() { who } else { format!("{who}: ") };
            let width = self.view.width.map_or(usize::MAX, |width| width.saturating_sub(2));
            let heading = text_table::wrapped(&format!("{who}{cause}{since}"), width).join("\n  ");
            self.line(&format!("{mark} {heading}"));
            let seen = group.alerts.iter().map(|alert| one_line(alert.localized.text(self.format.language)));
            seen.filter(|seen| !seen.is_empty()).collect::<Vec<_>>().iter().for_each(|seen| self.wrap(seen));
            if let Some(first) = group.alerts.first() {
                let advice = one_line(&self.format.alert_advice(first, report));
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
