//! One look: is everything well, and complete up to when.

use chrono::{DateTime, Utc};
use maud::{Markup, html};

use crate::domain::alert::Severity;
use crate::domain::phrase::{page as say, status as words};
use crate::domain::status::{StatusReport, StreamState, StreamStatus};
use crate::domain::stream::StreamKind;
use crate::ops::page::frame::Mood;
use crate::ops::page::table::{section, table};
use crate::ops::telling::{Telling, grouped, nothing, stream_state};

/// The report, and to whom it is shown.
pub(super) struct View<'a> {
    pub(super) report: &'a StatusReport,
    pub(super) telling: Telling,
}

impl View<'_> {
    /// How things stand, and in a sentence.
    pub(super) fn verdict(&self) -> (Mood, String) {
        let (report, telling) = (self.report, &self.telling);
        let told = self.items();
        let critical = report.alerts.iter().any(|alert| alert.severity == Severity::Critical);
        match (report.healthy && !critical, told) {
            (true, 0) => (Mood::Good, telling.say(say::ALL_WELL).to_owned()),
            (true, n) => (Mood::Warn, telling.count(say::WARNINGS, n)),
            (false, 0) => (Mood::Warn, telling.say(say::NOT_READ_YET).to_owned()),
            (false, n) => (Mood::Bad, telling.count(say::ATTENTION, n)),
        }
    }

    /// How many things the list of what to do has.
    fn items(&self) -> i64 {
        (self.report.alerts.len() + self.lone_failures().count()) as i64
    }

    pub(super) fn verdict_shown(&self, mood: Mood, verdict: &str) -> Markup {
        let (report, telling) = (self.report, &self.telling);
        let zone = telling.zone.name();
        let at = report.generated_at.with_timezone(&telling.zone).format("%Y-%m-%d %H:%M:%S").to_string();
        html! {
            section.verdict.(mood.class()) id="verdict" aria-labelledby="verdict-h" {
                span.mark aria-hidden="true" { (mood.mark()) }
                div {
                    h1 id="verdict-h" { (verdict) }
                    @if let Some(sentence) = self.complete_sentence() { p { (sentence) } }
                    p.soft { (telling.fill(say::AS_OF, &[("at", &at), ("zone", zone)])) }
                }
            }
        }
    }

    /// Up to when all windowed streams are complete, where there are any.
    fn complete_sentence(&self) -> Option<String> {
        // Nothing is promised of a paused stream.
        let is_read = |stream: &&StreamStatus| stream.kind == StreamKind::Windowed && !stream.paused;
        let windowed = self.report.streams.iter().filter(is_read);
        let ends: Vec<Option<DateTime<Utc>>> = windowed.map(|stream| stream.complete_to).collect();
        // Null comes first: one stream without an end leaves all without.
        let sentence = match ends.iter().min()? {
            Some(at) => self.telling.fill(say::COMPLETE_TO, &[("at", &self.telling.moment(Some(*at)))]),
            None => self.telling.say(say::INCOMPLETE).to_owned(),
        };
        Some(sentence)
    }

    pub(super) fn summary(&self) -> Markup {
        let telling = &self.telling;
        if self.report.streams.is_empty() {
            let none = html! { p { (telling.say(words::NO_STREAM)) } };
            return section("summary", telling.say(say::SUMMARY), none);
        }
        let headings = [
            (words::SOURCE, false),
            (words::STREAM, false),
            (words::STATE, false),
            (words::COMPLETE_UP_TO, false),
            (words::FINAL_UP_TO, false),
            (words::ROWS, true),
            (words::UNVERIFIED_COLUMN, true),
            (words::LAST_READ, false),
            (words::NEXT, false),
        ];
        let row = |(index, stream): (usize, &StreamStatus)| {
            let complete = stream.complete_to.map_or_else(nothing, |at| telling.minute(at));
            vec![
                html! { (stream.source) },
                html! { a href={ "#s" (index) } { (stream.stream) } },
                state_badge(telling, stream),
                html! { b { (complete) } " " span.soft { (telling.ago(stream.complete_to)) } },
                html! { (telling.date(stream.final_to)) },
                html! { (grouped(stream.rows)) },
                html! { (grouped(stream.windows.unverified)) },
                html! { (telling.ago(stream.last_read_at)) },
                html! { (telling.ahead(stream.next_tick)) },
            ]
        };
        let rows = self.report.streams.iter().enumerate().map(row).collect();
        let shown = table(telling, telling.say(say::SUMMARY), &headings, rows);
        section("summary", telling.say(say::SUMMARY), html! { div.card { (shown) } })
    }
}

/// A stream's state, in colour and in words.
pub(super) fn state_badge(telling: &Telling, stream: &StreamStatus) -> Markup {
    let class = match stream.state() {
        StreamState::Well => "good",
        StreamState::Failing => "bad",
        StreamState::Unverified | StreamState::CatchingUp | StreamState::Quarantined => "warn",
        StreamState::NeverRead | StreamState::Paused => "idle",
    };
    html! { span.badge.(class) { (telling.say(stream_state(stream.state()))) } }
}
