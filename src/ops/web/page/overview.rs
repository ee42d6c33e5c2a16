//! One look: is everything well, and complete up to when.

use chrono::{DateTime, Utc};
use maud::{Markup, html};

use crate::ops::text::formatter::{Formatter, grouped, nothing, part_name, stream_state};
use crate::ops::web::page::filter::Filter;
use crate::ops::web::page::frame::Mood;
use crate::ops::web::page::table::{section, table};
use crate::report::alert::Severity;
use crate::report::headline::AlertGroup;
use crate::report::phrase::{page as label, status as common};
use crate::report::status::{StatusReport, StreamState, StreamStatus};

/// The report, and to whom it is shown.
pub(super) struct View<'a> {
    pub(super) report: &'a StatusReport,
    pub(super) format: Formatter,
    /// Which streams are shown.
    pub(super) filter: &'a Filter,
}

impl View<'_> {
    /// How things stand, and in a sentence.
    pub(super) fn verdict(&self) -> (Mood, String) {
        let report = self.report;
        let worst = report.alerts.iter().map(|alert| alert.severity).max();
        let mood = match (worst, report.healthy) {
            (Some(Severity::Critical), _) | (Some(Severity::Warning), false) => Mood::Bad,
            (Some(Severity::Warning), true) | (None, false) => Mood::Warn,
            (None, true) => Mood::Good,
        };
        (mood, report.headline(self.format.language))
    }

    pub(super) fn verdict_shown(&self, mood: Mood, verdict: &str) -> Markup {
        let (report, format) = (self.report, &self.format);
        let zone = format.zone.name();
        let at = report.generated_at.with_timezone(&format.zone).format("%Y-%m-%d %H:%M:%S").to_string();
        html! {
            section.verdict.(mood.class()) id="verdict" aria-labelledby="verdict-h" {
                span.mark aria-hidden="true" { (mood.mark()) }
                div {
                    h1 id="verdict-h" { (verdict) }
                    @if let Some(since) = report.alert_groups().first().and_then(AlertGroup::since) {
                        p { (format.fill(common::SINCE, &[("at", &format.moment(Some(since)))])) }
                    }
                    @if let Some(sentence) = report.yesterday(format.zone, format.language) { p { (sentence) } }
                    @if let Some(sentence) = self.complete_sentence() { p { (sentence) } }
                    @for missing in &report.missing {
                        p { (format.fill(label::PART_MISSING, &[("part", format.phrase(part_name(missing.part))), ("why", &missing.why)])) }
                    }
                    p.soft { (format.fill(label::AS_OF, &[("at", &at), ("zone", zone)])) }
                }
            }
        }
    }

    /// Up to when all windowed streams are complete, where there are any.
    fn complete_sentence(&self) -> Option<String> {
        let ends: Vec<Option<DateTime<Utc>>> =
            self.report.windowed().map(|stream| stream.complete_to).collect();
        // Null comes first: one stream without an end leaves all without.
        let sentence = match ends.iter().min()? {
            Some(at) => self.format.fill(label::COMPLETE_TO, &[("at", &self.format.moment(Some(*at)))]),
            None => self.format.phrase(label::INCOMPLETE).to_owned(),
        };
        Some(sentence)
    }

    pub(super) fn summary(&self) -> Markup {
        let format = &self.format;
        if self.report.streams.is_empty() {
            let none = html! { p { (format.phrase(common::NO_STREAM)) } };
            return section("summary", format.phrase(label::SUMMARY), none);
        }
        let headings = [
            (common::SOURCE, false),
            (common::STREAM, false),
            (common::STATE, false),
            (common::COMPLETE_UP_TO, false),
            (common::FINAL_UP_TO, false),
            (common::ROWS, true),
            (common::UNVERIFIED_COLUMN, true),
            (common::LAST_READ, false),
            (common::NEXT, false),
        ];
        let row = |(index, stream): (usize, &StreamStatus)| {
            let complete = stream.complete_to.map_or_else(nothing, |at| format.minute(at));
            vec![
                html! { (stream.source) },
                html! { a href={ "#s" (index) } { (stream.stream) } },
                state_badge(format, stream),
                html! { b { (complete) } " " span.soft { (format.ago(stream.complete_to)) } },
                html! { (format.date(stream.final_to)) },
                html! { (grouped(stream.rows)) },
                html! { (grouped(stream.windows.unverified)) },
                html! { (format.ago(stream.last_read_at)) },
                html! { (format.ahead(stream.next_tick)) },
            ]
        };
        let rows: Vec<_> = self.shown().into_iter().map(row).collect();
        let content = html! {
            (self.filters())
            @if rows.is_empty() { p { (format.phrase(label::FILTER_NOTHING)) } }
            @else { div.card { (table(format, format.phrase(label::SUMMARY), &headings, rows)) } }
        };
        section("summary", format.phrase(label::SUMMARY), content)
    }
}

/// A stream's state, in colour and in words.
pub(super) fn state_badge(format: &Formatter, stream: &StreamStatus) -> Markup {
    let class = match stream.state() {
        StreamState::Well => "good",
        StreamState::Failing => "bad",
        StreamState::Unverified | StreamState::CatchingUp | StreamState::Quarantined => "warn",
        StreamState::NeverRead | StreamState::Paused => "idle",
    };
    html! { span.badge.(class) { (format.phrase(stream_state(stream.state()))) } }
}
