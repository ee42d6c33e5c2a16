//! What a person has to do or decide.

use maud::{Markup, html};

use crate::domain::proof::absence::AbsenceAlarm;
use crate::domain::proof::window::TimeWindow;
use crate::domain::row::text::one_line;
use crate::ops::text::formatter::{Formatter, grouped};
use crate::ops::web::page::overview::View;
use crate::ops::web::page::table::{section, table};
use crate::ops::web::page::window::way_to;
use crate::report::alert::{Alert, Severity};
use crate::report::headline::AlertGroup;
use crate::report::phrase::{page as label, status as common};
use crate::report::runbook::RUNBOOK;
use crate::report::status::StreamFailure;
use crate::report::status::detail::QuarantineStatus;

impl View<'_> {
    /// What is the matter, by source and cause, with what can be done; nothing where all is well.
    pub(super) fn to_do(&self) -> Markup {
        let groups = self.report.alert_groups();
        if groups.is_empty() {
            return html! {};
        }
        let list = html! {
            ul.todo { @for group in &groups { (self.group(group)) } }
        };
        section("todo", self.format.phrase(label::WHAT_TO_DO), list)
    }

    fn group(&self, group: &AlertGroup<'_>) -> Markup {
        let (report, format) = (self.report, &self.format);
        let class = match group.severity() {
            Severity::Critical => "bad",
            Severity::Warning => "warn",
        };
        let who = group.who();
        html! {
            li.(class) {
                b {
                    @if !who.is_empty() { bdi { (one_line(&who)) } ": " }
                    (format.phrase(group.cause()))
                }
                @if let Some(since) = group.since() {
                    " " span.soft { (format.fill(common::SINCE, &[("at", &format.moment(Some(since)))])) }
                }
                @if let Some(first) = group.alerts.first() {
                    p.do { (with_code(format, &format.alert_advice(first, report), "./")) }
                }
                @for alert in &group.alerts { (self.alert(alert)) }
            }
        }
    }

    /// What was seen, and the way to the window that failed.
    fn alert(&self, alert: &Alert) -> Markup {
        let format = &self.format;
        let seen = alert.localized.text(format.language);
        let failure = self.report.failure_of(alert);
        html! {
            @if !seen.is_empty() {
                p.message {
                    bdi { (one_line(seen)) }
                    @if let Some(window) = failure.and_then(|failure| failure.window) {
                        " " (window_link(format, failure_key(alert), Some(window), "./"))
                    }
                }
            }
        }
    }

    pub(super) fn quarantine(&self) -> Markup {
        let (report, format) = (self.report, &self.format);
        let heading = format.phrase(common::QUARANTINE);
        if report.quarantine_open == 0 {
            return section("quarantine", heading, html! { p.soft { (format.phrase(label::NONE)) } });
        }
        let content = html! {
            div.card {
                p { (with_code(format, &format.count(common::RECORDS_ASIDE, report.quarantine_open), "./")) }
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
                p { (with_code(format, &format.count(common::ALARMS_OPEN, report.absence_alarms_open), "./")) }
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
                        (entry.key.source) "/" (entry.key.stream) ": " bdi { (one_line(&entry.drift.sentence(format.language))) }
                        " " span.soft { (format.ago(Some(entry.first_seen_at))) }
                        p.do { (with_code(format, format.phrase(entry.drift.kind.remedy()), "./")) }
                    }
                }
            }
            @let more: usize = report.streams.iter().map(|stream| stream.drifts.len().saturating_sub(5)).sum();
            @if 0 < more { p.soft { (format.fill(common::MORE_DRIFTS, &[("n", &more.to_string())])) } }
        };
        section("drifts", format.phrase(common::DRIFTS), content)
    }
}

/// The stream that an alert is about, by its names.
fn failure_key(alert: &Alert) -> (&str, &str) {
    (alert.source.as_deref().unwrap_or_default(), alert.stream.map_or("", |stream| stream.as_str()))
}

/// A failure with what can be done about it.
pub(super) fn failure_card(format: &Formatter, failure: &StreamFailure, root: &str) -> Markup {
    let (times, at) = (format.times(failure.attempts), format.moment(Some(failure.at)));
    html! {
        " " span.soft { (format.fill(common::FAILED_LAST, &[("times", &times), ("at", &at)])) }
        p.do { (with_code(format, &format.advice(failure), root)) }
        p.message { (failure.kind) ": " bdi { (one_line(&failure.message)) } }
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
            html! { bdi.t { (one_line(&entry.reason)) } },
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
            html! { (with_code(format, &format.fill(common::ACCEPT, &[("id", &alarm.id.to_string())]), root)) },
        ]
    };
    table(format, format.phrase(common::ABSENCE_ALARMS), &headings, alarms.iter().map(row).collect())
}

/// A phrase of ours, with what stands between backticks as a command that can be copied, and entries of the runbook as
/// links to them.
pub(super) fn with_code(format: &Formatter, text: &str, root: &str) -> Markup {
    html! {
        @for (index, part) in text.split('`').enumerate() {
            @if index % 2 == 1 {
                code { (part) }
                @if part.starts_with("ccsync ") && !has_placeholder(part) {
                    button.copy type="button" hidden data-copy=(part) { (format.phrase(label::COPY)) }
                }
            } @else { (with_link(part, root)) }
        }
    }
}

/// Whether something has to be put in place of a word before the command can be given.
fn has_placeholder(command: &str) -> bool {
    command.split(' ').any(|word| word.len() > 1 && word.chars().all(|letter| letter.is_ascii_uppercase()))
}

fn with_link(text: &str, root: &str) -> Markup {
    let Some((before, after)) = text.split_once(RUNBOOK) else { return html! { (text) } };
    let end = after.find(|letter: char| !(letter.is_ascii_alphanumeric() || "#_".contains(letter)));
    let (entry, rest) = after.split_at(end.unwrap_or(after.len()));
    html! { (before) a href={ (root) "runbook" (entry) } { "runbook" (entry) } (rest) }
}
