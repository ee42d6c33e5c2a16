//! Each stream: its windows one by one, and its charts.

use chrono::{DateTime, Datelike as _, Duration, NaiveDate, Utc};
use maud::{Markup, html};

use crate::domain::stream::StreamKind;
use crate::domain::vendor::page::Totals;
use crate::ops::text::formatter::{Formatter, grouped, window_state};
use crate::ops::web::page::chart;
use crate::ops::web::page::overview::{View, state_badge};
use crate::ops::web::page::table::section;
use crate::ops::web::page::window::way_to;
use crate::report::phrase::{page as label, status as common, verdict};
use crate::report::status::StreamStatus;
use crate::report::status::calendar::{WindowState, WindowStatus};

impl View<'_> {
    pub(super) fn streams(&self) -> Markup {
        let format = &self.format;
        if self.report.streams.is_empty() {
            return html! {};
        }
        let content = html! {
            ul.key aria-label=(format.phrase(label::LEGEND)) {
                @for state in WindowState::ALL {
                    li { span.(class(state)) aria-hidden="true" {} (format.phrase(window_state(state))) }
                }
            }
            @for (index, stream) in self.shown() { (self.stream(index, stream)) }
        };
        section("streams", format.phrase(label::STREAMS), content)
    }

    fn stream(&self, index: usize, stream: &StreamStatus) -> Markup {
        let format = &self.format;
        html! {
            article.card id={ "s" (index) } aria-labelledby={ "s" (index) "-h" } {
                div.head {
                    h3 id={ "s" (index) "-h" } { (stream.source) " / " (stream.stream) }
                    (state_badge(format, stream))
                    span.soft { (self.facts(stream).join(" \u{b7} ")) }
                }
                div.grid.one[stream.kind == StreamKind::Snapshot] {
                    (calendar(format, stream))
                    (chart::charts(format, stream))
                }
            }
        }
    }

    /// What is known of it in figures.
    fn facts(&self, stream: &StreamStatus) -> Vec<String> {
        let format = &self.format;
        let mut facts = vec![format.count(common::ROWS_READ, stream.rows)];
        let tally = &stream.windows;
        facts.extend(
            stream.final_to.map(|at| format.fill(label::FINAL_TO, &[("at", &format.date(Some(at)))])),
        );
        if stream.kind == StreamKind::Windowed {
            facts.push(format.count(label::WINDOWS_COMPLETE, tally.complete));
        }
        if 0 < tally.provisional {
            facts.push(format.count(label::OF_THEM_PROVISIONAL, tally.provisional));
        }
        if 0 < stream.changed_after_final {
            facts.push(format.count(label::CHANGED_AFTER_FINAL, stream.changed_after_final));
        }
        for (number, state) in [
            (tally.unverified - tally.moving, WindowState::Unverified),
            (tally.moving, WindowState::Moving),
            (tally.open - tally.moving, WindowState::Open),
            (tally.failed, WindowState::Failed),
            // Those that failed and were never read are told already.
            (stream.detail.calendar.unread - tally.failed, WindowState::NotYet),
        ] {
            if 0 < number {
                facts.push(format!("{} {}", grouped(number), format.phrase(window_state(state))));
            }
        }
        if stream.watch.totals == Totals::Ignore {
            facts.push(format.phrase(verdict::TOTALS_IGNORED).to_owned());
        }
        facts.push(format!("{} {}", format.phrase(label::SCHEDULE), stream.schedule));
        facts.extend(format.budget(stream));
        facts
    }
}

