//! What a person has to do or decide.

use maud::{Markup, html};

use crate::domain::proof::absence::AbsenceAlarm;
use crate::domain::proof::window::TimeWindow;
use crate::ops::text::formatter::{Formatter, grouped};
use crate::ops::web::page::overview::View;
use crate::ops::web::page::table::{section, table};
use crate::ops::web::page::window::way_to;
use crate::report::alert::{Alert, AlertKind, Severity};
use crate::report::phrase::{page as label, status as common};
use crate::report::status::detail::QuarantineStatus;
use crate::report::status::{StreamFailure, StreamStatus};

impl View<'_> {
    /// Failures that no alert speaks of.
    pub(super) fn lone_failures(&self) -> impl Iterator<Item = (&StreamStatus, &StreamFailure)> {
        let is_listed = |stream: &StreamStatus| {
            self.report.alerts.iter().any(|alert| {
                is_failure(alert.kind)
                    && alert.source.as_ref() == Some(&stream.source)
                    && alert.stream == Some(stream.stream)
            })
        };
        let failing =
            self.report.streams.iter().filter_map(|stream| Some((stream, stream.failure.as_ref()?)));
        failing.filter(move |(stream, _)| !is_listed(stream))
    }

    /// Alerts and failures with what can be done; nothing where there are none.
    pub(super) fn to_do(&self) -> Markup {
        let format = &self.format;
        if self.report.alerts.is_empty() && self.lone_failures().next().is_none() {
            return html! {};
        }
        let list = html! {
            ul.todo {
                @for alert in &self.report.alerts { (self.alert(alert)) }
                @for (stream, failure) in self.lone_failures() {
                    li.bad {
                        b { (stream.source) "/" (stream.stream) }
                        " " (window_link(format, (&stream.source, stream.stream.as_str()), failure.window, "./"))
                        (failure_card(format, failure))
                    }
                }
            }
        };
        section("todo", format.phrase(label::WHAT_TO_DO), list)
    }

    fn alert(&self, alert: &Alert) -> Markup {
        let (report, format) = (self.report, &self.format);
        let class = match alert.severity {
            Severity::Critical => "bad",
            Severity::Warning => "warn",
        };
        html! {
            li.(class) {
                b {
                    @if let Some(source) = &alert.source { (source) @if alert.stream.is_some() { "/" } }
                    @if let Some(stream) = alert.stream { (stream) }
                    @if alert.source.is_some() || alert.stream.is_some() { ": " }
                    (format.phrase(alert.kind.title()))
                }
                @if let Some(failure) = self.failure_of(alert) {
                    " " (window_link(format, failure_key(alert), failure.window, "./"))
                }
                @if let Some(since) = alert.since {
                    " " span.soft { (format.fill(common::SINCE, &[("at", &format.moment(Some(since)))])) }
                }
                p.do { (with_code(&format.alert_advice(alert, report))) }
                @let localized = alert.localized.text(format.language);
                @if !localized.is_empty() { p.message { (localized) } }
            }
        }
    }

    /// Of a stream that fails, the failure.
    fn failure_of(&self, alert: &Alert) -> Option<&StreamFailure> {
        let (source, stream) = (alert.source.as_ref()?, alert.stream?);
        let mut streams = self.report.streams.iter();
        let failing = streams.find(|known| known.source == *source && known.stream == stream)?;
        failing.failure.as_ref().filter(|_| is_failure(alert.kind))
    }

    pub(super) fn quarantine(&self) -> Markup {
        let (report, format) = (self.report, &self.format);
        let heading = format.phrase(common::QUARANTINE);
        if report.quarantine_open == 0 {
            return section("quarantine", heading, html! { p.soft { (format.phrase(label::NONE)) } });
        }
        let content = html! {
            div.card {
                p { (with_code(&format.count(common::RECORDS_ASIDE, report.quarantine_open))) }
                (quarantine_table(format, &report.detail.quarantine, "./"))
            }
        };
        section("quarantine", heading, content)
    }

    pub(super) fn alarms(&self) -> Markup {
        let (report, format) = (self.report, &self.format);
        let heading = format.phrase(common::ABSENCE_ALARMS);
        if report.absence_alarms_open == 0 {
            return section("alarms", heading, html! { p.soft { (format.phrase(label::NONE)) } });
        }
        let content = html! {
            div.card {
                p { (with_code(&format.count(common::ALARMS_OPEN, report.absence_alarms_open))) }
                (alarm_table(format, &report.detail.absence_alarms, "./"))
            }
        };
        section("alarms", heading, content)
    }

    pub(super) fn drifts(&self) -> Markup {
        let (report, format) = (self.report, &self.format);
        let entries = || report.streams.iter().flat_map(|stream| stream.drifts.iter().take(5));
        if entries().next().is_none() {
            return html! {};
        }
        let content = html! {
            ul.todo {
                @for entry in entries() {
                    li.idle {
                        (entry.key.source) "/" (entry.key.stream) ": " (entry.drift.sentence(format.language))
                        " " span.soft { (format.ago(Some(entry.first_seen_at))) }
                        p.do { (with_code(format.phrase(entry.drift.kind.remedy()))) }
                    }
                }
            }
            @let more: usize = report.streams.iter().map(|stream| stream.drifts.len().saturating_sub(5)).sum();
            @if 0 < more { p.soft { (format.fill(common::MORE_DRIFTS, &[("n", &more.to_string())])) } }
        };
        section("drifts", format.phrase(common::DRIFTS), content)
    }
}