/// One cell a window, a line a month, or a day where windows are short.
fn calendar(format: &Formatter, stream: &StreamStatus) -> Markup {
    let name = format!("{}/{}", stream.source, stream.stream);
    if stream.kind == StreamKind::Snapshot {
        let way = way_to(format, &stream.source, stream.stream.as_str(), None);
        return html! {
            p {
                (format.phrase(label::SNAPSHOT)) ": "
                @if stream.last_read_at.is_some() {
                    a href={ "./" (way) } { (format.fill(label::SNAPSHOT_LINK, &[("stream", &name)])) }
                } @else { (format.phrase(common::NEVER_READ)) }
            }
        };
    }
    let windows = &stream.detail.calendar.windows;
    let lines = Lines::of(windows);
    let line = |known: &WindowStatus| lines.line(format, known.window.start);
    html! {
        div {
            div.cal role="group" aria-label=(format.fill(label::CALENDAR, &[("stream", &name)])) {
                @for (index, same) in windows.chunk_by(|left, right| line(left) == line(right)).enumerate() {
                    div {
                        h4 { (lines.label(format, same)) }
                        @if index == 0 { @for _ in 0..lines.blanks(format, windows) { b {} } }
                        @for known in same { (cell(format, stream, &lines, known)) }
                    }
                }
            }
            @if 0 < stream.detail.calendar.older {
                p.soft { (format.count(label::OLDER_WINDOWS, stream.detail.calendar.older)) }
            }
        }
    }
}

fn cell(format: &Formatter, stream: &StreamStatus, lines: &Lines, known: &WindowStatus) -> Markup {
    let (at, state) = (lines.place(format, known.window.start), format.phrase(window_state(known.state)));
    if known.state == WindowState::NotYet {
        return html! { i.n title=(format.fill(label::CELL_NOT_YET, &[("at", &at), ("state", state)])) {} };
    }
    let caption = format.fill(label::CELL, &[("at", &at), ("state", state), ("n", &grouped(known.rows))]);
    let way = way_to(format, &stream.source, stream.stream.as_str(), Some(known.window.start));
    html! { a.(class(known.state)) href=(way) title=(caption) {} }
}

/// How the windows of a calendar are put into lines.
enum Lines {
    Months,
    Days,
}

impl Lines {
    /// By the usual length of the windows.
    fn of(windows: &[WindowStatus]) -> Lines {
        let mut lengths: Vec<Duration> =
            windows.iter().map(|known| known.window.end - known.window.start).collect();
        lengths.sort_unstable();
        match lengths.get(lengths.len() / 2) {
            Some(length) if *length < Duration::hours(20) => Lines::Days,
            _ => Lines::Months,
        }
    }

    /// What all windows of a line have in common.
    fn line(&self, format: &Formatter, start: DateTime<Utc>) -> NaiveDate {
        let date = start.with_timezone(&format.zone).date_naive();
        match self {
            Lines::Months => date.with_day(1).unwrap_or(date),
            Lines::Days => date,
        }
    }

    fn label(&self, format: &Formatter, windows: &[WindowStatus]) -> String {
        let first = windows.first().map(|known| self.line(format, known.window.start)).unwrap_or_default();
        match self {
            Lines::Months => first.format("%Y-%m").to_string(),
            Lines::Days => first.format("%m-%d").to_string(),
        }
    }

    /// Places before the first window of the first line, so that the same day of each month stands below the
    /// other.
    fn blanks(&self, format: &Formatter, windows: &[WindowStatus]) -> u32 {
        let daily = |known: &WindowStatus| known.window.end - known.window.start == Duration::days(1);
        match (self, windows.first().filter(|first| daily(first))) {
            (Lines::Months, Some(first)) => first.window.start.with_timezone(&format.zone).day0(),
            _ => 0,
        }
    }

    /// A window as its cell is called.
    fn place(&self, format: &Formatter, start: DateTime<Utc>) -> String {
        let local = start.with_timezone(&format.zone);
        match self {
            Lines::Months if local.time() == chrono::NaiveTime::MIN => local.format("%Y-%m-%d").to_string(),
            _ => local.format("%Y-%m-%d %H:%M").to_string(),
        }
    }
}

/// The style sheet's name for a state; it adds the letter.
pub(super) const fn class(state: WindowState) -> &'static str {
    match state {
        WindowState::Proven => "p",
        WindowState::Stable => "s",
        WindowState::Provisional => "v",
        WindowState::Unverified => "u",
        WindowState::Failed => "f",
        WindowState::Open => "o",
        WindowState::Moving => "m",
        WindowState::NotYet => "n",
    }
}