/// Whether such an alert tells of a stream's failure.
const fn is_failure(kind: AlertKind) -> bool {
    matches!(kind, AlertKind::StreamFailing | AlertKind::TokenContested)
}

/// The stream that an alert is about, by its names.
fn failure_key(alert: &Alert) -> (&str, &str) {
    (alert.source.as_deref().unwrap_or_default(), alert.stream.map_or("", |stream| stream.as_str()))
}

/// A failure with what can be done about it.
pub(super) fn failure_card(format: &Formatter, failure: &StreamFailure) -> Markup {
    let (times, at) = (format.times(failure.attempts), format.moment(Some(failure.at)));
    html! {
        " " span.soft { (format.fill(common::FAILED_LAST, &[("times", &times), ("at", &at)])) }
        p.do { (with_code(&format.advice(failure))) }
        p.message { (failure.kind) ": " (failure.message) }
    }
}

fn window_link(format: &Formatter, key: (&str, &str), window: Option<TimeWindow>, root: &str) -> Markup {
    let Some(window) = window else { return html! {} };
    html! { a href={ (root) (way_to(format, key.0, key.1, Some(window.start))) } { (format.minute(window.start)) } }
}

pub(super) fn quarantine_table(format: &Formatter, entries: &[QuarantineStatus], root: &str) -> Markup {
    let headings = [
        (label::ENTRY, false),
        (common::STREAM, false),
        (label::WINDOW, false),
        (label::REASON, false),
        (label::SEEN, true),
        (common::LAST_READ, false),
    ];
    let row = |entry: &QuarantineStatus| {
        vec![
            html! { "#" (entry.id) },
            html! { (entry.source) "/" (entry.stream) },
            window_link(format, (&entry.source, entry.stream.as_str()), entry.window, root),
            html! { span.t { (entry.reason) } },
            html! { (entry.seen) },
            html! { (format.ago(Some(entry.last_seen_at))) },
        ]
    };
    table(format, format.phrase(common::QUARANTINE), &headings, entries.iter().map(row).collect())
}

pub(super) fn alarm_table(format: &Formatter, alarms: &[AbsenceAlarm], root: &str) -> Markup {
    let headings = [
        (label::ENTRY, false),
        (common::STREAM, false),
        (label::WINDOW, false),
        (label::TABLE, false),
        (label::MISSING, false),
        (common::SINCE_COLUMN, false),
        (label::DECIDE, false),
    ];
    let row = |alarm: &AbsenceAlarm| {
        let (missing, live) = (grouped(alarm.missing), grouped(alarm.live));
        vec![
            html! { "#" (alarm.id) },
            html! { (alarm.source) "/" (alarm.stream) },
            window_link(format, (&alarm.source, alarm.stream.as_str()), alarm.window, root),
            html! { (alarm.table) },
            html! { (format.fill(common::MISSING_OF, &[("missing", &missing), ("live", &live)])) },
            html! { (format.ago(Some(alarm.raised_at))) },
            html! { (with_code(&format.fill(common::ACCEPT, &[("id", &alarm.id.to_string())]))) },
        ]
    };
    table(format, format.phrase(common::ABSENCE_ALARMS), &headings, alarms.iter().map(row).collect())
}

/// A phrase of ours, with what stands between backticks as a command.
fn with_code(text: &str) -> Markup {
    html! {
        @for (index, part) in text.split('`').enumerate() {
            @if index % 2 == 1 { code { (part) } } @else { (part) }
        }
    }
}
